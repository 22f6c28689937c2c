/** The φ-quantile of values, linear between neighbours, NaN the smallest. Sorts a copy. */
export function quantileOf(q: number, values: Float64Array): number {
  // Float64Array sorts NaN last.
  const sorted = values.slice().sort();
  let size = sorted.length;
  while (size > 0 && Number.isNaN(sorted[size - 1])) size--;
  return rankIn(q, sorted, size, sorted.length - size);
}

/** The φ-quantile of the first `size` values of a sorted column and `nans` NaN, which count as the smallest. */
export function rankIn(q: number, sorted: Float64Array, size: number, nans: number): number {
  const count = size + nans;
  if (count === 0 || Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const rank = q * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  if (lower < nans) return NaN;
  return (sorted[lower - nans] as number) * (1 - weight) + (sorted[upper - nans] as number) * weight;
}

export interface Bucket {
  readonly bound: number;
  count: number;
}

/** How far two counts may differ and still be the same number that was computed two ways. */
const SMALL_DIFFERENCE = 1e-12;

/** The φ-quantile of a classic histogram's cumulative buckets. */
export function bucketQuantile(q: number, given: readonly Bucket[]): { value: number; repaired: boolean } {
  if (Number.isNaN(q)) return { value: NaN, repaired: false };
  if (q < 0) return { value: -Infinity, repaired: false };
  if (q > 1) return { value: Infinity, repaired: false };
  const buckets = mergeBuckets(given);
  if (buckets.at(-1)?.bound !== Infinity) return { value: NaN, repaired: false };
  const repaired = makeMonotonic(buckets);
  const observations = (buckets.at(-1) as Bucket).count;
  // A count of NaN falls into no bucket, which makes it one of the last.
  if (buckets.length < 2 || observations === 0) return { value: NaN, repaired };
  return { value: interpolate(q * observations, buckets), repaired };
}

/** Which part of a classic histogram's observations lies between two values. */
export function bucketFraction(lower: number, upper: number, given: readonly Bucket[]): number {
  // Unlike for quantiles, Prometheus takes the counts as they are.
  const buckets = mergeBuckets(given);
  if (buckets.at(-1)?.bound !== Infinity) return NaN;
  const total = (buckets.at(-1) as Bucket).count;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const rankOf = (value: number, isLower: boolean): number => {
    for (const [i, { bound, count }] of buckets.entries()) {
      const below = i === 0 ? undefined : (buckets[i - 1] as Bucket);
      const start = below?.bound ?? (bound > 0 ? 0 : -Infinity);
      const before = below?.count ?? 0;
      if (value <= start) return before;
      if (value >= bound) continue;
      if (start === -Infinity) return isLower ? count : before;
      if (bound === Infinity) return before;
      return before + ((count - before) * (value - start)) / (bound - start);
    }
    return total;
  };
  return (rankOf(upper, false) - rankOf(lower, true)) / total;
}

function interpolate(rank: number, buckets: readonly Bucket[]): number {
  let b = buckets.findIndex(({ count }, i) => i === buckets.length - 1 || count >= rank);
  if (b < 0) b = buckets.length - 1;
  const { bound } = buckets[b] as Bucket;
  if (b === buckets.length - 1) return (buckets[b - 1] as Bucket).bound;
  if (b === 0 && bound <= 0) return bound;
  const below = b === 0 ? undefined : (buckets[b - 1] as Bucket);
  const start = below?.bound ?? 0;
  const count = (buckets[b] as Bucket).count - (below?.count ?? 0);
  return start + (bound - start) * ((rank - (below?.count ?? 0)) / count);
}

/** Sorted by bound; buckets with the same bound are one. */
function mergeBuckets(given: readonly Bucket[]): Bucket[] {
  const sorted = [...given].sort((a, b) => a.bound - b.bound);
  const merged: Bucket[] = [];
  for (const { bound, count } of sorted) {
    const last = merged.at(-1);
    if (last && last.bound === bound) last.count += count;
    else merged.push({ bound, count });
  }
  return merged;
}

/** Scrapes and rates of single buckets are not atomic: a count below its predecessor's is raised to it. */
function makeMonotonic(buckets: Bucket[]): boolean {
  let previous = buckets[0]?.count ?? 0;
  let repaired = false;
  for (const bucket of buckets.slice(1)) {
    if (bucket.count === previous) continue;
    if (almostEqual(bucket.count, previous)) bucket.count = previous;
    else if (bucket.count < previous) {
      bucket.count = previous;
      repaired = true;
    } else previous = bucket.count;
  }
  return repaired;
}

function almostEqual(a: number, b: number): boolean {
  return Math.abs(a - b) < SMALL_DIFFERENCE * (Math.abs(a) + Math.abs(b));
}
