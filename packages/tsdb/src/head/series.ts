import type { FloatHistogram, Histogram, Labels, Metadata, SampleColumns } from '@prunella/metrics';
import { ColumnBuilder, HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import { isCounterReset } from '../chunks/counter_reset.ts';
import { decodeChunk } from '../chunks/decode.ts';
import { XOR } from '../chunks/encoding.ts';
import { HistogramAppender } from '../chunks/histogram.ts';
import { CorruptionError } from '../errors.ts';
import type { Interval } from '../intervals.ts';
import { rangeEnd } from '../ranges.ts';
import type { ChunkInfo, ChunkStore } from './chunk_store.ts';
import type { LateSamples } from './late.ts';
import type { FloatRun, OpenFloats } from './open_floats.ts';
import * as field from './page.ts';
import { F64, SeriesPage, U16, U32, U8, type Place } from './page.ts';

/** A chunk is cut so that it holds about this many samples … */
const TARGET_SAMPLES = 120;
/** … and at the latest at twice as many. */
const MOST_SAMPLES = 2 * TARGET_SAMPLES;
/** With so many it is planned where to cut. */
const PLAN_SAMPLES = TARGET_SAMPLES / 4;

/** Flags. */
const LOGGED = 1;
const INDEXED = 2;
const PENDING_HISTOGRAM = 4;

/** What a series needs of its head to grow. */
export interface SeriesContext {
  readonly chunks: ChunkStore;
  readonly openFloats: OpenFloats;
  /** Called when a chunk is complete. */
  noteSealed(series: MemSeries): void;
  /** Length of a block, ms: no chunk crosses its borders. */
  readonly chunkRange: number;
}

/** The record of all series that are gone: one without samples. */
const NOWHERE: Place = { page: new SeriesPage(1), record: 0 };
NOWHERE.page.clear(0);

/** What few series have. */
interface Rare {
  /** The open chunk, where it is one of histograms. */
  open?: HistogramAppender | undefined;
  lastHistogram?: Histogram | FloatHistogram | undefined;
  late?: LateSamples | undefined;
  lateMoving?: LateSamples | undefined;
  deleted?: Interval[] | undefined;
}

/**
 * One series in memory: its numbers in a record of a page, sealed chunks in the store, the open one beside them; only
 * what has to be is an object.
 */
export class MemSeries {
  readonly ref: number;
  labels: Labels;
  metadata: Metadata | undefined;
  /** The batch under way that appended last. */
  pendingBatch: object | undefined;
  #page: SeriesPage;
  #record: number;
  #rare: Rare | undefined;

  constructor(ref: number, labels: Labels, { page, record }: Place) {
    this.ref = ref;
    this.labels = labels;
    this.#page = page;
    this.#record = record;
  }

  /** Whether the head has forgotten the series. */
  get gone(): boolean {
    return this.#page === NOWHERE.page;
  }

  /** Forgets the series. @returns the record that it had */
  leave(): Place {
    const place = { page: this.#page, record: this.#record };
    this.#page = NOWHERE.page;
    this.#record = NOWHERE.record;
    return place;
  }

  /** Time of the newest sample in order, ms; -Infinity where there is none. */
  get maxTime(): number {
    return this.#page.f64[this.#record * F64 + field.MAX_TIME]!;
  }

  get openMinTime(): number {
    return this.#page.f64[this.#record * F64 + field.OPEN_MIN_TIME]!;
  }

  /** Time and kind of the newest sample of `pendingBatch`. */
  get pendingTime(): number {
    return this.#page.f64[this.#record * F64 + field.PENDING_TIME]!;
  }

  get pendingHistogram(): boolean {
    return this.#flag(PENDING_HISTOGRAM);
  }

  setPending(batch: object, t: number, histogram: boolean): void {
    this.pendingBatch = batch;
    this.#page.f64[this.#record * F64 + field.PENDING_TIME] = t;
    this.#setFlag(PENDING_HISTOGRAM, histogram);
  }

  /** Place in label order, kept by `LabelOrder`. */
  get rank(): number {
    return this.#page.u32[this.#record * U32 + field.RANK]!;
  }

  set rank(rank: number) {
    this.#page.u32[this.#record * U32 + field.RANK] = rank;
  }

  /** Whether the log knows the reference. */
  get logged(): boolean {
    return this.#flag(LOGGED);
  }

  set logged(logged: boolean) {
    this.#setFlag(LOGGED, logged);
  }

  /** Whether the index knows the series, so that queries find it. */
  get indexed(): boolean {
    return this.#flag(INDEXED);
  }

  set indexed(indexed: boolean) {
    this.#setFlag(INDEXED, indexed);
  }

  get lastHistogram(): Histogram | FloatHistogram | undefined {
    return this.#rare?.lastHistogram;
  }

  /** Samples that came out of order; and those of them that are being moved to a block. */
  get late(): LateSamples | undefined {
    return this.#rare?.late;
  }

  set late(late: LateSamples | undefined) {
    if (late !== undefined || this.#rare !== undefined) this.#more.late = late;
  }

  get lateMoving(): LateSamples | undefined {
    return this.#rare?.lateMoving;
  }

  set lateMoving(late: LateSamples | undefined) {
    if (late !== undefined || this.#rare !== undefined) this.#more.lateMoving = late;
  }

  get deleted(): Interval[] | undefined {
    return this.#rare?.deleted;
  }

  set deleted(deleted: Interval[] | undefined) {
    if (deleted !== undefined || this.#rare !== undefined) this.#more.deleted = deleted;
  }

  /** Address of the oldest sealed chunk; 0 where there is none. */
  get firstSealed(): number {
    return this.#page.u32[this.#record * U32 + field.FIRST_SEALED]!;
  }

  /** Samples in the open chunk. */
  get openCount(): number {
    return this.#page.u16[this.#record * U16 + field.COUNT]! || (this.#rare?.open?.count ?? 0);
  }

  /** Whether there is no sample in order. */
  get empty(): boolean {
    return this.openCount === 0 && this.firstSealed === 0;
  }

  /** Samples that came out of order, with mint <= t <= maxt, as columns; mostly none. */
  lateBetween(mint: number, maxt: number): SampleColumns[] {
    if (this.#rare === undefined) return [];
    const parts = [this.lateMoving, this.late].filter((late) => late !== undefined);
    return parts.map((late) => late.between(mint, maxt)).filter(({ timestamps }) => timestamps.length > 0);
  }

  /** Time of the oldest sample; +Infinity where there is none. */
  minTime(chunks: ChunkStore): number {
    const { firstSealed } = this;
    if (firstSealed !== 0) return chunks.minTime(firstSealed);
    return this.openCount === 0 ? Infinity : this.openMinTime;
  }

  /** Whether the newest sample is a float of these bits. */
  endsWith(high: number, low: number): boolean {
    const { u32 } = this.#page;
    const at = this.#record * U32;
    return (
      this.lastHistogram === undefined &&
      u32[at + field.HIGH] === high >>> 0 &&
      u32[at + field.LOW] === low >>> 0
    );
  }

  /**
   * Adds the floats from..to of a run, all newer than the newest sample.
   * @returns how many chunks they have begun
   */
  append(context: SeriesContext, run: FloatRun, from: number, to: number): number {
    const page = this.#page;
    const record = this.#record;
    const { timestamps } = run;
    let begun = 0;
    for (let at = from; at < to;) {
      let count = page.u16[record * U16 + field.COUNT]!;
      if (count === 0 || this.#mustCut(count, timestamps[at]!)) {
        this.seal(context);
        this.#begin(context, timestamps[at]!);
        begun++;
        count = 0;
      }
      const end = at + this.#fitting(count, timestamps, at, to);
      context.openFloats.append(page, record, run, at, end);
      if (count + end - at === PLAN_SAMPLES) this.#planCut(timestamps[end - 1]!);
      at = end;
    }
    if (this.#rare !== undefined) this.#rare.lastHistogram = undefined;
    return begun;
  }

  /** How many floats from `from` on, at least one, can be added to the open chunk before its cut is to be thought of again. */
  #fitting(count: number, timestamps: ArrayLike<number>, from: number, to: number): number {
    const cutAt = this.#page.f64[this.#record * F64 + field.CUT_AT]!;
    const most = Math.min(to - from, (count < PLAN_SAMPLES ? PLAN_SAMPLES : MOST_SAMPLES) - count);
    let fitting = 1;
    while (fitting < most && timestamps[from + fitting]! < cutAt) fitting++;
    return fitting;
  }

  /** Adds a histogram. @returns false where it is not newer than the newest sample */
  appendHistogram(context: SeriesContext, t: number, h: Histogram | FloatHistogram): boolean {
    if (t <= this.maxTime) return false;
    const open = this.#openHistograms(context, t, h);
    open.append(t, h);
    if (open.count === PLAN_SAMPLES) this.#planCut(t);
    this.#page.f64[this.#record * F64 + field.MAX_TIME] = t;
    this.#more.lastHistogram = h;
    return true;
  }

  /** Takes over sealed chunks, a chain of the store; the series is empty. */
  adopt(store: ChunkStore, first: number, last: number): void {
    this.#page.u32[this.#record * U32 + field.FIRST_SEALED] = first;
    this.#page.u32[this.#record * U32 + field.LAST_SEALED] = last;
    this.#page.f64[this.#record * F64 + field.MAX_TIME] = store.maxTime(last);
  }

  /** Hands the open chunk to the store. */
  seal(context: SeriesContext): void {
    if (this.openCount === 0) return;
    const { chunks } = context;
    const { u32, u16 } = this.#page;
    const at = this.#record * U32;
    const histograms = this.#rare?.open;
    const data = histograms?.data();
    const { first, length } =
      data === undefined
        ? context.openFloats.chain(this.#page, this.#record)
        : { first: chunks.chains.put(data), length: data.length };
    const encoding = histograms?.encoding ?? XOR;
    const address = chunks.put({ mint: this.openMinTime, maxt: this.maxTime, encoding }, first, length);
    if (histograms !== undefined) this.#more.open = undefined;
    u16[this.#record * U16 + field.COUNT] = 0;
    if (u32[at + field.FIRST_SEALED] === 0) u32[at + field.FIRST_SEALED] = address;
    else chunks.link(u32[at + field.LAST_SEALED]!, address);
    u32[at + field.LAST_SEALED] = address;
    context.noteSealed(this);
  }

  /** The open chunk, where there is one; its data are a view that the next append may change. */
  openChunk({ chunks, openFloats }: SeriesContext): (ChunkInfo & { readonly data: Uint8Array }) | undefined {
    if (this.openCount === 0) return undefined;
    const times = { mint: this.openMinTime, maxt: this.maxTime };
    const histograms = this.#rare?.open;
    if (histograms !== undefined) return { ...times, encoding: histograms.encoding, data: histograms.data() };
    const { first, length } = openFloats.chain(this.#page, this.#record);
    return { ...times, encoding: XOR, data: chunks.chains.read(first, length) };
  }

  /** Addresses of the sealed chunks, in time order. */
  *sealed(chunks: ChunkStore): IterableIterator<number> {
    for (let address = this.firstSealed; address !== 0; address = chunks.next(address)) yield address;
  }

  /** Adds the samples with mint <= t <= maxt to `into`. Chunks that cannot be read are told to `damaged`. */
  read(
    context: SeriesContext,
    into: ColumnBuilder,
    mint: number,
    maxt: number,
    damaged: (error: CorruptionError) => void,
  ): void {
    const { chunks } = context;
    for (let address = this.firstSealed; address !== 0; address = chunks.next(address)) {
      if (chunks.minTime(address) > maxt) return;
      if (chunks.maxTime(address) < mint) continue;
      const before = into.length;
      try {
        chunks.decode(address, into, mint, maxt);
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        into.truncate(before);
        damaged(error);
      }
    }
    if (this.openCount === 0 || this.openMinTime > maxt || this.maxTime < mint) return;
    const { encoding, data } = this.openChunk(context)!;
    decodeChunk(encoding, data, 0, data.length, into, mint, maxt);
  }

  /** Whether the float of these bits is there at `t`, in order. */
  holds(context: SeriesContext, t: number, high: number, low: number): boolean {
    if (!this.overlaps(context.chunks, t, t)) return false;
    const found = new ColumnBuilder();
    this.read(context, found, t, t, () => {});
    const isFloat = found.length === 1 && found.histograms === undefined;
    return isFloat && found.words[HIGH_WORD] === high >>> 0 && found.words[LOW_WORD] === low >>> 0;
  }

  /** Whether any chunk touches the range. */
  overlaps(chunks: ChunkStore, mint: number, maxt: number): boolean {
    return this.maxTime >= mint && !this.empty && this.minTime(chunks) <= maxt;
  }

  /** Forgets chunks that end before `mint`. @returns how many */
  dropBefore({ chunks, openFloats }: SeriesContext, mint: number): number {
    let count = 0;
    let first = this.firstSealed;
    while (first !== 0 && chunks.maxTime(first) < mint) {
      const next = chunks.next(first);
      chunks.free(first);
      first = next;
      count++;
    }
    this.#page.u32[this.#record * U32 + field.FIRST_SEALED] = first;
    if (this.openCount > 0 && this.maxTime < mint) {
      if (this.#rare?.open !== undefined) this.#rare.open = undefined;
      else chunks.chains.free(openFloats.chain(this.#page, this.#record).first);
      this.#page.u16[this.#record * U16 + field.COUNT] = 0;
      count++;
    }
    return count;
  }

  get #more(): Rare {
    return (this.#rare ??= {});
  }

  #flag(flag: number): boolean {
    return (this.#page.u8[this.#record * U8 + field.FLAGS]! & flag) !== 0;
  }

  #setFlag(flag: number, on: boolean): void {
    const at = this.#record * U8 + field.FLAGS;
    const flags = this.#page.u8[at]!;
    this.#page.u8[at] = on ? flags | flag : flags & ~flag;
  }

  #mustCut(count: number, t: number): boolean {
    return t >= this.#page.f64[this.#record * F64 + field.CUT_AT]! || count >= MOST_SAMPLES;
  }

  #begin(context: SeriesContext, t: number): void {
    this.#page.f64[this.#record * F64 + field.OPEN_MIN_TIME] = t;
    this.#page.f64[this.#record * F64 + field.CUT_AT] = rangeEnd(t, context.chunkRange);
  }

  /** An open chunk that takes the histogram at `t`. */
  #openHistograms(context: SeriesContext, t: number, h: Histogram | FloatHistogram): HistogramAppender {
    const { lastHistogram } = this;
    const open = this.#rare?.open;
    const gauge = h.counterResetHint === 'gauge';
    const reset = !gauge && lastHistogram !== undefined && isCounterReset(lastHistogram, h);
    if (open?.fits(h) === true && !reset && !this.#mustCut(open.count, t)) return open;
    this.seal(context);
    const known =
      lastHistogram === undefined || lastHistogram.counterResetHint === 'gauge' ? 'unknown' : 'not_reset';
    const hint = gauge ? 'gauge' : reset || h.counterResetHint === 'reset' ? 'reset' : known;
    const fresh = new HistogramAppender(h, hint);
    this.#begin(context, t);
    this.#more.open = fresh;
    return fresh;
  }

  /** At a quarter of a chunk the pace is known: cut so that the chunks up to the border are of equal length. */
  #planCut(t: number): void {
    const { f64 } = this.#page;
    const at = this.#record * F64;
    const begin = f64[at + field.OPEN_MIN_TIME]!;
    const left = f64[at + field.CUT_AT]! - begin;
    const chunks = Math.floor(left / ((t - begin + 1) * 4));
    if (chunks > 1) f64[at + field.CUT_AT] = begin + Math.floor(left / chunks);
  }
}
