/**
 * The wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding): enough for the few fixed
 * messages of this field. A field is a varint tag (number << 3 | wire type) and its value.
 */
import { STALE_NAN_HIGH, STALE_NAN_LOW } from './sample.ts';

export class ProtobufError extends Error {
  override name = 'ProtobufError';
}

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads one message field by field: `while (reader.next()) switch (reader.field) { case 1: reader.string(); … default:
 * reader.skip() }`.
 */
export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #end: number;
  #at: number;
  /** Number and wire type of the field that `next()` stands on. */
  field = 0;
  wire = 0;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get position(): number {
    return this.#at;
  }

  /** Whether the message ends here. */
  get done(): boolean {
    return this.#at >= this.#end;
  }

  /**
   * Goes into the nested message that comes next, where a reader of its own (`message`) would cost too much.
   * @returns what `leave` wants, once the nested message has been read to its end
   */
  enter(): number {
    const length = this.varint();
    this.#need(length);
    const outer = this.#end;
    this.#end = this.#at + length;
    return outer;
  }

  /** Goes on with the message around the one that was entered. */
  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  /** Moves to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.varint();
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0) throw new ProtobufError('field number 0');
    return true;
  }

  /** An unsigned number, exact up to 2^53. */
  varint(): number {
    const first = this.#bytes[this.#at] as number;
    if (first < 0x80 && this.#at < this.#end) {
      this.#at += 1;
      return first;
    }
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new ProtobufError('a varint is longer than 10 bytes');
  }

  /** A signed number as `int32` and `int64` are written: two's complement. Exact within ±2^53. */
  int64(): number {
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) return high * 0x1_0000_0000 + (low >>> 0);
    }
    throw new ProtobufError('a varint is longer than 10 bytes');
  }

  /** A signed number as `sint32` and `sint64` are written: zigzag. */
  sint64(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  /** Whether the double that comes next is the stale marker, whose bits would not survive as a number. */
  nextIsStale(): boolean {
    this.#need(8);
    return (
      this.#view.getUint32(this.#at + 4, true) === STALE_NAN_HIGH &&
      this.#view.getUint32(this.#at, true) === STALE_NAN_LOW
    );
  }

  bytes(): Uint8Array {
    const length = this.varint();
    this.#need(length);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  string(): string {
    try {
      return utf8.decode(this.bytes());
    } catch (cause) {
      if (cause instanceof ProtobufError) throw cause;
      throw new ProtobufError('invalid UTF-8', { cause });
    }
  }

  message(): ProtobufReader {
    const length = this.varint();
    this.#need(length);
    const start = this.#at;
    this.#at += length;
    return new ProtobufReader(this.#bytes, start, this.#at);
  }

  /** A repeated scalar, which may be packed (all values in one field) or one value per field. */
  repeated(into: number[], read: (reader: ProtobufReader) => number): void {
    if (this.wire !== WIRE_BYTES) {
      into.push(read(this));
      return;
    }
    const packed = this.message();
    while (packed.#at < packed.#end) into.push(read(packed));
  }

  skip(): void {
    switch (this.wire) {
      case WIRE_VARINT:
        this.varint();
        return;
      case WIRE_FIXED64:
        this.#need(8);
        this.#at += 8;
        return;
      case WIRE_BYTES:
        this.bytes();
        return;
      case WIRE_FIXED32:
        this.#need(4);
        this.#at += 4;
        return;
      default:
        throw new ProtobufError(`unknown wire type ${this.wire}`);
    }
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new ProtobufError('the message is truncated');
    return this.#bytes[this.#at++] as number;
  }

  #need(length: number): void {
    if (length > this.#end - this.#at) throw new ProtobufError('the message is truncated');
  }
}

const encoder = new TextEncoder();

/** Writes messages into one growing buffer. Fields without a value (0, '') are left out where proto3 leaves them out. */
export class ProtobufWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** What was written; valid until the next write. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  get length(): number {
    return this.#at;
  }

  tag(field: number, wire: number): void {
    this.varint(field * 8 + wire);
  }

  /** An unsigned number. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  uint64(field: number, value: number): void {
    if (value === 0) return;
    this.tag(field, WIRE_VARINT);
    this.varint(value);
  }

  /** Negative numbers take ten bytes, as the format wants it. */
  int64(field: number, value: number): void {
    if (value === 0) return;
    this.tag(field, WIRE_VARINT);
    if (value > 0) return this.varint(value);
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#at++] = Number(rest);
  }

  sint64(field: number, value: number): void {
    if (value === 0) return;
    this.tag(field, WIRE_VARINT);
    this.varint(zigzag(value));
  }

  /** The stale marker. */
  staleDouble(field: number): void {
    this.doubleBits(field, STALE_NAN_HIGH, STALE_NAN_LOW);
  }

  double(field: number, value: number): void {
    if (Object.is(value, 0)) return;
    this.rawDouble(field, value);
  }

  /** Written even when it is 0. */
  rawDouble(field: number, value: number): void {
    this.tag(field, WIRE_FIXED64);
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** A double given by its words, whose NaN payload must survive. */
  doubleBits(field: number, high: number, low: number): void {
    this.tag(field, WIRE_FIXED64);
    this.#reserve(8);
    this.#view.setUint32(this.#at, low, true);
    this.#view.setUint32(this.#at + 4, high, true);
    this.#at += 8;
  }

  string(field: number, value: string): void {
    if (value === '') return;
    this.tag(field, WIRE_BYTES);
    this.#reserve(value.length * 3 + 5);
    // The length comes first and is not known: leave one byte, and move the text when it needs more.
    const start = this.#at + 1;
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(start));
    if (written < 0x80) {
      this.#bytes[this.#at] = written;
      this.#at = start + written;
      return;
    }
    this.#insertLength(start, written);
  }

  packedDoubles(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.tag(field, WIRE_BYTES);
    this.varint(values.length * 8);
    this.#reserve(values.length * 8);
    for (const value of values) {
      this.#view.setFloat64(this.#at, value, true);
      this.#at += 8;
    }
  }

  packedSint64(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.message(field, () => {
      for (const value of values) this.varint(zigzag(value));
    });
  }

  /** A nested message: whatever `write` writes. */
  message(field: number, write: () => void): void {
    this.tag(field, WIRE_BYTES);
    this.delimited(write);
  }

  /** A message with its length before it, as streams of messages are written. */
  delimited(write: () => void): void {
    this.#reserve(5);
    const start = this.#at + 1;
    this.#at = start;
    write();
    const length = this.#at - start;
    if (length < 0x80) this.#bytes[start - 1] = length;
    else this.#insertLength(start, length);
  }

  /** Puts the length before the `length` bytes at `start`, for which one byte was left. */
  #insertLength(start: number, length: number): void {
    const extra = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4;
    this.#at = start + length;
    this.#reserve(extra);
    this.#bytes.copyWithin(start + extra, start, start + length);
    this.#at = start - 1;
    this.varint(length);
    this.#at = start + extra + length;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}
