/** One entry of a time interval's list; all fields given must hold, within a field any range. */
export interface TimePeriod {
  /** Minutes of the day: [start, end), end up to 1440. */
  readonly times?: readonly Range[];
  /** 0 = Sunday … 6, both ends included, as in all ranges below. */
  readonly weekdays?: readonly Range[];
  /** 1…31, or -1…-31 counted from the end of the month. */
  readonly daysOfMonth?: readonly Range[];
  /** 1…12 */
  readonly months?: readonly Range[];
  readonly years?: readonly Range[];
  /** IANA name, 'Local' or 'UTC' (the default). */
  readonly location?: string;
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Whether `time` (ms) lies in any of the periods. */
export function inIntervals(periods: readonly TimePeriod[], time: number): boolean {
  return periods.some((period) => inPeriod(period, time));
}

function inPeriod(period: TimePeriod, time: number): boolean {
  const date = civilTime(time, period.location ?? 'UTC');
  const { times, weekdays, daysOfMonth, months, years } = period;
  return (
    within(times, (range) => date.minute >= range.start && date.minute < range.end) &&
    within(daysOfMonth, (range) => inDays(range, date)) &&
    within(months, (range) => includes(range, date.month)) &&
    within(weekdays, (range) => includes(range, date.weekday)) &&
    within(years, (range) => includes(range, date.year))
  );
}

function within(ranges: readonly Range[] | undefined, test: (range: Range) => boolean): boolean {
  return ranges === undefined || ranges.length === 0 || ranges.some(test);
}

function includes(range: Range, value: number): boolean {
  return value >= range.start && value <= range.end;
}

/** Days that the month does not have are clamped to its last one; a range that begins after it never matches. */
function inDays(range: Range, date: CivilTime): boolean {
  const last = new Date(Date.UTC(date.year, date.month, 0)).getUTCDate();
  const fromStart = (day: number): number => (day < 0 ? last + day + 1 : day);
  const start = fromStart(range.start);
  if (start > last) return false;
  return date.day >= start && date.day <= Math.min(fromStart(range.end), last);
}

interface CivilTime {
  year: number;
  month: number;
  day: number;
  weekday: number;
  /** of the day */
  minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for an unknown location */
export function locationFormat(location: string): Intl.DateTimeFormat {
  const known = formats.get(location);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    ...(location === 'Local' ? {} : { timeZone: location }),
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  formats.set(location, format);
  return format;
}

function civilTime(time: number, location: string): CivilTime {
  const parts = new Map(
    locationFormat(location)
      .formatToParts(time)
      .map((part) => [part.type, part.value]),
  );
  const field = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name));
  const [year, month, day] = [field('year'), field('month'), field('day')];
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  return { year, month, day, weekday, minute: field('hour') * 60 + field('minute') };
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

/** `monday` or `monday:friday`. @throws Error */
export function parseWeekdays(text: string): Range {
  return parseRange(text, 'weekday', (word) => WEEKDAYS.indexOf(word.toLowerCase()), 0, 6);
}

/** `1:3`, `january:march` or `december`. @throws Error */
export function parseMonths(text: string): Range {
  return parseRange(
    text,
    'month',
    (word) => (/^\d+$/.test(word) ? Number(word) : MONTHS.indexOf(word.toLowerCase()) + 1),
    1,
    12,
  );
}

/** `2026` or `2026:2028`. @throws Error */
export function parseYears(text: string): Range {
  return parseRange(text, 'year', (word) => (/^-?\d+$/.test(word) ? Number(word) : Number.NaN), -9999, 9999);
}

/** `1:5`, `-3:-1` or `15`. @throws Error */
export function parseDaysOfMonth(text: string): Range {
  const [first = '', second = first, ...more] = text.split(':');
  const [start, end] = [first, second].map((word) => (/^-?\d+$/.test(word) ? Number(word) : 0)) as [
    number,
    number,
  ];
  if (more.length > 0 || !isDay(start) || !isDay(end)) {
    throw new Error(`${text} is not a valid day of the month: must be -31..-1 or 1..31`);
  }
  if (start < 0 && end > 0) throw new Error('end day must be negative if start day is negative');
  // In a month of 31 days; shorter ones clamp.
  const fromStart = (day: number): number => (day < 0 ? 32 + day : day);
  if (fromStart(start) > fromStart(end)) {
    throw new Error(`end day ${end} is always before start day ${start}`);
  }
  return { start, end };
}

function isDay(day: number): boolean {
  return day !== 0 && day >= -31 && day <= 31;
}

function parseRange(
  text: string,
  what: string,
  read: (word: string) => number,
  least: number,
  most: number,
): Range {
  const [first = '', second = first, ...more] = text.split(':').map((word) => word.trim());
  const start = read(first);
  const end = read(second);
  const valid = (value: number): boolean => value >= least && value <= most;
  if (more.length > 0 || !valid(start) || !valid(end)) throw new Error(`${text} is not a valid ${what}`);
  if (start > end) throw new Error(`start ${what} cannot be after end ${what}: ${text}`);
  return { start, end };
}

/** `09:30` or `24:00` → minutes. @throws Error */
export function parseTimeOfDay(text: string): number {
  const match = /^(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/.exec(text);
  if (!match) throw new Error(`couldn't parse timestamp ${text}, invalid format`);
  return match[1] === undefined ? 1440 : Number(match[1]) * 60 + Number(match[2]);
}
