import type { Exemplar, FloatHistogram, Histogram, Metadata } from '@prunella/metrics';
import { wordsOf } from '@prunella/metrics';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import type { MemSeries } from './series.ts';

export interface PendingHistogram {
  readonly series: MemSeries;
  readonly t: number;
  readonly histogram: Histogram | FloatHistogram;
}

/** The samples of one commit: floats as columns, the rarer kinds as lists. */
export class Batch {
  readonly series: MemSeries[] = [];
  timestamps: Float64Array = new Float64Array(256);
  values: Float64Array = new Float64Array(256);
  words: Uint32Array = wordsOf(this.values);
  readonly histograms: PendingHistogram[] = [];
  readonly exemplars: { series: MemSeries; exemplar: Exemplar & { timestamp: number } }[] = [];
  readonly metadata: { series: MemSeries; metadata: Metadata }[] = [];

  get empty(): boolean {
    return this.series.length + this.histograms.length + this.exemplars.length + this.metadata.length === 0;
  }

  /** Adds a float by its bits. */
  push(series: MemSeries, t: number, high: number, low: number): void {
    const at = this.series.length;
    if (at === this.timestamps.length) this.#grow();
    this.series.push(series);
    this.timestamps[at] = t;
    this.words[2 * at + HIGH_WORD] = high;
    this.words[2 * at + LOW_WORD] = low;
    series.pendingBatch = this;
    series.pendingTime = t;
  }

  pushHistogram(series: MemSeries, t: number, histogram: Histogram | FloatHistogram): void {
    this.histograms.push({ series, t, histogram });
    series.pendingBatch = this;
    series.pendingTime = t;
  }

  /** The batch is in the head, or never will be: its series no longer wait for it. */
  settle(): void {
    for (const series of this.series) if (series.pendingBatch === this) series.pendingBatch = undefined;
    for (const { series } of this.histograms)
      if (series.pendingBatch === this) series.pendingBatch = undefined;
  }

  #grow(): void {
    const { timestamps, values } = this;
    this.timestamps = new Float64Array(timestamps.length * 2);
    this.values = new Float64Array(values.length * 2);
    this.timestamps.set(timestamps);
    this.values.set(values);
    this.words = wordsOf(this.values);
  }
}
