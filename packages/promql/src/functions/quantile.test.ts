import { expect, test } from 'vitest';
import { bucketFraction, bucketQuantile } from './quantile.ts';

const buckets = (counts: Record<string, number>): { bound: number; count: number }[] =>
  Object.entries(counts).map(([bound, count]) => ({ bound: Number(bound), count }));

test.each([
  [0.5, { 1: 2, 2: 4, Infinity: 4 }, 1],
  [0.9, { 1: 2, 2: 4, Infinity: 10 }, 2],
  [0.5, { Infinity: 4 }, NaN],
  [0.5, { 1: 0, Infinity: 0 }, NaN],
  // What is counted as NaN is in no bucket, and so above all of them.
  [0.1, { 1: 2, 2: NaN, Infinity: NaN }, 2],
])('the %d-quantile of %j is %d', (q, counts, value) =>
  expect(bucketQuantile(q, buckets(counts as unknown as Record<string, number>)).value).toBe(value),
);

test.each([
  [0.5, 1.5, { 1: 2, 2: 4, Infinity: 4 }, 0.5],
  // Counts that fall are not mended.
  [1, 2, { 1: 5, 2: 3, Infinity: 10 }, -0.2],
  [2, 1, { 1: 5, Infinity: NaN }, 0],
  [0, 1, { 1: 5, Infinity: NaN }, NaN],
])('from %d to %d there is of %j %d', (from, to, counts, part) =>
  expect(bucketFraction(from, to, buckets(counts as unknown as Record<string, number>))).toBe(part),
);
