import { UsageError } from '../flags.ts';

/** RFC 3339 or Unix seconds, as ms. @throws UsageError */
export function parseTime(flag: string, text: string): number {
  const seconds = Number(text);
  const ms = text.trim() !== '' && Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text);
  if (Number.isNaN(ms))
    throw new UsageError(`--${flag}: neither a time (RFC 3339) nor Unix seconds: "${text}"`);
  return Math.round(ms);
}
