import fc from 'fast-check';
import type { FloatHistogram } from '@prunella/metrics';
import { describe, expect, test } from 'vitest';
import { parseHistogram } from '../script/histogram.ts';
import { add, divide, equal, hasDropped, isReset, scale, type Notes } from './algebra.ts';
import { histogramFractionOf, histogramQuantileOf } from './statistics.ts';
import { trimHistogram } from './trim.ts';

const arbitrary = fc
  .record({
    schema: fc.integer({ min: -4, max: 8 }),
    offset: fc.integer({ min: -20, max: 20 }),
    buckets: fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 12 }),
    negative: fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 12 }),
    sum: fc.integer({ min: -1000, max: 1000 }),
  })
  .map(({ schema, offset, buckets, negative, sum }): FloatHistogram => {
    const count = [...buckets, ...negative].reduce((total, each) => total + each, 0);
    const lists = `buckets:[${buckets.join(' ')}] offset:${offset} n_buckets:[${negative.join(' ')}]`;
    return parseHistogram(`{{schema:${schema} sum:${sum} count:${count} ${lists}}}`);
  });

describe('algebra of histograms', () => {
  test('the order of a sum does not matter', () => {
    fc.assert(fc.property(arbitrary, arbitrary, (a, b) => equal(add(a, b), add(b, a))));
  });

  test('a sum is never a reset of its parts, a part is one of the sum where anything was added', () => {
    fc.assert(
      fc.property(arbitrary, arbitrary, (a, b) => {
        const sum = add(a, b);
        expect(hasDropped(a, sum)).toBe(false);
        expect(hasDropped(sum, a)).toBe(b.count > 0 || a.schema > sum.schema);
      }),
    );
  });

  test('scaling and dividing undo one another', () => {
    fc.assert(fc.property(arbitrary, (h) => equal(divide(scale(h, 4), 4), h)));
  });

  test('custom buckets keep the bounds that both have', () => {
    const notes: Notes = {};
    const a = parseHistogram('{{schema:-53 count:6 sum:9 custom_values:[5 10] buckets:[1 2 3]}}');
    const b = parseHistogram('{{schema:-53 count:4 sum:1 custom_values:[5 20] buckets:[4]}}');
    const sum = add(a, b, notes);
    expect(sum).toMatchObject({ customValues: [5], positiveBuckets: [5, 5], count: 10, sum: 10 });
    expect(notes).toEqual({ reconciled: true });
  });

  test('a hint says more than the counts', () => {
    const more = parseHistogram('{{count:9 counter_reset_hint:reset}}');
    const less = parseHistogram('{{count:1 counter_reset_hint:not_reset}}');
    expect(isReset(less, more)).toBe(true);
    expect(isReset(more, less)).toBe(false);
  });
});

describe('statistics of histograms', () => {
  test('fractions undo quantiles', () => {
    const q = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(arbitrary, q, (h, phi) => {
        fc.pre(h.count > 0);
        const { value } = histogramQuantileOf(phi, h);
        const below = histogramFractionOf(-Infinity, value, h);
        expect(below).toBeCloseTo(phi, 6);
      }),
    );
  });

  test('what is trimmed away below and above a value is everything', () => {
    fc.assert(
      fc.property(arbitrary, fc.double({ min: -100, max: 100, noNaN: true }), (h, limit) => {
        const parts = trimHistogram(h, limit, true).count + trimHistogram(h, limit, false).count;
        expect(parts).toBeCloseTo(h.count, 6);
      }),
    );
  });
});
