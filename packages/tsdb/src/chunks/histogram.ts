import {
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
  type CounterResetHint,
  type FloatHistogram,
  type Histogram,
} from '@prunella/metrics';
import { CorruptionError } from '../errors.ts';
import { BitReader, BitWriter } from './bits.ts';
import type { ColumnBuilder } from './columns.ts';
import { FLOAT_HISTOGRAM, HISTOGRAM, type ChunkAppender, type Encoding } from './encoding.ts';
import {
  bucketCount,
  floatOf,
  layoutOf,
  readLayout,
  sameLayout,
  wordsOfFloat,
  writeLayout,
  type HistogramLayout,
} from './histogram_layout.ts';
import { readVarbitInt, readVarbitUint, writeVarbitInt, writeVarbitUint } from './varbit.ts';
import { readXor, startXor, writeXor, type XorState } from './xor_code.ts';

/** A number that is stored as the change of its change: near zero for what grows evenly. */
class Trend {
  value = 0;
  #step = 0;

  write(out: BitWriter, value: number): void {
    const step = value - this.value;
    writeVarbitInt(out, step - this.#step);
    this.value = value;
    this.#step = step;
  }

  read(input: BitReader): number {
    this.#step += readVarbitInt(input);
    this.value += this.#step;
    return this.value;
  }
}

/** A float stored as the XOR with the one before. */
class Float implements XorState {
  high = 0;
  low = 0;
  leading = 0;
  trailing = 0;

  get value(): number {
    return floatOf(this.high, this.low);
  }

  write(out: BitWriter, value: number, first: boolean): void {
    const { high, low } = wordsOfFloat(value);
    if (!first) return writeXor(out, this, high, low);
    out.words(high, low);
    startXor(this, high, low);
  }

  read(input: BitReader, first: boolean): number {
    if (first) {
      const high = input.bits(32);
      startXor(this, high, input.bits(32));
    } else {
      readXor(input, this);
    }
    return this.value;
  }
}

/** The counts of an integer histogram: whole numbers, buckets as differences to their neighbour. */
class IntegerCounts {
  readonly #count = new Trend();
  readonly #zeroCount = new Trend();
  /** Of all buckets: the value, and the step that led to it. */
  readonly #values: Float64Array;
  readonly #steps: Float64Array;
  readonly #positive: number;

  constructor(layout: HistogramLayout) {
    this.#positive = bucketCount(layout.positiveSpans);
    const all = this.#positive + bucketCount(layout.negativeSpans);
    this.#values = new Float64Array(all);
    this.#steps = new Float64Array(all);
  }

  writeTotals(out: BitWriter, h: Histogram, first: boolean): void {
    if (first) {
      // The first are plain numbers, and no step is taken to them.
      writeVarbitUint(out, h.count);
      writeVarbitUint(out, h.zeroCount);
      this.#count.value = h.count;
      this.#zeroCount.value = h.zeroCount;
      return;
    }
    this.#count.write(out, h.count);
    this.#zeroCount.write(out, h.zeroCount);
  }

  writeBuckets(out: BitWriter, h: Histogram, first: boolean): void {
    const [values, steps] = [this.#values, this.#steps];
    for (let i = 0; i < values.length; i++) {
      const value = i < this.#positive ? h.positiveDeltas[i]! : h.negativeDeltas[i - this.#positive]!;
      const step = value - values[i]!;
      writeVarbitInt(out, step - steps[i]!);
      values[i] = value;
      // No step is taken to the first.
      if (!first) steps[i] = step;
    }
  }

  readTotals(input: BitReader, first: boolean): void {
    if (first) {
      this.#count.value = readVarbitUint(input);
      this.#zeroCount.value = readVarbitUint(input);
      return;
    }
    this.#count.read(input);
    this.#zeroCount.read(input);
  }

  readBuckets(input: BitReader, first: boolean): void {
    const [values, steps] = [this.#values, this.#steps];
    for (let i = 0; i < values.length; i++) {
      const read = readVarbitInt(input);
      if (first) values[i] = read;
      else values[i]! += steps[i]! += read;
    }
  }

  histogram(layout: HistogramLayout, counterResetHint: CounterResetHint, sum: number): Histogram {
    return {
      kind: 'integer',
      counterResetHint,
      schema: layout.schema,
      zeroThreshold: layout.zeroThreshold,
      count: this.#count.value,
      zeroCount: this.#zeroCount.value,
      sum,
      positiveSpans: layout.positiveSpans,
      negativeSpans: layout.negativeSpans,
      positiveDeltas: numbersOf(this.#values, 0, this.#positive),
      negativeDeltas: numbersOf(this.#values, this.#positive, this.#values.length),
      customValues: layout.customValues,
    };
  }
}

function numbersOf(values: Float64Array, from: number, to: number): number[] {
  const numbers: number[] = [];
  for (let i = from; i < to; i++) numbers.push(values[i]!);
  return numbers;
}

/** The counts of a float histogram, buckets absolute. */
class FloatCounts {
  readonly #count = new Float();
  readonly #zeroCount = new Float();
  readonly #buckets: readonly Float[];
  readonly #positive: number;

  constructor(layout: HistogramLayout) {
    this.#positive = bucketCount(layout.positiveSpans);
    const all = this.#positive + bucketCount(layout.negativeSpans);
    this.#buckets = Array.from({ length: all }, () => new Float());
  }

  writeTotals(out: BitWriter, h: FloatHistogram, first: boolean): void {
    this.#count.write(out, h.count, first);
    this.#zeroCount.write(out, h.zeroCount, first);
  }

  writeBuckets(out: BitWriter, h: FloatHistogram, first: boolean): void {
    for (const [i, float] of this.#buckets.entries()) {
      const value = i < this.#positive ? h.positiveBuckets[i]! : h.negativeBuckets[i - this.#positive]!;
      float.write(out, value, first);
    }
  }

  readTotals(input: BitReader, first: boolean): void {
    this.#count.read(input, first);
    this.#zeroCount.read(input, first);
  }

  readBuckets(input: BitReader, first: boolean): void {
    for (const float of this.#buckets) float.read(input, first);
  }

  histogram(layout: HistogramLayout, counterResetHint: CounterResetHint, sum: number): FloatHistogram {
    const values = this.#buckets.map((float) => float.value);
    return {
      kind: 'float',
      counterResetHint,
      ...layout,
      count: this.#count.value,
      zeroCount: this.#zeroCount.value,
      sum,
      positiveBuckets: values.slice(0, this.#positive),
      negativeBuckets: values.slice(this.#positive),
    };
  }
}

/** A chunk of histograms of one layout: `count u16 | layout`, then per sample time, totals, sum and buckets. */
export class HistogramAppender implements ChunkAppender {
  readonly encoding: Encoding;
  readonly layout: HistogramLayout;
  readonly gauge: boolean;
  count = 0;
  readonly #out: BitWriter = new BitWriter(256);
  readonly #counts: IntegerCounts | FloatCounts;
  readonly #time = new Trend();
  readonly #sum = new Float();

  /** @param hint how the first histogram relates to the one before it */
  constructor(first: Histogram | FloatHistogram, hint: CounterResetHint) {
    this.encoding = first.kind === 'integer' ? HISTOGRAM : FLOAT_HISTOGRAM;
    this.layout = layoutOf(first);
    this.gauge = hint === 'gauge';
    this.#counts = first.kind === 'integer' ? new IntegerCounts(this.layout) : new FloatCounts(this.layout);
    this.#out.bits(0, 16);
    writeLayout(this.#out, hint, this.layout);
  }

  get byteLength(): number {
    return this.#out.byteLength;
  }

  /** Whether a histogram may go into this chunk, as far as its form goes. */
  fits(h: Histogram | FloatHistogram): boolean {
    const encoding = h.kind === 'integer' ? HISTOGRAM : FLOAT_HISTOGRAM;
    return (
      encoding === this.encoding &&
      (h.counterResetHint === 'gauge') === this.gauge &&
      sameLayout(this.layout, h)
    );
  }

  /** Adds a histogram that fits. Times must rise. */
  append(t: number, h: Histogram | FloatHistogram): void {
    const out = this.#out;
    const first = this.count === 0;
    if (first) writeVarbitInt(out, (this.#time.value = t));
    else this.#time.write(out, t);
    const counts = this.#counts as { writeTotals: typeof writeNothing; writeBuckets: typeof writeNothing };
    counts.writeTotals(out, h, first);
    this.#sum.write(out, h.sum, first);
    counts.writeBuckets(out, h, first);
    this.count++;
  }

  data(): Uint8Array {
    const { bytes } = this.#out;
    bytes[0] = this.count >>> 8;
    bytes[1] = this.count;
    return bytes.subarray(0, this.#out.byteLength);
  }
}

declare function writeNothing(out: BitWriter, h: Histogram | FloatHistogram, first: boolean): void;

/** Decodes the samples with mint <= t <= maxt. A stale marker comes as the float that it is. @throws CorruptionError */
export function decodeHistograms(
  encoding: typeof HISTOGRAM | typeof FLOAT_HISTOGRAM,
  bytes: Uint8Array,
  start: number,
  end: number,
  into: ColumnBuilder,
  mint: number,
  maxt: number,
): void {
  const input = new BitReader(bytes, start, end);
  const samples = input.bits(16);
  if (samples === 0) return;
  const { hint, layout } = readLayout(input);
  const buckets = bucketCount(layout.positiveSpans) + bucketCount(layout.negativeSpans);
  // Every bucket of the first sample takes a bit: damaged bytes cannot make us reserve much.
  if (buckets > (end - start) * 8) throw new CorruptionError(`a histogram claims ${buckets} buckets`);
  const counts = encoding === HISTOGRAM ? new IntegerCounts(layout) : new FloatCounts(layout);
  const time = new Trend();
  const sum = new Float();
  for (let i = 0; i < samples; i++) {
    const first = i === 0;
    const t = first ? (time.value = readVarbitInt(input)) : time.read(input);
    counts.readTotals(input, first);
    sum.read(input, first);
    const { high, low } = sum;
    const stale = high >>> 0 === STALE_NAN_HIGH && low >>> 0 === STALE_NAN_LOW;
    if (!stale) counts.readBuckets(input, first);
    if (t > maxt) return;
    if (t < mint) continue;
    // Within a chunk no counter is reset: that would have begun a new one.
    const own = hint === 'gauge' || first ? hint : 'not_reset';
    if (stale) into.push(t, high, low);
    else into.pushHistogram(t, counts.histogram(layout, own, sum.value), high, low);
  }
}
