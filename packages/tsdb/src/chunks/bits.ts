import { CorruptionError } from '../errors.ts';

const TWO_32 = 2 ** 32;

/** Appends bits, most significant first, to a buffer that grows. */
export class BitWriter {
  /** The buffer: `byteLength` bytes of it are written. */
  bytes: Uint8Array;
  /** How many bits are written. */
  position = 0;

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity);
  }

  get byteLength(): number {
    return (this.position + 7) >>> 3;
  }

  /** Starts anew in the same buffer. */
  reset(): void {
    this.bytes.fill(0, 0, this.byteLength);
    this.position = 0;
  }

  bit(one: boolean): void {
    const at = this.position >>> 3;
    if (at >= this.bytes.length) this.#grow(at + 1);
    if (one) this.bytes[at]! |= 128 >>> (this.position & 7);
    this.position++;
  }

  /** The lowest `count` (0..32) bits of `value`. */
  bits(value: number, count: number): void {
    const end = (this.position + count + 7) >>> 3;
    if (end > this.bytes.length) this.#grow(end);
    const { bytes } = this;
    let at = this.position >>> 3;
    let left = count;
    let free = 8 - (this.position & 7);
    this.position += count;
    while (left > free) {
      left -= free;
      bytes[at]! |= (value >>> left) & (255 >>> (8 - free));
      at++;
      free = 8;
    }
    if (left > 0) bytes[at]! |= (value << (free - left)) & (255 >>> (8 - free));
  }

  /** 64 bits from two words. */
  words(high: number, low: number): void {
    this.bits(high, 32);
    this.bits(low, 32);
  }

  /** `count` (1..64) bits of a whole number within 53 bits, in two's complement. */
  wide(value: number, count: number): void {
    if (count > 32) this.bits(Math.floor(value / TWO_32) >>> 0, count - 32);
    this.bits(value >>> 0, Math.min(count, 32));
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}

/** Reads bits; going past the end is a `CorruptionError`. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #position: number;

  /** Over `bytes[start, end)`. The buffer may go on behind `end`: those bytes are never part of a result. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start * 8;
    this.#end = end * 8;
  }

  /** The bit to be read next, counted from the buffer's beginning. */
  get position(): number {
    return this.#position;
  }

  bit(): number {
    const at = this.#position++;
    if (at >= this.#end) throw new CorruptionError('a chunk ends too early');
    return (this.#bytes[at >>> 3]! >>> (7 - (at & 7))) & 1;
  }

  /** The next `count` (0..32) bits as an unsigned number. */
  bits(count: number): number {
    const from = this.#position;
    this.#position = from + count;
    if (this.#position > this.#end) throw new CorruptionError('a chunk ends too early');
    if (count === 0) return 0;
    const at = from >>> 3;
    const shift = from & 7;
    if (at + 5 > this.#bytes.length) return this.#slow(from, count);
    let word = this.#view.getUint32(at) << shift;
    if (shift > 0) word |= this.#bytes[at + 4]! >>> (8 - shift);
    return word >>> (32 - count);
  }

  /** The next 32 bits, first the highest, without going on; behind the buffer come zeros. */
  peek(): number {
    const at = this.#position >>> 3;
    const shift = this.#position & 7;
    if (at + 5 > this.#bytes.length) return this.#slow(this.#position, 32) | 0;
    return (this.#view.getInt32(at) << shift) | (this.#bytes[at + 4]! >>> (8 - shift));
  }

  /** Goes on by `count` bits that were seen. */
  skip(count: number): void {
    this.#position += count;
    if (this.#position > this.#end) throw new CorruptionError('a chunk ends too early');
  }

  /** How many one bits come before the next zero, at most `limit`; eats the zero where it comes within the limit. */
  ones(limit: number): number {
    let count = 0;
    while (count < limit && this.bit() === 1) count++;
    return count;
  }

  /** The next `count` (1..64) bits as an unsigned number, exact below 2^53. */
  wide(count: number): number {
    if (count <= 32) return this.bits(count);
    const high = this.bits(count - 32);
    return high * TWO_32 + this.bits(32);
  }

  #slow(from: number, count: number): number {
    let value = 0;
    for (let i = from; i < from + count; i++) {
      value = value * 2 + ((this.#bytes[i >>> 3]! >>> (7 - (i & 7))) & 1);
    }
    return value;
  }
}
