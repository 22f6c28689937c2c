/** A wall clock reading in some time zone. */
export interface WallTime {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly ms: number;
  /** 0 = Sunday */
  readonly weekday: number;
  readonly yearDay: number;
  /** Seconds east of UTC. */
  readonly offset: number;
  /** `UTC`, `CET`, or the offset where the zone has no abbreviation. */
  readonly zone: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for an unknown zone */
export function wallTime(ms: number, location: string): WallTime {
  const utc = location === 'UTC' || location === '';
  const offset = utc ? 0 : offsetSeconds(ms, location);
  const local = new Date(ms + offset * 1000);
  const year = local.getUTCFullYear();
  return {
    year,
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    ms: local.getUTCMilliseconds(),
    weekday: local.getUTCDay(),
    yearDay: Math.floor((local.getTime() - Date.UTC(year, 0, 1)) / 86_400_000) + 1,
    offset,
    zone: utc ? 'UTC' : zoneName(ms, location, offset),
  };
}

function offsetSeconds(ms: number, location: string): number {
  const fields = Object.fromEntries(
    format(location, {
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
      era: 'short',
    })
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  const year = fields['era'] === 'BC' ? 1 - Number(fields['year']) : Number(fields['year']);
  const local = Date.UTC(
    2000,
    Number(fields['month']) - 1,
    Number(fields['day']),
    Number(fields['hour']),
    Number(fields['minute']),
    Number(fields['second']),
  );
  // Date.UTC reads years below 100 as 19xx.
  const date = new Date(local);
  date.setUTCFullYear(year, Number(fields['month']) - 1, Number(fields['day']));
  return Math.round((date.getTime() - Math.floor(ms / 1000) * 1000) / 1000);
}

/** Zones without summer time that have a name in the time zone database, but none in English. */
const NAMES: Readonly<Record<string, string>> = {
  'Africa/Lagos': 'WAT',
  'Africa/Nairobi': 'EAT',
  'Asia/Hong_Kong': 'HKT',
  'Asia/Jakarta': 'WIB',
  'Asia/Karachi': 'PKT',
  'Asia/Kolkata': 'IST',
  'Asia/Manila': 'PST',
  'Asia/Seoul': 'KST',
  'Asia/Shanghai': 'CST',
  'Asia/Taipei': 'CST',
  'Asia/Tokyo': 'JST',
  'Europe/Moscow': 'MSK',
};

function zoneName(ms: number, location: string, offset: number): string {
  const known = NAMES[location];
  if (known !== undefined) return known;
  // Each knows the abbreviations that are used where it is spoken.
  for (const locale of ['en-GB', 'en-US', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA']) {
    const parts = format(location, { timeZoneName: 'short' }, locale).formatToParts(ms);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]{2,5}$/.test(name)) return name;
  }
  return formatOffset(offset, '', false);
}

function format(
  location: string,
  options: Intl.DateTimeFormatOptions,
  locale = 'en-US',
): Intl.DateTimeFormat {
  const key = `${locale} ${location} ${options.timeZoneName ?? ''}`;
  const timeZone = location === 'Local' ? undefined : location;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, { ...options, ...(timeZone === undefined ? {} : { timeZone }) });
    formats.set(key, found);
  }
  return found;
}

/** `+0130`, with a separator `+01:30`, with seconds where asked. Whole hours without minutes give `+01`. */
export function formatOffset(offset: number, separator: string, minutes = true, seconds = false): string {
  const magnitude = Math.abs(offset);
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  const rest = magnitude % 3600;
  let text = `${offset < 0 ? '-' : '+'}${two(magnitude / 3600)}`;
  if (minutes || rest !== 0) text += `${separator}${two(rest / 60)}`;
  if (seconds) text += `${separator}${two(magnitude % 60)}`;
  return text;
}
