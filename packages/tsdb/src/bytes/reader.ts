import { CorruptionError } from '../errors.ts';

const TWO_32 = 2 ** 32;

/** Reads what `ByteWriter` writes; running past the end is a `CorruptionError`, never a read of foreign bytes. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #text: Buffer;
  pos: number;
  end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.pos;
  }

  u8(): number {
    return this.bytes[this.#take(1)]!;
  }

  u16(): number {
    return this.view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.view.getUint32(this.#take(4));
  }

  /** An unsigned 64-bit number; exact below 2^53. */
  u64(): number {
    const at = this.#take(8);
    return this.view.getUint32(at) * TWO_32 + this.view.getUint32(at + 4);
  }

  /** A signed 64-bit number; exact within 53 bits. */
  i64(): number {
    const at = this.#take(8);
    return this.view.getInt32(at) * TWO_32 + this.view.getUint32(at + 4);
  }

  f64(): number {
    return this.view.getFloat64(this.#take(8));
  }

  uvarint(): number {
    const { bytes, end } = this;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.pos >= end) throw new CorruptionError('a varint runs past the end');
      const byte = bytes[this.pos++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new CorruptionError('a varint is longer than ten bytes');
  }

  varint(): number {
    const { bytes, pos } = this;
    // Most differences are small: up to three bytes are taken by arithmetic on integers.
    if (this.end - pos >= 3) {
      const first = bytes[pos]!;
      if (first < 128) {
        this.pos = pos + 1;
        return (first >>> 1) ^ -(first & 1);
      }
      const second = bytes[pos + 1]!;
      const third = second < 128 ? 0 : bytes[pos + 2]!;
      if (third < 128) {
        this.pos = pos + (second < 128 ? 2 : 3);
        const zigzag = (first & 127) | ((second & 127) << 7) | (third << 14);
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
    }
    const zigzag = this.uvarint();
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  string(): string {
    const length = this.uvarint();
    const at = this.#take(length);
    return this.#text.toString('utf8', at, at + length);
  }

  /** A view of the next `length` bytes. */
  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  #take(length: number): number {
    const at = this.pos;
    if (length > this.end - at) throw new CorruptionError(`${length} bytes wanted, ${this.end - at} left`);
    this.pos = at + length;
    return at;
  }
}
