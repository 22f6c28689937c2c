import { Arena } from '../chunks/arena.ts';
import type { ColumnBuilder } from '../chunks/columns.ts';
import { decodeChunk } from '../chunks/decode.ts';

/** mint f64 | maxt f64 | length u32 | encoding u8, before a chunk's data. */
const HEADER = 24;

/** The head's sealed chunks, named by address. */
export class ChunkStore {
  readonly #arena = new Arena();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get bytesUsed(): number {
    return this.#arena.used;
  }

  /** Copies a chunk in. Both times are those of samples. */
  put(encoding: number, mint: number, maxt: number, data: Uint8Array): number {
    const address = this.#arena.allocate(HEADER + data.length);
    const at = this.#arena.offset(address);
    const view = this.#arena.view(address);
    view.setFloat64(at, mint);
    view.setFloat64(at + 8, maxt);
    view.setUint32(at + 16, data.length);
    view.setUint8(at + 20, encoding);
    this.#arena.slab(address).set(data, at + HEADER);
    this.#count++;
    return address;
  }

  minTime(address: number): number {
    return this.#arena.view(address).getFloat64(this.#arena.offset(address));
  }

  maxTime(address: number): number {
    return this.#arena.view(address).getFloat64(this.#arena.offset(address) + 8);
  }

  encoding(address: number): number {
    return this.#arena.view(address).getUint8(this.#arena.offset(address) + 20);
  }

  /** The chunk's data: a view, valid until `free`. */
  data(address: number): Uint8Array {
    const at = this.#arena.offset(address);
    const length = this.#arena.view(address).getUint32(at + 16);
    return this.#arena.slab(address).subarray(at + HEADER, at + HEADER + length);
  }

  decode(address: number, into: ColumnBuilder, mint: number, maxt: number): void {
    const at = this.#arena.offset(address);
    const view = this.#arena.view(address);
    const end = at + HEADER + view.getUint32(at + 16);
    decodeChunk(view.getUint8(at + 20), this.#arena.slab(address), at + HEADER, end, into, mint, maxt);
  }

  free(address: number): void {
    const length = this.#arena.view(address).getUint32(this.#arena.offset(address) + 16);
    this.#arena.free(address, HEADER + length);
    this.#count--;
  }
}
