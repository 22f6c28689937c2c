import type { FloatHistogram } from '@prunella/metrics';
import { KahanSum } from '../functions/kahan.ts';
import { allBuckets, isCustom, sparse, type HistogramBucket, type Sparse } from './buckets.ts';

/** With the bounds that interpolation works between: a zero bucket with one sign only is one-sided. */
function interpolable(given: FloatHistogram): HistogramBucket[] {
  const buckets = countedBuckets(sparse(given));
  // Which signs there are is told by the layout, even where all its buckets are empty.
  const [positive, negative] = [given.positiveBuckets.length > 0, given.negativeBuckets.length > 0];
  for (const bucket of buckets) {
    if (bucket.kind === 'zero') {
      if (positive && !negative) bucket.lower = 0;
      else if (negative && !positive) bucket.upper = 0;
    } else if (bucket.kind === 'custom' && bucket.lower === -Infinity && bucket.upper > 0) bucket.lower = 0;
  }
  return buckets;
}

/** The value at a fraction of a bucket: linear in the zero bucket and custom ones, exponential elsewhere. */
function valueAt({ lower, upper, kind }: HistogramBucket, fraction: number): number {
  if (kind === 'custom' || kind === 'zero') return lower + (upper - lower) * fraction;
  const [low, high] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))];
  if (lower > 0) return 2 ** (low + (high - low) * fraction);
  return -(2 ** (high + (low - high) * (1 - fraction)));
}

/** The fraction of a bucket that lies below a value within it: the inverse of `valueAt`. */
export function fractionBelow({ lower, upper, kind }: HistogramBucket, value: number): number {
  if (lower === -Infinity) return 0;
  if (upper === Infinity) return 0;
  if (kind === 'custom' || kind === 'zero') return (value - lower) / (upper - lower);
  const [low, high] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))];
  const at = Math.log2(Math.abs(value));
  return lower > 0 ? (at - low) / (high - low) : 1 - (at - high) / (low - high);
}

/** The φ-quantile of a native histogram, and whether observations of NaN made it uncertain. */
export function histogramQuantileOf(
  q: number,
  h: FloatHistogram,
): { value: number; nan: 'none' | 'skewed' | 'result' } {
  if (q < 0) return { value: -Infinity, nan: 'none' };
  if (q > 1) return { value: Infinity, nan: 'none' };
  if (h.count === 0 || Number.isNaN(q)) return { value: NaN, nan: 'none' };
  const hasNan = Number.isNaN(h.sum);
  const reverse = !hasNan && q >= 0.5;
  const buckets = interpolable(h);
  if (reverse) buckets.reverse();
  const rank = (reverse ? 1 - q : q) * h.count;
  let seen = 0;
  let found: HistogramBucket | undefined;
  for (const bucket of buckets) {
    seen += bucket.count;
    found = bucket;
    if (seen >= rank) break;
  }
  const nan = hasNaNObservations(h);
  if (!found) return { value: NaN, nan: nan ? 'result' : 'none' };
  if (nan && seen < rank) return { value: NaN, nan: 'result' };
  const skewed = nan ? 'skewed' : 'none';
  if (isCustom(h)) {
    if (found.lower === -Infinity) return { value: found.upper, nan: skewed };
    if (found.upper === Infinity) return { value: found.lower, nan: skewed };
  }
  const into = reverse ? seen - rank : rank - (seen - found.count);
  return { value: valueAt(found, Math.max(0, Math.min(1, into / found.count))), nan: skewed };
}

/** Observations of NaN are counted, and are in no bucket. */
export function hasNaNObservations(h: FloatHistogram): boolean {
  if (!Number.isNaN(h.sum)) return false;
  return countedBuckets(sparse(h)).reduce((sum, { count }) => sum + count, 0) < h.count;
}

/** Of the zero bucket Prometheus asks whether there is anything in it, and so passes over one that went below. */
function countedBuckets(h: Sparse): HistogramBucket[] {
  return allBuckets(h).filter(({ kind, count }) => kind !== 'zero' || count > 0);
}

/** Which part of all observations lies between two values. */
export function histogramFractionOf(lower: number, upper: number, h: FloatHistogram): number {
  if (h.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const buckets = interpolable(h);
  const rankOf = (value: number, isLower: boolean): number => {
    let rank = 0;
    for (const bucket of buckets) {
      if (bucket.lower >= value) break;
      // Observations in a bucket without a lower bound are not parted: they count for neither side.
      if (bucket.upper > value && bucket.lower === -Infinity) return rank + (isLower ? bucket.count : 0);
      if (bucket.upper > value) return rank + bucket.count * fractionBelow(bucket, value);
      rank += bucket.count;
    }
    return rank;
  };
  return (rankOf(upper, false) - rankOf(lower, true)) / h.count;
}

/** The variance, each observation taken to be in the middle of its bucket. */
export function histogramVariance(h: FloatHistogram): number {
  const mean = h.sum / h.count;
  const sum = new KahanSum();
  for (const bucket of countedBuckets(sparse(h))) {
    const delta = middle(bucket) - mean;
    sum.add(bucket.count * delta * delta);
  }
  return sum.value / h.count;
}

export function middle({ lower, upper, kind }: HistogramBucket): number {
  if (kind === 'zero') return 0;
  if (kind === 'custom') return (lower + upper) / 2;
  return Math.sqrt(lower * upper) * (kind === 'negative' ? -1 : 1);
}
