import { Arena } from '../chunks/arena.ts';
import type { ColumnBuilder } from '../chunks/columns.ts';
import { decodeChunk } from '../chunks/decode.ts';
import { CorruptionError } from '../errors.ts';
import type { HeadChunkEntry, HeadChunkFiles } from './chunk_files.ts';

/** mint f64 | maxt f64 | next u32 | encoding u8 | length u24, before the data. */
const HEADER = 24;
/** On an encoding: instead of the data there are file u32 | offset u32 of where it is on disk. */
const ON_DISK = 0x80;
const MAPPED_BYTES = HEADER + 8;
const LENGTH = 0xffffff;

/** A chunk as the store describes it; both times are those of samples, ms. */
export interface StoredAt {
  readonly mint: number;
  readonly maxt: number;
  readonly encoding: number;
}

/** The head's sealed chunks, named by address: in memory, or on disk with a note of where. A series's form a chain. */
export class ChunkStore {
  readonly arena: Arena = new Arena();
  readonly #files: HeadChunkFiles | undefined;
  #count = 0;

  constructor(files?: HeadChunkFiles) {
    this.#files = files;
  }

  get count(): number {
    return this.#count;
  }

  get bytesUsed(): number {
    return this.arena.used;
  }

  /** Copies a chunk in. */
  put({ mint, maxt, encoding }: StoredAt, data: Uint8Array): number {
    const address = this.#allocate(HEADER + data.length, mint, maxt, encoding, data.length);
    this.arena.slab(address).set(data, this.arena.offset(address) + HEADER);
    return address;
  }

  /** Notes a chunk that is on disk. */
  putOnDisk({ mint, maxt, encoding, length, file, offset }: HeadChunkEntry): number {
    const address = this.#allocate(MAPPED_BYTES, mint, maxt, encoding | ON_DISK, length);
    const at = this.arena.offset(address) + HEADER;
    this.arena.view(address).setUint32(at, file);
    this.arena.view(address).setUint32(at + 4, offset);
    return address;
  }

  minTime(address: number): number {
    return this.arena.view(address).getFloat64(this.arena.offset(address));
  }

  maxTime(address: number): number {
    return this.arena.view(address).getFloat64(this.arena.offset(address) + 8);
  }

  /** The chunk behind this one; 0 where it is the last. */
  next(address: number): number {
    return this.arena.view(address).getUint32(this.arena.offset(address) + 16);
  }

  link(address: number, next: number): void {
    this.arena.view(address).setUint32(this.arena.offset(address) + 16, next);
  }

  encoding(address: number): number {
    return this.#kind(address) & ~ON_DISK;
  }

  onDisk(address: number): boolean {
    return (this.#kind(address) & ON_DISK) !== 0;
  }

  /** The chunk's data; it may be a view that the next call or `free` changes. @throws CorruptionError */
  data(address: number): Uint8Array {
    const at = this.arena.offset(address) + HEADER;
    const length = this.#length(address);
    if (!this.onDisk(address)) return this.arena.slab(address).subarray(at, at + length);
    const view = this.arena.view(address);
    if (this.#files === undefined) throw new CorruptionError('a chunk is in a file that is not open');
    return this.#files.read(view.getUint32(at), view.getUint32(at + 4), length);
  }

  /** @throws CorruptionError */
  decode(address: number, into: ColumnBuilder, mint: number, maxt: number): void {
    const data = this.data(address);
    decodeChunk(this.encoding(address), data, 0, data.length, into, mint, maxt);
  }

  free(address: number): void {
    this.arena.free(address, this.onDisk(address) ? MAPPED_BYTES : HEADER + this.#length(address));
    this.#count--;
  }

  #allocate(bytes: number, mint: number, maxt: number, kind: number, length: number): number {
    const address = this.arena.allocate(bytes);
    const at = this.arena.offset(address);
    const view = this.arena.view(address);
    view.setFloat64(at, mint);
    view.setFloat64(at + 8, maxt);
    view.setUint32(at + 16, 0);
    view.setUint32(at + 20, ((kind << 24) | length) >>> 0);
    this.#count++;
    return address;
  }

  #kind(address: number): number {
    return this.arena.view(address).getUint8(this.arena.offset(address) + 20);
  }

  #length(address: number): number {
    return this.arena.view(address).getUint32(this.arena.offset(address) + 20) & LENGTH;
  }
}
