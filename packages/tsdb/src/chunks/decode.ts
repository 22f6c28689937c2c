import { CorruptionError } from '../errors.ts';
import type { ColumnBuilder } from './columns.ts';
import { FLOAT_HISTOGRAM, HISTOGRAM, XOR } from './encoding.ts';
import { decodeHistograms } from './histogram.ts';
import { decodeXor } from './xor.ts';

/**
 * Decodes the samples with mint <= t <= maxt of a chunk, whose data is `bytes[start, end)`, into `into`.
 * @throws CorruptionError
 */
export function decodeChunk(
  encoding: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  into: ColumnBuilder,
  mint: number,
  maxt: number,
): void {
  switch (encoding) {
    case XOR:
      return decodeXor(bytes, start, end, into, mint, maxt);
    case HISTOGRAM:
    case FLOAT_HISTOGRAM:
      return decodeHistograms(encoding, bytes, start, end, into, mint, maxt);
    default:
      throw new CorruptionError(`unknown chunk encoding ${encoding}`);
  }
}
