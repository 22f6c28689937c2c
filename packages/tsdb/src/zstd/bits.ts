import { CorruptionError } from '../errors.ts';

function bitsAt(bytes: Uint8Array, position: number, count: number): number {
  const at = position >> 3;
  const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  return (word >>> (position & 7)) & ((1 << count) - 1);
}

/** Bits from the first byte on, the lowest of each first; behind the end come zeros. */
export class ForwardBits {
  readonly #bytes: Uint8Array;
  #position: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#position = start * 8;
  }

  /** @param count at most 24 */
  read(count: number): number {
    const value = bitsAt(this.#bytes, this.#position, count);
    this.#position += count;
    return value;
  }

  back(count: number): void {
    this.#position -= count;
  }

  /** The next whole byte. */
  get byte(): number {
    return (this.#position + 7) >> 3;
  }
}

/** Bits from the last byte on, the highest of each first; a 1 marks where they begin. Before the start come zeros. */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  /** Where the bits not yet read end, from the first byte on; below 0 where more was read than there is. */
  position: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    const last = end > start ? bytes[end - 1]! : 0;
    if (last === 0) throw new CorruptionError('zstd: a bit stream without a beginning');
    this.#bytes = bytes;
    this.#start = start * 8;
    this.position = (end - start) * 8 - 1 - Math.clz32(last) + 24;
  }

  /** @param count at most 31 */
  read(count: number): number {
    if (count > 24) return this.read(count - 24) * 0x100_0000 + this.read(24);
    this.position -= count;
    return this.#at(this.position, count);
  }

  /** The next bits, not taken. @param count at most 24 */
  peek(count: number): number {
    return this.#at(this.position - count, count);
  }

  #at(position: number, count: number): number {
    if (position >= 0) return bitsAt(this.#bytes, this.#start + position, count);
    return position + count <= 0 ? 0 : bitsAt(this.#bytes, this.#start, position + count) << -position;
  }
}
