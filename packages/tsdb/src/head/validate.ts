import {
  AppendError,
  CUSTOM_BUCKETS_SCHEMA,
  toFloatHistogram,
  type FloatHistogram,
  type Histogram,
} from '@prunella/metrics';
import { bucketCount } from '../chunks/histogram_layout.ts';

/** @throws AppendError `invalid_histogram` where the parts contradict each other, as Prometheus sees it */
export function validateHistogram(h: Histogram | FloatHistogram): void {
  const refuse = (why: string): never => {
    throw new AppendError('invalid_histogram', `invalid histogram: ${why}`);
  };
  const custom = h.schema === CUSTOM_BUCKETS_SCHEMA;
  if (!custom && (h.schema < -4 || h.schema > 8 || !Number.isInteger(h.schema)))
    refuse(`schema ${h.schema} is unknown`);
  if (custom && (h.negativeSpans.length > 0 || h.zeroCount !== 0))
    refuse('custom buckets have no zero or negative bucket');
  if (custom && h.customValues.some((bound, i) => i > 0 && bound <= h.customValues[i - 1]!))
    refuse('custom bounds do not rise');
  const float = toFloatHistogram(h);
  for (const [side, spans, buckets] of [
    ['positive', h.positiveSpans, float.positiveBuckets],
    ['negative', h.negativeSpans, float.negativeBuckets],
  ] as const) {
    if (spans.some((span, i) => i > 0 && span.offset < 0)) refuse(`a ${side} span has a negative offset`);
    if (bucketCount(spans) !== buckets.length) {
      refuse(`${side} spans need ${bucketCount(spans)} buckets, have ${buckets.length} buckets`);
    }
    if (buckets.some((count) => count < 0)) refuse(`a ${side} bucket has a negative count`);
  }
  if (h.count < 0 || h.zeroCount < 0) refuse('a count is negative');
  if (h.kind === 'float') return;
  const observed = [...float.positiveBuckets, ...float.negativeBuckets].reduce(
    (sum, count) => sum + count,
    h.zeroCount,
  );
  // Observations of NaN count but are in no bucket.
  if (Number.isNaN(h.sum) ? observed > h.count : observed !== h.count) {
    refuse(`${observed} observations found in buckets, but the count is ${h.count}`);
  }
}
