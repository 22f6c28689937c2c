import { describe, expect, test } from 'vitest';
import { formatText } from './units.ts';

describe('formatText()', () => {
  const cases: [number, string, number | undefined, string][] = [
    [0, 'short', undefined, '0'],
    [1234, 'short', undefined, '1.23 K'],
    [1_500_000, 'short', 1, '1.5 Mil'],
    [1024, 'bytes', undefined, '1 KiB'],
    [1536, 'bytes', undefined, '1.5 KiB'],
    [16_777_216, 'bytes', 1, '16.0 MiB'],
    [1000, 'decbytes', undefined, '1 kB'],
    [2e9, 'decbits', undefined, '2 Gb'],
    [1_250_000, 'Bps', 2, '1.25 MB/s'],
    [2048, 'binBps', undefined, '2 KiB/s'],
    [1000, 'bps', undefined, '1 kb/s'],
    [42.127, 'percent', 1, '42.1%'],
    [0.4213, 'percentunit', undefined, '42.1%'],
    [0.25, 's', undefined, '250 ms'],
    [0.0000015, 's', undefined, '1.5 µs'],
    [90, 's', undefined, '1.5 min'],
    [7200, 's', undefined, '2 hours'],
    [93_000, 's', 1, '1.1 day'],
    [1500, 'ms', undefined, '1.5 s'],
    [12, 'ms', undefined, '12 ms'],
    [12, 'reqps', undefined, '12 req/s'],
    [1234, 'ops', 2, '1.23K ops/s'],
    [5, 'iops', undefined, '5 io/s'],
    [3, 'rds', undefined, '3 rd/s'],
    [1200, 'pps', undefined, '1.2 kp/s'],
    [1, 'bool_yes_no', undefined, 'Yes'],
    [0, 'bool', undefined, 'False'],
    [93_784, 'dtdurations', undefined, '1 day, 2 hours'],
    [21.5, 'celsius', 1, '21.5 °C'],
    [3_000_000_000, 'hertz', undefined, '3 GHz'],
    [7, 'read/s', undefined, '7 read/s'],
    [7, 'suffix:apples', undefined, '7 apples'],
    [1, 'decmbytes', undefined, '1 MB'],
    [NaN, 'bytes', undefined, 'NaN'],
    [Infinity, 's', undefined, '+Inf'],
    [-2048, 'bytes', undefined, '-2 KiB'],
    [0.123456, 'none', undefined, '0.123'],
    [123.456, 'none', 1, '123.5'],
  ];
  for (const [value, unit, decimals, want] of cases) {
    test(`${value} in ${unit}${decimals === undefined ? '' : ` with ${decimals} decimals`} is ${want}`, () =>
      expect(formatText(value, unit, decimals)).toBe(want));
  }
  test('names of Object.prototype are plain suffixes', () =>
    expect(formatText(1, 'constructor')).toBe('1 constructor'));
});
