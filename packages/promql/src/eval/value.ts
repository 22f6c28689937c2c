import type { FloatHistogram, Labels, SampleColumns } from '@prunella/metrics';

/** The times a query is evaluated at: `start + i × step`, in ms. */
export interface Grid {
  readonly start: number;
  readonly step: number;
  readonly steps: number;
}

/** One series of an instant vector over all steps of a grid: entry i belongs to step i where `present[i]` is 1. */
export interface StepSeries {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  /** The name no longer fits the values and goes: at once, or under delayed name removal at the very end. */
  readonly dropName?: boolean;
  /** Present where any step has a histogram: entry i then is the value of step i. */
  histograms?: (FloatHistogram | undefined)[] | undefined;
}

/** A series of a range vector: its samples, stale markers taken out. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly samples: SampleColumns;
  readonly dropName?: boolean;
}

export type Value =
  | { readonly type: 'scalar'; readonly values: Float64Array }
  | { readonly type: 'string'; readonly value: string }
  | {
      readonly type: 'vector';
      readonly series: readonly StepSeries[];
      /** Result order matters (sort, topk). */ readonly ordered?: boolean;
    };

export function newSeries(labels: Labels, steps: number, dropName?: boolean): StepSeries {
  // All of one shape: the loops over steps read these properties in every turn.
  return {
    labels,
    values: new Float64Array(steps),
    present: new Uint8Array(steps),
    dropName: dropName ?? false,
    histograms: undefined,
  };
}

/** Copies the value of a step, be it a float or a histogram. */
export function copyStep(from: StepSeries, to: StepSeries, i: number): void {
  to.values[i] = from.values[i] as number;
  to.present[i] = 1;
  const histogram = from.histograms?.[i];
  if (histogram) setHistogram(to, i, histogram);
}

export function setHistogram(to: StepSeries, i: number, histogram: FloatHistogram): void {
  to.histograms ??= Array.from({ length: to.values.length });
  to.histograms[i] = histogram;
  to.values[i] = histogram.sum;
  to.present[i] = 1;
}

export function timeAt(grid: Grid, i: number): number {
  return grid.start + i * grid.step;
}

/** The times of all steps, ms. */
export function timesOf({ start, step, steps }: Grid): Float64Array {
  const times = new Float64Array(steps);
  for (let i = 0; i < steps; i++) times[i] = start + i * step;
  return times;
}
