import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KahanSum } from './kahan.ts';
import { quantileOf } from './quantile.ts';
import { SLIDING_FUNCTIONS } from './sliding.ts';
import { placeWindows, windowsAt } from './windows.ts';

/** What a function is by definition, over the values of one window. */
const DEFINITIONS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  max_over_time: (values) =>
    values.filter((v) => !Number.isNaN(v)).reduce((a, b) => (b > a ? b : a), -Infinity),
  min_over_time: (values) =>
    values.filter((v) => !Number.isNaN(v)).reduce((a, b) => (b < a ? b : a), Infinity),
  changes: (values) =>
    values.filter((v, i) => i > 0 && v !== values[i - 1] && !(Number.isNaN(v) && Number.isNaN(values[i - 1])))
      .length,
  resets: (values) => values.filter((v, i) => v < (values[i - 1] ?? -Infinity)).length,
  quantile_over_time: (values) => quantileOf(0.3, Float64Array.from(values)),
  sum_over_time: (values) => {
    const sum = new KahanSum();
    for (const value of values) sum.add(value);
    return sum.value;
  },
};

const samples = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 40 }),
    fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 1e300)),
  ),
  { maxLength: 60 },
);

describe('functions that slide along a column give what they are in each window', () => {
  test.each(Object.keys(DEFINITIONS))('%s', (name) => {
    fc.assert(
      fc.property(
        samples,
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 70 }),
        (gaps, range, step) => {
          let t = 0;
          const times = Float64Array.from(gaps, ([gap]) => (t += gap));
          const values = Float64Array.from(gaps, ([, value]) => value);
          const ends = Float64Array.from({ length: 40 }, (_, i) => i * step);
          const windows = windowsAt(range, ends, ends);
          placeWindows(windows, times);
          const out = { values: new Float64Array(40), present: new Uint8Array(40) };
          SLIDING_FUNCTIONS.get(name)?.(times, values, windows, [new Float64Array(40).fill(0.3)], out);
          for (let i = 0; i < 40; i++) {
            const end = ends[i] as number;
            const inside = [...values].filter(
              (_, k) => (times[k] as number) > end - range && (times[k] as number) <= end,
            );
            expect(out.present[i]).toBe(inside.length > 0 ? 1 : 0);
            if (inside.length === 0) continue;
            const none = name.startsWith('m') && inside.every(Number.isNaN);
            // Of the two zeros either may come out where both are in a window.
            expect((out.values[i] as number) + 0).toBe(
              none ? NaN : (DEFINITIONS[name]?.(inside) as number) + 0,
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
