import type { FloatHistogram } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { RANGE_FUNCTIONS, type RangeFunction, type Window } from '../functions/range.ts';
import type { Expr, Subquery } from '../parser/ast.ts';
import { extendWindow } from './extended.ts';
import { isMixed, slideMixed } from './mixed.ts';
import { durationOf, loadSeries, shiftedTime, withoutStale, type Context } from './select.ts';
import { mergeEqual } from './series.ts';
import { newSeries, timeAt, type Grid, type RangeSeries, type StepSeries, type Value } from './value.ts';

/** Prometheus's default for subqueries without a step is the global evaluation interval; its tests assume 1 m. */
const DEFAULT_SUBQUERY_STEP_MS = 60_000;
/** More than this a query must not ask for. */
const MOST_STEPS = 10_000_000;

/** A range vector's series, and where its window ends for an evaluation at `t`. */
export interface RangeInput {
  readonly series: readonly RangeSeries[];
  readonly range: number;
  readonly endAt: (t: number) => number;
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
  if (expr.kind === 'matrix') {
    const { selector } = expr;
    const { extended } = selector;
    if (extended) checkExtended(extended, func);
    const range = checkedRange(durationOf(context, expr.range, expr.rangeExpr));
    const loaded = await loadSeries(
      context,
      selector,
      grid,
      range + (extended ? context.lookbackMs : 0) + (context.detectResets ? 1 : 0),
      func,
      extended === 'smoothed' ? context.lookbackMs : 0,
    );
    return {
      series: loaded.map(withoutStale),
      range,
      endAt: (t) => shiftedTime(context, selector, t),
      ...(extended && { extended }),
      lookbackMs: context.lookbackMs,
      place: expr,
    };
  }
  if (expr.kind !== 'subquery') throw new QueryError('internal', 'BUG: expected a range vector');
  return {
    series: await subquerySeries(context, expr, grid),
    range: checkedRange(durationOf(context, expr.range, expr.rangeExpr)),
    endAt: (t) => shiftedTime(context, expr, t),
    lookbackMs: context.lookbackMs,
    place: expr,
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
function checkedRange(ms: number): number {
  if (ms > 0) return ms;
  throw new QueryError('execution', `duration must be greater than 0`);
}

/** Steps of a subquery are absolute multiples of its step. */
async function subquerySeries(context: Context, node: Subquery, grid: Grid): Promise<RangeSeries[]> {
  const step =
    node.step === undefined
      ? DEFAULT_SUBQUERY_STEP_MS
      : checkedRange(durationOf(context, node.step, node.stepExpr));
  const range = durationOf(context, node.range, node.rangeExpr);
  const first = shiftedTime(context, node, grid.start) - range;
  const last = shiftedTime(context, node, timeAt(grid, grid.steps - 1));
  const start = (Math.floor(first / step) + 1) * step;
  const steps = Math.max(0, Math.floor((last - start) / step) + 1);
  if (steps > MOST_STEPS)
    throw new QueryError(
      'execution',
      'query processing would load too many samples into memory in query execution',
    );
  if (steps === 0) return [];
  const value = await context.evaluate(node.expr, { start, step, steps });
  return columns(context, value, { start, step, steps });
}

/** What a storage knew of resets is lost between the steps of a subquery. */
function withoutHint(h: FloatHistogram | undefined): FloatHistogram | undefined {
  if (!h || h.counterResetHint === 'gauge') return h;
  return { ...h, counterResetHint: 'unknown' };
}

function columns(context: Context, value: Value, grid: Grid): RangeSeries[] {
  if (value.type !== 'vector') return [];
  return value.series.map(({ labels, values, present, dropName, histograms }) => {
    const count = present.reduce((sum, each) => sum + each, 0);
    context.pacer.count(count);
    const timestamps = new Float64Array(count);
    const kept = new Float64Array(count);
    const column: (FloatHistogram | undefined)[] | undefined = histograms && [];
    let k = 0;
    for (let i = 0; i < values.length; i++) {
      if (!present[i]) continue;
      timestamps[k] = timeAt(grid, i);
      column?.push(withoutHint(histograms?.[i]));
      kept[k++] = values[i] as number;
    }
    return {
      labels,
      samples: { timestamps, values: kept, ...(column && { histograms: column }) },
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
  const compute = RANGE_FUNCTIONS.get(func) as RangeFunction;
  const result: StepSeries[] = [];
  for (const series of input.series) {
    const { labels, samples, dropName } = series;
    const out = newSeries(labels, grid.steps, dropName || !keepName);
    const { timestamps, values } = samples;
    if (isMixed(context, series, func)) {
      if (slideMixed(context, series, input, grid, func, params, out)) result.push(out);
    } else if (slide(timestamps, values, input, grid, compute, params, out, func !== 'delta'))
      result.push(out);
    await context.pacer.pause();
  }
  return mergeEqual(result);
}

function slide(
  times: Float64Array,
  values: Float64Array,
  { range, endAt, extended, lookbackMs }: RangeInput,
  grid: Grid,
  compute: RangeFunction,
  params: readonly Float64Array[],
  out: StepSeries,
  counter: boolean,
): boolean {
  const window: Window = { times, values, from: 0, to: 0, start: 0, end: 0, evalTime: 0 };
  let any = false;
  for (let step = 0; step < grid.steps; step++) {
    window.evalTime = timeAt(grid, step);
    window.end = endAt(window.evalTime);
    window.start = window.end - range;
    // The window is open on the left.
    while (window.from < times.length && (times[window.from] as number) <= window.start) window.from++;
    while (window.to < times.length && (times[window.to] as number) <= window.end) window.to++;
    const seen = extended ? extendWindow(window, extended, lookbackMs, counter) : window;
    if (seen.to <= seen.from) continue;
    const value = compute(
      seen,
      params.map((column) => column[step] as number),
    );
    if (value === undefined) continue;
    out.values[step] = value;
    out.present[step] = 1;
    any = true;
  }
  return any;
}
