const TWO_32 = 2 ** 32;
const encoder = new TextEncoder();

/** Writes big-endian integers, varints and strings into a buffer that grows. */
export class ByteWriter {
  bytes: Uint8Array;
  view: DataView;
  length = 0;

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** What has been written: a view that the next write or `reset` may change. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `extra` more bytes. */
  reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value);
    this.length += 4;
  }

  /** A whole number of up to 53 bits, negative ones in two's complement. */
  u64(value: number): void {
    this.words(Math.floor(value / TWO_32) >>> 0, value >>> 0);
  }

  /** 64 bits as two words. */
  words(high: number, low: number): void {
    this.reserve(8);
    this.view.setUint32(this.length, high);
    this.view.setUint32(this.length + 4, low);
    this.length += 8;
  }

  f64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value);
    this.length += 8;
  }

  /** A whole number >= 0 in groups of seven bits, least significant first. */
  uvarint(value: number): void {
    this.reserve(10);
    let v = value;
    while (v >= 0x80000000) {
      this.bytes[this.length++] = (v & 127) | 128;
      v = Math.floor(v / 128);
    }
    while (v >= 128) {
      this.bytes[this.length++] = (v & 127) | 128;
      v >>>= 7;
    }
    this.bytes[this.length++] = v;
  }

  /** A signed whole number, zigzag-encoded. */
  varint(value: number): void {
    this.uvarint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** UTF-8 with its length in bytes before it. */
  string(value: string): void {
    const start = this.length;
    this.reserve(10 + value.length * 3);
    const { bytes } = this;
    if (value.length < 128) {
      // Short ASCII is by far the most frequent: one byte of length, one per character.
      let i = 0;
      for (; i < value.length; i++) {
        const code = value.charCodeAt(i);
        if (code > 127) break;
        bytes[start + 1 + i] = code;
      }
      if (i === value.length) {
        bytes[start] = i;
        this.length = start + 1 + i;
        return;
      }
    }
    const encoded = encoder.encode(value);
    this.uvarint(encoded.length);
    this.raw(encoded);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}
