import SnappyJS from 'snappyjs';
import * as zlib from 'node:zlib';
import { CorruptionError, messageOf } from '../errors.ts';
import { decompressZstd } from '../zstd/decompress.ts';
import { SNAPPY, ZSTD } from './page.ts';

/** No record of ours or of Prometheus comes near; a damaged length must not make us allocate gigabytes. */
const LARGEST_RECORD = 256 * 1024 * 1024;

/** A copy of 64 bytes takes three in snappy's format; nothing expands more. */
const MOST_EXPANSION = 22;

// Node has it from 22.15 on, and several times as fast as ours; the types at hand are those of Node 20.
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (data: Uint8Array, options: object) => Buffer };

/** The record compressed, or itself where that does not make it smaller. */
export function compress(record: Uint8Array): { bytes: Uint8Array; compression: number } {
  if (record.length < 64) return { bytes: record, compression: 0 };
  const smaller = SnappyJS.compress(record);
  return smaller.length < record.length
    ? { bytes: smaller, compression: SNAPPY }
    : { bytes: record, compression: 0 };
}

/** @throws CorruptionError */
export function decompress(bytes: Uint8Array, compression: number): Uint8Array {
  if (compression === 0) return bytes;
  const zstd = (compression & ZSTD) !== 0;
  try {
    if (!zstd)
      return SnappyJS.uncompress(bytes, Math.min(LARGEST_RECORD, 64 + bytes.length * MOST_EXPANSION));
    return (
      zstdDecompressSync?.(bytes, { maxOutputLength: LARGEST_RECORD }) ??
      decompressZstd(bytes, LARGEST_RECORD)
    );
  } catch (error) {
    if (error instanceof CorruptionError) throw error;
    throw new CorruptionError(`${zstd ? 'zstd' : 'snappy'}: ${messageOf(error)}`);
  }
}
