import { wordsOf, type FloatHistogram, type Histogram, type SampleColumns } from '@prunella/metrics';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';

/** Samples of one series that came out of order, in time order, each time once. */
export class LateSamples {
  #timestamps: Float64Array = new Float64Array(8);
  #values: Float64Array = new Float64Array(8);
  #words: Uint32Array = wordsOf(this.#values);
  /** Present where any sample is a histogram: entry i is set where sample i is one. */
  #histograms: (Histogram | FloatHistogram | undefined)[] | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get minTime(): number {
    return this.#length === 0 ? Infinity : this.#timestamps[0]!;
  }

  get maxTime(): number {
    return this.#length === 0 ? -Infinity : this.#timestamps[this.#length - 1]!;
  }

  /**
   * @param high with `low` the bits of the float, of a histogram those of its sum
   * @returns false where there is a sample of that time already
   */
  insert(t: number, high: number, low: number, histogram?: Histogram | FloatHistogram): boolean {
    const at = this.#position(t);
    if (at < this.#length && this.#timestamps[at] === t) return false;
    if (this.#length === this.#timestamps.length) this.#grow();
    this.#timestamps.copyWithin(at + 1, at, this.#length);
    this.#words.copyWithin(2 * at + 2, 2 * at, 2 * this.#length);
    this.#timestamps[at] = t;
    this.#words[2 * at + HIGH_WORD] = high;
    this.#words[2 * at + LOW_WORD] = low;
    if (histogram !== undefined) this.#histograms ??= Array.from({ length: this.#length }, () => undefined);
    this.#histograms?.splice(at, 0, histogram);
    this.#length++;
    return true;
  }

  /** Copies of those with mint <= t <= maxt. */
  between(mint: number, maxt: number): SampleColumns {
    const from = this.#position(mint);
    const to = this.#position(maxt + 1);
    const columns = { timestamps: this.#timestamps.slice(from, to), values: this.#values.slice(from, to) };
    const histograms = this.#histograms?.slice(from, to);
    return histograms === undefined ? columns : { ...columns, histograms };
  }

  /** Takes out those before `t`; undefined where there is none. */
  takeBefore(t: number): LateSamples | undefined {
    const cut = this.#position(t);
    if (cut === 0) return undefined;
    const taken = LateSamples.of(this.between(-Infinity, t - 1));
    this.#timestamps.copyWithin(0, cut, this.#length);
    this.#words.copyWithin(0, 2 * cut, 2 * this.#length);
    this.#histograms?.splice(0, cut);
    this.#length -= cut;
    return taken;
  }

  static of({ timestamps, values, histograms }: SampleColumns): LateSamples {
    const late = new LateSamples();
    late.#timestamps = timestamps;
    late.#values = values;
    late.#words = wordsOf(values);
    late.#histograms = histograms === undefined ? undefined : [...histograms];
    late.#length = timestamps.length;
    return late;
  }

  /** The first place with a time >= t. */
  #position(t: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timestamps[middle]! < t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const { timestamps, values } = this.between(-Infinity, Infinity);
    this.#timestamps = new Float64Array(this.#length * 2);
    this.#values = new Float64Array(this.#length * 2);
    this.#timestamps.set(timestamps);
    this.#values.set(values);
    this.#words = wordsOf(this.#values);
  }
}
