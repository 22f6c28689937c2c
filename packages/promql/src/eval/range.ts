import type { FloatHistogram, Histogram } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { RANGE_FUNCTIONS, type RangeFunction, type Window } from '../functions/range.ts';
import { SLIDING_FUNCTIONS } from '../functions/sliding.ts';
import { placeWindows, windowsAt, type SlidingFunction, type Windows } from '../functions/windows.ts';
import type { DurationExpr, Expr, Subquery } from '../parser/ast.ts';
import { extendWindow } from './extended.ts';
import { COUNTED, doubtCounter, isMixed, slideMixed } from './mixed.ts';
import {
  badDuration,
  durationOf,
  forEachSeries,
  shiftedTime,
  shiftedTimes,
  withoutStale,
  type Context,
  type Visit,
} from './select.ts';
import { refuseTooMany } from './pacer.ts';
import { presentSamples } from './series.ts';
import {
  newSeries,
  timeAt,
  timesOf,
  type Grid,
  type RangeSeries,
  type StepSeries,
  type Value,
} from './value.ts';

/** Prometheus's default for subqueries without a step is the global evaluation interval; its tests assume 1 m. */
const DEFAULT_SUBQUERY_STEP_MS = 60_000;

/** A range vector: its windows, and its series one after the other. */
export interface RangeInput {
  readonly each: (visit: Visit) => Promise<void>;
  readonly windows: Windows;
  readonly extended?: 'anchored' | 'smoothed';
  readonly lookbackMs: number;
  /** What reports about the series point to. */
  readonly place: Expr;
}

export async function rangeInput(
  context: Context,
  expr: Expr,
  grid: Grid,
  func: string,
): Promise<RangeInput> {
  if (expr.kind !== 'matrix' && expr.kind !== 'subquery')
    throw new QueryError('internal', 'BUG: expected a range vector');
  const range = checkedRange(context, expr.range, expr.rangeExpr);
  const { lookbackMs } = context;
  const modifiers = expr.kind === 'matrix' ? expr.selector : expr;
  const windows = windowsAt(range, shiftedTimes(context, modifiers, grid), timesOf(grid));
  // The samples of a subquery stand in no place of their own: Prometheus points to the beginning.
  const place = expr.kind === 'subquery' ? { ...expr, span: { start: 0, end: 0 } } : expr;
  const common = { windows, lookbackMs, place };
  if (expr.kind === 'subquery') {
    const series = await subquerySeries(context, expr, grid);
    return {
      ...common,
      each: async (visit) => {
        for (const each of series) {
          const work = visit(each);
          if (work) await work;
          const pause = context.pacer.pause();
          if (pause) await pause;
        }
      },
    };
  }
  const { selector } = expr;
  const { extended } = selector;
  if (extended) checkExtended(extended, func);
  const wanted = {
    range: range + (extended ? lookbackMs : 0),
    func,
    ahead: extended === 'smoothed' ? lookbackMs : 0,
  };
  return {
    ...common,
    ...(extended && { extended }),
    each: (visit) => forEachSeries(context, selector, grid, wanted, (series) => visit(withoutStale(series))),
  };
}

const EXTENDED = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
};

function checkExtended(extended: 'anchored' | 'smoothed', func: string): void {
  const allowed = EXTENDED[extended];
  if (func === '' || allowed.includes(func)) return;
  throw new QueryError(
    'execution',
    `${extended} modifier can only be used with: ${allowed.join(', ')} - not with ${func}`,
  );
}

/** @throws QueryError for a duration that came out as nothing */
function checkedRange(context: Context, fixed: number, expr: DurationExpr | undefined): number {
  const ms = durationOf(context, fixed, expr);
  if (ms > 0 || !expr) return ms;
  throw badDuration(context, expr, 'duration must be greater than 0');
}

/** Steps of a subquery are absolute multiples of its step. */
async function subquerySeries(context: Context, node: Subquery, grid: Grid): Promise<RangeSeries[]> {
  const step =
    node.step === undefined ? DEFAULT_SUBQUERY_STEP_MS : checkedRange(context, node.step, node.stepExpr);
  const range = durationOf(context, node.range, node.rangeExpr);
  const first = shiftedTime(context, node, grid.start) - range;
  const last = shiftedTime(context, node, timeAt(grid, grid.steps - 1));
  const start = (Math.floor(first / step) + 1) * step;
  const steps = Math.max(0, Math.floor((last - start) / step) + 1);
  refuseTooMany(steps);
  if (steps === 0) return [];
  const value = await context.evaluate(node.expr, { start, step, steps });
  return columns(context, value, { start, step, steps });
}

/** What a storage knew of resets is lost between the steps of a subquery. */
function withoutHint(h: Histogram | FloatHistogram | undefined): Histogram | FloatHistogram | undefined {
  if (!h || h.counterResetHint === 'gauge') return h;
  return { ...h, counterResetHint: 'unknown' };
}

async function columns(context: Context, value: Value, grid: Grid): Promise<RangeSeries[]> {
  if (value.type !== 'vector') return [];
  const times = timesOf(grid);
  return context.pacer.map(value.series, (series) => {
    const { labels, dropName } = series;
    const { histograms, ...samples } = presentSamples(series, times);
    context.pacer.read(samples.timestamps.length);
    return {
      labels,
      samples: { ...samples, ...(histograms && { histograms: histograms.map(withoutHint) }) },
      ...(dropName && { dropName }),
    };
  });
}

/** Slides each series' window along its column, once for all steps. */
export async function applyRange(
  context: Context,
  input: RangeInput,
  grid: Grid,
  func: string,
  params: readonly Float64Array[],
  keepName: boolean,
): Promise<StepSeries[]> {
  const slide = (!input.extended && SLIDING_FUNCTIONS.get(func)) || windowByWindow(input, func);
  const result: StepSeries[] = [];
  await input.each((series) => {
    const { labels, samples, dropName } = series;
    const out = newSeries(labels, grid.steps, dropName || !keepName);
    countWindows(context, input, grid, samples.timestamps);
    const keep = (): void => void (out.present.includes(1) && result.push(out));
    if (isMixed(context, series, func))
      return slideMixed(context, series, input, func, params, out).then(keep);
    placeWindows(input.windows, samples.timestamps);
    slide(samples.timestamps, samples.values, input.windows, params, out);
    if (COUNTED.has(func) && out.present.includes(1)) doubtCounter(context, labels, input.place);
    return keep();
  });
  context.pacer.hold(result.length * grid.steps);
  return result;
}

/** The samples of a subquery count where they are looked at, not where they are made. */
function countWindows({ counted }: Context, { windows }: RangeInput, grid: Grid, times: Float64Array): void {
  if (counted?.grid !== grid) return;
  placeWindows(windows, times);
  for (let i = 0; i < grid.steps; i++)
    counted.counts[i] =
      (counted.counts[i] as number) + (windows.tos[i] as number) - (windows.froms[i] as number);
}

/** What is seldom asked, window by window. */
function windowByWindow({ extended, lookbackMs }: RangeInput, func: string): SlidingFunction {
  const compute = RANGE_FUNCTIONS.get(func) as RangeFunction;
  return (times, values, { range, ends, evalTimes, froms, tos }, params, out) => {
    const window: Window = { times, values, from: 0, to: 0, start: 0, end: 0, evalTime: 0 };
    for (let step = 0; step < ends.length; step++) {
      window.from = froms[step] as number;
      window.to = tos[step] as number;
      window.evalTime = evalTimes[step] as number;
      window.end = ends[step] as number;
      window.start = window.end - range;
      const seen = extended ? extendWindow(window, extended, lookbackMs, func !== 'delta') : window;
      if (seen.to <= seen.from) continue;
      const value = compute(
        seen,
        params.map((column) => column[step] as number),
      );
      if (value === undefined) continue;
      out.values[step] = value;
      out.present[step] = 1;
    }
  };
}
