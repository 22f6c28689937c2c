import type { FloatHistogram, Histogram, Labels, Metadata, SampleColumns } from '@prunella/metrics';
import type { Chunk } from '../block/chunks.ts';
import { ColumnBuilder, HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import { isCounterReset } from '../chunks/counter_reset.ts';
import { decodeChunk } from '../chunks/decode.ts';
import type { ChunkAppender } from '../chunks/encoding.ts';
import { HistogramAppender } from '../chunks/histogram.ts';
import { XorAppender } from '../chunks/xor.ts';
import type { Interval } from '../intervals.ts';
import { rangeEnd } from '../ranges.ts';
import type { ChunkStore } from './chunk_store.ts';
import type { LateSamples } from './late.ts';

/** A chunk is cut so that it holds about this many samples … */
const TARGET_SAMPLES = 120;
/** … and at the latest at twice as many. */
const MOST_SAMPLES = 2 * TARGET_SAMPLES;

/** What a series needs of its head to grow. */
export interface SeriesContext {
  readonly chunks: ChunkStore;
  /** Length of a block, ms: no chunk crosses its borders. */
  readonly chunkRange: number;
}

/** One series in memory: sealed chunks in the store, the open one in an appender. */
export class MemSeries {
  readonly ref: number;
  labels: Labels;
  /** Place in label order, kept by `LabelOrder`. */
  rank = 0;
  /** Whether the log knows the reference. */
  logged = false;
  /** Whether the index knows the series, so that queries find it. */
  indexed = false;
  /** Whether the head has forgotten the series. */
  gone = false;
  /** Addresses of the sealed chunks, in time order. */
  sealed: number[] = [];
  open: ChunkAppender | undefined;
  openMinTime = 0;
  /** Time, bits and histogram of the newest sample. */
  maxTime: number = -Infinity;
  lastHigh = 0;
  lastLow = 0;
  lastHistogram: Histogram | FloatHistogram | undefined;
  /** The batch under way that appended last, and the time and kind of its newest sample. */
  pendingBatch: object | undefined;
  pendingTime = 0;
  pendingHistogram = false;
  metadata: Metadata | undefined;
  /** Samples that came out of order; and those of them that are being moved to a block. */
  late: LateSamples | undefined;
  lateMoving: LateSamples | undefined;
  deleted: Interval[] | undefined;
  /** When the open chunk is to be cut. */
  #cutAt = 0;

  constructor(ref: number, labels: Labels) {
    this.ref = ref;
    this.labels = labels;
  }

  /** Whether there is no sample in order. */
  get empty(): boolean {
    return this.open === undefined && this.sealed.length === 0;
  }

  /** Samples that came out of order, with mint <= t <= maxt, as columns; mostly none. */
  lateBetween(mint: number, maxt: number): SampleColumns[] {
    const parts = [this.lateMoving, this.late].filter((late) => late !== undefined);
    return parts.map((late) => late.between(mint, maxt)).filter(({ timestamps }) => timestamps.length > 0);
  }

  /** Time of the oldest sample; +Infinity where there is none. */
  minTime(chunks: ChunkStore): number {
    const [first] = this.sealed;
    if (first !== undefined) return chunks.minTime(first);
    return this.open === undefined ? Infinity : this.openMinTime;
  }

  /** Adds a float by its bits. @returns false for a sample that is not newer than the newest */
  append(context: SeriesContext, t: number, high: number, low: number): boolean {
    if (t <= this.maxTime) return false;
    const open = this.#openFloats(context, t);
    open.append(t, high, low);
    if (open.count === TARGET_SAMPLES / 4) this.#planCut(t);
    this.maxTime = t;
    this.lastHigh = high | 0;
    this.lastLow = low | 0;
    this.lastHistogram = undefined;
    return true;
  }

  /** Adds a histogram. @returns false for a sample that is not newer than the newest */
  appendHistogram(context: SeriesContext, t: number, h: Histogram | FloatHistogram): boolean {
    if (t <= this.maxTime) return false;
    const open = this.#openHistograms(context, t, h);
    open.append(t, h);
    if (open.count === TARGET_SAMPLES / 4) this.#planCut(t);
    this.maxTime = t;
    this.lastHistogram = h;
    return true;
  }

  /** Takes over chunks made elsewhere, in time order; only while the series is empty. */
  adopt(store: ChunkStore, chunks: readonly Chunk[]): void {
    for (const { encoding, mint, maxt, data } of chunks) {
      this.sealed.push(store.put(encoding, mint, maxt, data));
      this.maxTime = maxt;
    }
  }

  /** Moves the open chunk's bytes to the store. */
  seal(chunks: ChunkStore): void {
    const { open } = this;
    if (open === undefined) return;
    this.sealed.push(chunks.put(open.encoding, this.openMinTime, this.maxTime, open.data()));
    this.open = undefined;
  }

  /** Adds the samples with mint <= t <= maxt to `into`. */
  read(chunks: ChunkStore, into: ColumnBuilder, mint: number, maxt: number): void {
    for (const address of this.sealed) {
      if (chunks.minTime(address) > maxt) return;
      if (chunks.maxTime(address) >= mint) chunks.decode(address, into, mint, maxt);
    }
    const { open } = this;
    if (open === undefined || this.openMinTime > maxt || this.maxTime < mint) return;
    const data = open.data();
    decodeChunk(open.encoding, data, 0, data.length, into, mint, maxt);
  }

  /** Whether the float of these bits is there at `t`, in order. */
  holds(chunks: ChunkStore, t: number, high: number, low: number): boolean {
    if (!this.overlaps(chunks, t, t)) return false;
    const found = new ColumnBuilder();
    this.read(chunks, found, t, t);
    const isFloat = found.length === 1 && found.histograms === undefined;
    return isFloat && found.words[HIGH_WORD] === high >>> 0 && found.words[LOW_WORD] === low >>> 0;
  }

  /** Whether any chunk touches the range. */
  overlaps(chunks: ChunkStore, mint: number, maxt: number): boolean {
    return !this.empty && this.maxTime >= mint && this.minTime(chunks) <= maxt;
  }

  /** Forgets chunks that end before `mint`. @returns how many */
  dropBefore(chunks: ChunkStore, mint: number): number {
    let count = 0;
    while (count < this.sealed.length && chunks.maxTime(this.sealed[count]!) < mint) {
      chunks.free(this.sealed[count]!);
      count++;
    }
    if (count > 0) this.sealed.splice(0, count);
    if (this.open !== undefined && this.maxTime < mint) {
      this.open = undefined;
      count++;
    }
    return count;
  }

  #mustCut(open: ChunkAppender, t: number): boolean {
    return t >= this.#cutAt || open.count >= MOST_SAMPLES;
  }

  #begin(context: SeriesContext, t: number, fresh: ChunkAppender): void {
    this.open = fresh;
    this.openMinTime = t;
    this.#cutAt = rangeEnd(t, context.chunkRange);
  }

  /** An open chunk that takes a float at `t`. */
  #openFloats(context: SeriesContext, t: number): XorAppender {
    const { open } = this;
    if (open instanceof XorAppender && !this.#mustCut(open, t)) return open;
    this.seal(context.chunks);
    const fresh = open instanceof XorAppender ? open : new XorAppender();
    fresh.reset();
    this.#begin(context, t, fresh);
    return fresh;
  }

  /** An open chunk that takes the histogram at `t`. */
  #openHistograms(context: SeriesContext, t: number, h: Histogram | FloatHistogram): HistogramAppender {
    const { open, lastHistogram } = this;
    const gauge = h.counterResetHint === 'gauge';
    const reset = !gauge && lastHistogram !== undefined && isCounterReset(lastHistogram, h);
    if (open instanceof HistogramAppender && open.fits(h) && !reset && !this.#mustCut(open, t)) return open;
    this.seal(context.chunks);
    const known =
      lastHistogram === undefined || lastHistogram.counterResetHint === 'gauge' ? 'unknown' : 'not_reset';
    const hint = gauge ? 'gauge' : reset || h.counterResetHint === 'reset' ? 'reset' : known;
    const fresh = new HistogramAppender(h, hint);
    this.#begin(context, t, fresh);
    return fresh;
  }

  /** At a quarter of a chunk the pace is known: cut so that the chunks up to the border are of equal length. */
  #planCut(t: number): void {
    const left = this.#cutAt - this.openMinTime;
    const chunks = Math.floor(left / ((t - this.openMinTime + 1) * 4));
    if (chunks > 1) this.#cutAt = this.openMinTime + Math.floor(left / chunks);
  }
}
