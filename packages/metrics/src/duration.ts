const UNITS: readonly (readonly [string, number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/**
 * Parses a Prometheus duration (`1h30m`, `15s`, `0`; largest unit first, each at most once) to milliseconds.
 * @throws Error in Prometheus's words
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (text === '') throw new Error('empty duration string');
  const match = DURATION.exec(text);
  if (!match) throw new Error(problemOf(text));
  const ms = UNITS.reduce((sum, [, factor], i) => sum + Number(match[i + 1] ?? 0) * factor, 0);
  // Prometheus keeps durations as int64 nanoseconds.
  if (ms > 9_223_372_036_854) throw new Error('duration out of range');
  return ms;
}

/** A unit that does not exist is named, unless something else is wrong before it. */
function problemOf(text: string): string {
  for (const [, digits, unit = ''] of text.matchAll(/(\d*)(\D*)/g)) {
    if (digits === '' || unit === '') break;
    if (!UNITS.some(([name]) => name === unit))
      return `unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`;
  }
  return `not a valid duration string: ${JSON.stringify(text)}`;
}

/** Prints milliseconds as Prometheus does: `90000` → `1m30s`, whole weeks and years only when nothing is left over. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = Math.abs(ms);
  let text = ms < 0 ? '-' : '';
  for (const [unit, factor] of UNITS) {
    const exactOnly = unit === 'y' || unit === 'w' || unit === 'd';
    if (exactOnly && unit !== 'd' && rest % factor !== 0) continue;
    const count = Math.floor(rest / factor);
    if (count > 0) {
      text += `${count}${unit}`;
      rest -= count * factor;
    }
  }
  return text;
}
