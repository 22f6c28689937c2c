/** Go's zero time: what stands for "not yet" in messages and in the API. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** As Go's JSON writes a time in UTC: without trailing zeros in the fraction. */
export function goTime(time: number): string {
  return new Date(time).toISOString().replace(/\.?0*Z$/, 'Z');
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** RFC 3339 → ms (the rest of the fraction is cut off); undefined where the text is no time. */
export function parseTime(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone] = match as unknown as string[];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone?.toUpperCase()}`);
  return Number.isNaN(time) ? undefined : time + Number(fraction.slice(1, 4).padEnd(3, '0'));
}

/** The same for the zero time, which means that nothing was said. */
export function parseOptionalTime(text: string | undefined): number | undefined {
  if (text === undefined || text.startsWith('0001-01-01T00:00:00')) return undefined;
  return parseTime(text);
}
