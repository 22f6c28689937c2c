import { BitReader, BitWriter } from './bits.ts';
import type { ColumnBuilder } from './columns.ts';
import { XOR, type ChunkAppender } from './encoding.ts';
import { XorCode } from './xor_code.ts';

const TWO_32 = 2 ** 32;

/**
 * A chunk of floats: 2 bytes count, then t₀ (varint), v₀ (64 bits), t₁-t₀ (uvarint), v₁ (XOR code), and for every
 * further sample the change of the step (0 | 10+14 | 110+17 | 1110+20 | 1111+64 bits) and the value's XOR code.
 */
export class XorAppender implements ChunkAppender {
  readonly encoding: typeof XOR = XOR;
  count = 0;
  readonly #out: BitWriter = new BitWriter();
  readonly #value: XorCode = new XorCode();
  #t = 0;
  #step = 0;

  /** Adds a sample; `high` and `low` are the value's bits. Times must rise. */
  append(t: number, high: number, low: number): void {
    const out = this.#out;
    if (this.count === 0) {
      out.bits(0, 16);
      writeVarint(out, t < 0 ? -2 * t - 1 : 2 * t);
      out.words(high, low);
      this.#value.start(high, low);
    } else {
      const step = t - this.#t;
      if (this.count === 1) writeVarint(out, step);
      else writeStepChange(out, step - this.#step);
      this.#step = step;
      this.#value.write(out, high, low);
    }
    this.#t = t;
    this.count++;
  }

  get byteLength(): number {
    return this.#out.byteLength;
  }

  bytes(): Uint8Array {
    const { bytes } = this.#out;
    bytes[0] = this.count >>> 8;
    bytes[1] = this.count;
    return bytes.subarray(0, this.#out.byteLength);
  }

  /** Starts the next chunk in the same buffer. */
  reset(): void {
    this.#out.reset();
    this.count = 0;
  }
}

function writeVarint(out: BitWriter, value: number): void {
  let v = value;
  while (v >= 128) {
    out.bits((v % 128) | 128, 8);
    v = Math.floor(v / 128);
  }
  out.bits(v, 8);
}

function writeStepChange(out: BitWriter, change: number): void {
  if (change === 0) return out.bit(false);
  if (change >= -8191 && change <= 8192) {
    out.bits((0b10 << 14) | (change & 0x3fff), 16);
  } else if (change >= -65535 && change <= 65536) {
    out.bits((0b110 << 17) | (change & 0x1ffff), 20);
  } else if (change >= -524287 && change <= 524288) {
    out.bits((0b1110 << 20) | (change & 0xfffff), 24);
  } else {
    out.bits(0b1111, 4);
    out.wide(change, 64);
  }
}

/**
 * Decodes the samples with mint <= t <= maxt of the chunk in `bytes[start, end)` into `into`.
 * @throws CorruptionError where the bytes end too early
 */
export function decodeXor(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: ColumnBuilder,
  mint: number,
  maxt: number,
): void {
  const input = new BitReader(bytes, start, end);
  const count = input.bits(16);
  into.reserve(Math.min(count, (end - start) * 8));
  if (count === 0) return;
  const zigzag = readVarint(input);
  let t = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  const value = new XorCode();
  const first = input.bits(32);
  value.start(first, input.bits(32));
  if (t > maxt) return;
  if (t >= mint) into.push(t, value.high, value.low);
  let step = 0;
  for (let i = 1; i < count; i++) {
    step = i === 1 ? readVarint(input) : step + readStepChange(input);
    t += step;
    value.read(input);
    if (t > maxt) return;
    if (t >= mint) into.push(t, value.high, value.low);
  }
}

function readVarint(input: BitReader): number {
  let value = 0;
  let scale = 1;
  for (let i = 0; i < 10; i++) {
    const byte = input.bits(8);
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
  return value;
}

function readStepChange(input: BitReader): number {
  switch (input.ones(4)) {
    case 0:
      return 0;
    case 1:
      return signed(input.bits(14), 14);
    case 2:
      return signed(input.bits(17), 17);
    case 3:
      return signed(input.bits(20), 20);
    default:
      return (input.bits(32) | 0) * TWO_32 + input.bits(32);
  }
}

/** Both -2^(n-1)+1 and 2^(n-1) fit n bits here, unlike in two's complement. */
function signed(bits: number, width: number): number {
  return bits > 1 << (width - 1) ? bits - (1 << width) : bits;
}
