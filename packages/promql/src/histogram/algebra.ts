import type { CounterResetHint, FloatHistogram, Histogram, Span } from '@prunella/metrics';
import { dense, isCustom, sparse, upperBound, type Counts, type Sparse } from './buckets.ts';

/** What came up while two histograms were made one. */
export interface Notes {
  /** The bounds differed. */
  reconciled?: boolean;
  /** One was a counter after a reset, the other surely was not. */
  conflict?: boolean;
}

/** Exponential and custom buckets do not go together. */
export function compatible(a: FloatHistogram, b: FloatHistogram): boolean {
  return isCustom(a) === isCustom(b);
}

export function scale(h: FloatHistogram, factor: number): FloatHistogram {
  const each = (value: number): number => value * factor;
  return {
    ...h,
    count: h.count * factor,
    sum: h.sum * factor,
    zeroCount: h.zeroCount * factor,
    positiveBuckets: h.positiveBuckets.map(each),
    negativeBuckets: h.negativeBuckets.map(each),
    counterResetHint: factor < 0 ? 'gauge' : h.counterResetHint,
  };
}

/** Division by 0 leaves no buckets: their bounds would mean nothing. */
export function divide(h: FloatHistogram, by: number): FloatHistogram {
  if (by !== 0) {
    const each = (value: number): number => value / by;
    return {
      ...h,
      count: h.count / by,
      sum: h.sum / by,
      zeroCount: h.zeroCount / by,
      positiveBuckets: h.positiveBuckets.map(each),
      negativeBuckets: h.negativeBuckets.map(each),
      counterResetHint: by < 0 ? 'gauge' : h.counterResetHint,
    };
  }
  const none = { positiveSpans: [], positiveBuckets: [], negativeSpans: [], negativeBuckets: [] };
  return { ...h, ...none, count: h.count / 0, sum: h.sum / 0, zeroCount: h.zeroCount / 0 };
}

/** a + b, or a − b. Both must be exponential, or both custom. */
export function add(
  a: FloatHistogram,
  b: FloatHistogram,
  notes: Notes = {},
  sign: 1 | -1 = 1,
): FloatHistogram {
  const hint = combineHints(a.counterResetHint, b.counterResetHint, notes);
  if (sameLayout(a, b)) return addAlike(a, b, sign, hint);
  const [x, y] = [sparse(a), sparse(b)];
  x.hint = hint;
  reconcile(x, y, notes);
  x.count += sign * y.count;
  x.sum += sign * y.sum;
  x.zeroCount += sign * y.zeroCount;
  for (const [mine, theirs] of [
    [x.positive, y.positive],
    [x.negative, y.negative],
  ] as const)
    for (const [index, count] of theirs) mine.set(index, (mine.get(index) ?? 0) + sign * count);
  return dense(x);
}

/** Samples of one series mostly have the same buckets: then there is nothing to look up. */
function addAlike(
  a: FloatHistogram,
  b: FloatHistogram,
  sign: 1 | -1,
  counterResetHint: CounterResetHint,
): FloatHistogram {
  const added = (x: readonly number[], y: readonly number[]): number[] =>
    x.map((count, i) => count + sign * (y[i] as number));
  return {
    ...a,
    counterResetHint,
    count: a.count + sign * b.count,
    sum: a.sum + sign * b.sum,
    zeroCount: a.zeroCount + sign * b.zeroCount,
    positiveBuckets: added(a.positiveBuckets, b.positiveBuckets),
    negativeBuckets: added(a.negativeBuckets, b.negativeBuckets),
  };
}

/** a + b in the numbers of a, which nobody else has, of the same buckets. */
export function addInto(a: FloatHistogram, b: FloatHistogram, notes: Notes): FloatHistogram {
  const counterResetHint = combineHints(a.counterResetHint, b.counterResetHint, notes);
  for (const [mine, theirs] of [
    [a.positiveBuckets as number[], b.positiveBuckets],
    [a.negativeBuckets as number[], b.negativeBuckets],
  ] as const)
    for (let i = 0; i < mine.length; i++) mine[i] = (mine[i] as number) + (theirs[i] as number);
  const { count, sum, zeroCount } = b;
  return {
    ...a,
    counterResetHint,
    count: a.count + count,
    sum: a.sum + sum,
    zeroCount: a.zeroCount + zeroCount,
  };
}

type Layout = Pick<
  Histogram,
  'schema' | 'zeroThreshold' | 'positiveSpans' | 'negativeSpans' | 'customValues'
>;

/** Whether the buckets of two histograms have the same bounds, and are written alike. */
export function sameLayout(a: Layout, b: Layout): boolean {
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    sameSpans(a.positiveSpans, b.positiveSpans) &&
    sameSpans(a.negativeSpans, b.negativeSpans) &&
    (a.customValues === b.customValues ||
      (a.customValues.length === b.customValues.length &&
        a.customValues.every((value, i) => value === b.customValues[i])))
  );
}

function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  if (a === b) return true;
  return (
    a.length === b.length &&
    a.every(({ offset, length }, i) => offset === b[i]?.offset && length === b[i]?.length)
  );
}

function combineHints(a: CounterResetHint, b: CounterResetHint, notes: Notes): CounterResetHint {
  if (a === b) return a;
  if (a === 'gauge' || b === 'gauge') return 'gauge';
  if (a !== 'unknown' && b !== 'unknown') notes.conflict = true;
  return 'unknown';
}

/** Brings two histograms to the same bounds, in place. */
export function reconcile(x: Sparse, y: Sparse, notes: Notes = {}): void {
  if (isCustom(x)) {
    const same =
      x.customValues.length === y.customValues.length &&
      x.customValues.every((v, i) => v === y.customValues[i]);
    if (same) return;
    notes.reconciled = true;
    const bounds = x.customValues.filter((value) => y.customValues.includes(value));
    toBounds(x, bounds);
    toBounds(y, bounds);
    return;
  }
  while (x.zeroThreshold !== y.zeroThreshold) {
    const [narrow, wide] = x.zeroThreshold < y.zeroThreshold ? [x, y] : [y, x];
    widenZero(narrow, wide.zeroThreshold);
  }
  const schema = Math.min(x.schema, y.schema);
  toSchema(x, schema);
  toSchema(y, schema);
}

/** Takes every bucket that begins below the threshold into the zero bucket, which may widen it further. */
function widenZero(h: Sparse, threshold: number): void {
  let reached = threshold;
  for (const counts of [h.positive, h.negative])
    for (const [index, count] of counts) {
      if (count === 0 || upperBound(h.schema, [], index - 1) >= threshold) continue;
      reached = Math.max(reached, upperBound(h.schema, [], index));
      h.zeroCount += count;
      counts.delete(index);
    }
  h.zeroThreshold = reached;
}

function toBounds(h: Sparse, bounds: readonly number[]): void {
  const moved: Counts = new Map();
  for (const [index, count] of h.positive) {
    const upper = h.customValues[index] ?? Infinity;
    const at = bounds.findIndex((bound) => bound >= upper);
    const target = at < 0 ? bounds.length : at;
    moved.set(target, (moved.get(target) ?? 0) + count);
  }
  h.positive = moved;
  h.customValues = bounds;
}

function toSchema(h: Sparse, schema: number): void {
  if (h.schema === schema) return;
  const width = 2 ** (h.schema - schema);
  const merged = (counts: Counts): Counts => {
    const result: Counts = new Map();
    for (const [index, count] of counts) {
      const target = Math.ceil(index / width);
      result.set(target, (result.get(target) ?? 0) + count);
    }
    return result;
  };
  h.positive = merged(h.positive);
  h.negative = merged(h.negative);
  h.schema = schema;
}

function equalCounts(a: Counts, b: Counts): boolean {
  const nonEmpty = (counts: Counts): [number, number][] => [...counts].filter(([, count]) => count !== 0);
  return nonEmpty(a).length === nonEmpty(b).length && nonEmpty(a).every(([i, count]) => b.get(i) === count);
}

/** Equal in all but the hint; empty buckets do not count. */
export function equal(a: FloatHistogram, b: FloatHistogram): boolean {
  const [x, y] = [sparse(a), sparse(b)];
  return (
    x.schema === y.schema &&
    x.count === y.count &&
    Object.is(x.sum, y.sum) &&
    x.zeroCount === y.zeroCount &&
    x.zeroThreshold === y.zeroThreshold &&
    x.customValues.join() === y.customValues.join() &&
    equalCounts(x.positive, y.positive) &&
    equalCounts(x.negative, y.negative)
  );
}

/** Whether a counter's histogram started again between `previous` and `current`. */
export function isReset(previous: FloatHistogram, current: FloatHistogram): boolean {
  if (current.counterResetHint === 'reset') return true;
  // A gauge that is taken for a counter is looked at like one whose resets are not known.
  if (current.counterResetHint === 'not_reset') return false;
  return hasDropped(previous, current);
}

/** The same by the numbers alone. */
export function hasDropped(previous: FloatHistogram, current: FloatHistogram): boolean {
  if (isCustom(previous) !== isCustom(current) || current.count < previous.count) return true;
  if (sameLayout(previous, current)) {
    const dropped = (old: readonly number[], now: readonly number[]): boolean =>
      old.some((count, i) => (now[i] as number) < count);
    return (
      current.zeroCount < previous.zeroCount ||
      dropped(previous.positiveBuckets, current.positiveBuckets) ||
      dropped(previous.negativeBuckets, current.negativeBuckets)
    );
  }
  const [x, y] = [sparse(previous), sparse(current)];
  if (!isCustom(x) && (y.schema > x.schema || y.zeroThreshold < x.zeroThreshold)) return true;
  reconcile(x, y);
  if (!isCustom(x) && x.zeroThreshold !== current.zeroThreshold) return true;
  if (y.zeroCount < x.zeroCount) return true;
  return [
    [x.positive, y.positive],
    [x.negative, y.negative],
  ].some(([old, now]) =>
    [...(old as Counts)].some(([index, count]) => ((now as Counts).get(index) ?? 0) < count),
  );
}
