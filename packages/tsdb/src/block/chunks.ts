import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../bytes/crc32c.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { CorruptionError } from '../errors.ts';
import { CachedFile, PAGE, type PageCache } from './file.ts';
import { OutputFile } from './output.ts';

const MAGIC = 0x85bd40dd;
const VERSION = 1;
const HEADER = 8;
/** A chunk's length takes at most 5 bytes; one more says that there is something. */
const LONGEST_HEAD = 6;
const SEGMENT_BYTES = 512 * 1024 * 1024;
const TWO_32 = 2 ** 32;

/** A chunk with its data. Both times are those of samples, ms. */
export interface Chunk {
  readonly mint: number;
  readonly maxt: number;
  readonly encoding: number;
  readonly data: Uint8Array;
}

/** How many samples a chunk holds: all encodings begin with it. */
export function sampleCount(chunk: Pick<Chunk, 'data'>): number {
  return (chunk.data[0]! << 8) | chunk.data[1]!;
}

/** Writes `chunks/000001` …: `magic u32 | version u8 | 0 0 0`, then chunks. */
export class ChunkWriter {
  readonly #dir: string;
  readonly #scratch: ByteWriter = new ByteWriter(512);
  #segment = -1;
  #file: OutputFile | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** `length uvarint | encoding u8 | data | CRC-32C of encoding and data`. @returns the chunk's reference */
  async write(chunk: Chunk): Promise<number> {
    const out = this.#scratch;
    out.reset();
    out.uvarint(chunk.data.length);
    const checked = out.length;
    out.u8(chunk.encoding);
    out.raw(chunk.data);
    out.u32(crc32c(out.bytes, checked, out.length));
    if (this.#file === undefined || this.#file.position + out.length > SEGMENT_BYTES)
      await this.#nextSegment();
    const file = this.#file!;
    const ref = this.#segment * TWO_32 + file.position;
    const flushing = file.write(out.written());
    if (flushing) await flushing;
    return ref;
  }

  async finish(): Promise<void> {
    await this.#file?.finish();
  }

  async abandon(): Promise<void> {
    await this.#file?.abandon();
  }

  async #nextSegment(): Promise<void> {
    await this.#file?.finish();
    await mkdir(this.#dir, { recursive: true });
    this.#segment++;
    this.#file = await OutputFile.create(join(this.#dir, String(this.#segment + 1).padStart(6, '0')));
    const header = new ByteWriter(HEADER);
    header.u32(MAGIC);
    header.u32(VERSION << 24);
    await this.#file.write(header.written());
  }
}

/** Reads chunks by reference. */
export class ChunkReader {
  readonly #files: readonly CachedFile[];

  private constructor(files: readonly CachedFile[]) {
    this.#files = files;
  }

  /** @throws CorruptionError where a file does not begin as it should */
  static async open(dir: string, cache: PageCache): Promise<ChunkReader> {
    const names = (await readdir(dir).catch(() => [])).filter((name) => /^\d{6,}$/.test(name)).sort();
    const files: CachedFile[] = [];
    const reader = new ChunkReader(files);
    try {
      for (const name of names) {
        const file = await CachedFile.open(join(dir, name), cache);
        files.push(file);
        const header = new ByteReader(await file.read(0, HEADER));
        if (header.u32() !== MAGIC || header.u8() !== VERSION)
          throw new CorruptionError(`${file.path}: no chunk file`);
      }
    } catch (error) {
      await reader.close();
      throw error;
    }
    return reader;
  }

  /** Bytes of all files. */
  get size(): number {
    return this.#files.reduce((sum, file) => sum + file.size, 0);
  }

  /**
   * Encoding and data, checked. At once where they are cached.
   * @throws CorruptionError, also through the promise
   */
  read(ref: number): StoredChunk | Promise<StoredChunk> {
    const place = this.locate(ref);
    return place instanceof Promise ? place.then(storedAt) : storedAt(place);
  }

  /** As `read`, but without a view of the data: of the many chunks of a query that would be the larger part. */
  locate(ref: number): ChunkPlace | Promise<ChunkPlace> {
    const file = this.#files[Math.floor(ref / TWO_32)];
    if (file === undefined) throw new CorruptionError(`chunk ${ref} is in a file that is missing`);
    const offset = ref % TWO_32;
    const page = file.page(offset);
    if (page instanceof Promise) return page.then((it) => this.#locateIn(file, offset, it, offset % PAGE));
    return this.#locateIn(file, offset, page, offset % PAGE);
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close();
  }

  /** In `bytes`, which from `at` on hold what stands at `offset`, perhaps not all of it. */
  #locateIn(
    file: CachedFile,
    offset: number,
    bytes: Uint8Array,
    at: number,
  ): ChunkPlace | Promise<ChunkPlace> {
    let length = 0;
    let end = at;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[end++];
      if (byte === undefined) return this.#locateAcross(file, offset, bytes.length - at);
      length += (byte & 127) * scale;
      if (byte < 128) break;
    }
    const size = 1 + length + 4;
    if (end + size <= bytes.length) return checked(file, offset, bytes, end, end + size);
    const whole = file.read(offset + end - at, size);
    if (whole instanceof Promise) return whole.then((it) => checked(file, offset, it, 0, size));
    return checked(file, offset, whole, 0, size);
  }

  /** Where not even the length ends in the `had` bytes at hand. */
  #locateAcross(file: CachedFile, offset: number, had: number): ChunkPlace | Promise<ChunkPlace> {
    const least = Math.min(LONGEST_HEAD, file.size - offset);
    if (had >= least) throw new CorruptionError(`${file.path}: chunk at ${offset}: no length`);
    const head = file.read(offset, least);
    if (head instanceof Promise) return head.then((it) => this.#locateIn(file, offset, it, 0));
    return this.#locateIn(file, offset, head, 0);
  }
}

export interface StoredChunk {
  readonly encoding: number;
  readonly data: Uint8Array;
}

/** A chunk whose data is `bytes[start, end)`. */
export interface ChunkPlace {
  readonly encoding: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

function storedAt({ encoding, bytes, start, end }: ChunkPlace): StoredChunk {
  return { encoding, data: bytes.subarray(start, end) };
}

/** Of `encoding u8 | data | CRC-32C` in `bytes[start, end)`. */
function checked(
  file: CachedFile,
  offset: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): ChunkPlace {
  const at = end - 4;
  const stored = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  if (stored !== (crc32c(bytes, start, at) | 0))
    throw new CorruptionError(`${file.path}: chunk at ${offset}: checksum mismatch`);
  return { encoding: bytes[start]!, bytes, start: start + 1, end: at };
}
