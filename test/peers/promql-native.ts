import {
  CUSTOM_BUCKETS_SCHEMA,
  type CounterResetHint,
  type FloatHistogram,
  type Histogram,
} from '@prunella/metrics';
import { CLUSTERS, INSTANCES, type Sample, type SeriesList } from './promql-series.ts';
import type { Random } from './promql-random.ts';

interface Shape {
  readonly schema: number;
  readonly negative?: boolean;
  readonly zeroThreshold?: number;
  readonly hint?: CounterResetHint;
  readonly customValues?: readonly number[];
  readonly float?: boolean;
  readonly resetEvery?: number;
  readonly offset?: number;
}

/** Far from zero: towards that, 3.5 extrapolates counts of histograms as if they could be negative. */
const BEGINNING = 200;

/** A native histogram that grows, its buckets in two spans. */
function growing(random: Random, shape: Shape): (i: number) => FloatHistogram | Histogram {
  const width = shape.customValues ? shape.customValues.length + 1 : 6;
  let positive = Array.from({ length: width }, () => BEGINNING);
  let negative = Array.from({ length: shape.negative ? 3 : 0 }, () => BEGINNING);
  let [zero, sum] = [0, 0];
  const grow = (count: number): number => count + random.below(5);
  return (i) => {
    if (shape.hint === 'gauge' || (shape.resetEvery && i % shape.resetEvery === shape.resetEvery - 1)) {
      positive = positive.map(() => BEGINNING);
      negative = negative.map(() => BEGINNING);
      [zero, sum] = [0, 0];
    }
    positive = positive.map(grow);
    negative = negative.map(grow);
    zero = shape.customValues ? 0 : grow(zero);
    const total = [...positive, ...negative].reduce((a, b) => a + b, zero);
    sum += random.next() * 10;
    return histogram(shape, positive, negative, zero, total, sum);
  };
}

function histogram(
  shape: Shape,
  positive: readonly number[],
  negative: readonly number[],
  zeroCount: number,
  count: number,
  sum: number,
): FloatHistogram | Histogram {
  const base = {
    counterResetHint: shape.hint ?? ('unknown' as const),
    schema: shape.schema,
    zeroThreshold: shape.customValues ? 0 : (shape.zeroThreshold ?? 0.001),
    zeroCount,
    count,
    sum,
    positiveSpans: shape.customValues
      ? [{ offset: 0, length: positive.length }]
      : [
          { offset: shape.offset ?? -2, length: 3 },
          { offset: 2, length: 3 },
        ],
    negativeSpans: negative.length > 0 ? [{ offset: 1, length: 3 }] : [],
    customValues: shape.customValues ?? [],
  };
  if (shape.float) {
    const scale = (counts: readonly number[]): number[] => counts.map((each) => each * 1.5);
    const buckets = { positiveBuckets: scale(positive), negativeBuckets: scale(negative) };
    return { ...base, kind: 'float', zeroCount: zeroCount * 1.5, count: count * 1.5, ...buckets };
  }
  return { ...base, kind: 'integer', positiveDeltas: deltas(positive), negativeDeltas: deltas(negative) };
}

function deltas(counts: readonly number[]): number[] {
  return counts.map((each, i) => each - (i === 0 ? 0 : (counts[i - 1] as number)));
}

/** Native histograms of every schema, that reset, change their layout, and take turns with floats. */
export function addNativeHistograms(list: SeriesList): void {
  const { random } = list;
  for (const cluster of CLUSTERS)
    for (const instance of INSTANCES) {
      const schema = instance === 'i0' ? 0 : instance === 'i1' ? 3 : 1;
      const shape = { schema, resetEvery: instance === 'i2' ? 120 : 0 };
      list.add({ __name__: 'size_bytes', cluster, instance }, growing(random, shape));
      const customValues = instance === 'i5' ? [1, 2, 4] : [0.5, 1, 2, 5];
      const custom = { schema: CUSTOM_BUCKETS_SCHEMA, customValues, resetEvery: 170 };
      list.add({ __name__: 'custom_seconds', cluster, instance }, growing(random, custom));
    }
  const shapes: Record<string, Shape> = {
    plain: { schema: 0 },
    fine: { schema: 8 },
    coarse: { schema: -4, zeroThreshold: 1e-6, offset: 0 },
    negatives: { schema: 2, negative: true },
    float: { schema: 1, float: true, resetEvery: 90 },
    widezero: { schema: 1, zeroThreshold: 1, offset: 3 },
    resets: { schema: 2, resetEvery: 17 },
  };
  for (const [kind, shape] of Object.entries(shapes))
    list.add({ __name__: 'native', kind }, growing(random, shape));
  const gauges: Record<string, Shape> = { plain: { schema: 1 }, float: { schema: 1, float: true } };
  for (const [kind, shape] of Object.entries(gauges))
    list.add({ __name__: 'native_gauge', kind }, growing(random, { ...shape, hint: 'gauge' }));
  const [low, high] = [growing(random, { schema: 0 }), growing(random, { schema: 2 })];
  const gauge = growing(random, { schema: 1, hint: 'gauge' });
  const bounds = [
    [1, 2, 3],
    [1, 3],
  ].map((customValues) => growing(random, { schema: CUSTOM_BUCKETS_SCHEMA, customValues }));
  const mixtures: Record<string, (i: number) => Sample> = {
    schemas: (i) => (i % 60 < 30 ? low : high)(i),
    floats: (i) => (i % 40 < 30 ? low(i) : i),
    onefloat: (i) => (i === 300 ? 5 : high(i)),
    customs: (i) => (i % 60 < 30 ? low(i) : (bounds[0] as (i: number) => Sample)(i)),
    stale: (i) => (i % 90 === 70 ? 'stale' : i % 90 > 70 ? undefined : low(i)),
    sparse: (i) => (i % 30 === 0 ? low(i) : undefined),
    single: (i) => (i === 400 ? low(i) : undefined),
  };
  for (const [kind, next] of Object.entries(mixtures)) list.add({ __name__: 'native_mixed', kind }, next);
  list.add({ __name__: 'native_bounds', kind: 'two' }, (i) =>
    (bounds[i % 60 < 30 ? 0 : 1] as (i: number) => Sample)(i),
  );
  list.add({ __name__: 'native_gauge', kind: 'at times' }, (i) => (i % 50 < 25 ? low : gauge)(i));
  addEmptyAndNaN(list);
}

/** Histograms without observations, with observations that are NaN, and beside classic ones of the same name. */
function addEmptyAndNaN(list: SeriesList): void {
  const { random } = list;
  const empty = { schema: 0 };
  list.add({ __name__: 'native', kind: 'empty' }, () => histogram(empty, [0, 0, 0, 0, 0, 0], [], 0, 0, 0));
  const zeros = { schema: 0 };
  list.add({ __name__: 'native', kind: 'zeroonly' }, (i) =>
    histogram(zeros, [0, 0, 0, 0, 0, 0], [], 9000 + i, 9000 + i, 0),
  );
  // Observations of NaN are counted, and are in no bucket.
  list.add({ __name__: 'native', kind: 'nanseen' }, (i) =>
    histogram(
      { schema: 0 },
      Array.from({ length: 6 }, () => 1000 + i),
      [],
      0,
      7 * (1000 + i),
      NaN,
    ),
  );
  for (const le of ['1', '+Inf']) list.add({ __name__: 'both', le }, (i) => i * (le === '1' ? 1 : 2));
  list.add({ __name__: 'both' }, growing(random, { schema: 0 }));
}
