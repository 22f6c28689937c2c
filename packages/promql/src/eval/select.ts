import {
  isStaleAt,
  toFloatHistogram,
  wordsOf,
  type FloatHistogram,
  type Histogram,
  type Labels,
  type Queryable,
  type Series,
} from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { withDetectedResets } from '../histogram/detect.ts';
import type { AtModifier, DurationExpr, Expr, VectorSelector } from '../parser/ast.ts';
import { childrenOf } from '../parser/depth.ts';
import { durationValue, LONGEST_DURATION_MS } from '../parser/duration.ts';
import { place } from '../parser/error.ts';
import { print } from '../parser/print.ts';
import type { Annotations } from './annotations.ts';
import type { Pacer } from './pacer.ts';
import {
  newSeries,
  setHistogram,
  timeAt,
  type Grid,
  type RangeSeries,
  type StepSeries,
  type Value,
} from './value.ts';

/** What all parts of one query share. */
export interface Context {
  readonly queryable: Queryable;
  readonly lookbackMs: number;
  readonly pacer: Pacer;
  /** The query's own edges, ms, for `@ start()` and `@ end()`. */
  readonly start: number;
  readonly end: number;
  /** The query's step, ms; 0 for an instant query. */
  readonly step: number;
  /** The expression as written; '' for a tree that was not parsed. */
  readonly text: string;
  readonly features: ReadonlySet<string>;
  readonly warnings: Annotations;
  readonly infos: Annotations;
  /** Selectors that stand in the expression more than once: see `repeatedSelectors`. */
  readonly repeated: ReadonlySet<string>;
  /** Their series, by selector and range, so that they are read once. */
  readonly loaded: Map<string, Promise<readonly RangeSeries[]>>;
  /** Only counts and sums of histograms are asked for: resets among them are found on reading. */
  readonly detectResets?: boolean;
  /** Parts that have the same value at every step: see `invariantParts`. */
  readonly invariant: ReadonlySet<Expr>;
  /** Where statistics are asked for: how many samples each step of the query has looked at. */
  readonly counted: { readonly grid: Grid; readonly counts: Float64Array } | undefined;
  /** Evaluates what stands inside a subquery, on its own grid. */
  readonly evaluate: (expr: Expr, grid: Grid) => Promise<Value>;
}

/** Adds a warning or info about a part of the expression, with that part's place. */
export function annotate(context: Context, kind: 'warning' | 'info', text: string, { span }: Expr): void {
  const where = context.text === '' ? '' : ` (${place(context.text, span.start)})`;
  (kind === 'warning' ? context.warnings : context.infos).add(`PromQL ${kind}: ${text}`, where);
}

interface Modifiers {
  readonly offset: number;
  readonly offsetExpr?: DurationExpr;
  readonly at?: AtModifier;
}

/** A duration of the expression, ms: what was written, or what it comes to in this query. */
export function durationOf(context: Context, fixed: number, expr: DurationExpr | undefined): number {
  if (!expr) return fixed;
  const query = { step: context.step / 1000, range: (context.end - context.start) / 1000 };
  const ms = Math.trunc(durationValue(expr, query) * 1000);
  if (Math.abs(ms) <= LONGEST_DURATION_MS) return ms;
  throw badDuration(context, expr, 'duration out of range');
}

/** What is wrong with a duration is known only when the query is. */
export function badDuration(context: Context, { span }: DurationExpr, reason: string): QueryError {
  const where = context.text === '' ? '' : `${place(context.text, span.start)}: `;
  return new QueryError('bad_data', where + reason);
}

/** The time that a selector looks at when the expression is evaluated at `t`. */
export function shiftedTime(context: Context, { at, offset, offsetExpr }: Modifiers, t: number): number {
  const fixed = at === 'start' ? context.start : at === 'end' ? context.end : at;
  return (fixed ?? t) - durationOf(context, offset, offsetExpr);
}

/** The times, in ms, that a selector or subquery looks at in all steps. */
export function shiftedTimes(context: Context, modifiers: Modifiers, grid: Grid): Float64Array {
  const times = new Float64Array(grid.steps);
  const first = shiftedTime(context, modifiers, grid.start);
  const step = modifiers.at === undefined ? grid.step : 0;
  for (let i = 0; i < times.length; i++) times[i] = first + i * step;
  return times;
}

/** Which samples a selector wants: those within `range` before its first look, up to its last look and `ahead` more. */
interface Wanted {
  /** ms. */
  readonly range: number;
  /** The function that is applied, for the storage. */
  readonly func: string;
  /** ms. */
  readonly ahead?: number;
}

/** What is done with a series; where that takes long, with pauses. */
export type Visit = (series: RangeSeries) => void | Promise<void>;

/**
 * Visits the series of a selector one after the other. Only what stands in the expression twice is kept: otherwise
 * memory holds the samples of some series at a time.
 */
export async function forEachSeries(
  context: Context,
  selector: VectorSelector,
  grid: Grid,
  wanted: Wanted,
  visit: Visit,
): Promise<void> {
  if (context.repeated.has(bare(selector))) {
    for (const series of await loadSeries(context, selector, grid, wanted)) {
      const work = visit(series);
      if (work) await work;
      const pause = context.pacer.pause();
      if (pause) await pause;
    }
    return;
  }
  const [mint, maxt] = boundsOf(context, selector, grid, wanted);
  await read(context, selector, mint, maxt, grid.step, wanted.func, (series) => {
    const release = (): void => context.pacer.release(series.samples.timestamps.length);
    const work = visit(series);
    return work ? work.then(release) : release();
  });
}

/** The series of a selector with the samples in (first look − range, last look]. */
export async function loadSeries(
  context: Context,
  selector: VectorSelector,
  grid: Grid,
  wanted: Wanted,
): Promise<readonly RangeSeries[]> {
  const [mint, maxt] = boundsOf(context, selector, grid, wanted);
  const key = `${bare(selector)} ${mint} ${maxt} ${context.detectResets ?? false}`;
  let loading = context.loaded.get(key);
  if (!loading) {
    const found: RangeSeries[] = [];
    loading = read(context, selector, mint, maxt, grid.step, wanted.func, (series) => {
      found.push(series);
    }).then(() => found);
    context.loaded.set(key, loading);
  }
  return loading;
}

function boundsOf(
  context: Context,
  selector: VectorSelector,
  grid: Grid,
  { range, ahead = 0 }: Wanted,
): [mint: number, maxt: number] {
  const first = shiftedTime(context, selector, grid.start);
  const last = shiftedTime(context, selector, timeAt(grid, grid.steps - 1));
  // The range is open on the left; timestamps are whole milliseconds.
  return [first - range + 1, last + ahead];
}

/** A selector's name and matchers, whatever times it looks at. */
function bare({ name, matchers, span }: VectorSelector): string {
  return print({ kind: 'selector', name, matchers, offset: 0, span });
}

/** The selectors, without their times, that stand in an expression more than once. */
export function repeatedSelectors(expr: Expr): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  const walk = (node: Expr): void => {
    if (node.kind === 'selector') {
      const key = bare(node);
      (seen.has(key) ? repeated : seen).add(key);
    }
    for (const child of childrenOf(node)) walk(child);
  };
  walk(expr);
  return repeated;
}

async function read(
  context: Context,
  selector: VectorSelector,
  mint: number,
  maxt: number,
  step: number,
  func: string,
  visit: Visit,
): Promise<void> {
  const { pacer } = context;
  const querier = context.queryable.querier(mint, maxt);
  try {
    for await (const batch of querier.select(selector.matchers, { start: mint, end: maxt, step, func })) {
      for (const series of batch) {
        pacer.read(series.samples.timestamps.length);
        const { labels, samples } = trim(series, mint, maxt);
        const work = visit({ labels, samples: context.detectResets ? withDetectedResets(samples) : samples });
        if (work) await work;
        const pause = pacer.pause();
        if (pause) await pause;
      }
    }
    for (const warning of querier.warnings) context.warnings.add(warning);
  } catch (error) {
    if (error instanceof QueryError) throw error;
    throw new QueryError('execution', `expanding series: ${(error as Error).message}`, { cause: error });
  } finally {
    querier.close();
  }
}

/** Cuts a storage's columns to the range asked for: whole chunks may have come. */
function trim({ labels, samples }: Series, mint: number, maxt: number): RangeSeries {
  const { timestamps, values, histograms, startTimestamps } = samples;
  const from = firstAtOrAfter(timestamps, mint);
  const to = firstAtOrAfter(timestamps, maxt + 1);
  if (from === 0 && to === timestamps.length) return { labels, samples };
  return {
    labels,
    samples: {
      timestamps: timestamps.subarray(from, to),
      values: values.subarray(from, to),
      ...(histograms && { histograms: histograms.slice(from, to) }),
      ...(startTimestamps && { startTimestamps: startTimestamps.subarray(from, to) }),
    },
  };
}

/** Index of the first time ≥ t. */
export function firstAtOrAfter(times: Float64Array, t: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Without stale markers: what ranges are made of. */
export function withoutStale(series: RangeSeries): RangeSeries {
  const { timestamps, values, histograms, startTimestamps } = series.samples;
  // Most have no NaN at all, and need no look at the bits.
  const first = firstNaN(values);
  if (first === values.length) return series;
  const words = wordsOf(values);
  let stale = 0;
  for (let i = first; i < values.length; i++) if (Number.isNaN(values[i]) && isStaleAt(words, i)) stale++;
  if (stale === 0) return series;
  const times = new Float64Array(values.length - stale);
  const kept = new Float64Array(values.length - stale);
  const starts: number[] | undefined = startTimestamps && [];
  const live: (Histogram | FloatHistogram | undefined)[] | undefined = histograms && [];
  let k = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]) && isStaleAt(words, i)) continue;
    times[k] = timestamps[i] as number;
    live?.push(histograms?.[i]);
    starts?.push(startTimestamps?.[i] as number);
    kept[k++] = values[i] as number;
  }
  const samples = {
    timestamps: times,
    values: kept,
    ...(live && { histograms: live }),
    ...(starts && { startTimestamps: Float64Array.from(starts) }),
  };
  return { labels: series.labels, samples };
}

function firstNaN(values: Float64Array): number {
  let i = 0;
  while (i < values.length && !Number.isNaN(values[i])) i++;
  return i;
}

type Want = 'value' | 'time' | 'start';

/** A step of a column takes half the room that a sample takes, whether there is a value or not. */
export const STEPS_PER_SAMPLE = 2;

/** The newest sample within the look-back at every step; `want` may ask for its time, or its start time, in seconds instead of its value. */
export async function selectInstant(
  context: Context,
  selector: VectorSelector,
  grid: Grid,
  want: Want = 'value',
): Promise<StepSeries[]> {
  const times = shiftedTimes(context, selector, grid);
  const result: StepSeries[] = [];
  await forEachSeries(context, selector, grid, { range: context.lookbackMs, func: '' }, (series) => {
    const column = instantColumn(series, times, context.lookbackMs, want);
    if (!column) return;
    result.push(column);
    if (context.counted?.grid === grid) countPresent(context.counted.counts, column.present);
    context.pacer.hold(times.length / STEPS_PER_SAMPLE);
  });
  context.pacer.release((result.length * times.length) / STEPS_PER_SAMPLE);
  return result;
}

function countPresent(counts: Float64Array, present: Uint8Array): void {
  for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] as number) + (present[i] as number);
}

function instantColumn(
  { labels, samples }: RangeSeries,
  times: Float64Array,
  lookbackMs: number,
  want: Want,
): StepSeries | undefined {
  const { timestamps, values, histograms, startTimestamps } = samples;
  let words: Uint32Array | undefined;
  const out = newSeries(labels, times.length);
  let next = 0;
  let any = false;
  for (let step = 0; step < times.length; step++) {
    const t = times[step] as number;
    while (next < timestamps.length && (timestamps[next] as number) <= t) next++;
    const i = next - 1;
    if (i < 0 || (timestamps[i] as number) <= t - lookbackMs) continue;
    const value = values[i] as number;
    if (Number.isNaN(value) && isStaleAt((words ??= wordsOf(values)), i)) continue;
    const histogram = histograms?.[i];
    if (want === 'start') {
      out.values[step] = (startTimestamps?.[i] ?? 0) / 1000;
    } else if (want === 'time') out.values[step] = (timestamps[i] as number) / 1000;
    else if (histogram) setHistogram(out, step, toFloatHistogram(histogram));
    else out.values[step] = value;
    out.present[step] = 1;
    any = true;
  }
  return any ? out : undefined;
}

/** Equality matchers tell which labels an absent series would have; a label named twice tells nothing. */
export function absentLabels(
  selector: VectorSelector,
  from: (labels: Record<string, string>) => Labels,
): Labels {
  const labels: Record<string, string> = {};
  const seen = new Set<string>();
  for (const matcher of selector.matchers) {
    if (matcher.name === '__name__') continue;
    if (matcher.type === '=' && !seen.has(matcher.name)) labels[matcher.name] = matcher.value;
    else delete labels[matcher.name];
    seen.add(matcher.name);
  }
  return from(labels);
}
