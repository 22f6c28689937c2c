import { CorruptionError } from '../errors.ts';
import { decodeHuffman, readHuffmanTable, type HuffmanTable } from './huffman.ts';

const RAW = 0;
const ONE_BYTE = 1;
const COMPRESSED = 2;

export interface Literals {
  readonly bytes: Uint8Array;
  /** The byte behind the section. */
  readonly end: number;
  /** For the next block that brings none of its own. */
  readonly table: HuffmanTable | undefined;
}

/** Reads a block's literals. RFC 8878, section 3.1.1.3.1 */
export function readLiterals(
  block: Uint8Array,
  known: HuffmanTable | undefined,
  mostBytes: number,
): Literals {
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0] = block;
  const kind = b0 & 3;
  const format = (b0 >> 2) & 3;
  if (kind === RAW || kind === ONE_BYTE) {
    const [header, size] =
      format === 1
        ? [2, (b0 >> 4) | (b1 << 4)]
        : format === 3
          ? [3, (b0 >> 4) | (b1 << 4) | (b2 << 12)]
          : [1, b0 >> 3];
    check(size <= mostBytes);
    if (kind === ONE_BYTE)
      return { bytes: new Uint8Array(size).fill(block[header] ?? 0), end: header + 1, table: known };
    check(header + size <= block.length);
    return { bytes: block.subarray(header, header + size), end: header + size, table: known };
  }
  const width = [10, 10, 14, 18][format]!;
  const header = 3 + Math.max(0, format - 1);
  const sizes = (b0 >> 4) + b1 * 2 ** 4 + b2 * 2 ** 12 + b3 * 2 ** 20 + b4 * 2 ** 28;
  const size = sizes % 2 ** width;
  const end = header + (Math.floor(sizes / 2 ** width) % 2 ** width);
  check(size <= mostBytes && end <= block.length);
  const { table, end: body } =
    kind === COMPRESSED ? readHuffmanTable(block.subarray(0, end), header) : { table: known, end: header };
  if (table === undefined) throw new CorruptionError('zstd: literals without a tree');
  const bytes = new Uint8Array(size);
  if (format === 0) decodeHuffman(table, block, body, end, bytes);
  else decodeFour(table, block, body, end, bytes);
  return { bytes, end, table };
}

/** Four streams, of which the sizes of the first three are told. */
function decodeFour(
  table: HuffmanTable,
  block: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
): void {
  const quarter = (out.length + 3) >> 2;
  let from = start + 6;
  for (let i = 0; i < 4; i++) {
    const at = start + 2 * i;
    const to = i === 3 ? end : from + (block[at]! | (block[at + 1]! << 8));
    check(from <= to && to <= end && quarter * i <= out.length);
    decodeHuffman(
      table,
      block,
      from,
      to,
      out.subarray(quarter * i, i === 3 ? out.length : quarter * (i + 1)),
    );
    from = to;
  }
}

function check(holds: boolean): void {
  if (!holds) throw new CorruptionError('zstd: literals beyond their block');
}
