import {
  CUSTOM_BUCKETS_SCHEMA,
  toFloatHistogram,
  type FloatHistogram,
  type Histogram,
  type Span,
} from '@prunella/metrics';

/** Whether `next` cannot come after `previous` without the counter having begun anew: something has become less. */
export function isCounterReset(
  previous: Histogram | FloatHistogram,
  next: Histogram | FloatHistogram,
): boolean {
  if (next.counterResetHint === 'reset') return true;
  if (next.schema !== previous.schema || next.zeroThreshold !== previous.zeroThreshold) return true;
  if (next.count < previous.count || next.zeroCount < previous.zeroCount) return true;
  if (next.schema === CUSTOM_BUCKETS_SCHEMA && String(next.customValues) !== String(previous.customValues))
    return true;
  const before = toFloatHistogram(previous);
  const after = toFloatHistogram(next);
  return (
    shrinks(before.positiveSpans, before.positiveBuckets, after.positiveSpans, after.positiveBuckets) ||
    shrinks(before.negativeSpans, before.negativeBuckets, after.negativeSpans, after.negativeBuckets)
  );
}

function shrinks(
  beforeSpans: readonly Span[],
  before: readonly number[],
  afterSpans: readonly Span[],
  after: readonly number[],
): boolean {
  const counts = new Map<number, number>();
  eachBucket(afterSpans, (index, i) => counts.set(index, after[i]!));
  let less = false;
  eachBucket(beforeSpans, (index, i) => (less ||= before[i]! > (counts.get(index) ?? 0)));
  return less;
}

function eachBucket(spans: readonly Span[], each: (index: number, i: number) => void): void {
  let index = 0;
  let i = 0;
  for (const span of spans) {
    index += span.offset;
    for (let n = 0; n < span.length; n++) each(index++, i++);
  }
}
