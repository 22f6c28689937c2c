import { describe, expect, test } from 'vitest';
import { goTime, parseOptionalTime, parseTime, ZERO_TIME } from './time.ts';

describe('parseTime()', () => {
  test.each([
    ['2026-01-05T12:00:00Z', '2026-01-05T12:00:00.000Z'],
    ['2026-01-05T12:00:00.1Z', '2026-01-05T12:00:00.100Z'],
    ['2026-01-05T12:00:00.123456789Z', '2026-01-05T12:00:00.123Z'],
    ['2026-01-05T12:00:00.999999999+03:30', '2026-01-05T08:30:00.999Z'],
    ['2026-01-05t12:00:00z', '2026-01-05T12:00:00.000Z'],
    ['2026-01-05 12:00:00.5Z', '2026-01-05T12:00:00.500Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2026-01-31T23:59:59-01:00', '2026-02-01T00:59:59.000Z'],
  ])('%s', (text, expected) => {
    expect(new Date(parseTime(text) ?? 0).toISOString()).toBe(expected);
  });

  test.each([
    '',
    'now',
    '2026-01-05',
    '2026-01-05T12:00Z',
    '2026-13-05T12:00:00Z',
    '2026-01-05T12:00:00',
    '2026-02-29T12:00:00Z',
    '2026-04-31T12:00:00Z',
    '2026-01-00T12:00:00Z',
    '2026-01-05T24:00:00Z',
    '2026-01-05T12:60:00Z',
  ])('%j is no time', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });

  test('the zero time says nothing', () => {
    expect([
      parseOptionalTime(ZERO_TIME),
      parseOptionalTime('0001-01-01T00:00:00.000Z'),
      parseOptionalTime(undefined),
    ]).toEqual([undefined, undefined, undefined]);
  });
});

test.each([
  [0, '1970-01-01T00:00:00Z'],
  [1500, '1970-01-01T00:00:01.5Z'],
  [1_234_567, '1970-01-01T00:20:34.567Z'],
  [600_000, '1970-01-01T00:10:00Z'],
])('goTime(%d) is %s', (time, text) => {
  expect(goTime(time)).toBe(text);
});
