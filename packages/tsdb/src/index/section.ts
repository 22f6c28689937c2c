import { Pacer } from '@prunella/metrics';
import { crc32c } from '../bytes/crc32c.ts';
import { ByteReader } from '../bytes/reader.ts';
import { CorruptionError } from '../errors.ts';
import type { CachedFile } from '../block/file.ts';

const PIECE = 32 * 1024;

/** The content of a section `length u32 | content | CRC-32C`, read whole and checked. For small ones. */
export async function readSection(file: CachedFile, offset: number): Promise<Uint8Array> {
  const length = new ByteReader(await file.read(offset, 4)).u32();
  const bytes = await file.read(offset + 4, length + 4);
  checkCrc(file, offset, crc32c(bytes, 0, length), new ByteReader(bytes, length).u32());
  return bytes.subarray(0, length);
}

/** Checks a section piece by piece. @returns where its content lies */
export async function checkSection(
  file: CachedFile,
  offset: number,
): Promise<{ start: number; end: number }> {
  const pacer = new Pacer();
  const length = new ByteReader(await file.read(offset, 4)).u32();
  const start = offset + 4;
  let crc = 0;
  for (let done = 0; done < length;) {
    const piece = await file.read(start + done, Math.min(PIECE, length - done));
    crc = crc32c(piece, 0, piece.length, crc);
    done += piece.length;
    const pause = pacer.pause();
    if (pause) await pause;
  }
  checkCrc(file, offset, crc, new ByteReader(await file.read(start + length, 4)).u32());
  return { start, end: start + length };
}

function checkCrc(file: CachedFile, offset: number, computed: number, stored: number): void {
  if (computed !== stored) throw new CorruptionError(`${file.path}: section at ${offset}: checksum mismatch`);
}

/**
 * Walks entries that lie behind each other from `start` to `end`, however long the stretch is. `read` takes one entry
 * off the reader and gets the entry's offset in the file; it returns false to stop.
 */
export async function walkEntries(
  file: CachedFile,
  start: number,
  end: number,
  read: (input: ByteReader, offset: number) => boolean | void,
): Promise<void> {
  const pacer = new Pacer();
  let offset = start;
  let size = PIECE;
  while (offset < end) {
    const bytes = await file.read(offset, Math.min(size, end - offset));
    const input = new ByteReader(bytes);
    const last = offset + bytes.length === end;
    let done = 0;
    while (input.remaining > 0) {
      try {
        if (read(input, offset + done) === false) return;
      } catch (error) {
        // The piece ends within an entry: go on with a piece that starts with it.
        if (!(error instanceof CorruptionError) || last) throw error;
        break;
      }
      done = input.pos;
    }
    size = done === 0 ? size * 2 : PIECE;
    offset += done;
    const pause = pacer.pause();
    if (pause) await pause;
  }
}
