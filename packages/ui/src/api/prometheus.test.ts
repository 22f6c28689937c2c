import { describe, expect, test } from 'vitest';
import { readQueryData } from './prometheus.ts';

describe('readQueryData()', () => {
  test('a vector, with the values that JSON has no numbers for', () => {
    const sample = (value: string): object => ({ metric: { job: 'a' }, value: [1.5, value] });
    const { series } = readQueryData({
      resultType: 'vector',
      result: ['1', '+Inf', '-Inf', 'NaN'].map(sample),
    });
    expect(series.map((one) => one.values[0])).toEqual([1, Infinity, -Infinity, NaN]);
    expect(series[0]?.times).toEqual([1500]);
  });
  test('a matrix', () => {
    const result = [
      {
        metric: {},
        values: [
          [1, '2'],
          [3, '4'],
        ],
      },
    ];
    expect(readQueryData({ resultType: 'matrix', result }).series[0]).toMatchObject({
      times: [1000, 3000],
      values: [2, 4],
    });
  });
  test('a native histogram counts its observations', () => {
    const result = [{ metric: {}, histograms: [[1, { count: '7', sum: '3' }]] }];
    expect(readQueryData({ resultType: 'matrix', result }).series[0]).toMatchObject({
      values: [7],
      histogram: true,
    });
  });
  test('a scalar and a string', () => {
    expect(readQueryData({ resultType: 'scalar', result: [1, '42'] }).series[0]?.values).toEqual([42]);
    expect(readQueryData({ resultType: 'string', result: [1, 'text'] }).text).toBe('text');
  });
  test('nonsense inside is survived, nonsense instead is refused', () => {
    expect(
      readQueryData({ resultType: 'matrix', result: [null, 3, { metric: 5, values: 'x' }] }).series,
    ).toHaveLength(1);
    expect(() => readQueryData({ resultType: 'table' })).toThrow('unknown result type table');
  });
});
