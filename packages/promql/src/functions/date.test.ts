import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DATE_FUNCTIONS } from './date.ts';

describe('parts of a date', () => {
  test('are those of Date, where that reaches', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8.6e12, max: 8.6e12 }), (seconds) => {
        const date = new Date(seconds * 1000);
        const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
        const first = new Date(0).setUTCFullYear(year, 0, 1);
        expect(Object.fromEntries([...DATE_FUNCTIONS].map(([name, part]) => [name, part(seconds)]))).toEqual({
          day_of_month: date.getUTCDate(),
          day_of_week: date.getUTCDay(),
          day_of_year: Math.floor((date.getTime() - first) / 86_400_000) + 1,
          days_in_month: new Date(new Date(0).setUTCFullYear(year, month + 1, 0)).getUTCDate(),
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
          month: month + 1,
          year,
        });
      }),
    );
  });

  // As Prometheus 3.5 answers on amd64.
  test.each([
    [-0.5, 1970, 1, 1, 4, 1, 31, 0, 0],
    [1e12, 33_658, 9, 27, 5, 270, 30, 1, 46],
    [-1e13, -314_918, 8, 13, 0, 225, 31, 6, 13],
    [9e18, 285_198_648_531, 4, 21, 6, 111, 30, 16, 0],
    [1e300, 292_277_026_596, 12, 4, 0, 339, 31, 15, 30],
    [NaN, 292_277_026_596, 12, 4, 0, 339, 31, 15, 30],
    [-Infinity, 292_277_026_596, 12, 4, 0, 339, 31, 15, 30],
  ])('of %d s', (seconds, ...parts) => {
    const names = 'year month day_of_month day_of_week day_of_year days_in_month hour minute'.split(' ');
    expect(names.map((name) => DATE_FUNCTIONS.get(name)?.(seconds))).toEqual(parts);
  });
});
