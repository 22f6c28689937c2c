import { CorruptionError } from '../errors.ts';
import type { BackwardBits } from './bits.ts';
import { ForwardBits } from './bits.ts';

/** A table of finite state entropy: each state stands for a symbol, and says how the next one is found. */
export interface FseTable {
  /** 2^accuracy states. */
  readonly accuracy: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** A table of probabilities in 2^-accuracy; -1 is "less than that". RFC 8878, section 4.1.1 */
export function fseTable(probabilities: readonly number[], accuracy: number): FseTable {
  const size = 1 << accuracy;
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  const seen = probabilities.map((probability) => Math.abs(probability));
  let high = size;
  for (const [symbol, probability] of probabilities.entries())
    if (probability === -1) symbols[--high] = symbol;
  const step = (size >> 1) + (size >> 3) + 3;
  let position = 0;
  for (const [symbol, probability] of probabilities.entries()) {
    for (let i = 0; i < probability; i++) {
      symbols[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position >= high);
    }
  }
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state]!;
    const next = seen[symbol]!++;
    bits[state] = accuracy - (31 - Math.clz32(next));
    bases[state] = (next << bits[state]!) - size;
  }
  return { accuracy, symbols, bits, bases };
}

/** A table that always gives the same symbol. */
export function oneSymbol(symbol: number): FseTable {
  return { accuracy: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

/** Reads a table's description. @returns the table and the byte behind it */
export function readFseTable(
  bytes: Uint8Array,
  start: number,
  mostAccuracy: number,
  mostSymbols: number,
): { table: FseTable; end: number } {
  const input = new ForwardBits(bytes, start);
  const accuracy = input.read(4) + 5;
  if (accuracy > mostAccuracy) throw new CorruptionError('zstd: too fine a table');
  const probabilities: number[] = [];
  let left = 1 << accuracy;
  while (left > 0 && probabilities.length < mostSymbols) {
    const probability = readProbability(input, left);
    left -= Math.abs(probability);
    probabilities.push(probability);
    if (probability !== 0) continue;
    for (let more = 3; more === 3;) {
      more = input.read(2);
      for (let i = 0; i < more; i++) probabilities.push(0);
      if (input.byte > bytes.length) throw new CorruptionError('zstd: a table without an end');
    }
  }
  if (left !== 0 || probabilities.length > mostSymbols || input.byte > bytes.length)
    throw new CorruptionError('zstd: a table that does not add up');
  return { table: fseTable(probabilities, accuracy), end: input.byte };
}

/** One of 0 .. left + 1, in as few bits as can tell them apart; less one. */
function readProbability(input: ForwardBits, left: number): number {
  const width = 32 - Math.clz32(left + 1);
  const short = (1 << (width - 1)) - 1;
  const spare = (1 << width) - 2 - left;
  const value = input.read(width);
  if ((value & short) < spare) {
    input.back(1);
    return (value & short) - 1;
  }
  return (value > short ? value - spare : value) - 1;
}

/** Where a decoder of one table stands. */
export class FseState {
  readonly #table: FseTable;
  #state: number;

  constructor(table: FseTable, input: BackwardBits) {
    this.#table = table;
    this.#state = input.read(table.accuracy);
  }

  get symbol(): number {
    return this.#table.symbols[this.#state]!;
  }

  advance(input: BackwardBits): void {
    this.#state = this.#table.bases[this.#state]! + input.read(this.#table.bits[this.#state]!);
  }
}
