/** Times of the pages: ms since the epoch; ranges as Grafana writes them (`now-1h`, `now/d`, ms, ISO dates). */
export interface TimeRange {
  /** As written, and kept in the address. */
  from: string;
  to: string;
}

export interface AbsoluteRange {
  /** ms since the epoch. */
  from: number;
  to: number;
}

const unitMs: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 30 * 86_400_000,
  y: 365 * 86_400_000,
};

/** `1h30m`, `15s`, `500ms` in ms; undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(?:\.\d+)?(ms|[smhdwMy]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwMy])/g))
    total += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return total;
}

/** The shortest Prometheus duration of whole units: 90000 → `1m30s`. */
export function formatDuration(ms: number): string {
  if (ms < 1) return '0s';
  let rest = Math.round(ms);
  let out = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const size = unitMs[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) out += `${count}${unit}`;
    rest -= count * size;
  }
  return out;
}

function shift(date: Date, sign: number, amount: number, unit: string): void {
  if (unit === 'M') date.setMonth(date.getMonth() + sign * amount);
  else if (unit === 'y') date.setFullYear(date.getFullYear() + sign * amount);
  else date.setTime(date.getTime() + sign * amount * (unitMs[unit] ?? 0));
}

function roundTo(date: Date, unit: string, up: boolean): void {
  const starts: Record<string, () => void> = {
    s: () => date.setMilliseconds(0),
    m: () => date.setSeconds(0, 0),
    h: () => date.setMinutes(0, 0, 0),
    d: () => date.setHours(0, 0, 0, 0),
    w: () => {
      date.setHours(0, 0, 0, 0);
      date.setDate(date.getDate() - ((date.getDay() + 6) % 7));
    },
    M: () => {
      date.setHours(0, 0, 0, 0);
      date.setDate(1);
    },
    y: () => {
      date.setHours(0, 0, 0, 0);
      date.setMonth(0, 1);
    },
  };
  starts[unit]?.();
  if (!up) return;
  if (unit === 'd' || unit === 'w') date.setDate(date.getDate() + (unit === 'd' ? 1 : 7));
  else shift(date, 1, 1, unit);
  date.setTime(date.getTime() - 1);
}

/** One end of a range. `roundUp` is for the later end, where `now/d` means the end of today. */
export function parseTime(text: string, now: number, roundUp = false): number | undefined {
  const trimmed = text.trim();
  if (/^\d{9,}$/.test(trimmed)) return Number(trimmed);
  if (!trimmed.startsWith('now')) {
    const parsed = Date.parse(trimmed.replace(/^(\d{4}-\d\d-\d\d) /, '$1T'));
    return Number.isNaN(parsed) ? undefined : parsed;
  }
  const rest = trimmed.slice(3);
  if (!/^(?:[+-]\d*[smhdwMy]|\/[smhdwMy])*$/.test(rest)) return undefined;
  const date = new Date(now);
  for (const [, sign, amount, unit, round] of rest.matchAll(/([+-])(\d*)([smhdwMy])|\/([smhdwMy])/g)) {
    if (round) roundTo(date, round, roundUp);
    else shift(date, sign === '-' ? -1 : 1, amount === '' ? 1 : Number(amount), unit ?? '');
  }
  return date.getTime();
}

/** The range in ms. What cannot be read becomes the last hour. */
export function resolveRange(range: TimeRange, now: number): AbsoluteRange {
  const to = parseTime(range.to, now, true) ?? now;
  const from = parseTime(range.from, now) ?? to - 3_600_000;
  return from < to ? { from, to } : { from: to - 60_000, to };
}

const quickNames: [string, string][] = [
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['M', 'month'],
  ['y', 'year'],
];

/** What the picker's button says: 'Last 1 hour', or the two ends. */
export function describeRange(range: TimeRange, utc = false): string {
  const relative = /^now-(\d+)([smhdwMy])$/.exec(range.from);
  if (relative && range.to === 'now') {
    const name = quickNames.find(([unit]) => unit === relative[2])?.[1] ?? '';
    return `Last ${relative[1]} ${name}${relative[1] === '1' ? '' : 's'}`;
  }
  const end = (text: string): string =>
    /^\d+$/.test(text) ? formatDateTime(Number(text), utc) : text.replace('T', ' ');
  return `${end(range.from)} to ${end(range.to)}`;
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0');
}

interface Fields {
  year: number;
  month: number;
  day: number;
  clock: string;
}

function fields(ms: number, utc: boolean): Fields {
  const date = new Date(ms);
  return utc
    ? {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        clock: `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`,
      }
    : {
        year: date.getFullYear(),
        month: date.getMonth() + 1,
        day: date.getDate(),
        clock: `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`,
      };
}

/** `2026-11-21 03:45:00`, in local time unless utc. */
export function formatDateTime(ms: number, utc = false): string {
  if (!Number.isFinite(ms)) return '–';
  const { year, month, day, clock } = fields(ms, utc);
  return `${year}-${pad(month)}-${pad(day)} ${clock}`;
}

/** `03:45:00` today, with the date before on other days. */
export function formatClock(ms: number, now: number, utc = false): string {
  if (!Number.isFinite(ms)) return '–';
  const full = formatDateTime(ms, utc);
  return full.slice(0, 10) === formatDateTime(now, utc).slice(0, 10) ? full.slice(11) : full;
}

/** How long ago, in two units at most: `3m 12s`. */
export function formatAge(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3600)}h`;
}

/** A span as exactly as it matters: `28 ms`, `5.1 s`, then as formatAge. */
export function formatSpan(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (Math.abs(ms) < 1000) return `${Math.round(ms)} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : formatAge(ms);
}

/** RFC 3339 to ms; NaN for '' and for Go's zero time. */
export function timeMs(text: string): number {
  return text === '' || text.startsWith('0001-') ? NaN : Date.parse(text);
}
