import { Labels, type FloatHistogram, type Histogram } from '@prunella/metrics';
import { Random } from './promql-random.ts';

/** A value, the marker that a series has ended, or nothing: a gap. */
export type Sample = number | 'stale' | Histogram | FloatHistogram | undefined;

export interface Generated {
  readonly labels: Labels;
  /** How many ticks lie between two samples. */
  readonly every: number;
  /** ms after the tick. */
  readonly phase: number;
  readonly next: (i: number) => Sample;
}

/** Collects what is to be written. */
export class SeriesList {
  readonly series: Generated[] = [];
  readonly random = new Random(42);
  readonly #old: boolean;

  constructor(old: boolean) {
    this.#old = old;
  }

  add(
    labels: Readonly<Record<string, string>>,
    next: (i: number) => Sample,
    every = 2,
    jitter = false,
  ): void {
    // 777 is where the queries to old releases look.
    const phase = jitter ? 1001 + 2 * this.random.below(300) : this.#old ? 1234 : 0;
    this.series.push({ labels: Labels.from(labels), every, phase, next });
  }
}

/** Where the made-up services run. */
export const CLUSTERS = ['eu', 'us'] as const;
export const INSTANCES = ['i0', 'i1', 'i2', 'i3', 'i4', 'i5'] as const;
