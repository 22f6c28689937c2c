import { describe, expect, test } from 'vitest';
import { compilePeriod } from './config/intervals.ts';
import type { TimePeriodConfig } from './config/schema.ts';
import { inIntervals } from './timeinterval.ts';

describe('inIntervals()', () => {
  test.each<[TimePeriodConfig, string, boolean]>([
    [{}, '2026-01-05T12:00:00Z', true],
    [{ times: [{ start_time: '09:00', end_time: '17:00' }] }, '2026-01-05T09:00:00Z', true],
    [{ times: [{ start_time: '09:00', end_time: '17:00' }] }, '2026-01-05T16:59:59.999Z', true],
    [{ times: [{ start_time: '09:00', end_time: '17:00' }] }, '2026-01-05T17:00:00Z', false],
    [{ times: [{ start_time: '00:00', end_time: '24:00' }] }, '2026-01-05T23:59:59Z', true],
    [{ weekdays: ['monday:friday'] }, '2026-01-05T00:00:00Z', true],
    [{ weekdays: ['Saturday', 'sunday'] }, '2026-01-05T00:00:00Z', false],
    [{ days_of_month: ['-1'] }, '2026-02-28T10:00:00Z', true],
    [{ days_of_month: ['-1'] }, '2024-02-28T10:00:00Z', false],
    [{ days_of_month: ['29:31'] }, '2026-02-28T10:00:00Z', false],
    [{ days_of_month: ['25:31'] }, '2026-02-28T10:00:00Z', true],
    [{ days_of_month: ['10:-5'] }, '2026-01-28T10:00:00Z', false],
    [{ months: ['january:march', '12'] }, '2026-12-24T10:00:00Z', true],
    [{ months: ['2:3'] }, '2026-01-24T10:00:00Z', false],
    [{ years: ['2025:2026'] }, '2026-01-24T10:00:00Z', true],
    [{ years: ['2027'] }, '2026-01-24T10:00:00Z', false],
    [{ weekdays: ['monday'], months: ['january'], years: ['2025'] }, '2026-01-05T12:00:00Z', false],
    // The day and the hour are those of the place.
    [{ location: 'Asia/Kolkata', weekdays: ['tuesday'] }, '2026-01-05T18:30:00Z', true],
    [
      { location: 'Asia/Kolkata', times: [{ start_time: '00:00', end_time: '00:30' }] },
      '2026-01-05T18:45:00Z',
      true,
    ],
    // Summer time: 02:30 does not exist on this day, and 01:30 UTC is 03:30.
    [
      { location: 'Europe/Berlin', times: [{ start_time: '03:00', end_time: '04:00' }] },
      '2026-03-29T01:30:00Z',
      true,
    ],
  ])('%j at %s: %s', (period, time, expected) => {
    expect(inIntervals([compilePeriod(period)], Date.parse(time))).toBe(expected);
  });

  test('one of several periods is enough, none is not', () => {
    const noon = Date.parse('2026-01-05T12:00:00Z');
    expect(inIntervals([compilePeriod({ years: ['2020'] }), compilePeriod({})], noon)).toBe(true);
    expect(inIntervals([], noon)).toBe(false);
  });
});

describe('compilePeriod()', () => {
  test.each<[TimePeriodConfig, string]>([
    [
      { times: [{ start_time: '17:00', end_time: '09:00' }] },
      'start time cannot be equal or greater than end time',
    ],
    [{ times: [{ start_time: '7:00', end_time: '09:00' }] }, "couldn't parse timestamp 7:00, invalid format"],
    [{ times: [{ start_time: '00:00', end_time: '24:01' }] }, "couldn't parse timestamp 24:01"],
    [{ weekdays: ['friday:monday'] }, 'start weekday cannot be after end weekday'],
    [{ weekdays: ['mon'] }, 'mon is not a valid weekday'],
    [{ days_of_month: ['0'] }, 'not a valid day of the month'],
    [{ days_of_month: ['32'] }, 'not a valid day of the month'],
    [{ days_of_month: ['-1:5'] }, 'end day must be negative if start day is negative'],
    [{ days_of_month: ['5:-31'] }, 'end day -31 is always before start day 5'],
    [{ months: ['13'] }, '13 is not a valid month'],
    [{ years: ['x'] }, 'x is not a valid year'],
    [{ location: 'Atlantis/Capital' }, 'unknown time zone Atlantis/Capital'],
  ])('refuses %j', (period, message) => {
    expect(() => compilePeriod(period)).toThrow(message);
  });
});
