import type { FloatHistogram, Histogram } from './histogram/histogram.ts';

/**
 * Samples of one series as columns in time order, without an object per sample. All columns have the same length.
 * They may be views of a larger buffer and must not be changed by the reader.
 */
export interface SampleColumns {
  /** Milliseconds since the epoch; whole numbers. */
  readonly timestamps: Float64Array;
  /** The floats. A stale marker is in here as its NaN bit pattern: see `isStale`. */
  readonly values: Float64Array;
  /** Present where any sample is a histogram: entry i is set where sample i is one (`values[i]` is then its sum). */
  readonly histograms?: readonly (Histogram | FloatHistogram | undefined)[];
  /** Start timestamps in ms, 0 = unknown; absent where none is known. */
  readonly startTimestamps?: Float64Array;
}

/** The NaN that marks "this series has ended": 0x7ff0000000000002. An ordinary NaN is 0x7ff8000000000001. */
export const STALE_NAN_HIGH = 0x7ff00000;
export const STALE_NAN_LOW = 0x00000002;
export const STALE_NAN_BITS = 0x7ff0000000000002n;
export const NORMAL_NAN_BITS = 0x7ff8000000000001n;

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const LOW = LITTLE_ENDIAN ? 0 : 1;

/**
 * The 32-bit words under a column of doubles. JavaScript may change a NaN's payload when a number passes through
 * it, so staleness is read from and written to the bits.
 */
export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Whether entry `i` of the column is a stale marker; `words` is `wordsOf(column)`. */
export function isStaleAt(words: Uint32Array, i: number): boolean {
  return words[2 * i + 1 - LOW] === STALE_NAN_HIGH && words[2 * i + LOW] === STALE_NAN_LOW;
}

/** Makes entry `i` of the column a stale marker; `words` is `wordsOf(column)`. */
export function setStaleAt(words: Uint32Array, i: number): void {
  words[2 * i + 1 - LOW] = STALE_NAN_HIGH;
  words[2 * i + LOW] = STALE_NAN_LOW;
}

/** A column of samples without any. */
export const NO_SAMPLES: SampleColumns = { timestamps: new Float64Array(0), values: new Float64Array(0) };
