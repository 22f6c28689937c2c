import type { FloatHistogram, Histogram, SampleColumns } from '@prunella/metrics';
import { NO_SAMPLES, wordsOf } from '@prunella/metrics';

/** Which of the two 32-bit words under a double is the low one on this machine. */
export const LOW_WORD: number = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
export const HIGH_WORD: number = 1 - LOW_WORD;

/** Collects samples in time order as columns. Reused from series to series: `take` copies the result out. */
export class ColumnBuilder {
  timestamps: Float64Array;
  values: Float64Array;
  words: Uint32Array;
  histograms: (Histogram | FloatHistogram | undefined)[] | undefined;
  length = 0;

  constructor(capacity = 512) {
    this.timestamps = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.words = wordsOf(this.values);
  }

  /** Makes room for `extra` more samples. */
  reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed <= this.timestamps.length) return;
    const capacity = Math.max(needed, this.timestamps.length * 2);
    const { timestamps, values } = this;
    this.timestamps = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.timestamps.set(timestamps);
    this.values.set(values);
    this.words = wordsOf(this.values);
  }

  push(t: number, high: number, low: number): void {
    const at = this.length;
    if (at === this.timestamps.length) this.reserve(1);
    this.timestamps[at] = t;
    this.words[2 * at + HIGH_WORD] = high;
    this.words[2 * at + LOW_WORD] = low;
    this.length = at + 1;
  }

  /** Adds a histogram; `high` and `low` are the bits of its sum. */
  pushHistogram(t: number, h: Histogram | FloatHistogram, high: number, low: number): void {
    this.histograms ??= [];
    this.histograms[this.length] = h;
    this.push(t, high, low);
  }

  /** Adds all samples of some columns. */
  append(columns: SampleColumns): void {
    const words = wordsOf(columns.values);
    for (const [i, t] of columns.timestamps.entries()) {
      const high = words[2 * i + HIGH_WORD]!;
      const low = words[2 * i + LOW_WORD]!;
      const histogram = columns.histograms?.[i];
      if (histogram === undefined) this.push(t, high, low);
      else this.pushHistogram(t, histogram, high, low);
    }
  }

  /** The samples collected, in arrays of their own; the builder is empty afterwards. */
  take(): SampleColumns {
    const { length, histograms } = this;
    if (length === 0) return NO_SAMPLES;
    const timestamps = this.timestamps.slice(0, length);
    const values = this.values.slice(0, length);
    this.clear();
    if (histograms === undefined) return { timestamps, values };
    histograms.length = length;
    return { timestamps, values, histograms: Array.from(histograms) };
  }

  clear(): void {
    this.length = 0;
    this.histograms = undefined;
  }
}
