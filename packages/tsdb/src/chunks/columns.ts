import type { FloatHistogram, Histogram, SampleColumns } from '@prunella/metrics';
import { NO_SAMPLES, wordsOf } from '@prunella/metrics';

/** Which of the two 32-bit words under a double is the low one on this machine. */
export const LOW_WORD: number = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
export const HIGH_WORD: number = 1 - LOW_WORD;

const SMALLEST_SLAB = 512;
const LARGEST_SLAB = 32 * 1024;

/**
 * Collects samples in time order as columns, series after series. All are written into shared slabs, of which each
 * series gets its stretch: thousands of small arrays would cost more than what is in them.
 */
export class ColumnBuilder {
  timestamps: Float64Array = new Float64Array(SMALLEST_SLAB);
  values: Float64Array = new Float64Array(SMALLEST_SLAB);
  words: Uint32Array = wordsOf(this.values);
  /** Where the samples of the series at hand begin … */
  start = 0;
  /** … and end. */
  end = 0;
  /** Of the series at hand, counted from `start`. */
  histograms: (Histogram | FloatHistogram | undefined)[] | undefined;

  /** How many samples the series at hand has. */
  get length(): number {
    return this.end - this.start;
  }

  /** Makes room for `extra` more samples. */
  reserve(extra: number): void {
    if (this.end + extra <= this.timestamps.length) return;
    const { timestamps, values, start, end } = this;
    const slab = Math.min(LARGEST_SLAB, timestamps.length * 2);
    const capacity = Math.max(slab, (end - start) * 2, end - start + extra);
    this.timestamps = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.timestamps.set(timestamps.subarray(start, end));
    this.values.set(values.subarray(start, end));
    this.words = wordsOf(this.values);
    this.start = 0;
    this.end = end - start;
  }

  push(t: number, high: number, low: number): void {
    if (this.end === this.timestamps.length) this.reserve(1);
    const at = this.end++;
    this.timestamps[at] = t;
    this.words[2 * at + HIGH_WORD] = high;
    this.words[2 * at + LOW_WORD] = low;
  }

  /** Adds a histogram; `high` and `low` are the bits of its sum. */
  pushHistogram(t: number, h: Histogram | FloatHistogram, high: number, low: number): void {
    this.histograms ??= [];
    this.histograms[this.length] = h;
    this.push(t, high, low);
  }

  /** Adds all samples of some columns. */
  append({ timestamps, values, histograms }: SampleColumns): void {
    this.reserve(timestamps.length);
    const { end } = this;
    this.timestamps.set(timestamps, end);
    this.values.set(values, end);
    this.end += timestamps.length;
    if (histograms === undefined) return;
    this.histograms ??= [];
    for (const [i, each] of histograms.entries())
      if (each !== undefined) this.histograms[end - this.start + i] = each;
  }

  /** Drops all but the first `length` samples of the series at hand. */
  truncate(length: number): void {
    this.end = this.start + length;
  }

  /** The samples of the series at hand; the next series begins. */
  take(): SampleColumns {
    const { start, end, histograms } = this;
    if (start === end) return NO_SAMPLES;
    const timestamps = this.timestamps.subarray(start, end);
    const values = this.values.subarray(start, end);
    this.start = end;
    this.histograms = undefined;
    if (histograms === undefined) return { timestamps, values };
    histograms.length = end - start;
    return { timestamps, values, histograms: Array.from(histograms) };
  }

  /** Forgets the samples of the series at hand. */
  clear(): void {
    this.end = this.start;
    this.histograms = undefined;
  }
}
