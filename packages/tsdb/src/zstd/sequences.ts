import { CorruptionError } from '../errors.ts';
import { BackwardBits } from './bits.ts';
import { FseState, fseTable, oneSymbol, readFseTable, type FseTable } from './fse.ts';

/** A code stands for a number: its base, and as many bits more. */
interface Codes {
  readonly bases: readonly number[];
  readonly bits: readonly number[];
  readonly mostAccuracy: number;
  readonly standard: FseTable;
}

function codes(
  first: number,
  plain: number,
  bits: readonly number[],
  mostAccuracy: number,
  standard: FseTable,
): Codes {
  const all = [...Array.from({ length: plain }, () => 0), ...bits];
  const bases = [first];
  for (const width of all) bases.push(bases.at(-1)! + 2 ** width);
  return { bases, bits: all, mostAccuracy, standard };
}

const ones = (n: number): number[] => Array.from({ length: n }, () => 1);
const rare = (n: number): number[] => Array.from({ length: n }, () => -1);
const twos = (n: number): number[] => Array.from({ length: n }, () => 2);

/** RFC 8878, sections 3.1.1.3.2.1.1 and 3.1.1.3.2.2. Offsets are powers of 2 and as many bits. */
const LITERAL_LENGTHS: Codes = codes(
  0,
  16,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  9,
  fseTable([4, 3, ...twos(11), 1, 1, 1, ...twos(9), 3, 2, 1, 1, 1, 1, 1, ...rare(4)], 6),
);
const MATCH_LENGTHS: Codes = codes(
  3,
  32,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  9,
  fseTable([1, 4, 3, 2, 2, 2, 2, 2, 2, ...ones(37), ...rare(7)], 6),
);
const OFFSETS: Codes = {
  bases: Array.from({ length: 32 }, (_, i) => 2 ** i),
  bits: Array.from({ length: 32 }, (_, i) => i),
  mostAccuracy: 8,
  standard: fseTable([...ones(6), 2, 2, 2, ...ones(15), ...rare(5)], 5),
};
// A length of 64 comes behind one of 48 with 4 bits, a match of 131 behind 99 with 5: the bases follow from the bits.

/** The tables of the block before, for those that bring none. */
export interface Tables {
  literals?: FseTable;
  offsets?: FseTable;
  matches?: FseTable;
}

/** So many literals, then so many bytes from so far back (coded: 1 to 3 are the last three distances). */
export interface Sequence {
  readonly literals: number;
  readonly offset: number;
  readonly match: number;
}

/** Reads a block's sequences. RFC 8878, section 3.1.1.3.2 */
export function* readSequences(block: Uint8Array, start: number, tables: Tables): Generator<Sequence> {
  const [b0 = 0, b1 = 0, b2 = 0] = block.subarray(start, start + 3);
  if (b0 === 0) return;
  const [count, header] =
    b0 < 128 ? [b0, 1] : b0 < 255 ? [((b0 - 128) << 8) + b1, 2] : [b1 + (b2 << 8) + 0x7f00, 3];
  let at = start + header + 1;
  const modes = block[at - 1] ?? 0;
  const table = (mode: number, kind: Codes, known: FseTable | undefined): FseTable => {
    if (mode === 0) return kind.standard;
    if (mode === 1) return oneSymbol(block[at++] ?? 0);
    if (mode === 2) {
      const read = readFseTable(block, at, kind.mostAccuracy, kind.bits.length);
      at = read.end;
      return read.table;
    }
    if (known === undefined) throw new CorruptionError('zstd: a table that is not there');
    return known;
  };
  tables.literals = table(modes >> 6, LITERAL_LENGTHS, tables.literals);
  tables.offsets = table((modes >> 4) & 3, OFFSETS, tables.offsets);
  tables.matches = table((modes >> 2) & 3, MATCH_LENGTHS, tables.matches);
  const input = new BackwardBits(block, at, block.length);
  const literals = new FseState(tables.literals, input);
  const offsets = new FseState(tables.offsets, input);
  const matches = new FseState(tables.matches, input);
  for (let i = 0; i < count; i++) {
    const offset = numberOf(OFFSETS, offsets.symbol, input);
    const match = numberOf(MATCH_LENGTHS, matches.symbol, input);
    yield { offset, match, literals: numberOf(LITERAL_LENGTHS, literals.symbol, input) };
    if (i === count - 1) break;
    literals.advance(input);
    matches.advance(input);
    offsets.advance(input);
  }
  if (input.position !== 0) throw new CorruptionError('zstd: sequences that do not end where they should');
}

function numberOf({ bases, bits }: Codes, code: number, input: BackwardBits): number {
  const width = bits[code];
  if (width === undefined) throw new CorruptionError('zstd: a code that does not exist');
  return bases[code]! + input.read(width);
}
