import type { FloatHistogram } from '@prunella/metrics';
import { KahanSum } from '../functions/kahan.ts';
import { allBuckets, dense, isCustom, sparse, type Counts, type HistogramBucket } from './buckets.ts';
import { fractionBelow } from './statistics.ts';

/** The observations below (`upper`) or above a value, as far as the buckets tell. */
export function trimHistogram(h: FloatHistogram, limit: number, upper: boolean): FloatHistogram {
  const kept = sparse(h);
  const buckets = allBuckets(kept);
  const custom = isCustom(h);
  const oneSided = !custom && (kept.positive.size === 0) !== (kept.negative.size === 0);
  const onlyPositive = kept.negative.size === 0;
  let changed = false;
  let count = 0;
  const sum = new KahanSum();
  for (const bucket of buckets) {
    if (bucket.kind === 'zero' && oneSided) {
      if (onlyPositive) bucket.lower = 0;
      else bucket.upper = 0;
    }
    if (bucket.kind === 'custom' && bucket.lower === -Infinity && bucket.upper > 0 && bucket.upper < Infinity)
      bucket.lower = 0;
    const part = keptPart(bucket, limit, upper);
    const amount = bucket.count * part.share;
    if (part.share !== 1) changed = true;
    count += amount;
    if (amount !== 0) sum.add(amount * midpoint(bucket.kind, part.lower, part.upper));
    if (bucket.kind === 'zero') kept.zeroCount = amount;
    else setCount(bucket.kind === 'negative' ? kept.negative : kept.positive, bucket.index, amount);
  }
  if (!changed) return h;
  kept.count = count;
  kept.sum = sum.value;
  return dense(kept);
}

function setCount(counts: Counts, index: number, count: number): void {
  if (count === 0) counts.delete(index);
  else counts.set(index, count);
}

interface Part {
  readonly share: number;
  readonly lower: number;
  readonly upper: number;
}

function keptPart(bucket: HistogramBucket, limit: number, upper: boolean): Part {
  const { lower, upper: top } = bucket;
  if (top <= limit) return { share: upper ? 1 : 0, lower, upper: top };
  if (lower >= limit) return { share: upper ? 0 : 1, lower, upper: top };
  if (top === Infinity && lower === -Infinity) return { share: 0, lower, upper: top };
  if (top === Infinity) return { share: upper ? 0 : 1, lower, upper: top };
  // Nothing says where in an infinite bucket its observations are.
  if (lower === -Infinity) return { share: 1, lower, upper: upper ? limit : top };
  const below = fractionBelow(bucket, limit);
  return upper ? { share: below, lower, upper: limit } : { share: 1 - below, lower: limit, upper: top };
}

function midpoint(kind: HistogramBucket['kind'], lower: number, upper: number): number {
  if (lower === -Infinity) return upper;
  if (upper === Infinity) return lower;
  if (kind === 'custom' || kind === 'zero') return (lower + upper) / 2;
  return Math.sqrt(lower * upper) * (kind === 'negative' ? -1 : 1);
}
