import type { FloatHistogram } from '@prunella/metrics';
import { expect, test } from 'vitest';
import { histogramInstant, histogramRate, histogramSum } from './range.ts';
import { histogramQuantileOf } from './statistics.ts';

const histogram = (positive: number, zero = 0): FloatHistogram => ({
  kind: 'float',
  counterResetHint: 'unknown',
  schema: 0,
  zeroThreshold: 0.001,
  zeroCount: zero,
  count: positive + zero,
  sum: 1,
  positiveSpans: [{ offset: 0, length: 1 }],
  negativeSpans: [],
  positiveBuckets: [positive],
  negativeBuckets: [],
  customValues: [],
});

const silent = {
  mixed: () => {},
  mixedSchemas: () => {},
  notCounter: () => {},
  notGauge: () => {},
  overlap: () => {},
  notes: () => {},
};

// A range of 120 s, 30 s of it before the first of four samples 30 s apart. Zero is not passed, whatever the first sample was.
test.each([
  ['far from zero', [100, 110, 120, 130], 30 * (120 / 90)],
  ['near zero', [10, 20, 30, 40], 30 * ((90 + 30) / 90)],
  ['nearer to zero than the range', [5, 20, 35, 50], 45 * ((90 + 90 * (5 / 45)) / 90)],
  ['after a reset', [5, 3, 30, 45], 45 * ((90 + 90 * (5 / 45)) / 90)],
])('increase %s', (_, counts, count) => {
  const times = [30_000, 60_000, 90_000, 120_000];
  const histograms = counts.map((each) => histogram(each));
  const window = { times, values: [NaN], histograms, start: 0, end: 120_000, exact: false };
  const result = histogramRate({ ...window, values: counts }, true, false, silent);
  expect((result as FloatHistogram).count).toBeCloseTo(count, 10);
});

test('the zero bucket is one-sided where the layout has one sign, even if its buckets are empty', () => {
  expect(histogramQuantileOf(0.9, histogram(0, 10)).value).toBeCloseTo(0.0009, 10);
  const bare = { ...histogram(0, 10), positiveSpans: [], positiveBuckets: [] };
  expect(histogramQuantileOf(0.9, bare).value).toBeCloseTo(0.0008, 10);
});

test.each([
  ['floats behind a histogram', [undefined, 3, 5], true, 2 / 30],
  ['floats that fall', [undefined, 5, 3], true, 0.1],
  ['their difference', [undefined, 5, 3], false, -2],
  ['a float and a histogram', [3, undefined], true, undefined],
])('irate or idelta of %s', (_, values, rate, expected) => {
  const window = {
    times: values.map((_value, i) => i * 30_000),
    values: values.map((value) => value ?? NaN),
    histograms: values.map((value) => (value === undefined ? histogram(1) : undefined)),
    start: 0,
    end: 120_000,
    exact: false,
  };
  expect(histogramInstant(window, rate, silent)).toBe(expected);
});

test('a sum has no empty buckets', () => {
  const sum = histogramSum([histogram(0, 5), histogram(0, 5)], false, silent);
  expect([sum?.positiveBuckets, sum?.positiveSpans, sum?.count]).toEqual([[], [], 10]);
});
