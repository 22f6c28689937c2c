import {
  METRIC_NAME,
  toFloatHistogram,
  type FloatHistogram,
  type Histogram,
  type Labels,
} from '@prunella/metrics';
import { placeWindows } from '../functions/windows.ts';
import { RANGE_FUNCTIONS, type RangeFunction } from '../functions/range.ts';
import { HISTOGRAM_RANGE, interpolateHistogram, type MixedWindow, type Report } from '../histogram/range.ts';
import { SteadyCounter } from '../histogram/steady.ts';
import { startsOverlap, withStarts } from '../histogram/starts.ts';
import type { Expr } from '../parser/ast.ts';
import type { RangeInput } from './range.ts';
import { annotate, firstAtOrAfter, type Context } from './select.ts';
import { setHistogram, type RangeSeries, type StepSeries } from './value.ts';

/** Reports about a series at the place of its selector. */
export function reporter(context: Context, name: string, place: Expr): Report {
  const of = ` for metric name ${JSON.stringify(name)}`;
  const warn = (text: string): void => annotate(context, 'warning', text, place);
  return {
    mixed: () => warn(`encountered a mix of histograms and floats${of}`),
    mixedSchemas: () =>
      warn(`vector contains a mix of histograms with exponential and custom buckets schemas${of}`),
    notCounter: () => warn(`this native histogram metric is not a counter: ${JSON.stringify(name)}`),
    notGauge: () => warn(`this native histogram metric is not a gauge: ${JSON.stringify(name)}`),
    overlap: () =>
      warn(
        `sample has start time that overlaps with previous sample timestamp for metric ${JSON.stringify(name)}`,
      ),
    notes: ({ reconciled, conflict }, doing) => {
      if (reconciled)
        annotate(context, 'info', `mismatched custom buckets were reconciled during ${doing}`, place);
      if (conflict) warn(`conflicting counter resets during histogram ${doing}`);
    },
  };
}

/** A function over the windows of a series that has histograms. */
export async function slideMixed(
  context: Context,
  { labels, samples }: RangeSeries,
  input: RangeInput,
  func: string,
  params: readonly Float64Array[],
  out: StepSeries,
): Promise<void> {
  const report = reporter(context, labels.get(METRIC_NAME), input.place);
  const native = HISTOGRAM_RANGE[func];
  const compute = RANGE_FUNCTIONS.get(func) as RangeFunction;
  const { range, ends, evalTimes, froms, tos } = input.windows;
  const steady = steadyOf(samples, input, func);
  if (steady) placeWindows(input.windows, samples.timestamps);
  let column: MixedColumn | undefined;
  await context.pacer.steps(ends.length, (step) => {
    const evalTime = evalTimes[step] as number;
    const end = ends[step] as number;
    const [from, to] = [froms[step] as number, tos[step] as number];
    const grown = steady?.increase(from, to, end - range, end, func === 'rate');
    if (grown) return setHistogram(out, step, grown);
    column ??= { ...samples, histograms: floatHistograms(samples.histograms ?? []) };
    const plain = windowOf(column, end - range, end, input, func, report);
    const window = plain?.starts ? heeding(plain, func, report) : plain;
    if (!window || window.times.length === 0) return;
    const floats: number[] = [];
    for (let i = 0; i < window.histograms.length; i++) if (!window.histograms[i]) floats.push(i);
    if (native && (floats.length < window.times.length || (func === 'resets' && window.starts))) {
      const value = native(window, report);
      if (typeof value === 'object') setHistogram(out, step, value);
      else if (value !== undefined) setFloat(out, step, value);
      return;
    }
    if (floats.length === 0) return;
    if (floats.length < window.times.length)
      annotate(
        context,
        'info',
        `ignored histograms in a range containing both floats and histograms for metric name ${JSON.stringify(labels.get(METRIC_NAME))}`,
        input.place,
      );
    const times = Float64Array.from(floats, (i) => window.times[i] as number);
    const values = Float64Array.from(floats, (i) => window.values[i] as number);
    const { start, exact, averageMs } = window;
    const floatWindow = {
      times,
      values,
      from: 0,
      to: times.length,
      start,
      end,
      evalTime,
      exact,
      ...(averageMs !== undefined && { averageMs }),
    };
    const value = compute(
      floatWindow,
      params.map((column) => column[step] as number),
    );
    if (value === undefined) return;
    if (COUNTED.has(func)) doubtCounter(context, labels, input.place);
    setFloat(out, step, value);
  });
}

/** For rates of counters, unless edges or start timestamps have to be heeded. */
function steadyOf(
  { timestamps, histograms, startTimestamps }: RangeSeries['samples'],
  { extended }: RangeInput,
  func: string,
): SteadyCounter | undefined {
  if (!COUNTED.has(func) || extended || startTimestamps || !histograms) return undefined;
  return new SteadyCounter(timestamps, histograms);
}

/** Functions of counters that look at the name. */
export const COUNTED: ReadonlySet<string> = new Set(['rate', 'increase']);

/** A counter's name ends like one. */
export function doubtCounter(context: Context, labels: Labels, place: Expr): void {
  const name = labels.metricName;
  if (name === '' || /_(total|sum|count|bucket)$/.test(name)) return;
  const text = `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${JSON.stringify(name)}`;
  annotate(context, 'info', text, place);
}

/** What looks for resets heeds start timestamps. */
function heeding(window: MixedWindow, func: string, report: Report): MixedWindow {
  if (!BY_STARTS.has(func)) return window;
  if (startsOverlap(window)) report.overlap();
  return withStarts(window);
}

const BY_STARTS = new Set(['rate', 'increase', 'irate']);

/** Whether a function sees more in a series than its floats. */
export function isMixed(context: Context, { samples }: RangeSeries, func: string): boolean {
  if (samples.histograms) return true;
  if (!samples.startTimestamps || !context.features.has('use-start-timestamps')) return false;
  return BY_STARTS.has(func) || func === 'resets';
}

function setFloat(out: StepSeries, step: number, value: number): void {
  out.values[step] = value;
  out.present[step] = 1;
}

type MixedColumn = Omit<RangeSeries['samples'], 'histograms'> & {
  readonly histograms: readonly (FloatHistogram | undefined)[];
};

/** Histograms as they are computed with: made once for all windows that they are in. */
function floatHistograms(
  column: readonly (Histogram | FloatHistogram | undefined)[],
): (FloatHistogram | undefined)[] {
  return column.map((h) => h && toFloatHistogram(h));
}

/** The samples in (start, end], and for anchored and smoothed ranges those that stand at its edges. */
function windowOf(
  { timestamps, values, histograms, startTimestamps }: MixedColumn,
  start: number,
  end: number,
  { extended, lookbackMs }: RangeInput,
  func: string,
  report: Report,
): MixedWindow | undefined {
  const from = firstAtOrAfter(timestamps, start + 1);
  const to = firstAtOrAfter(timestamps, end + 1);
  const window = {
    times: Array.from(timestamps.subarray(from, to)),
    values: Array.from(values.subarray(from, to)),
    histograms: histograms.slice(from, to),
    start,
    end,
    exact: extended !== undefined,
    ...(startTimestamps && !extended && { starts: Array.from(startTimestamps.subarray(from, to)) }),
  };
  if (!extended) return window;
  const before = from > 0 && (timestamps[from - 1] as number) > start - lookbackMs ? from - 1 : undefined;
  const after = to < timestamps.length && (timestamps[to] as number) <= end + lookbackMs ? to : undefined;
  const smoothed = extended === 'smoothed';
  if (from === to && !(smoothed && before !== undefined && after !== undefined)) return undefined;
  const edge = (i: number, t: number): FloatHistogram | undefined => {
    const [a, b] = [histograms[i], histograms[i + 1]];
    const [from, to] = [timestamps[i] as number, timestamps[i + 1] as number];
    if (!a || !b) return undefined;
    const made = interpolateHistogram(a, b, (t - from) / (to - from), func !== 'delta');
    if (!made) report.mixedSchemas();
    return made;
  };
  const put = (at: 'push' | 'unshift', t: number, value: number, h: FloatHistogram | undefined): void => {
    window.times[at](t);
    window.values[at](value);
    window.histograms[at](h);
  };
  const first = from < to ? from : undefined;
  if (before !== undefined) {
    const between = smoothed && before + 1 < timestamps.length;
    put('unshift', start, values[before] as number, between ? edge(before, start) : histograms[before]);
  } else if (smoothed && first !== undefined)
    put('unshift', start, values[first] as number, histograms[first]);
  const last = from < to ? to - 1 : before;
  if (smoothed && after !== undefined && last !== undefined && (timestamps[last] as number) < end)
    put('push', end, values[last] as number, edge(last, end));
  return window;
}
