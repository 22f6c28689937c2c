/**
 * Native histograms. Bucket layout and naming follow Prometheus's `model/histogram`: spans of consecutive buckets,
 * each with the gap to the previous one; schema -4..8 are exponential (bucket i ends at 2^(i·2^-schema)), schema -53
 * has the bounds listed in `customValues` (its +Inf bound is implied).
 */
export const CUSTOM_BUCKETS_SCHEMA = -53;

export type CounterResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

export interface Span {
  /** Gap to the end of the previous span; for the first span the index of its first bucket. May be negative there. */
  readonly offset: number;
  readonly length: number;
}

interface HistogramBase {
  readonly counterResetHint: CounterResetHint;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly sum: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  /** Upper bounds without +Inf; empty unless schema is -53. */
  readonly customValues: readonly number[];
}

/** As exposed and stored by counters of whole observations. */
export interface Histogram extends HistogramBase {
  readonly kind: 'integer';
  readonly count: number;
  readonly zeroCount: number;
  /** Difference of each bucket's count to the bucket before it (the first is absolute). */
  readonly positiveDeltas: readonly number[];
  readonly negativeDeltas: readonly number[];
}

/** With fractional counts: what PromQL works on. */
export interface FloatHistogram extends HistogramBase {
  readonly kind: 'float';
  readonly count: number;
  readonly zeroCount: number;
  /** Absolute counts. */
  readonly positiveBuckets: readonly number[];
  readonly negativeBuckets: readonly number[];
}

/** The same histogram with absolute, fractional counts. */
export function toFloatHistogram(h: Histogram | FloatHistogram): FloatHistogram {
  if (h.kind === 'float') return h;
  return {
    kind: 'float',
    counterResetHint: h.counterResetHint,
    schema: h.schema,
    zeroThreshold: h.zeroThreshold,
    zeroCount: h.zeroCount,
    count: h.count,
    sum: h.sum,
    positiveSpans: h.positiveSpans,
    negativeSpans: h.negativeSpans,
    positiveBuckets: runningSums(h.positiveDeltas),
    negativeBuckets: runningSums(h.negativeDeltas),
    customValues: h.customValues,
  };
}

function runningSums(deltas: readonly number[]): number[] {
  const sums: number[] = [];
  let current = 0;
  for (let i = 0; i < deltas.length; i++) sums.push((current += deltas[i] as number));
  return sums;
}
