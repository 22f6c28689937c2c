import { parseFloatGo } from '../syntax/float.ts';
import { sprintf } from '../fmt/printf.ts';
import { GoDuration } from '../time/duration.ts';
import { GoTime } from '../time/time.ts';
import { intOf, kindOf, stringOf, typeName, type GoValue } from '../values.ts';

/** Numbers for people, in Prometheus's notation with four significant digits. */

/** A number, a numeric string, or a duration in seconds. */
export function toFloat(value: GoValue): number {
  if (value instanceof GoDuration) return value.Seconds();
  switch (kindOf(value)) {
    case 'float':
      return value as number;
    case 'int':
      return Number(intOf(value));
    case 'string': {
      const text = stringOf(value);
      const number = parseFloatGo(text);
      if (number === undefined)
        throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
      return number;
    }
    case 'invalid':
    case 'bool':
    case 'slice':
    case 'map':
    case 'struct':
    case 'func':
      throw new Error(`can't convert ${typeName(value)} to float`);
  }
}

const LARGE = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

const four = (value: number): string => sprintf('%.4g', [value]);

/** 1234567 → `1.235M`, 0.0012 → `1.2m` */
export function humanize(input: GoValue): string {
  const value = toFloat(input);
  if (value === 0 || !Number.isFinite(value)) return four(value);
  return Math.abs(value) >= 1 ? divided(value, LARGE, 1000) : multiplied(value);
}

/** 1536 → `1.5ki` */
export function humanize1024(input: GoValue): string {
  const value = toFloat(input);
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return four(value);
  return divided(value, BINARY, 1024);
}

function divided(value: number, prefixes: readonly string[], base: number): string {
  let prefix = '';
  let rest = value;
  for (const next of prefixes) {
    if (Math.abs(rest) < base) break;
    prefix = next;
    rest /= base;
  }
  return four(rest) + prefix;
}

function multiplied(value: number): string {
  let prefix = '';
  let rest = value;
  for (const next of SMALL) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1000;
  }
  return four(rest) + prefix;
}

/** 93784 s → `1d 2h 3m 4s`; below a minute `1.5s`, below a second `20ms` */
export function humanizeDuration(input: GoValue): string {
  const value = toFloat(input);
  if (!Number.isFinite(value)) return four(value);
  if (value === 0) return '0s';
  if (Math.abs(value) < 1) return `${multiplied(value)}s`;
  const sign = value < 0 ? '-' : '';
  const total = Math.trunc(Math.abs(value));
  const seconds = total % 60;
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600) % 24;
  const days = Math.floor(total / 86_400);
  if (days > 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  if (hours > 0) return `${sign}${hours}h ${minutes}m ${seconds}s`;
  if (minutes > 0) return `${sign}${minutes}m ${seconds}s`;
  return `${sign}${four(Math.abs(value))}s`;
}

/** 0.1234 → `12.34%` */
export function humanizePercentage(input: GoValue): string {
  return `${four(toFloat(input) * 100)}%`;
}

/** Seconds since the epoch → `2015-10-21 07:28:00 +0000 UTC` */
export function humanizeTimestamp(input: GoValue): string {
  const value = toFloat(input);
  return Number.isFinite(value) ? toTime(value).String() : four(value);
}

/** Seconds since the epoch, to whole milliseconds. */
export function toTime(input: GoValue): GoTime {
  const seconds = toFloat(input);
  if (!(Math.abs(seconds * 1e9) < 2 ** 63)) {
    throw new Error(
      `${sprintf('%f', [seconds])} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  }
  return new GoTime(Math.trunc(Math.trunc(seconds * 1e9) / 1e6));
}
