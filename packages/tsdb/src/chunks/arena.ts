const SLAB_BYTES = 1 << 20;
/** What is handed out is a multiple of this, bytes. */
export const UNIT = 16;

/**
 * Memory for many small byte strings (sealed chunks). One `Uint8Array` each would cost more than the bytes
 * themselves, so they lie in slabs and are named by an address. Freed pieces are used again for the same size.
 */
export class Arena {
  readonly #slabs: Uint8Array[] = [];
  readonly #views: DataView[] = [];
  /** Freed addresses by size in units. */
  readonly #free: number[][] = [];
  #next = 0;
  #used = 0;

  /** Bytes handed out. */
  get used(): number {
    return this.#used;
  }

  /** Bytes held, used or not. */
  get held(): number {
    return this.#slabs.length * SLAB_BYTES;
  }

  /** @returns the address (never 0) of `length` (at most 1 MiB) bytes of unspecified content */
  allocate(length: number): number {
    const units = Math.ceil(length / UNIT);
    this.#used += units * UNIT;
    const freed = this.#free[units]?.pop();
    if (freed !== undefined) return freed;
    const perSlab = SLAB_BYTES / UNIT;
    if (units > perSlab) throw new RangeError(`${length} bytes do not fit a slab`);
    if (this.#next === 0) {
      this.#addSlab();
      this.#next = 1;
    }
    if (this.#next % perSlab === 0 || (this.#next % perSlab) + units > perSlab) this.#addSlab();
    const address = this.#next;
    this.#next += units;
    return address;
  }

  free(address: number, length: number): void {
    const units = Math.ceil(length / UNIT);
    this.#used -= units * UNIT;
    (this.#free[units] ??= []).push(address);
  }

  /** The slab that an address lies in; `offset` says where. */
  slab(address: number): Uint8Array {
    return this.#slabs[Math.floor((address * UNIT) / SLAB_BYTES)]!;
  }

  view(address: number): DataView {
    return this.#views[Math.floor((address * UNIT) / SLAB_BYTES)]!;
  }

  offset(address: number): number {
    return (address * UNIT) % SLAB_BYTES;
  }

  #addSlab(): void {
    const slab = new Uint8Array(SLAB_BYTES);
    this.#next = this.#slabs.length * (SLAB_BYTES / UNIT);
    this.#slabs.push(slab);
    this.#views.push(new DataView(slab.buffer));
  }
}
