import { parseFloatGo } from '@prunella/metrics';

/** A number in Go's syntax; a leading 0 makes it octal. */
export function parseNumber(text: string): number | undefined {
  if (/^[+-]?0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return parseFloatGo(text);
}
