import type { BitReader, BitWriter } from './bits.ts';

/**
 * Where the code of a run of 64-bit values stands: the last value, as two signed words (small integers to the engine, and
 * safe from NaN canonicalisation), and the window of meaningful bits used last.
 */
export interface XorState {
  high: number;
  low: number;
  /** Zeros before and behind the window; `leading` is 255 while there is none. */
  leading: number;
  trailing: number;
}

const NO_WINDOW = 255;

/** Begins a run with a value that is written plainly. */
export function startXor(state: XorState, high: number, low: number): void {
  state.high = high | 0;
  state.low = low | 0;
  state.leading = NO_WINDOW;
  state.trailing = 0;
}

/**
 * Writes the next value (Gorilla §4.1.2, with Prometheus's widths), XOR the one before: `0` nothing differs; `10` the
 * bits that differ lie in the window of the last code, and follow; `11` a new window: 5 bits of leading zeros, 6 bits of
 * width (0 = 64), then that many bits.
 */
export function writeXor(out: BitWriter, state: XorState, high: number, low: number): void {
  const dh = high ^ state.high;
  const dl = low ^ state.low;
  if ((dh | dl) === 0) return out.bit(false);
  state.high = high | 0;
  state.low = low | 0;
  // Five bits hold the count of leading zeros.
  const leading = Math.min(dh !== 0 ? Math.clz32(dh) : 32 + Math.clz32(dl), 31);
  const trailing = dl !== 0 ? 31 - Math.clz32(dl & -dl) : 63 - Math.clz32(dh & -dh);
  if (leading >= state.leading && trailing >= state.trailing) {
    out.bits(0b10, 2);
  } else {
    state.leading = leading;
    state.trailing = trailing;
    out.bits((0b11 << 11) | (leading << 6) | ((64 - leading - trailing) & 63), 13);
  }
  const shift = state.trailing;
  const width = 64 - state.leading - shift;
  if (shift >= 32) return out.bits(dh >>> (shift - 32), width);
  const low32 = shift === 0 ? dl : (dl >>> shift) | (dh << (32 - shift));
  if (width <= 32) return out.bits(low32, width);
  out.bits(dh >>> shift, width - 32);
  out.bits(low32, 32);
}

/** Reads the next value. */
export function readXor(input: BitReader, state: XorState): void {
  if (input.bit() === 0) return;
  if (input.bit() === 1) {
    const window = input.bits(11);
    const width = window & 63 || 64;
    state.leading = window >>> 6;
    // Damaged input may ask for more than 64 bits; the checksum has the last word, we only must not misbehave.
    state.trailing = Math.max(0, 64 - state.leading - width);
  }
  const shift = state.trailing;
  const width = 64 - (state.leading === NO_WINDOW ? 0 : state.leading) - shift;
  if (width <= 32) {
    const bits = input.bits(width);
    if (shift >= 32) {
      state.high ^= bits << (shift - 32);
    } else {
      state.low ^= bits << shift;
      if (shift > 0) state.high ^= bits >>> (32 - shift);
    }
    return;
  }
  const high = input.bits(width - 32);
  const low = input.bits(32);
  state.low ^= low << shift;
  state.high ^= shift === 0 ? high : (high << shift) | (low >>> (32 - shift));
}
