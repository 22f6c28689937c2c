const SLAB_BYTES = 1 << 20;

/** A stretch of cells, seen as numbers of every width. */
export interface Slab {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
}

/**
 * Memory outside the heap in cells of one size: what is freed fits whatever comes next, so that nothing is lost
 * between pieces. Cells are named by number, never 0. A free cell holds the number of the next free one.
 */
export class Cells {
  /** Bytes of a cell: a power of two. */
  readonly size: number;
  readonly #slabs: Slab[] = [];
  readonly #shift: number;
  readonly #mask: number;
  #free = 0;
  #next = 1;
  #count = 0;

  constructor(size: number) {
    this.size = size;
    this.#shift = Math.log2(SLAB_BYTES / size);
    this.#mask = SLAB_BYTES / size - 1;
  }

  /** Bytes handed out. */
  get used(): number {
    return this.#count * this.size;
  }

  /** Bytes held, used or not. */
  get held(): number {
    return this.#slabs.length * SLAB_BYTES;
  }

  /** @returns a cell of unspecified content */
  allocate(): number {
    this.#count++;
    const cell = this.#free;
    if (cell !== 0) {
      this.#free = this.slab(cell).u32[this.offset(cell) / 4]!;
      return cell;
    }
    if (this.#next >>> this.#shift === this.#slabs.length) this.#addSlab();
    return this.#next++;
  }

  free(cell: number): void {
    this.#count--;
    this.slab(cell).u32[this.offset(cell) / 4] = this.#free;
    this.#free = cell;
  }

  /** The slab that a cell lies in … */
  slab(cell: number): Slab {
    return this.#slabs[cell >>> this.#shift]!;
  }

  /** … and where, in bytes. */
  offset(cell: number): number {
    return (cell & this.#mask) * this.size;
  }

  #addSlab(): void {
    const buffer = new ArrayBuffer(SLAB_BYTES);
    this.#slabs.push({
      u8: new Uint8Array(buffer),
      u32: new Uint32Array(buffer),
      f64: new Float64Array(buffer),
    });
  }
}
