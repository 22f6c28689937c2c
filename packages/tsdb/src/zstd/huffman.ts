import { CorruptionError } from '../errors.ts';
import { BackwardBits } from './bits.ts';
import { FseState, readFseTable } from './fse.ts';

const MOST_BITS = 11;

/** What the next `width` bits begin with: a symbol, and how many of the bits are its. */
export interface HuffmanTable {
  readonly width: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

/** Reads a tree's description. RFC 8878, section 4.2.1. @returns the table and the byte behind it */
export function readHuffmanTable(bytes: Uint8Array, start: number): { table: HuffmanTable; end: number } {
  const header = bytes[start] ?? 0;
  const count = header - 127;
  const end = start + 1 + (header < 128 ? header : (count + 1) >> 1);
  if (end > bytes.length) throw new CorruptionError('zstd: a tree without an end');
  const weights =
    header < 128 ? compressedWeights(bytes, start + 1, end) : plainWeights(bytes, start + 1, count);
  return { table: tableOf(weights), end };
}

function plainWeights(bytes: Uint8Array, start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (bytes[start + (i >> 1)]! >> (i % 2 === 0 ? 4 : 0)) & 15);
}

/** Two states take turns; they end where the bits do. */
function compressedWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const { table, end: body } = readFseTable(bytes.subarray(0, end), start, 6, 256);
  const input = new BackwardBits(bytes, body, end);
  let current = new FseState(table, input);
  let other = new FseState(table, input);
  const weights: number[] = [];
  while (weights.length < 255) {
    weights.push(current.symbol);
    current.advance(input);
    if (input.position < 0) {
      weights.push(other.symbol);
      return weights;
    }
    [current, other] = [other, current];
  }
  throw new CorruptionError('zstd: too many weights');
}

/** A symbol of weight w takes 2^(w-1) places; the weight of the last one is what is missing to a power of 2. */
function tableOf(weights: number[]): HuffmanTable {
  const sum = weights.reduce((total, weight) => total + (weight > 0 ? 1 << (weight - 1) : 0), 0);
  const width = 32 - Math.clz32(sum);
  const missing = (1 << width) - sum;
  if (sum === 0 || width > MOST_BITS || (missing & (missing - 1)) !== 0)
    throw new CorruptionError('zstd: weights that do not add up');
  const all = [...weights, 32 - Math.clz32(missing)];
  const symbols = new Uint8Array(1 << width);
  const bits = new Uint8Array(1 << width);
  let at = 0;
  for (let weight = 1; weight <= width; weight++) {
    for (const [symbol, own] of all.entries()) {
      if (own !== weight) continue;
      const places = 1 << (weight - 1);
      symbols.fill(symbol, at, at + places);
      bits.fill(width + 1 - weight, at, at + places);
      at += places;
    }
  }
  return { width, symbols, bits };
}

/** Fills `out` with what the bits between `start` and `end` stand for. */
export function decodeHuffman(
  { width, symbols, bits }: HuffmanTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
): void {
  const input = new BackwardBits(bytes, start, end);
  for (let i = 0; i < out.length; i++) {
    const prefix = input.peek(width);
    out[i] = symbols[prefix]!;
    input.position -= bits[prefix]!;
  }
  if (input.position !== 0) throw new CorruptionError('zstd: literals that do not end where they should');
}
