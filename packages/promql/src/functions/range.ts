import { quantileOf } from './quantile.ts';
import { extrapolated, instantRate } from './rate.ts';
import { SLIDING_FUNCTIONS } from './sliding.ts';
import { windowsAt, type SlidingFunction } from './windows.ts';

/** The samples `from ≤ i < to` of a series that lie in one window, and the window itself: (start, end], ms. */
export interface Window {
  /** The first and last sample stand for the window's edges: nothing is extrapolated. */
  readonly exact?: boolean;
  /** The interval between samples where the window holds one that was put in, ms. */
  readonly averageMs?: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
  from: number;
  to: number;
  start: number;
  end: number;
  /** When the expression is evaluated, ms: differs from `end` under an offset. */
  evalTime: number;
}

/** Gives the value of a function over a window, or undefined where there is none. `params` are its scalar arguments. */
export type RangeFunction = (window: Window, params: readonly number[]) => number | undefined;

const overTime =
  (compute: (values: Float64Array, from: number, to: number) => number): RangeFunction =>
  ({ values, from, to }) =>
    to > from ? compute(values, from, to) : undefined;

/** One window of a function over many. */
function single(func: string): RangeFunction {
  const slide = SLIDING_FUNCTIONS.get(func) as SlidingFunction;
  return ({ times, values, from, to, start, end, evalTime }, params) => {
    const windows = windowsAt(end - start, Float64Array.of(end), Float64Array.of(evalTime));
    windows.froms[0] = from;
    windows.tos[0] = to;
    const out = { values: new Float64Array(1), present: new Uint8Array(1) };
    slide(
      times,
      values,
      windows,
      params.map((param) => Float64Array.of(param)),
      out,
    );
    return out.present[0] ? out.values[0] : undefined;
  };
}

/** When the best value was, in seconds; the last of equals. */
function timeOf(better: (a: number, b: number) => boolean): RangeFunction {
  return ({ times, values, from, to }) => {
    let best = from;
    for (let i = from + 1; i < to; i++)
      if (better(values[i] as number, values[best] as number) || Number.isNaN(values[best])) best = i;
    return (times[best] as number) / 1000;
  };
}

/** Welford's algorithm with compensated sums. */
function variance(values: Float64Array, from: number, to: number): number {
  let average = 0;
  let averageRest = 0;
  let aux = 0;
  let auxRest = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    const delta = value - (average + averageRest);
    [average, averageRest] = kahanStep(delta / (i - from + 1), average, averageRest);
    [aux, auxRest] = kahanStep(delta * (value - (average + averageRest)), aux, auxRest);
  }
  return (aux + auxRest) / (to - from);
}

function kahanStep(value: number, sum: number, rest: number): [number, number] {
  const total = sum + value;
  if (!Number.isFinite(total)) return [total, 0];
  return [total, rest + (Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum)];
}

/** Holt's linear smoothing. */
function smoothed(
  { values, from, to }: Window,
  [level = 0, trend = 0]: readonly number[],
): number | undefined {
  if (to - from < 2) return undefined;
  let s0 = 0;
  let s1 = values[from] as number;
  let b = (values[from + 1] as number) - (values[from] as number);
  for (let i = from + 1; i < to; i++) {
    if (i > from + 1) b = trend * (s1 - s0) + (1 - trend) * b;
    const next = level * (values[i] as number) + (1 - level) * (s1 + b);
    s0 = s1;
    s1 = next;
  }
  return s1;
}

function median(values: Float64Array): number {
  return quantileOf(0.5, values);
}

export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ['rate', (window) => extrapolated(window, true, true)],
  ['increase', (window) => extrapolated(window, true, false)],
  ['delta', (window) => extrapolated(window, false, false)],
  ['irate', (window) => instantRate(window, true)],
  ['idelta', (window) => instantRate(window, false)],
  ['changes', single('changes')],
  ['resets', single('resets')],
  ['avg_over_time', single('avg_over_time')],
  ['min_over_time', single('min_over_time')],
  ['max_over_time', single('max_over_time')],
  ['sum_over_time', single('sum_over_time')],
  ['ts_of_first_over_time', ({ times, from }) => (times[from] as number) / 1000],
  ['ts_of_last_over_time', ({ times, to }) => (times[to - 1] as number) / 1000],
  ['ts_of_max_over_time', timeOf((a, b) => a >= b)],
  ['ts_of_min_over_time', timeOf((a, b) => a <= b)],
  ['count_over_time', overTime((_, from, to) => to - from)],
  ['last_over_time', overTime((values, _, to) => values[to - 1] as number)],
  ['first_over_time', overTime((values, from) => values[from] as number)],
  ['present_over_time', overTime(() => 1)],
  ['absent_over_time', overTime(() => 1)],
  ['stdvar_over_time', overTime(variance)],
  ['stddev_over_time', overTime((values, from, to) => Math.sqrt(variance(values, from, to)))],
  [
    'mad_over_time',
    overTime((values, from, to) => {
      if (values.subarray(from, to).some(Number.isNaN)) return NaN;
      const middle = median(values.slice(from, to));
      return median(values.slice(from, to).map((value) => Math.abs(value - middle)));
    }),
  ],
  ['quantile_over_time', single('quantile_over_time')],
  ['deriv', single('deriv')],
  ['predict_linear', single('predict_linear')],
  ['double_exponential_smoothing', smoothed],
]);
