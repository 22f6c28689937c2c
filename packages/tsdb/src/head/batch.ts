import {
  wordsOf,
  type Exemplar,
  type FloatHistogram,
  type Histogram,
  type Metadata,
  type SampleColumns,
} from '@prunella/metrics';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import type { MemSeries } from './series.ts';

export interface LateSample {
  readonly series: MemSeries;
  readonly t: number;
  /** The bits of the float, of a histogram those of its sum. */
  readonly high: number;
  readonly low: number;
  readonly histogram?: Histogram | FloatHistogram | undefined;
}

const scratch = new Float64Array(1);
const scratchWords = wordsOf(scratch);

export function lateHistogram(
  series: MemSeries,
  t: number,
  histogram: Histogram | FloatHistogram,
): LateSample {
  scratch[0] = histogram.sum;
  return { series, t, high: scratchWords[HIGH_WORD]!, low: scratchWords[LOW_WORD]!, histogram };
}

/** Samples that `LateSamples` gives, as a log takes them. */
export function* lateSamplesOf(
  series: MemSeries,
  { timestamps, values, histograms }: SampleColumns,
): Generator<LateSample> {
  const words = wordsOf(values);
  for (const [i, t] of timestamps.entries())
    yield {
      series,
      t,
      high: words[2 * i + HIGH_WORD]!,
      low: words[2 * i + LOW_WORD]!,
      histogram: histograms?.[i],
    };
}

/** What one commit adds, in the order of its appends: samples as columns, the rarer things as lists. */
export class Batch {
  readonly series: MemSeries[] = [];
  timestamps: Float64Array = new Float64Array(256);
  values: Float64Array = new Float64Array(256);
  words: Uint32Array = wordsOf(this.values);
  /** Present where any sample is a histogram: entry i is set where sample i is one. */
  histograms: (Histogram | FloatHistogram | undefined)[] | undefined;
  /** Whether a series has samples of both kinds, so that their order matters. */
  mixed = false;
  /** Samples that are older than their series's newest one. */
  readonly late: LateSample[] = [];
  readonly exemplars: { series: MemSeries; exemplar: Exemplar & { timestamp: number } }[] = [];
  readonly metadata: { series: MemSeries; metadata: Metadata }[] = [];

  get empty(): boolean {
    return this.series.length + this.late.length + this.exemplars.length + this.metadata.length === 0;
  }

  /** Adds a float by its bits. */
  push(series: MemSeries, t: number, high: number, low: number): void {
    const at = this.#add(series, t, false);
    this.words[2 * at + HIGH_WORD] = high;
    this.words[2 * at + LOW_WORD] = low;
  }

  pushHistogram(series: MemSeries, t: number, histogram: Histogram | FloatHistogram): void {
    this.histograms ??= [];
    this.histograms[this.#add(series, t, true)] = histogram;
  }

  /** The batch is in the head, or never will be: its series no longer wait for it. */
  settle(): void {
    for (const series of this.series) if (series.pendingBatch === this) series.pendingBatch = undefined;
  }

  #add(series: MemSeries, t: number, histogram: boolean): number {
    const at = this.series.length;
    if (at === this.timestamps.length) this.#grow();
    this.series.push(series);
    this.timestamps[at] = t;
    if (series.pendingBatch === this && series.pendingHistogram !== histogram) this.mixed = true;
    series.setPending(this, t, histogram);
    return at;
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
