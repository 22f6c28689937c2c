import { parseFloatGo } from '@prunella/metrics';
import type { Token } from './lexer.ts';
import type { TokenReader } from './reader.ts';

/** The value of a number token, in Go's syntax. @throws ParseError */
export function numberOf(reader: TokenReader, token: Token): number {
  const { text } = token;
  const plain = text.replaceAll('_', '');
  const value = integerOf(plain) ?? parseFloatGo(plain);
  const problem =
    value === undefined ? 'invalid syntax' : outOfRange(value, text) ? 'value out of range' : '';
  if (value !== undefined && problem === '') return value;
  throw reader.fault(token, `error parsing number: strconv.ParseFloat: parsing "${text}": ${problem}`);
}

/** Octal, where a number begins with 0 and has octal digits only, and hexadecimal. */
function integerOf(text: string): number | undefined {
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^0x[\da-f]+$/i.test(text) ? Number.parseInt(text.slice(2), 16) : undefined;
}

function outOfRange(value: number, text: string): boolean {
  return Math.abs(value) === Infinity && !/inf/i.test(text);
}
