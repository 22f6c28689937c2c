import { toFloatHistogram, type FloatHistogram, type Histogram } from '@prunella/metrics';
import { hasDropped, sameLayout } from './algebra.ts';
import { extrapolation } from './range.ts';

type Column = readonly (Histogram | FloatHistogram | undefined)[];

/**
 * A column of histograms that count. Most windows have no reset, no change of the buckets and no float in them: then
 * the first and the last sample tell all, and of the others not even the buckets are looked at.
 */
export class SteadyCounter {
  readonly #column: Column;
  readonly #times: Float64Array;
  /** How many samples up to and with this one do not simply go on from the one before. */
  readonly #breaks: Uint32Array;
  readonly #floats: (FloatHistogram | undefined)[] = [];

  constructor(times: Float64Array, column: Column) {
    this.#times = times;
    this.#column = column;
    this.#breaks = new Uint32Array(times.length);
    let breaks = 0;
    for (let i = 0; i < times.length; i++) {
      if (!this.#goesOn(i)) breaks++;
      this.#breaks[i] = breaks;
    }
  }

  /** The rate or increase over the samples [from, to); undefined where there is more to be looked at. Times in ms. */
  increase(
    from: number,
    to: number,
    start: number,
    end: number,
    perSecond: boolean,
  ): FloatHistogram | undefined {
    const breaks = this.#breaks;
    if (to - from < 2 || breaks[from] !== breaks[to - 1]) return undefined;
    const [a, b] = [this.#float(from), this.#float(to - 1)];
    if (!a || !b || a.counterResetHint === 'gauge') return undefined;
    const [first, last] = [this.#times[from] as number, this.#times[to - 1] as number];
    const edges = { first, last, count: to - from, start, end };
    const factor = extrapolation(edges, a.count, b.count - a.count, true, perSecond);
    return {
      kind: 'float',
      counterResetHint: 'gauge',
      schema: b.schema,
      zeroThreshold: b.zeroThreshold,
      zeroCount: (b.zeroCount - a.zeroCount) * factor,
      count: (b.count - a.count) * factor,
      sum: (b.sum - a.sum) * factor,
      positiveSpans: b.positiveSpans,
      negativeSpans: b.negativeSpans,
      positiveBuckets: grown(a.positiveBuckets, b.positiveBuckets, factor),
      negativeBuckets: grown(a.negativeBuckets, b.negativeBuckets, factor),
      customValues: b.customValues,
    };
  }

  /** Whether a sample is no reset, and counts in the same buckets as the one before. */
  #goesOn(i: number): boolean {
    const [before, h] = [this.#column[i - 1], this.#column[i]];
    if (!before || !h || !sameLayout(before, h)) return false;
    if (h.counterResetHint !== 'unknown') return h.counterResetHint === 'not_reset';
    return !hasDropped(this.#float(i - 1) as FloatHistogram, this.#float(i) as FloatHistogram);
  }

  #float(i: number): FloatHistogram | undefined {
    const h = this.#column[i];
    return h && (this.#floats[i] ??= toFloatHistogram(h));
  }
}

function grown(before: readonly number[], after: readonly number[], factor: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < after.length; i++) result.push(((after[i] as number) - (before[i] as number)) * factor);
  return result;
}
