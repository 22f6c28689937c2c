/**
 * `chunks_head/000001` …: chunks of the head that are complete, so that they need not be in memory. The log has the
 * same samples, so nothing depends on these files; but what is in them need not be decoded and encoded again at the
 * start. Prometheus's format:
 *
 *     0130bc91 01 000000 | entries: series u64 | mint u64 | maxt u64 | encoding u8 | length uvarint | data | CRC-32C
 */
import { Pacer } from '@prunella/metrics';
import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../bytes/crc32c.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { CorruptionError, messageOf } from '../errors.ts';
import { listNames } from '../wal/segments.ts';

const MAGIC = 0x0130bc91;
const VERSION = 1;
const FILE_HEADER = 8;
const FILE_BYTES = 128 * 1024 * 1024;
/** Before an entry's length. */
const ENTRY_HEADER = 25;
/** Read at once. */
const PIECE = 1024 * 1024;
/** On an encoding: the chunk is of samples out of order. */
export const OUT_OF_ORDER = 0x80;

/** A chunk in a file: `length` bytes of data in an entry that starts at `offset`. */
export interface HeadChunkEntry {
  readonly ref: number;
  readonly mint: number;
  readonly maxt: number;
  readonly encoding: number;
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

export interface HeadChunk {
  readonly ref: number;
  readonly mint: number;
  readonly maxt: number;
  readonly encoding: number;
  readonly data: Uint8Array;
}

interface OpenFile {
  readonly number: number;
  readonly fd: number;
  /** Of all its chunks, ms; -Infinity where there is none. */
  maxTime: number;
}

/** A file that is damaged from `offset` on; where that is not 0, the file is in use up to there. */
export interface HeadChunkDamage {
  readonly path: string;
  readonly offset: number;
  readonly reason: string;
  /** Paths of the files behind it, which are not in use. */
  readonly behind: readonly string[];
}

/** The files of head chunks of a data directory. Numbers follow one another without a gap, as Prometheus wants it. */
export class HeadChunkFiles {
  readonly dir: string;
  /** Chunks written, and damages met, since the start. */
  readonly counters: { written: number; damages: number } = { written: 0, damages: 0 };
  readonly #files: OpenFile[] = [];
  readonly #scratch: ByteWriter = new ByteWriter(64 * 1024);
  #buffer: Uint8Array = new Uint8Array(4096);
  /** The file being written, where there is one: the newest. */
  #writing: FileHandle | undefined;
  #position = 0;
  #next = 1;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** How many there are. */
  get count(): number {
    return this.#files.length;
  }

  /**
   * Opens the files and tells of every chunk, in order. Damage ends it: what is behind it is not looked at, for a
   * series must not have a hole that its log could fill.
   */
  async load(each: (entry: HeadChunkEntry) => void): Promise<HeadChunkDamage | undefined> {
    const names = (await listNames(this.dir)).filter((name) => /^\d{6,}$/.test(name)).sort();
    for (const [i, name] of names.entries()) {
      const path = join(this.dir, name);
      const behind = names.slice(i + 1).map((it) => join(this.dir, it));
      const number = Number(name);
      if (i > 0 && number !== this.#next)
        return { path, behind, offset: 0, reason: 'a file before it is missing' };
      const file = { number, fd: openSync(path, 'r'), maxTime: -Infinity };
      const problem = await this.#scan(file, each);
      if (problem !== undefined) this.counters.damages++;
      if (problem !== undefined && problem.offset < FILE_HEADER) closeSync(file.fd);
      else {
        this.#files.push(file);
        this.#next = number + 1;
      }
      if (problem !== undefined) return { path, behind, ...problem };
    }
    return undefined;
  }

  /** The data of a chunk: a view that the next call changes. @throws CorruptionError */
  read(number: number, offset: number, length: number): Uint8Array {
    const file = this.#files.find((it) => it.number === number);
    if (file === undefined) throw new CorruptionError(`chunks_head/${nameOf(number)} is missing`);
    // At most: header, five bytes of length, data, checksum.
    const wanted = ENTRY_HEADER + 5 + length + 4;
    if (this.#buffer.length < wanted) this.#buffer = new Uint8Array(wanted * 2);
    let entry: { data: Uint8Array };
    try {
      // Files written lately are in the page cache, where a call that waits costs a tenth of one that does not.
      const got = readSync(file.fd, this.#buffer, 0, wanted, offset);
      entry = readEntry(new ByteReader(this.#buffer, 0, got));
    } catch (error) {
      throw new CorruptionError(`chunks_head/${nameOf(number)} at byte ${offset}: ${messageOf(error)}`);
    }
    if (entry.data.length !== length)
      throw new CorruptionError(`chunks_head/${nameOf(number)} at byte ${offset}: another chunk`);
    return entry.data;
  }

  /** Appends chunks; a series's in order of time. @returns where they are @throws what the disk says: none is there then */
  async write(chunks: readonly HeadChunk[]): Promise<HeadChunkEntry[]> {
    const out = this.#scratch;
    out.reset();
    const file = await this.#fileForWriting();
    const entries: HeadChunkEntry[] = [];
    for (const { ref, mint, maxt, encoding, data } of chunks) {
      const offset = this.#position + out.length;
      const start = out.length;
      out.u64(ref);
      out.u64(mint);
      out.u64(maxt);
      out.u8(encoding);
      out.uvarint(data.length);
      out.raw(data);
      out.u32(crc32c(out.bytes, start, out.length));
      entries.push({ ref, mint, maxt, encoding, file: file.number, offset, length: data.length });
    }
    await this.#append(out.written());
    this.counters.written += chunks.length;
    for (const { maxt } of chunks) file.maxTime = Math.max(file.maxTime, maxt);
    return entries;
  }

  /** Removes the oldest files, as long as every chunk in them ends before `mint`. */
  async truncate(mint: number): Promise<void> {
    while (this.#files.length > 0 && this.#files[0]!.maxTime < mint) {
      const file = this.#files.shift()!;
      if (this.#files.length === 0) await this.#endFile();
      closeSync(file.fd);
      await rm(join(this.dir, nameOf(file.number)), { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#endFile();
    for (const { fd } of this.#files.splice(0)) closeSync(fd);
  }

  /** @returns where and why it ended early, where it did */
  async #scan(
    file: OpenFile,
    each: (entry: HeadChunkEntry) => void,
  ): Promise<{ offset: number; reason: string } | undefined> {
    const pacer = new Pacer();
    let size = PIECE;
    for (let offset = 0; ;) {
      const piece = new Uint8Array(size);
      const got = readSync(file.fd, piece, 0, size, offset);
      const input = new ByteReader(piece, 0, got);
      const base = offset;
      try {
        // Prometheus, too, may have made a file and died.
        if (offset === 0 && got === 0) return undefined;
        if (offset === 0) readFileHeader(input);
        offset = base + input.pos;
        while (input.remaining > 0) {
          if (isZero(input)) return undefined;
          const { data, ...entry } = readEntry(input);
          each({ ...entry, file: file.number, offset, length: data.length });
          file.maxTime = Math.max(file.maxTime, entry.maxt);
          offset = base + input.pos;
          const pause = pacer.pause();
          if (pause) await pause;
        }
        if (got < size) return undefined;
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        // An entry may go on behind the piece.
        const more = got === size && (offset > base || size < FILE_BYTES);
        if (!more) return { offset, reason: messageOf(error) };
      }
      size = offset === base ? size * 4 : PIECE;
    }
  }

  async #fileForWriting(): Promise<OpenFile> {
    if (this.#writing !== undefined && this.#position < FILE_BYTES) return this.#files.at(-1)!;
    await this.#endFile();
    const number = this.#next;
    const path = join(this.dir, nameOf(number));
    await mkdir(this.dir, { recursive: true });
    const handle = await open(path, 'wx+');
    try {
      const header = new ByteWriter(FILE_HEADER);
      header.u32(MAGIC);
      header.u32(VERSION << 24);
      await handle.write(header.written(), 0, FILE_HEADER, 0);
    } catch (error) {
      // Not even the header has found room.
      await handle.close();
      await rm(path, { force: true });
      throw error;
    }
    this.#writing = handle;
    this.#next++;
    this.#position = FILE_HEADER;
    const file = { number, fd: openSync(path, 'r'), maxTime: -Infinity };
    this.#files.push(file);
    return file;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const file = this.#writing!;
    try {
      for (let done = 0; done < bytes.length;) {
        done += (await file.write(bytes, done, bytes.length - done, this.#position + done)).bytesWritten;
      }
    } catch (error) {
      await file.truncate(this.#position).catch(() => undefined);
      throw error;
    }
    this.#position += bytes.length;
  }

  async #endFile(): Promise<void> {
    await this.#writing?.close();
    this.#writing = undefined;
  }
}

export function nameOf(number: number): string {
  return String(number).padStart(6, '0');
}

function readFileHeader(input: ByteReader): void {
  if (input.u32() !== MAGIC || input.u8() !== VERSION) throw new CorruptionError('not a file of head chunks');
  input.skip(3);
}

/** Files may be longer than what was written to them; no series has the reference 0. */
function isZero({ bytes, pos, end }: ByteReader): boolean {
  for (let at = pos; at < Math.min(pos + 8, end); at++) if (bytes[at] !== 0) return false;
  return true;
}

/** An entry, checked. @throws CorruptionError */
function readEntry(input: ByteReader): HeadChunk {
  const start = input.pos;
  const ref = input.u64();
  const mint = input.i64();
  const maxt = input.i64();
  const encoding = input.u8();
  const data = input.raw(input.uvarint());
  const end = input.pos;
  if (crc32c(input.bytes, start, end) !== input.u32()) throw new CorruptionError('checksum mismatch');
  return { ref, mint, maxt, encoding, data };
}
