import { Cells } from './cells.ts';

const CELL = 64;
/** Bytes of data in a cell; the number of the next cell, or 0, comes behind them. */
const DATA = CELL - 4;
const NEXT = DATA / 4;

/** Byte strings that grow, as chains of small cells, each named by its first. */
export class ByteChains {
  readonly #cells: Cells = new Cells(CELL);
  #scratch: Uint8Array = new Uint8Array(1024);

  /** Bytes taken. */
  get used(): number {
    return this.#cells.used;
  }

  /** Bytes held, used or not. */
  get held(): number {
    return this.#cells.held;
  }

  /** An empty chain. */
  begin(): number {
    const cell = this.#cells.allocate();
    this.#link(cell, 0);
    return cell;
  }

  /** Copies bytes into a new chain. */
  put(data: Uint8Array): number {
    const first = this.begin();
    this.write(first, 0, data, 0, data.length);
    return first;
  }

  /** The byte at `position`, which lies in `cell`. */
  byteAt(cell: number, position: number): number {
    return this.#cells.slab(cell).u8[this.#cells.offset(cell) + (position % DATA)]!;
  }

  /** Sets the byte at `position`, which lies in `cell`. */
  setByte(cell: number, position: number, byte: number): void {
    this.#cells.slab(cell).u8[this.#cells.offset(cell) + (position % DATA)] = byte;
  }

  /**
   * Writes `data[from, to)` at `position`, where the chain ends.
   * @param last the chain's last cell
   * @returns the chain's last cell now
   */
  write(last: number, position: number, data: Uint8Array, from: number, to: number): number {
    const cells = this.#cells;
    let cell = last;
    let at = position % DATA;
    // A cell that is just full looks like one that is empty.
    if (at === 0 && position > 0) at = DATA;
    let { u8 } = cells.slab(cell);
    let offset = cells.offset(cell);
    for (let i = from; i < to; i++) {
      if (at === DATA) {
        const next = this.begin();
        this.#link(cell, next);
        cell = next;
        ({ u8 } = cells.slab(cell));
        offset = cells.offset(cell);
        at = 0;
      }
      u8[offset + at++] = data[i]!;
    }
    return cell;
  }

  /** The first `length` bytes of a chain: a view that the next call changes. */
  read(first: number, length: number): Uint8Array {
    if (this.#scratch.length < length + CELL) this.#scratch = new Uint8Array(2 * length + CELL);
    const cells = this.#cells;
    const into = this.#scratch;
    let cell = first;
    for (let done = 0; done < length; done += DATA) {
      const { u8 } = cells.slab(cell);
      const from = cells.offset(cell);
      for (let i = 0; i < DATA; i++) into[done + i] = u8[from + i]!;
      cell = this.#next(cell);
    }
    return into.subarray(0, length);
  }

  free(first: number): void {
    for (let cell = first; cell !== 0;) {
      const next = this.#next(cell);
      this.#cells.free(cell);
      cell = next;
    }
  }

  #next(cell: number): number {
    return this.#cells.slab(cell).u32[this.#cells.offset(cell) / 4 + NEXT]!;
  }

  #link(cell: number, next: number): void {
    this.#cells.slab(cell).u32[this.#cells.offset(cell) / 4 + NEXT] = next;
  }
}
