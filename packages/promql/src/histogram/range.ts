import type { FloatHistogram } from '@prunella/metrics';
import {
  add,
  addInto,
  compatible,
  divide,
  equal,
  isReset,
  sameLayout,
  scale,
  type Notes,
} from './algebra.ts';
import { dense, sparse } from './buckets.ts';
import { resetsByStarts } from './starts.ts';

/** The samples of a window where any is a histogram, oldest first: `histograms[i]` is set where sample i is one. */
export interface MixedWindow {
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly histograms: readonly (FloatHistogram | undefined)[];
  /** Start timestamps in ms, 0 = unknown. */
  readonly starts?: readonly number[];
  /** Between the samples that were there before a start took its place among them, ms. */
  readonly averageMs?: number;
  readonly start: number;
  readonly end: number;
  /** The samples at the edges stand for the edges: nothing is extrapolated. */
  readonly exact: boolean;
}

/** Takes what must be said about the window. */
export interface Report {
  mixed(): void;
  mixedSchemas(): void;
  notCounter(): void;
  notGauge(): void;
  overlap(): void;
  notes(notes: Notes, doing: 'aggregation' | 'subtraction' | 'addition'): void;
}

type Result = number | FloatHistogram | undefined;

/** rate, increase and delta of histograms. */
export function histogramRate(
  window: MixedWindow,
  counter: boolean,
  perSecond: boolean,
  report: Report,
): Result {
  const all = allHistograms(window, report);
  if (!all || all.length < (window.exact ? 1 : 2)) return undefined;
  const first = all[0] as FloatHistogram;
  const last = all.at(-1) as FloatHistogram;
  const begins = counter && all.length > 1 && isReset(first, all[1] as FloatHistogram);
  const rest = begins ? all.slice(1) : all;
  if (counter && all.some((h) => h.counterResetHint === 'gauge')) report.notCounter();
  if (!counter && (first.counterResetHint !== 'gauge' || last.counterResetHint !== 'gauge'))
    report.notGauge();
  // What lies between the ends of a gauge does not matter.
  const seen = counter ? rest : [first, last];
  if (seen.some((h) => !compatible(h, last))) {
    report.mixedSchemas();
    return undefined;
  }
  const notes: Notes = {};
  let result = begins ? last : add(last, first, notes, -1);
  // Coarsest of all: what lies between may have been recorded with fewer buckets.
  for (const h of seen) if (h.schema < result.schema) result = add(result, scale(h, 0));
  if (counter)
    for (let i = 1; i < rest.length; i++) {
      const previous = rest[i - 1] as FloatHistogram;
      if (isReset(previous, rest[i] as FloatHistogram)) result = add(result, previous, notes);
    }
  report.notes({ ...(notes.reconciled && { reconciled: true }) }, 'subtraction');
  return {
    ...scale(result, extrapolation(edgesOf(window), first.count, result.count, counter, perSecond)),
    counterResetHint: 'gauge',
  };
}

function allHistograms({ histograms }: MixedWindow, report: Report): FloatHistogram[] | undefined {
  const all = histograms.filter((h) => h !== undefined);
  if (all.length === histograms.length) return all;
  if (histograms.length > 1) report.mixed();
  return undefined;
}

/** Where the samples of a window stand in it, ms. */
interface Edges extends Partial<Pick<MixedWindow, 'exact' | 'averageMs'>> {
  readonly first: number;
  readonly last: number;
  /** How many samples there are. */
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

function edgesOf(window: MixedWindow): Edges {
  const { times } = window;
  return { ...window, first: times[0] as number, last: times.at(-1) as number, count: times.length };
}

/** As for floats, the zero point found by the count of observations. */
export function extrapolation(
  { first, last, count, start, end, exact, averageMs }: Edges,
  firstCount: number,
  increase: number,
  counter: boolean,
  perSecond: boolean,
): number {
  const range = (end - start) / 1000;
  if (exact) return perSecond ? 1 / range : 1;
  const sampled = (last - first) / 1000;
  const average = averageMs === undefined ? sampled / (count - 1) : averageMs / 1000;
  let toStart = (first - start) / 1000;
  let toEnd = (end - last) / 1000;
  if (toStart >= average * 1.1) toStart = average / 2;
  if (counter && increase > 0 && firstCount >= 0)
    toStart = Math.min(toStart, sampled * (firstCount / increase));
  if (toEnd >= average * 1.1) toEnd = average / 2;
  const factor = (sampled + toStart + toEnd) / sampled;
  return perSecond ? factor / range : factor;
}

/** irate and idelta. */
export function histogramInstant(window: MixedWindow, rate: boolean, report: Report): Result {
  const { histograms, times } = window;
  if (times.length < 2) return undefined;
  const [previous, last] = histograms.slice(-2);
  const seconds = ((times.at(-1) as number) - (times.at(-2) as number)) / 1000;
  if (seconds === 0) return undefined;
  if (!previous && !last) return instantOfFloats(window.values, rate, seconds);
  if (!previous || !last) {
    report.mixed();
    return undefined;
  }
  if (rate && (previous.counterResetHint === 'gauge' || last.counterResetHint === 'gauge'))
    report.notCounter();
  if (!rate && (previous.counterResetHint !== 'gauge' || last.counterResetHint !== 'gauge'))
    report.notGauge();
  if (rate && isReset(previous, last)) return { ...scale(last, 1 / seconds), counterResetHint: 'gauge' };
  if (!compatible(previous, last)) {
    report.mixedSchemas();
    return undefined;
  }
  const notes: Notes = {};
  const difference = add(last, previous, notes, -1);
  report.notes({ ...(notes.reconciled && { reconciled: true }) }, 'subtraction');
  return { ...(rate ? scale(difference, 1 / seconds) : difference), counterResetHint: 'gauge' };
}

/** The same where the last two samples are floats, whatever was before. */
function instantOfFloats(values: readonly number[], rate: boolean, seconds: number): number {
  const [previous, last] = values.slice(-2) as [number, number];
  if (!rate) return last - previous;
  return (last < previous ? last : last - previous) / seconds;
}

/** The sum or mean of histograms; undefined where exponential and custom buckets meet. */
export function histogramSum(
  all: readonly FloatHistogram[],
  mean: boolean,
  report: Pick<Report, 'mixedSchemas' | 'notes'>,
): FloatHistogram | undefined {
  const notes: Notes = {};
  let sum = all[0] as FloatHistogram;
  const kinds = new Set(all.map((h) => h.counterResetHint));
  if (kinds.has('reset') && kinds.has('not_reset')) notes.conflict = true;
  let rest = 0;
  // The first sum is a new histogram, which takes in what follows as long as the buckets are the same.
  let own = false;
  for (let k = 1; k < all.length; k++) {
    const h = all[k] as FloatHistogram;
    if (!compatible(sum, h)) {
      report.mixedSchemas();
      return undefined;
    }
    const before = sum.sum;
    sum = own && sameLayout(sum, h) ? addInto(sum, h, notes) : add(sum, h, notes);
    own = true;
    if (Number.isFinite(sum.sum))
      rest += Math.abs(before) >= Math.abs(h.sum) ? before - sum.sum + h.sum : h.sum - sum.sum + before;
    else rest = 0;
  }
  report.notes(notes, 'aggregation');
  const total = withoutEmpty({ ...sum, sum: sum.sum + rest });
  if (!mean) return total;
  const overflows = ![total.sum, total.count].every(Number.isFinite);
  if (!overflows || all.some((h) => !Number.isFinite(h.sum) || !Number.isFinite(h.count)))
    return divide(total, all.length);
  const average = all.slice(1).reduce((running, h, i) => {
    const n = i + 2;
    return add(running, add(divide(h, n), divide(running, n), {}, -1));
  }, all[0] as FloatHistogram);
  // Only what overflows needs the running mean.
  return Number.isFinite(total.sum) ? { ...average, sum: total.sum / all.length } : average;
}

/** A result has no empty buckets, not even in its layout: quantiles ask there which signs there are. */
function withoutEmpty(h: FloatHistogram): FloatHistogram {
  return h.positiveBuckets.includes(0) || h.negativeBuckets.includes(0) ? dense(sparse(h)) : h;
}

function countPairs({ values, histograms }: MixedWindow, differs: (i: number) => boolean): number {
  let count = 0;
  for (let i = 1; i < histograms.length; i++) {
    const [a, b] = [histograms[i - 1], histograms[i]];
    if (!a && !b) {
      const [x, y] = [values[i - 1] as number, values[i] as number];
      if (differs(i) && !(Number.isNaN(x) && Number.isNaN(y))) count++;
    } else if (!a || !b || differs(i)) count++;
  }
  return count;
}

/** What functions over a range make of histograms; those that are not in here look at floats alone. */
export const HISTOGRAM_RANGE: Readonly<Record<string, (window: MixedWindow, report: Report) => Result>> = {
  rate: (window, report) => histogramRate(window, true, true, report),
  increase: (window, report) => histogramRate(window, true, false, report),
  delta: (window, report) => histogramRate(window, false, false, report),
  irate: (window, report) => histogramInstant(window, true, report),
  idelta: (window, report) => histogramInstant(window, false, report),
  sum_over_time: (window, report) => overTime(window, false, report),
  avg_over_time: (window, report) => overTime(window, true, report),
  count_over_time: ({ times }) => times.length,
  present_over_time: () => 1,
  absent_over_time: () => 1,
  last_over_time: ({ histograms, values }) => histograms.at(-1) ?? values.at(-1),
  first_over_time: ({ histograms, values }) => histograms[0] ?? values[0],
  ts_of_first_over_time: ({ times }) => (times[0] as number) / 1000,
  ts_of_last_over_time: ({ times }) => (times.at(-1) as number) / 1000,
  changes: (window) =>
    countPairs(window, (i) => {
      const [a, b] = [window.histograms[i - 1], window.histograms[i]];
      return a && b ? !equal(a, b) : window.values[i - 1] !== window.values[i];
    }),
  resets: (window) =>
    (window.starts ? resetsByStarts : countPairs)(window, (i) => {
      const [a, b] = [window.histograms[i - 1], window.histograms[i]];
      return a && b ? isReset(a, b) : (window.values[i] as number) < (window.values[i - 1] as number);
    }),
};

function overTime(window: MixedWindow, mean: boolean, report: Report): Result {
  const all = window.histograms.filter((h) => h !== undefined);
  if (all.length === window.histograms.length) return histogramSum(all, mean, report);
  report.mixed();
  return undefined;
}

/** The histogram on the line between two, at a fraction of the way; a counter that was reset began again from nothing. */
export function interpolateHistogram(
  a: FloatHistogram,
  b: FloatHistogram,
  fraction: number,
  counter: boolean,
): FloatHistogram | undefined {
  if (fraction === 0) return a;
  if (counter && isReset(a, b)) return scale(b, fraction);
  if (!compatible(a, b)) return undefined;
  return { ...add(a, scale(add(b, a, {}, -1), fraction)), counterResetHint: a.counterResetHint };
}
