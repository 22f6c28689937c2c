import { isDeepStrictEqual } from 'node:util';
import { Labels } from '@prunella/metrics';

export interface Question {
  readonly expr: string;
  /** ms; a range query where `end` and `step` are there. */
  readonly start: number;
  readonly end?: number;
  readonly step?: number;
}

type Point = readonly [number, string];
interface HistogramJson {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [number, string, string, string])[];
}
interface SeriesJson {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
  readonly histogram?: readonly [number, HistogramJson];
  readonly histograms?: readonly (readonly [number, HistogramJson])[];
}

/** What the API answers to a query. */
export interface Answer {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
  readonly data?: { readonly resultType: string; readonly result: unknown };
}

export async function ask(address: string, { expr, start, end, step }: Question): Promise<Answer> {
  const seconds = (ms: number): string => String(ms / 1000);
  const form =
    end === undefined || step === undefined
      ? { query: expr, time: seconds(start) }
      : { query: expr, start: seconds(start), end: seconds(end), step: seconds(step) };
  const path = end === undefined ? 'query' : 'query_range';
  const answer = await fetch(`${address}/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const text = await answer.text();
  try {
    return JSON.parse(text) as Answer;
  } catch (error) {
    throw new Error(`no JSON for ${expr}: ${text.slice(0, 500)}`, { cause: error });
  }
}

export interface CompareOptions {
  /** What the order of the series is by; equal values may come in any order, and of the best ones any may. */
  readonly order: 'labels' | 'values' | 'best' | 'none';
  readonly annotations: boolean;
}

/** What is different between two answers, in words; undefined where nothing is. */
export function difference(ours: Answer, theirs: Answer, options: CompareOptions): string | undefined {
  if (ours.errorType !== theirs.errorType) {
    return `our error: ${ours.errorType ?? 'none'} ${ours.error ?? ''}; theirs: ${theirs.errorType ?? 'none'} ${theirs.error ?? ''}`;
  }
  if (theirs.errorType !== undefined) return undefined;
  if (options.annotations) {
    for (const kind of ['warnings', 'infos'] as const) {
      const [mine, peer] = [said(ours[kind]), said(theirs[kind])];
      if (!isDeepStrictEqual(mine, peer))
        return `our ${kind}: ${JSON.stringify(mine)}; theirs: ${JSON.stringify(peer)}`;
    }
  }
  if (ours.data?.resultType !== theirs.data?.resultType)
    return `our type: ${ours.data?.resultType}; theirs: ${theirs.data?.resultType}`;
  if (ours.data?.resultType === 'string' || ours.data?.resultType === 'scalar')
    return pointDifference(ours.data.result as Point, theirs.data?.result as Point);
  return listDifference(
    ours.data?.result as SeriesJson[],
    theirs.data?.result as SeriesJson[],
    options.order,
  );
}

/** Of pairs that do not go together only the last one of a step is told of: which that is, a Go map decides. */
const OF_LAST_PAIR = /incompatible (sample types|bucket layout) encountered/;

/** Without what depends on which step, or which pair, was looked at first or last. */
function said(texts: readonly string[] = []): string[] {
  const kept = texts
    .filter((text) => !OF_LAST_PAIR.test(text))
    .map((text) => text.replace(/(fixed for monotonicity .*) for metric name ".*"/, '$1'));
  return [...new Set(kept)].sort();
}

function listDifference(
  ours: readonly SeriesJson[],
  theirs: readonly SeriesJson[],
  order: CompareOptions['order'],
): string | undefined {
  const key = ({ metric }: SeriesJson): string => Labels.from(metric).toString();
  const [mine, peers] = [ours.map(key), theirs.map(key)];
  const disorder = orderDifference(ours, theirs, order);
  if (disorder) return disorder;
  if (order === 'best' && ours.length === theirs.length) return undefined;
  const only = (a: readonly string[], b: readonly string[]): string[] => {
    const known = new Set(b);
    return a.filter((each) => !known.has(each)).slice(0, 3);
  };
  const [surplus, missing] = [only(mine, peers), only(peers, mine)];
  if (surplus.length > 0 || missing.length > 0 || mine.length !== peers.length)
    return `${mine.length} series, theirs ${peers.length}; only ours: ${surplus.join(' ')}; only theirs: ${missing.join(' ')}`;
  const index = new Map(theirs.map((each) => [key(each), each]));
  for (const [i, each] of ours.entries()) {
    const found = seriesDifference(each, index.get(mine[i] as string) as SeriesJson);
    if (found) return `${mine[i]}: ${found}`;
  }
  return undefined;
}

function orderDifference(
  ours: readonly SeriesJson[],
  theirs: readonly SeriesJson[],
  order: CompareOptions['order'],
): string | undefined {
  if (order === 'none' || ours.length !== theirs.length) return undefined;
  const by = ({ metric, value }: SeriesJson): string =>
    order === 'labels' ? Labels.from(metric).toString() : (value?.[1] ?? 'histogram');
  const i = ours.findIndex((each, k) => {
    const [mine, peer] = [by(each), by(theirs[k] as SeriesJson)];
    return order === 'labels' ? mine !== peer : !close(mine, peer);
  });
  return i < 0
    ? undefined
    : `our order at ${i}: ${by(ours[i] as SeriesJson)}; theirs: ${by(theirs[i] as SeriesJson)}`;
}

function seriesDifference(ours: SeriesJson, theirs: SeriesJson): string | undefined {
  const keys = (each: SeriesJson): string => Object.keys(each).sort().join();
  if (keys(ours) !== keys(theirs)) return `our keys: ${keys(ours)}; theirs: ${keys(theirs)}`;
  const [mine, peers] = [
    ours.values ?? (ours.value ? [ours.value] : []),
    theirs.values ?? (theirs.value ? [theirs.value] : []),
  ];
  if (mine.length !== peers.length)
    return `${mine.length} points, theirs ${peers.length}; first not in both at ${firstUnshared(mine, peers)}`;
  for (const [i, point] of mine.entries()) {
    const found = pointDifference(point, peers[i] as Point);
    if (found) return found;
  }
  const histograms = ours.histograms ?? (ours.histogram ? [ours.histogram] : []);
  const theirHistograms = theirs.histograms ?? (theirs.histogram ? [theirs.histogram] : []);
  if (histograms.length !== theirHistograms.length)
    return `${histograms.length} histograms, theirs ${theirHistograms.length}; first not in both at ${firstUnshared(histograms, theirHistograms)}`;
  for (const [i, point] of histograms.entries()) {
    const found = histogramDifference(point, theirHistograms[i] as readonly [number, HistogramJson]);
    if (found) return found;
  }
  return undefined;
}

function firstUnshared(
  ours: readonly (readonly [number, unknown])[],
  theirs: readonly (readonly [number, unknown])[],
): number {
  const times = [ours.map(([t]) => t), theirs.map(([t]) => t)] as const;
  const sets = [new Set(times[0]), new Set(times[1])] as const;
  return times[0].find((t) => !sets[1].has(t)) ?? times[1].find((t) => !sets[0].has(t)) ?? NaN;
}

function pointDifference(ours: Point, theirs: Point): string | undefined {
  if (ours[0] === theirs[0] && close(ours[1], theirs[1])) return undefined;
  return `ours ${JSON.stringify(ours)}; theirs ${JSON.stringify(theirs)}`;
}

function histogramDifference(
  [time, ours]: readonly [number, HistogramJson],
  [theirTime, theirs]: readonly [number, HistogramJson],
): string | undefined {
  const same =
    time === theirTime &&
    close(ours.count, theirs.count) &&
    close(ours.sum, theirs.sum) &&
    (ours.buckets ?? []).length === (theirs.buckets ?? []).length &&
    (ours.buckets ?? []).every(([kind, low, high, count], i) => {
      const peer = theirs.buckets?.[i];
      return peer && kind === peer[0] && close(low, peer[1]) && close(high, peer[2]) && close(count, peer[3]);
    });
  if (same) return undefined;
  return `our histogram at ${time}: ${JSON.stringify(ours)}; theirs at ${theirTime}: ${JSON.stringify(theirs)}`;
}

const WORDS: Readonly<Record<string, number>> = { '+Inf': Infinity, '-Inf': -Infinity, NaN };

/** Whether two numbers, as the API writes them, are equal within 1e-9 of their size. */
export function close(ours: string, theirs: string): boolean {
  if (ours === theirs) return true;
  const [a, b] = [WORDS[ours] ?? Number(ours), WORDS[theirs] ?? Number(theirs)];
  return (
    Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)) && Number.isFinite(a) && Number.isFinite(b)
  );
}
