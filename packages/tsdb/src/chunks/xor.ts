import { CorruptionError } from '../errors.ts';
import { BitReader, BitWriter } from './bits.ts';
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
  #t = 0;
  #step = 0;

  /** Adds a sample; `high` and `low` are the value's bits. Times must rise. */
  append(t: number, high: number, low: number): void {
    if (this.count === 0) {
      this.bits(0, 16);
      writeVarint(this, t < 0 ? -2 * t - 1 : 2 * t);
      this.words(high, low);
      startXor(this, high, low);
    } else {
      const step = t - this.#t;
      if (this.count === 1) writeVarint(this, step);
      else writeStepChange(this, step - this.#step);
      this.#step = step;
      writeXor(this, this, high, low);
    }
    this.#t = t;
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
 * queries: bits are taken from 25-bit windows by arithmetic on local variables, without a reader object.
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
  const head = new BitReader(bytes, start, end);
  const count = head.bits(16);
  if (count === 0) return;
  // Two bits are the least that a sample takes: damaged bytes cannot make us reserve much.
  into.reserve(Math.min(count, (end - start) * 4));
  const zigzag = readVarint(head);
  let t = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  let high = head.bits(32) | 0;
  let low = head.bits(32) | 0;
  if (t > maxt) return;
  if (t >= mint) into.push(t, high, low);
  if (count === 1) return;
  let step = readVarint(head);
  t += step;

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const limit = end * 8;
  const { timestamps, words } = into;
  let at = into.end;
  let position = head.position;
  let leading = 0;
  let trailing = 0;
  for (let i = 1; ;) {
    // The value: 0 as before | 10 old window | 11 new window of 5 bits leading zeros, 6 bits width.
    const code = window(view, position);
    if (code >= 0) {
      position += 1;
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
        const bitsHigh = take(view, position, width - 32);
        const bitsLow = take(view, position + width - 32, 32);
        low ^= bitsLow << trailing;
        high ^= trailing === 0 ? bitsHigh : (bitsHigh << trailing) | (bitsLow >>> (32 - trailing));
      } else {
        const bits = take(view, position, width);
        if (trailing >= 32) {
          high ^= bits << (trailing - 32);
        } else {
          low ^= bits << trailing;
          if (trailing > 0) high ^= bits >>> (32 - trailing);
        }
      }
      position += width;
    }
    if (position > limit) throw new CorruptionError('a chunk ends too early');
    if (t > maxt) break;
    if (t >= mint) {
      timestamps[at] = t;
      words[2 * at + HIGH_WORD] = high;
      words[2 * at + LOW_WORD] = low;
      at++;
    }
    if (++i >= count) break;
    // The change of the step: 0 | 10 and 14 bits | 110 and 17 | 1110 and 20 | 1111 and 64.
    const prefix = window(view, position);
    if (prefix >= 0) {
      position += 1;
    } else if ((prefix & 0x40000000) === 0) {
      step += signed((prefix >>> 16) & 0x3fff, 14);
      position += 16;
    } else if ((prefix & 0x20000000) === 0) {
      step += signed((prefix >>> 12) & 0x1ffff, 17);
      position += 20;
    } else if ((prefix & 0x10000000) === 0) {
      step += signed((prefix >>> 8) & 0xfffff, 20);
      position += 24;
    } else {
      step += (take(view, position + 4, 32) | 0) * TWO_32 + take(view, position + 36, 32);
      position += 68;
    }
    t += step;
  }
  into.end = at;
}

/** The 25 bits from `position` on (and perhaps more) at the top of a signed word; behind the view come zeros. */
function window(view: DataView, position: number): number {
  const at = position >>> 3;
  if (at + 4 <= view.byteLength) return view.getInt32(at) << (position & 7);
  return tail(view, at) << (position & 7);
}

/** The `count` (0..32) bits from `position` on, unsigned. */
function take(view: DataView, position: number, count: number): number {
  if (count <= 25) return count === 0 ? 0 : window(view, position) >>> (32 - count);
  const at = position >>> 3;
  const shift = position & 7;
  const word = at + 4 <= view.byteLength ? view.getInt32(at) : tail(view, at);
  if (shift === 0) return word >>> (32 - count);
  const next = at + 4 < view.byteLength ? view.getUint8(at + 4) : 0;
  return ((word << shift) | (next >>> (8 - shift))) >>> (32 - count);
}

/** The last bytes of a view, filled up with zeros. */
function tail(view: DataView, from: number): number {
  let word = 0;
  for (let at = from; at < from + 4; at++)
    word = (word << 8) | (at < view.byteLength ? view.getUint8(at) : 0);
  return word;
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

/** Both -2^(n-1)+1 and 2^(n-1) fit n bits here, unlike in two's complement. */
function signed(bits: number, width: number): number {
  return bits > 1 << (width - 1) ? bits - (1 << width) : bits;
}
