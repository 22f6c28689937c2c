import {
  locationFormat,
  parseDaysOfMonth,
  parseMonths,
  parseTimeOfDay,
  parseWeekdays,
  parseYears,
  type Range,
  type TimePeriod,
} from '../timeinterval.ts';
import type { TimePeriodConfig } from './schema.ts';

/** @throws Error saying which range is not one */
export function compilePeriod(config: TimePeriodConfig): TimePeriod {
  const { times, weekdays, days_of_month: days, months, years, location } = config;
  if (location !== undefined) checkLocation(location);
  return {
    ...(times && { times: times.map((time) => timeRange(time.start_time, time.end_time)) }),
    ...(weekdays && { weekdays: weekdays.map(parseWeekdays) }),
    ...(days && { daysOfMonth: days.map(parseDaysOfMonth) }),
    ...(months && { months: months.map(parseMonths) }),
    ...(years && { years: years.map(parseYears) }),
    ...(location !== undefined && { location }),
  };
}

function timeRange(from: string, to: string): Range {
  const start = parseTimeOfDay(from);
  const end = parseTimeOfDay(to);
  if (start >= end) throw new Error('start time cannot be equal or greater than end time');
  return { start, end };
}

function checkLocation(location: string): void {
  try {
    locationFormat(location);
  } catch {
    throw new Error(`unknown time zone ${location}`);
  }
}
