import { parseFloatGo } from './float.ts';
import { unquote } from './quote.ts';

export interface NumberValue {
  readonly int: bigint | undefined;
  readonly float: number;
  readonly ideal: 'int' | 'float';
}

const INTEGER = /^([+-]?)(0[xX][0-9a-fA-F]+|0[oO]?[0-7]*|0[bB][01]+|[1-9][0-9]*)$/;

/** Reads a numeric or character constant of Go. @returns what is wrong with it, as text, where it is none */
export function parseNumber(text: string): NumberValue | string {
  if (text.startsWith("'")) {
    const content = unquote(text);
    if (content === undefined || content === '')
      return content === '' ? 'invalid syntax' : `malformed character constant: ${text}`;
    const characters = Array.from(content);
    if (characters.length !== 1) return `malformed character constant: ${text}`;
    const code = characters[0]?.codePointAt(0) as number;
    return { int: BigInt(code), float: code, ideal: 'int' };
  }
  const plain = text.replaceAll('_', '');
  const match = INTEGER.exec(plain);
  if (match) {
    const digits = /^0[0-7]+$/.test(match[2] ?? '') ? `0o${match[2]?.slice(1)}` : (match[2] ?? '0');
    const magnitude = BigInt(digits);
    const int = match[1] === '-' ? -magnitude : magnitude;
    if (int > 0xffff_ffff_ffff_ffffn || int < -0x8000_0000_0000_0000n)
      return `integer overflow: ${JSON.stringify(text)}`;
    return { int, float: Number(int), ideal: 'int' };
  }
  const float = parseFloatGo(plain);
  if (float === undefined) return `illegal number syntax: ${JSON.stringify(text)}`;
  const int = Number.isInteger(float) && Math.abs(float) < 2 ** 63 ? BigInt(float) : undefined;
  return { int, float, ideal: 'float' };
}
