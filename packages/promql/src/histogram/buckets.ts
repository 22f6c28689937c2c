import {
  CUSTOM_BUCKETS_SCHEMA,
  type CounterResetHint,
  type FloatHistogram,
  type Span,
} from '@prunella/metrics';

/** Counts by bucket index; empty buckets are not in here. */
export type Counts = Map<number, number>;

/** A histogram to compute with. Bucket i ends at 2^(i·2^-schema), or at `customValues[i]`. */
export interface Sparse {
  hint: CounterResetHint;
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  count: number;
  sum: number;
  positive: Counts;
  negative: Counts;
  customValues: readonly number[];
}

/** A bucket with its bounds. */
export interface HistogramBucket {
  lower: number;
  upper: number;
  readonly count: number;
  readonly kind: 'negative' | 'zero' | 'positive' | 'custom';
  readonly index: number;
}

function countsOf(spans: readonly Span[], buckets: readonly number[]): Counts {
  const counts: Counts = new Map();
  let index = 0;
  let k = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, k++)
      if (buckets[k] !== 0) counts.set(index, buckets[k] as number);
  }
  return counts;
}

export function sparse(h: FloatHistogram): Sparse {
  const { schema, zeroThreshold, zeroCount, count, sum, customValues } = h;
  return {
    hint: h.counterResetHint,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    customValues,
    positive: countsOf(h.positiveSpans, h.positiveBuckets),
    negative: countsOf(h.negativeSpans, h.negativeBuckets),
  };
}

function spansOf(counts: Counts): { spans: Span[]; buckets: number[] } {
  const spans: { offset: number; length: number }[] = [];
  const buckets: number[] = [];
  let next = 0;
  for (const index of [...counts.keys()].sort((a, b) => a - b)) {
    const count = counts.get(index) as number;
    if (count === 0) continue;
    const last = spans.at(-1);
    if (last && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
    buckets.push(count);
  }
  return { spans, buckets };
}

/** As FloatHistogram, without empty buckets. */
export function dense(h: Sparse): FloatHistogram {
  const [positive, negative] = [spansOf(h.positive), spansOf(h.negative)];
  return {
    kind: 'float',
    counterResetHint: h.hint,
    schema: h.schema,
    zeroThreshold: h.zeroThreshold,
    zeroCount: h.zeroCount,
    count: h.count,
    sum: h.sum,
    positiveSpans: positive.spans,
    positiveBuckets: positive.buckets,
    negativeSpans: negative.spans,
    negativeBuckets: negative.buckets,
    customValues: h.customValues,
  };
}

export function isCustom({ schema }: { readonly schema: number }): boolean {
  return schema === CUSTOM_BUCKETS_SCHEMA;
}

/** The upper bound of a positive bucket. */
export function upperBound(schema: number, customValues: readonly number[], index: number): number {
  if (schema !== CUSTOM_BUCKETS_SCHEMA) return 2 ** (index * 2 ** -schema);
  return index < 0 ? -Infinity : (customValues[index] ?? Infinity);
}

/** All populated buckets, from the lowest to the highest. */
export function allBuckets(h: Sparse): HistogramBucket[] {
  const bound = (index: number): number => upperBound(h.schema, h.customValues, index);
  const indices = (counts: Counts): number[] => [...counts.keys()].sort((a, b) => a - b);
  const result: HistogramBucket[] = [];
  for (const index of indices(h.negative).reverse())
    result.push({
      lower: -bound(index),
      upper: -bound(index - 1),
      count: h.negative.get(index) as number,
      kind: 'negative',
      index,
    });
  if (h.zeroCount !== 0)
    result.push({
      lower: -h.zeroThreshold,
      upper: h.zeroThreshold,
      count: h.zeroCount,
      kind: 'zero',
      index: 0,
    });
  const kind = isCustom(h) ? 'custom' : 'positive';
  for (const index of indices(h.positive))
    result.push({
      lower: bound(index - 1),
      upper: bound(index),
      count: h.positive.get(index) as number,
      kind,
      index,
    });
  return result;
}

/** As Prometheus prints one: `{count:2, sum:3, (1,2]:2}`. */
export function printHistogram(h: FloatHistogram, format: (value: number) => string): string {
  const parts = [`count:${format(h.count)}`, `sum:${format(h.sum)}`];
  for (const { lower, upper, count, kind, index } of allBuckets(sparse(h))) {
    const lowest = kind === 'custom' && index === 0;
    const [open, close] =
      kind === 'negative' ? ['[', ')'] : kind === 'zero' || lowest ? ['[', ']'] : ['(', ']'];
    parts.push(`${open}${format(lower)},${format(upper)}${close}:${format(count)}`);
  }
  return `{${parts.join(', ')}}`;
}

/** The populated buckets of a histogram from the lowest to the highest, with their bounds. */
export function bucketsOf(h: FloatHistogram): HistogramBucket[] {
  return allBuckets(sparse(h));
}
