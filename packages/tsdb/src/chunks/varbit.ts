import type { BitReader, BitWriter } from './bits.ts';

/**
 * Integers in few bits, as histogram chunks hold them: the number of leading ones picks a width; a single 0 bit is
 * zero itself. Widths are such that prefix and value fill whole bytes from the fifth on.
 */
const WIDTHS: readonly number[] = [0, 3, 6, 9, 12, 18, 25, 56, 64];
const LONGEST = WIDTHS.length - 1;

/** A whole number within 53 bits. The range of n bits is -2^(n-1)+1 … 2^(n-1), unlike in two's complement. */
export function writeVarbitInt(out: BitWriter, value: number): void {
  let pick = 0;
  while (pick < LONGEST && !fits(value, WIDTHS[pick]!)) pick++;
  writePrefix(out, pick);
  out.wide(value, WIDTHS[pick]!);
}

function fits(value: number, width: number): boolean {
  if (width === 0) return value === 0;
  const half = 2 ** (width - 1);
  return value > -half && value <= half;
}

export function readVarbitInt(input: BitReader): number {
  // Nearly all are in sight at once: a few ones, a zero, and at most 18 bits.
  const seen = input.peek();
  if (seen >= 0) {
    input.skip(1);
    return 0;
  }
  const ones = Math.clz32(~seen);
  if (ones > MOST_IN_SIGHT) return readWideInt(input);
  const width = WIDTHS[ones]!;
  input.skip(ones + 1 + width);
  const bits = (seen << (ones + 1)) >>> (32 - width);
  return bits > 1 << (width - 1) ? bits - (1 << width) : bits;
}

/** So many ones, a zero and a value are within 32 bits. */
const MOST_IN_SIGHT = 5;

function readWideInt(input: BitReader): number {
  const width = WIDTHS[input.ones(LONGEST)]!;
  if (width <= 32) {
    const bits = input.bits(width);
    return bits > 2 ** (width - 1) ? bits - 2 ** width : bits;
  }
  // In two words: the bits of a negative number, taken as one, would need more than a double has.
  const high = input.bits(width - 32);
  const low = input.bits(32);
  const half = 2 ** (width - 33);
  const negative = high > half || (high === half && (low > 0 || width === 64));
  return (negative ? high - 2 * half : high) * 2 ** 32 + low;
}

/** A whole number from 0 to 2^53. */
export function writeVarbitUint(out: BitWriter, value: number): void {
  let pick = 0;
  while (pick < LONGEST && value >= 2 ** WIDTHS[pick]!) pick++;
  writePrefix(out, pick);
  out.wide(value, WIDTHS[pick]!);
}

export function readVarbitUint(input: BitReader): number {
  return input.wide(WIDTHS[input.ones(LONGEST)]!);
}

/** `pick` ones and, except after the most, a zero. */
function writePrefix(out: BitWriter, pick: number): void {
  if (pick === LONGEST) out.bits(0xff, 8);
  else out.bits((1 << (pick + 1)) - 2, pick + 1);
}
