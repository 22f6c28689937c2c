import { describe, expect, test } from 'vitest';
import {
  describeRange,
  formatAge,
  formatDuration,
  formatSpan,
  parseDuration,
  parseTime,
  resolveRange,
} from '../time.ts';

const now = Date.UTC(2026, 10, 21, 3, 45, 12, 345);

describe('parseDuration() and formatDuration()', () => {
  const cases: [string, number | undefined][] = [
    ['15s', 15_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1d', 86_400_000],
    ['2w', 1_209_600_000],
    ['', undefined],
    ['5', undefined],
    ['5 m', undefined],
    ['m5', undefined],
  ];
  for (const [text, want] of cases)
    test(`parseDuration(${JSON.stringify(text)})`, () => expect(parseDuration(text)).toBe(want));
  for (const [ms, want] of [
    [90_000, '1m30s'],
    [15_000, '15s'],
    [0, '0s'],
    [250, '250ms'],
    [86_400_000, '1d'],
  ] as const) {
    test(`formatDuration(${ms})`, () => expect(formatDuration(ms)).toBe(want));
  }
});

describe('parseTime()', () => {
  const cases: [string, number | undefined][] = [
    ['now', now],
    ['now-1h', now - 3_600_000],
    ['now-5m', now - 300_000],
    ['now+1h', now + 3_600_000],
    ['now-1d-2h', now - 26 * 3_600_000],
    ['1763696712345', 1_763_696_712_345],
    ['2026-11-21T03:00:00Z', Date.UTC(2026, 10, 21, 3)],
    ['now-', undefined],
    ['yesterday', undefined],
    ['now-1x', undefined],
  ];
  for (const [text, want] of cases) test(`${text}`, () => expect(parseTime(text, now)).toBe(want));
  test('now/h rounds down at the start of a range and up at its end', () => {
    const hour = now - (now % 3_600_000);
    expect(parseTime('now/h', now)).toBe(hour);
    expect(parseTime('now/h', now, true)).toBe(hour + 3_599_999);
  });
  test('a range that cannot be read is the last hour', () => {
    expect(resolveRange({ from: 'nonsense', to: 'now' }, now)).toEqual({ from: now - 3_600_000, to: now });
  });
  test('a range is never empty', () => {
    const { from, to } = resolveRange({ from: 'now', to: 'now-1h' }, now);
    expect(from).toBeLessThan(to);
  });
});

test('describeRange() and formatAge() write what a reader would', () => {
  expect(describeRange({ from: 'now-1h', to: 'now' })).toBe('Last 1 hour');
  expect(describeRange({ from: 'now-15m', to: 'now' })).toBe('Last 15 minutes');
  expect([0, 59_000, 61_000, 3_700_000, 90_000_000].map(formatAge)).toEqual([
    '0s',
    '59s',
    '1m 1s',
    '1h 1m',
    '1d 1h',
  ]);
});

test('formatSpan() is exact where it matters', () => {
  expect([28, 999, 5120, 69_000, NaN].map(formatSpan)).toEqual(['28 ms', '999 ms', '5.1 s', '1m 9s', '–']);
});
