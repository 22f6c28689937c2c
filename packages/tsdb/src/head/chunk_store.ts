import type { ColumnBuilder } from '../chunks/columns.ts';
import { decodeChunk } from '../chunks/decode.ts';
import { CorruptionError } from '../errors.ts';
import { Cells, type Slab } from './cells.ts';
import { ByteChains } from './chains.ts';
import type { HeadChunkEntry, HeadChunkFiles } from './chunk_files.ts';

/** mint f64 | maxt f64 | next u32 | length and encoding u32 | file, 0 = in memory u32 | offset, or first cell u32. */
const RECORD = 32;
const MINT = 0;
const MAXT = 1;
const NEXT = 4;
const LENGTH = 5;
const FILE = 6;
const WHERE = 7;
/** The encoding stands in the lowest bits of LENGTH. */
const ENCODING_BITS = 4;

/** What is known of a chunk without reading it; both times are those of samples, ms. */
export interface ChunkInfo {
  readonly mint: number;
  readonly maxt: number;
  readonly encoding: number;
}

/** The head's sealed chunks by number: in memory, or on disk with a note of where. A series's form a chain. */
export class ChunkStore {
  /** The chunks that are in memory, open ones included. */
  readonly chains: ByteChains = new ByteChains();
  readonly #records: Cells = new Cells(RECORD);
  readonly #files: HeadChunkFiles | undefined;

  constructor(files?: HeadChunkFiles) {
    this.#files = files;
  }

  /** Bytes taken. */
  get bytesUsed(): number {
    return this.chains.used + this.#records.used;
  }

  /** Takes over a chain of `length` bytes. */
  put(chunk: ChunkInfo, firstCell: number, length: number): number {
    return this.#add(chunk, length, 0, firstCell);
  }

  /** Notes a chunk that is on disk. */
  putOnDisk(entry: HeadChunkEntry): number {
    return this.#add(entry, entry.length, entry.file, entry.offset);
  }

  minTime(chunk: number): number {
    return this.#records.slab(chunk).f64[this.#records.offset(chunk) / 8 + MINT]!;
  }

  maxTime(chunk: number): number {
    return this.#records.slab(chunk).f64[this.#records.offset(chunk) / 8 + MAXT]!;
  }

  /** The chunk behind this one; 0 where it is the last. */
  next(chunk: number): number {
    return this.#word(chunk, NEXT);
  }

  link(chunk: number, next: number): void {
    this.#setWord(chunk, NEXT, next);
  }

  encoding(chunk: number): number {
    return this.#word(chunk, LENGTH) % (1 << ENCODING_BITS);
  }

  onDisk(chunk: number): boolean {
    return this.#word(chunk, FILE) !== 0;
  }

  /** The chunk's data: a view that the next call, for whichever chunk, may change. @throws CorruptionError */
  data(chunk: number): Uint8Array {
    const length = this.#word(chunk, LENGTH) >>> ENCODING_BITS;
    if (!this.onDisk(chunk)) return this.chains.read(this.#word(chunk, WHERE), length);
    if (this.#files === undefined) throw new CorruptionError('a chunk is in a file that is not open');
    return this.#files.read(this.#word(chunk, FILE), this.#word(chunk, WHERE), length);
  }

  /** @throws CorruptionError */
  decode(chunk: number, into: ColumnBuilder, mint: number, maxt: number): void {
    const data = this.data(chunk);
    decodeChunk(this.encoding(chunk), data, 0, data.length, into, mint, maxt);
  }

  /** The chunk's bytes are on disk now: those in memory go. */
  moveToDisk(chunk: number, { file, offset }: HeadChunkEntry): void {
    this.chains.free(this.#word(chunk, WHERE));
    this.#setWord(chunk, FILE, file);
    this.#setWord(chunk, WHERE, offset);
  }

  free(chunk: number): void {
    if (!this.onDisk(chunk)) this.chains.free(this.#word(chunk, WHERE));
    this.#records.free(chunk);
  }

  #add({ mint, maxt, encoding }: ChunkInfo, length: number, file: number, where: number): number {
    const chunk = this.#records.allocate();
    const { f64 }: Slab = this.#records.slab(chunk);
    const at = this.#records.offset(chunk) / 8;
    f64[at + MINT] = mint;
    f64[at + MAXT] = maxt;
    this.#setWord(chunk, NEXT, 0);
    this.#setWord(chunk, LENGTH, ((length << ENCODING_BITS) | encoding) >>> 0);
    this.#setWord(chunk, FILE, file);
    this.#setWord(chunk, WHERE, where);
    return chunk;
  }

  #word(chunk: number, field: number): number {
    return this.#records.slab(chunk).u32[this.#records.offset(chunk) / 4 + field]!;
  }

  #setWord(chunk: number, field: number, value: number): void {
    this.#records.slab(chunk).u32[this.#records.offset(chunk) / 4 + field] = value;
  }
}
