import { KahanSum } from './kahan.ts';
import { quantileOf } from './quantile.ts';

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

/**
 * The rate family. The increase between first and last sample is extrapolated to the window's edges, but by no more than
 * half an average interval where the samples end well before an edge, and a counter never to below zero.
 */
function extrapolated(window: Window, counter: boolean, perSecond: boolean): number | undefined {
  const { times, values, from, to, start, end } = window;
  if (to - from < (window.exact ? 1 : 2)) return undefined;
  const first = times[from] as number;
  const last = times[to - 1] as number;
  let increase = (values[to - 1] as number) - (values[from] as number);
  if (counter) {
    for (let i = from + 1; i < to; i++)
      if ((values[i] as number) < (values[i - 1] as number)) increase += values[i - 1] as number;
  }
  if (window.exact) return perSecond ? increase / ((end - start) / 1000) : increase;
  let toStart = (first - start) / 1000;
  let toEnd = (end - last) / 1000;
  const sampled = (last - first) / 1000;
  const average = window.averageMs === undefined ? sampled / (to - from - 1) : window.averageMs / 1000;
  const limit = average * 1.1;
  if (toStart >= limit) toStart = average / 2;
  if (counter && increase > 0 && (values[from] as number) >= 0) {
    const toZero = sampled * ((values[from] as number) / increase);
    if (toZero < toStart) toStart = toZero;
  }
  if (toEnd >= limit) toEnd = average / 2;
  let factor = (sampled + toStart + toEnd) / sampled;
  if (perSecond) factor /= (end - start) / 1000;
  return increase * factor;
}

function instant(window: Window, rate: boolean): number | undefined {
  const { times, values, from, to } = window;
  if (to - from < 2) return undefined;
  const last = values[to - 1] as number;
  const previous = values[to - 2] as number;
  const seconds = ((times[to - 1] as number) - (times[to - 2] as number)) / 1000;
  if (seconds === 0) return undefined;
  if (!rate) return last - previous;
  return (last < previous ? last : last - previous) / seconds;
}

function countPairs(
  window: Window,
  differs: (previous: number, current: number) => boolean,
): number | undefined {
  const { values, from, to } = window;
  if (to === from) return undefined;
  let count = 0;
  for (let i = from + 1; i < to; i++) if (differs(values[i - 1] as number, values[i] as number)) count++;
  return count;
}

function extreme(
  values: Float64Array,
  from: number,
  to: number,
  better: (a: number, b: number) => boolean,
): number {
  let best = values[from] as number;
  for (let i = from + 1; i < to; i++) {
    const value = values[i] as number;
    if (better(value, best) || Number.isNaN(best)) best = value;
  }
  return best;
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

function mean(values: Float64Array, from: number, to: number): number {
  const sum = new KahanSum();
  for (let i = from; i < to; i++) sum.add(values[i] as number);
  const total = sum.value;
  if (Number.isFinite(total) || hasInfinite(values, from, to)) return sum.dividedBy(to - from);
  // The sum overflows though no value is infinite: go on with a running mean.
  return KahanSum.runningMean(values, from, to);
}

function hasInfinite(values: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!Number.isFinite(values[i] as number)) return true;
  return false;
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

/** Least squares over seconds relative to `origin`. */
function regression(window: Window, origin: number): { slope: number; intercept: number } {
  const { times, values, from, to } = window;
  const n = to - from;
  const first = values[from] as number;
  let constant = true;
  const x = new KahanSum();
  const y = new KahanSum();
  const xy = new KahanSum();
  const xx = new KahanSum();
  for (let i = from; i < to; i++) {
    const seconds = ((times[i] as number) - origin) / 1000;
    const value = values[i] as number;
    constant &&= value === first;
    x.add(seconds);
    y.add(value);
    xy.add(seconds * value);
    xx.add(seconds * seconds);
  }
  if (constant)
    return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: NaN, intercept: NaN };
  const covariance = xy.value - (x.value * y.value) / n;
  const slope = covariance / (xx.value - (x.value * x.value) / n);
  return { slope, intercept: y.value / n - (slope * x.value) / n };
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
  ['irate', (window) => instant(window, true)],
  ['idelta', (window) => instant(window, false)],
  ['changes', (window) => countPairs(window, (a, b) => a !== b && !(Number.isNaN(a) && Number.isNaN(b)))],
  ['resets', (window) => countPairs(window, (a, b) => b < a)],
  ['avg_over_time', overTime(mean)],
  ['min_over_time', overTime((values, from, to) => extreme(values, from, to, (a, b) => a < b))],
  ['max_over_time', overTime((values, from, to) => extreme(values, from, to, (a, b) => a > b))],
  [
    'sum_over_time',
    overTime((values, from, to) => {
      const sum = new KahanSum();
      for (let i = from; i < to; i++) sum.add(values[i] as number);
      return sum.value;
    }),
  ],
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
  [
    'quantile_over_time',
    ({ values, from, to }, [q = NaN]) => (to > from ? quantileOf(q, values.slice(from, to)) : undefined),
  ],
  [
    'deriv',
    (window) =>
      window.to - window.from < 2 ? undefined : regression(window, window.times[window.from] as number).slope,
  ],
  [
    'predict_linear',
    (window, [seconds = NaN]) => {
      if (window.to - window.from < 2) return undefined;
      const { slope, intercept } = regression(window, window.evalTime);
      return slope * seconds + intercept;
    },
  ],
  ['double_exponential_smoothing', smoothed],
  ['holt_winters', smoothed],
]);
