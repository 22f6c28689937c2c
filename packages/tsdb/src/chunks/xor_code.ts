import type { BitReader, BitWriter } from './bits.ts';

/** No window of meaningful bits has been agreed on yet. */
const NO_WINDOW = 255;

/**
 * The code of one 64-bit value after another (Gorilla §4.1.2, with Prometheus's widths). The value XOR the one before:
 * `0` nothing differs; `10` the bits that differ lie in the window of the last code, and follow; `11` a new window:
 * 5 bits of leading zeros, 6 bits of width (0 = 64), then that many bits.
 *
 * Values are kept as two signed words: small integers to the engine, and safe from NaN canonicalisation.
 */
export class XorCode {
  high = 0;
  low = 0;
  #leading = NO_WINDOW;
  #trailing = 0;

  start(high: number, low: number): void {
    this.high = high | 0;
    this.low = low | 0;
    this.#leading = NO_WINDOW;
    this.#trailing = 0;
  }

  write(out: BitWriter, high: number, low: number): void {
    const dh = high ^ this.high;
    const dl = low ^ this.low;
    this.high = high | 0;
    this.low = low | 0;
    if ((dh | dl) === 0) return out.bit(false);
    // Five bits hold the count of leading zeros.
    const leading = Math.min(dh !== 0 ? Math.clz32(dh) : 32 + Math.clz32(dl), 31);
    const trailing = dl !== 0 ? 31 - Math.clz32(dl & -dl) : 63 - Math.clz32(dh & -dh);
    if (this.#leading !== NO_WINDOW && leading >= this.#leading && trailing >= this.#trailing) {
      out.bits(0b10, 2);
    } else {
      this.#leading = leading;
      this.#trailing = trailing;
      out.bits(0b11, 2);
      out.bits((leading << 6) | ((64 - leading - trailing) & 63), 11);
    }
    const shift = this.#trailing;
    const width = 64 - this.#leading - shift;
    if (shift >= 32) return out.bits(dh >>> (shift - 32), width);
    const low32 = shift === 0 ? dl : (dl >>> shift) | (dh << (32 - shift));
    if (width <= 32) return out.bits(low32, width);
    out.bits(dh >>> shift, width - 32);
    out.bits(low32, 32);
  }

  read(input: BitReader): void {
    if (input.bit() === 0) return;
    if (input.bit() === 1) {
      const window = input.bits(11);
      const width = window & 63 || 64;
      this.#leading = window >>> 6;
      // Damaged input may ask for more than 64 bits; the checksum has the last word, we only must not misbehave.
      this.#trailing = Math.max(0, 64 - this.#leading - width);
    }
    const shift = this.#trailing;
    const width = 64 - (this.#leading === NO_WINDOW ? 0 : this.#leading) - shift;
    if (width <= 32) {
      const bits = input.bits(width);
      if (shift >= 32) {
        this.high ^= bits << (shift - 32);
      } else {
        this.low ^= bits << shift;
        if (shift > 0) this.high ^= bits >>> (32 - shift);
      }
      return;
    }
    const high = input.bits(width - 32);
    const low = input.bits(32);
    this.low ^= low << shift;
    this.high ^= shift === 0 ? high : (high << shift) | (low >>> (32 - shift));
  }
}
