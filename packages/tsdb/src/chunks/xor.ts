import { CorruptionError } from '../errors.ts';
import { BitWriter } from './bits.ts';
import { HIGH_WORD, LOW_WORD, type ColumnBuilder } from './columns.ts';
import { XOR, type ChunkAppender } from './encoding.ts';
import { startXor, writeXor, type XorState } from './xor_code.ts';

const TWO_32 = 2 ** 32;

/**
 * A chunk of floats: 2 bytes count, then t₀ (varint), v₀ (64 bits), t₁-t₀ (uvarint), v₁ (XOR code), and for every
 * further sample the change of the step (0 | 10+14 | 110+17 | 1110+20 | 1111+64 bits) and the value's XOR code.
 *
 * One object holds all, as an append meets its series cold: every further object would be one more miss of the cache.
 */
export class XorAppender extends BitWriter implements ChunkAppender, XorState {
  readonly encoding: typeof XOR = XOR;
  count = 0;
  high = 0;
  low = 0;
  leading = 0;
  trailing = 0;
  /** Of the newest sample, ms, and between the newest two. */
  t = 0;
  step = 0;

  /** Adds a sample; `high` and `low` are the value's bits. Times must rise. */
  append(t: number, high: number, low: number): void {
    if (this.count === 0) {
      this.bits(0, 16);
      writeVarint(this, t < 0 ? -2 * t - 1 : 2 * t);
      this.words(high, low);
      startXor(this, high, low);
    } else {
      const step = t - this.t;
      if (this.count === 1) writeVarint(this, step);
      else writeStepChange(this, step - this.step);
      this.step = step;
      writeXor(this, this, high, low);
    }
    this.t = t;
    this.count++;
  }

  /** The chunk as it is now: a view that the next append may change. */
  data(): Uint8Array {
    const { bytes } = this;
    bytes[0] = this.count >>> 8;
    bytes[1] = this.count;
    return bytes.subarray(0, this.byteLength);
  }

  /** Starts the next chunk in the same buffer. */
  override reset(): void {
    super.reset();
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
 * Decodes the samples with mint <= t <= maxt of the chunk in `bytes[start, end)` into `into`. The hottest loop of all
 * queries: bits are taken from 32-bit windows by arithmetic on local variables, without a reader object.
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
  if (end - start < 2) throw new CorruptionError(TOO_EARLY);
  const count = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
  if (count === 0) return;
  // Two bits are the least that a sample takes: damaged bytes cannot make us reserve much.
  into.reserve(Math.min(count, (end - start) * 4));
  const view = viewOf(bytes);
  // All up to the second value stands at whole bytes.
  let byte = varintEnd(bytes, start + 2);
  const zigzag = varint(bytes, start + 2);
  let t = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  if (byte + 8 > end) throw new CorruptionError(TOO_EARLY);
  let high = view.getInt32(byte);
  let low = view.getInt32(byte + 4);
  if (t > maxt) return;
  if (t >= mint) into.push(t, high, low);
  if (count === 1) return;
  let step = varint(bytes, byte + 8);
  byte = varintEnd(bytes, byte + 8);
  t += step;

  const limit = end * 8;
  const { timestamps, words } = into;
  let at = into.end;
  let position = byte * 8;
  let leading = 0;
  let trailing = 0;
  for (let left = count - 1; ;) {
    // The value: 0 as before | 10 old window | 11 new window of 5 bits leading zeros, 6 bits width.
    let code = window(view, position);
    // What stands still costs two zeros a sample: they are taken together.
    let same = Math.min(Math.clz32(code) >> 1, left - 1);
    if (same > 0) {
      position += 2 * same;
      left -= same;
      if (position > limit) throw new CorruptionError(TOO_EARLY);
      for (; same > 0 && t <= maxt; same--, t += step) {
        if (t < mint) continue;
        timestamps[at] = t;
        words[2 * at + HIGH_WORD] = high;
        words[2 * at + LOW_WORD] = low;
        at++;
      }
      if (same > 0) break;
      continue;
    }
    if (code >= 0) {
      position += 1;
      code <<= 1;
    } else {
      if ((code & 0x40000000) === 0) {
        position += 2;
      } else {
        leading = (code >>> 25) & 31;
        trailing = Math.max(0, 64 - leading - ((code >>> 19) & 63 || 64));
        position += 13;
      }
      const width = 64 - leading - trailing;
      if (width > 32) {
        const bitsHigh = window(view, position) >>> (64 - width);
        const bitsLow = window(view, position + width - 32);
        low ^= bitsLow << trailing;
        high ^= trailing === 0 ? bitsHigh : (bitsHigh << trailing) | (bitsLow >>> (32 - trailing));
      } else {
        const bits = window(view, position) >>> (32 - width);
        if (trailing >= 32) {
          high ^= bits << (trailing - 32);
        } else {
          low ^= bits << trailing;
          if (trailing > 0) high ^= bits >>> (32 - trailing);
        }
      }
      position += width;
      if (left > 1) code = window(view, position);
    }
    if (position > limit) throw new CorruptionError(TOO_EARLY);
    if (t > maxt) break;
    if (t >= mint) {
      timestamps[at] = t;
      words[2 * at + HIGH_WORD] = high;
      words[2 * at + LOW_WORD] = low;
      at++;
    }
    if (--left === 0) break;
    // The change of the step: 0 | 10 and 14 bits | 110 and 17 | 1110 and 20 | 1111 and 64.
    if (code >= 0) {
      position += 1;
    } else if ((code & 0x40000000) === 0) {
      step += signed((code >>> 16) & 0x3fff, 14);
      position += 16;
    } else if ((code & 0x20000000) === 0) {
      step += signed((code >>> 12) & 0x1ffff, 17);
      position += 20;
    } else if ((code & 0x10000000) === 0) {
      step += signed((code >>> 8) & 0xfffff, 20);
      position += 24;
    } else {
      step += window(view, position + 4) * TWO_32 + (window(view, position + 36) >>> 0);
      position += 68;
    }
    t += step;
  }
  into.end = at;
}

const TOO_EARLY = 'a chunk ends too early';

let viewed: Uint8Array = new Uint8Array(0);
let lastView = new DataView(viewed.buffer);

/** A view of the bytes, made anew only where they are others than last time: chunks of a page come together. */
function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    lastView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return lastView;
}

/** The 32 bits from `position` on; behind the view come zeros. */
function window(view: DataView, position: number): number {
  const at = position >>> 3;
  const shift = position & 7;
  if (at + 5 > view.byteLength) return tail(view, at, shift);
  return (view.getInt32(at) << shift) | (view.getUint8(at + 4) >>> (8 - shift));
}

/** The last bytes of a view, filled up with zeros. */
function tail(view: DataView, from: number, shift: number): number {
  const byte = (at: number): number => (at < view.byteLength ? view.getUint8(at) : 0);
  const word = (byte(from) << 24) | (byte(from + 1) << 16) | (byte(from + 2) << 8) | byte(from + 3);
  return (word << shift) | (byte(from + 4) >>> (8 - shift));
}

/** Where a number that begins at `at` ends. */
function varintEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end < bytes.length && end - at < 9 && (bytes[end] as number) >= 128) end++;
  return end + 1;
}

function varint(bytes: Uint8Array, at: number): number {
  let value = 0;
  let scale = 1;
  for (let i = at; i < Math.min(at + 10, bytes.length); i++) {
    const byte = bytes[i] as number;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
  return value;
}

/** Both -2^(n-1)+1 and 2^(n-1) fit n bits here, unlike in two's complement. */
function signed(bits: number, width: number): number {
  return bits > 1 << (width - 1) ? bits - (1 << width) : bits;
}
