import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../bytes/crc32c.ts';
import { CorruptionError, messageOf } from '../errors.ts';
import { decompress } from './compression.ts';
import {
  END_OF_PAGE,
  FIRST,
  FULL,
  HEADER_BYTES,
  KIND_MASK,
  LAST,
  MIDDLE,
  PAGE_BYTES,
  SNAPPY,
  ZSTD,
} from './page.ts';
import { segmentName } from './segments.ts';

/** Bytes of a segment that could not be read as records. */
export interface WalDamage {
  readonly dir: string;
  readonly segment: number;
  /** Where the damaged record starts. */
  readonly offset: number;
  readonly reason: string;
  /** Whether nothing readable follows in this segment: a torn write, not a flipped bit. */
  atEnd: boolean;
}

/** Read at once; a multiple of the page. */
const READ_BYTES = 32 * PAGE_BYTES;

/**
 * The records of one segment in order. Damage is told to `onDamage`, then reading goes on at the next page: every
 * fragment carries its checksum, so what is read behind the damage is as trustworthy as what came before.
 * A yielded record may be a view that the next step overwrites.
 */
export async function* readSegment(
  dir: string,
  segment: number,
  onDamage: (damage: WalDamage) => void,
): AsyncGenerator<Uint8Array> {
  const file = await open(join(dir, segmentName(segment)), 'r');
  try {
    const assembler = new Assembler(dir, segment, onDamage);
    const buffer = new Uint8Array(READ_BYTES);
    for (let base = 0; ; base += READ_BYTES) {
      const length = await readFully(file, buffer, base);
      for (let page = 0; page < length; page += PAGE_BYTES) {
        const records = assembler.page(
          buffer.subarray(page, Math.min(page + PAGE_BYTES, length)),
          base + page,
        );
        for (const record of records) yield record;
      }
      if (length < READ_BYTES) break;
    }
    assembler.end();
  } finally {
    await file.close();
  }
}

async function readFully(file: FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** Puts fragments together to records. */
class Assembler {
  readonly #dir: string;
  readonly #segment: number;
  readonly #onDamage: (damage: WalDamage) => void;
  /** Fragments of the record under way; undefined between records. */
  #parts: Uint8Array[] | undefined;
  #start = 0;
  #last: WalDamage | undefined;

  constructor(dir: string, segment: number, onDamage: (damage: WalDamage) => void) {
    this.#dir = dir;
    this.#segment = segment;
    this.#onDamage = onDamage;
  }

  /** The records that end in this page. `bytes` may be shorter than a page at the end of the segment. */
  *page(bytes: Uint8Array, offset: number): Generator<Uint8Array> {
    let at = 0;
    while (at < bytes.length) {
      if ((bytes[at]! & KIND_MASK) === END_OF_PAGE) {
        if (bytes.subarray(at).some((byte) => byte !== 0))
          this.#damage(offset + at, 'a page ends in other than zeros');
        break;
      }
      if (at + HEADER_BYTES > bytes.length) {
        if (bytes.length < PAGE_BYTES) this.#damage(offset + at, 'the segment ends within a header');
        else this.#damage(offset + at, 'a fragment starts where no header fits');
        break;
      }
      const length = (bytes[at + 1]! << 8) | bytes[at + 2]!;
      const end = at + HEADER_BYTES + length;
      const problem = this.#checkFragment(bytes, at, end);
      if (problem !== undefined) {
        this.#damage(this.#parts === undefined ? offset + at : this.#start, problem);
        break;
      }
      const record = this.#add(bytes[at]!, bytes.subarray(at + HEADER_BYTES, end), offset + at);
      if (record !== undefined) yield record;
      at = end;
    }
  }

  /** Call at the end of the segment. */
  end(): void {
    if (this.#parts !== undefined) this.#damage(this.#start, 'the segment ends within a record');
  }

  #checkFragment(bytes: Uint8Array, at: number, end: number): string | undefined {
    const kind = bytes[at]! & KIND_MASK;
    if (kind > LAST || (bytes[at]! & ~(KIND_MASK | SNAPPY | ZSTD)) !== 0)
      return `unknown fragment type ${bytes[at]}`;
    if (end > bytes.length) return 'a fragment runs past its page';
    const view = new DataView(bytes.buffer, bytes.byteOffset + at + 3, 4);
    if (view.getUint32(0) !== crc32c(bytes, at + HEADER_BYTES, end)) return 'checksum mismatch';
    const expected =
      this.#parts === undefined ? kind === FULL || kind === FIRST : kind === MIDDLE || kind === LAST;
    // Behind damage the rest of a record that began in it is no news.
    if (!expected && this.#parts === undefined && this.#last !== undefined) return undefined;
    return expected ? undefined : `a fragment of type ${kind} out of sequence`;
  }

  #add(type: number, data: Uint8Array, offset: number): Uint8Array | undefined {
    const kind = type & KIND_MASK;
    if (kind === MIDDLE || kind === LAST) {
      if (this.#parts === undefined) return undefined;
      this.#parts.push(data.slice());
      if (kind === MIDDLE) return undefined;
      const whole = concat(this.#parts);
      this.#parts = undefined;
      return this.#decompress(whole, type, this.#start);
    }
    this.#start = offset;
    if (kind === FULL) return this.#decompress(data, type, offset);
    this.#parts = [data.slice()];
    return undefined;
  }

  #decompress(bytes: Uint8Array, type: number, offset: number): Uint8Array | undefined {
    if (this.#last !== undefined) this.#last.atEnd = false;
    try {
      return decompress(bytes, type & (SNAPPY | ZSTD));
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#damage(offset, messageOf(error));
      return undefined;
    }
  }

  #damage(offset: number, reason: string): void {
    this.#parts = undefined;
    this.#last = { dir: this.#dir, segment: this.#segment, offset, reason, atEnd: true };
    this.#onDamage(this.#last);
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
