import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../bytes/crc32c.ts';
import { ByteReader } from '../bytes/reader.ts';
import type { Chunk } from '../block/chunks.ts';
import { CorruptionError, messageOf } from '../errors.ts';
import { listNames } from '../wal/segments.ts';

const MAGIC = 0x0130bc91;
const VERSION = 1;
const FILE_HEADER = 8;
/** On an encoding: the chunk is of samples out of order. */
const OUT_OF_ORDER = 0x80;

export interface HeadChunkFile {
  readonly path: string;
  /** Of all its chunks, ms; -Infinity where there is none. */
  readonly maxTime: number;
}

/**
 * The chunks that Prometheus has written to `chunks_head/` so as not to keep them in memory. Its log has the same
 * samples, so nothing depends on them; but what they hold need not be decoded and encoded again, and where the log
 * is damaged they still have it. We write none.
 */
export class HeadChunks {
  readonly #bySeries = new Map<number, Chunk[]>();
  readonly files: HeadChunkFile[] = [];
  readonly damages: { readonly path: string; readonly reason: string }[] = [];
  /** The highest series reference in any file. */
  maxRef = 0;

  /** Reads all files; what is behind damage in a file is left out. */
  static async read(dir: string): Promise<HeadChunks> {
    const all = new HeadChunks();
    const names = (await listNames(dir)).filter((name) => /^\d{6,}$/.test(name)).sort();
    for (const name of names) await all.#readFile(join(dir, name));
    return all;
  }

  get count(): number {
    let count = 0;
    for (const chunks of this.#bySeries.values()) count += chunks.length;
    return count;
  }

  /** The chunks of a series in time order, handed out once. */
  take(ref: number): readonly Chunk[] {
    const chunks = this.#bySeries.get(ref) ?? [];
    this.#bySeries.delete(ref);
    return chunks;
  }

  async #readFile(path: string): Promise<void> {
    let maxTime = -Infinity;
    try {
      const input = new ByteReader(await readFile(path));
      if (input.u32() !== MAGIC || input.u8() !== VERSION)
        throw new CorruptionError('not a file of head chunks');
      input.pos = FILE_HEADER;
      // A file may be longer than what was written to it: the rest is zeros.
      while (input.remaining > 0 && input.bytes[input.pos + 7] !== undefined && !endsHere(input)) {
        maxTime = Math.max(maxTime, this.#readChunk(input));
      }
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.damages.push({ path, reason: messageOf(error) });
    }
    this.files.push({ path, maxTime });
  }

  /** `series u64 | mint i64 | maxt i64 | encoding u8 | length uvarint | data | CRC-32C of all before`. */
  #readChunk(input: ByteReader): number {
    const start = input.pos;
    const ref = input.u64();
    const mint = input.i64();
    const maxt = input.i64();
    const encoding = input.u8();
    const data = input.raw(input.uvarint());
    const end = input.pos;
    if (crc32c(input.bytes, start, end) !== input.u32())
      throw new CorruptionError(`chunk at ${start}: checksum mismatch`);
    this.maxRef = Math.max(this.maxRef, ref);
    if ((encoding & OUT_OF_ORDER) === 0) {
      const chunks = this.#bySeries.get(ref);
      const chunk = { mint, maxt, encoding, data: data.slice() };
      if (chunks === undefined) this.#bySeries.set(ref, [chunk]);
      else if (mint > chunks.at(-1)!.maxt) chunks.push(chunk);
    }
    return maxt;
  }
}

/** No series has the reference 0. */
function endsHere(input: ByteReader): boolean {
  const { view, pos } = input;
  return input.remaining >= 8 && view.getUint32(pos) === 0 && view.getUint32(pos + 4) === 0;
}

/** Removes files of which every chunk ends before `mint`. @returns the others */
export async function dropHeadChunks(
  files: readonly HeadChunkFile[],
  mint: number,
): Promise<HeadChunkFile[]> {
  for (const file of files) if (file.maxTime < mint) await rm(file.path, { force: true });
  return files.filter((file) => file.maxTime >= mint);
}
