/** Go's zero time: what stands for "not yet" in messages and in the API. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** As Go's JSON writes a time in UTC: without trailing zeros in the fraction. */
export function goTime(time: number): string {
  return new Date(time).toISOString().replace(/\.?0*Z$/, 'Z');
}

const RFC3339 = /^\d{4}-\d\d-(\d\d)[Tt ]([01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
/** As most senders write it, and as Date.parse() reads it. */
const USUAL = /^\d{4}-\d\d-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?Z$/;

/** RFC 3339 → ms (the rest of the fraction is cut off); undefined where the text is no time. */
export function parseTime(text: string): number | undefined {
  if (USUAL.test(text)) return orUndefined(Date.parse(text));
  const match = RFC3339.exec(text);
  if (!match || Number(match[1]) > daysInMonth(text)) return undefined;
  return orUndefined(Date.parse(text.toUpperCase().replace(' ', 'T')));
}

function orUndefined(time: number): number | undefined {
  return Number.isNaN(time) ? undefined : time;
}

/** Date.parse() takes 30 February for 2 March. */
function daysInMonth(text: string): number {
  return new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
}

/** The same for the zero time, which means that nothing was said. */
export function parseOptionalTime(text: string | undefined): number | undefined {
  if (text === undefined || text.startsWith('0001-01-01T00:00:00')) return undefined;
  return parseTime(text);
}
