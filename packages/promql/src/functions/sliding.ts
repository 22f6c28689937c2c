import { KahanSum } from './kahan.ts';
import { slidingRate } from './rate.ts';
import { slidingRegression } from './regression.ts';
import { rankIn } from './quantile.ts';
import type { SlidingFunction } from './windows.ts';

/** Counts what happens between neighbours, by running counts over the column. */
function countOf(differs: (previous: number, current: number) => boolean): SlidingFunction {
  return (_times, values, { ends, froms, tos }, _params, out) => {
    const counts = new Int32Array(values.length);
    for (let i = 1; i < values.length; i++)
      counts[i] = (counts[i - 1] as number) + (differs(values[i - 1] as number, values[i] as number) ? 1 : 0);
    for (let step = 0; step < ends.length; step++) {
      const from = froms[step] as number;
      const to = tos[step] as number;
      if (to === from) continue;
      out.values[step] = (counts[to - 1] as number) - (counts[from] as number);
      out.present[step] = 1;
    }
  };
}

/**
 * The least value times `sign`. In the queue are the values that may yet become a window's best, the best first: one
 * that comes after a worse one has outlived it. NaN is never better than anything.
 */
function bestOf(sign: 1 | -1): SlidingFunction {
  return (_times, values, { ends, froms, tos }, _params, out) => {
    const queue = new Int32Array(values.length);
    let head = 0;
    let tail = 0;
    let seen = 0;
    for (let step = 0; step < ends.length; step++) {
      const from = froms[step] as number;
      const to = tos[step] as number;
      if (to === from) continue;
      for (seen = Math.max(seen, from); seen < to; seen++) {
        const value = sign * (values[seen] as number);
        if (Number.isNaN(value)) continue;
        while (tail > head && sign * (values[queue[tail - 1] as number] as number) > value) tail--;
        queue[tail++] = seen;
      }
      while (head < tail && (queue[head] as number) < from) head++;
      out.values[step] = head < tail ? (values[queue[head] as number] as number) : NaN;
      out.present[step] = 1;
    }
  };
}

/**
 * Sums with Kahan and Neumaier's compensation, whose error term is the exact one of Knuth's two-sum, which needs no
 * branch. Where anything is not finite, the careful way has to tell what comes out.
 */
function sumOf(divide: boolean): SlidingFunction {
  const careful = divide ? mean : sum;
  return (_times, values, { ends, froms, tos }, _params, out) => {
    for (let step = 0; step < ends.length; step++) {
      const from = froms[step] as number;
      const to = tos[step] as number;
      if (to === from) continue;
      let whole = 0;
      let rest = 0;
      for (let i = from; i < to; i++) {
        const value = values[i] as number;
        const total = whole + value;
        const added = total - whole;
        rest += whole - (total - added) + (value - added);
        whole = total;
      }
      const count = to - from;
      const result = divide ? whole / count + rest / count : whole + rest;
      out.values[step] = Number.isFinite(result) ? result : careful(values, from, to);
      out.present[step] = 1;
    }
  };
}

function sum(values: Float64Array, from: number, to: number): number {
  const total = new KahanSum();
  for (let i = from; i < to; i++) total.add(values[i] as number);
  return total.value;
}

function mean(values: Float64Array, from: number, to: number): number {
  const sum = new KahanSum();
  for (let i = from; i < to; i++) sum.add(values[i] as number);
  const total = sum.value;
  if (Number.isFinite(total) || hasInfinite(values, from, to)) return sum.dividedBy(to - from);
  // The sum overflows though no value is infinite: go on with a running mean.
  return KahanSum.runningMean(values, from, to);
}

function hasInfinite(values: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!Number.isFinite(values[i] as number)) return true;
  return false;
}

/** Quantiles of windows whose values are kept sorted: one comes in, one goes out. */
const quantile: SlidingFunction = (_times, values, { ends, froms, tos }, [wanted], out) => {
  const sorted = new Float64Array(values.length);
  let size = 0;
  let nans = 0;
  let first = 0;
  let seen = 0;
  for (let step = 0; step < ends.length; step++) {
    const from = froms[step] as number;
    const to = tos[step] as number;
    if (to === from) continue;
    for (; first < Math.min(from, seen); first++) {
      if (Number.isNaN(values[first] as number)) nans--;
      else removeSorted(sorted, size--, values[first] as number);
    }
    if (seen < from) first = seen = from;
    for (; seen < to; seen++) {
      if (Number.isNaN(values[seen] as number)) nans++;
      else insertSorted(sorted, size++, values[seen] as number);
    }
    out.values[step] = rankIn(wanted?.[step] ?? NaN, sorted, size, nans);
    out.present[step] = 1;
  }
};

function insertSorted(sorted: Float64Array, size: number, value: number): void {
  let at = size;
  while (at > 0 && (sorted[at - 1] as number) > value) {
    sorted[at] = sorted[at - 1] as number;
    at--;
  }
  sorted[at] = value;
}

function removeSorted(sorted: Float64Array, size: number, value: number): void {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < size - 1; i++) sorted[i] = sorted[i + 1] as number;
}

export const SLIDING_FUNCTIONS: ReadonlyMap<string, SlidingFunction> = new Map<string, SlidingFunction>([
  ['rate', slidingRate(true, true)],
  ['increase', slidingRate(true, false)],
  ['delta', slidingRate(false, false)],
  ['changes', countOf((a, b) => a !== b && !(Number.isNaN(a) && Number.isNaN(b)))],
  ['resets', countOf((a, b) => b < a)],
  ['min_over_time', bestOf(1)],
  ['max_over_time', bestOf(-1)],
  ['sum_over_time', sumOf(false)],
  ['avg_over_time', sumOf(true)],
  ['quantile_over_time', quantile],
  ['deriv', slidingRegression(false)],
  ['predict_linear', slidingRegression(true)],
]);
