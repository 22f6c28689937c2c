import {
  ChangeLog,
  type FloatHistogram,
  type Histogram,
  type Labels,
  type Matcher,
  Pacer,
  inSlices,
} from '@prunella/metrics';
import type { Batch, LateSample } from './batch.ts';
import { acceptAll, candidatesFor } from '../postings/matching.ts';
import type { HeadChunkFiles } from './chunk_files.ts';
import { ChunkStore } from './chunk_store.ts';
import { ExemplarStore } from './exemplars.ts';
import { LateSamples } from './late.ts';
import { LabelOrder } from './order.ts';
import type { ChunkChain } from './mapping.ts';
import { OpenFloats, type FloatRun } from './open_floats.ts';
import { SeriesPages, type Place } from './page.ts';
import { MemPostings } from './postings.ts';
import { MemSeries, type SeriesContext } from './series.ts';
import { SeriesTable } from './table.ts';

export interface HeadCounters {
  seriesCreated: number;
  seriesRemoved: number;
  seriesNotFound: number;
  chunksCreated: number;
  chunksRemoved: number;
  floats: number;
  histograms: number;
  /** Refused: floats … */
  outOfOrder: number;
  /** … and histograms. */
  outOfOrderHistograms: number;
  outOfOrderAppended: number;
  outOfBounds: number;
  tooOld: number;
  duplicates: number;
}

/** The newest samples of all series, in memory; what is in here is in the log as well. */
export class Head implements SeriesContext {
  /** What queries may have seen otherwise before. */
  readonly changes: ChangeLog = new ChangeLog();
  readonly chunks: ChunkStore;
  readonly openFloats: OpenFloats;
  readonly #pages = new SeriesPages();
  /** Whose chunks have been completed lately; kept only where they are written to files. */
  #sealed: MemSeries[] = [];
  readonly #mapped: boolean;
  readonly chunkRange: number;
  /** How much older than the head's newest sample a sample out of order may be, ms; 0 = none are taken. */
  readonly outOfOrderWindow: number;
  readonly series: SeriesTable = new SeriesTable();
  readonly postings: MemPostings = new MemPostings();
  readonly order: LabelOrder = new LabelOrder();
  readonly exemplars: ExemplarStore;
  readonly counters: HeadCounters = {
    seriesCreated: 0,
    seriesRemoved: 0,
    seriesNotFound: 0,
    chunksCreated: 0,
    chunksRemoved: 0,
    floats: 0,
    histograms: 0,
    outOfOrder: 0,
    outOfOrderHistograms: 0,
    outOfOrderAppended: 0,
    outOfBounds: 0,
    tooOld: 0,
    duplicates: 0,
  };
  /** Times of the oldest and newest sample; +Infinity and -Infinity while there is none. */
  minTime: number = Infinity;
  maxTime: number = -Infinity;
  /** Samples before this are refused: they are in blocks, or on the way there. */
  floor: number = -Infinity;
  /** Samples before this are read from blocks. */
  servedFrom: number = -Infinity;
  /** References of forgotten series, with the last segment of the log that may name them. */
  readonly forgotten: Map<number, number> = new Map();
  #lastRef = 0;
  /** While a log is read, series are not found by queries. */
  #indexing = true;

  /** @param files where complete chunks are, or will be */
  constructor(chunkRange: number, maxExemplars: number, outOfOrderWindow = 0, files?: HeadChunkFiles) {
    this.chunks = new ChunkStore(files);
    this.openFloats = new OpenFloats(this.chunks.chains);
    this.#mapped = files !== undefined;
    this.chunkRange = chunkRange;
    this.outOfOrderWindow = outOfOrderWindow;
    this.exemplars = new ExemplarStore(maxExemplars);
  }

  /** Chunks in memory, open ones included. */
  get chunkCount(): number {
    return this.counters.chunksCreated - this.counters.chunksRemoved;
  }

  /** The oldest time that an in-order sample may have: half a block behind the newest sample. */
  get minValidTime(): number {
    return Math.max(this.floor, this.maxTime - this.chunkRange / 2);
  }

  /** The series with these labels, made where there is none. */
  seriesOf(labels: Labels): MemSeries {
    return this.series.byLabels(labels) ?? this.addSeries(this.#lastRef + 1, labels);
  }

  /** Makes a series under a reference that is free. */
  addSeries(ref: number, labels: Labels): MemSeries {
    const series = new MemSeries(ref, labels, this.#pages.allocate());
    this.reserveRef(ref);
    this.series.add(series);
    this.counters.seriesCreated++;
    return series;
  }

  /** Whether a log that goes on behind `segment` needs to know what series a reference stands for. */
  needsRef(ref: number, segment: number): boolean {
    return this.series.byRef(ref) !== undefined || (this.forgotten.get(ref) ?? -1) > segment;
  }

  /** Call when the log's segments up to `segment` are gone. */
  async dropForgotten(segment: number): Promise<void> {
    await inSlices(this.forgotten, ([ref, last]) => {
      if (last <= segment) this.forgotten.delete(ref);
    });
  }

  /** The series that satisfy all matchers, in no order. */
  async matching(matchers: readonly Matcher[]): Promise<MemSeries[]> {
    const { postings, filters } = await candidatesFor(this.postings, matchers);
    const pacer = new Pacer();
    const found: MemSeries[] = [];
    for (let n = 1; postings.next(); n++) {
      const series = this.series.byRef(postings.at);
      if (series !== undefined && acceptAll(filters, series.labels)) found.push(series);
      const pause = n % 256 === 0 ? pacer.pause() : undefined;
      if (pause) await pause;
    }
    return found;
  }

  /** References up to `ref` are not given to new series. */
  reserveRef(ref: number): void {
    if (ref > this.#lastRef) this.#lastRef = ref;
  }

  /** Gives a series that has no samples yet chunks of the store. */
  adopt(series: MemSeries, { first, last }: ChunkChain): void {
    this.#index(series);
    series.adopt(this.chunks, first, last);
    for (const _ of series.sealed(this.chunks)) this.counters.chunksCreated++;
    this.#noteTime(Math.max(this.chunks.minTime(first), this.floor));
    this.#noteTime(this.chunks.maxTime(last));
  }

  noteSealed(series: MemSeries): void {
    if (this.#mapped) this.#sealed.push(series);
  }

  /** Takes the list of series whose chunks have been completed since the last time. */
  takeSealed(): readonly MemSeries[] {
    const sealed = this.#sealed;
    this.#sealed = [];
    return sealed;
  }

  /** Makes a committed batch visible. Samples that another batch has overtaken are dropped, as in a replay of the log. */
  apply(batch: Batch): void {
    const { series, timestamps, histograms } = batch;
    let earliest = Infinity;
    for (let i = 0; i < series.length; i++) {
      earliest = Math.min(earliest, timestamps[i]!);
      const histogram = histograms?.[i];
      if (histogram !== undefined) this.appendHistogram(series[i]!, timestamps[i]!, histogram);
      else this.append(series[i]!, batch, i, i + 1);
    }
    for (const late of batch.late) {
      earliest = Math.min(earliest, late.t);
      this.appendLate(late);
    }
    if (earliest < Infinity) this.changes.note(earliest);
    for (const { series: owner, metadata } of batch.metadata) owner.metadata = metadata;
    for (const { series: owner, exemplar } of batch.exemplars) this.exemplars.add(owner, exemplar);
    batch.settle();
  }

  /**
   * Forgets samples before `mint`, and series of which nothing is left.
   * @param segment the segment that the log is at
   */
  async truncate(mint: number, segment: number): Promise<void> {
    const gone: { series: MemSeries; place: Place; indexed: boolean }[] = [];
    let oldest = Infinity;
    this.minTime = Infinity;
    await inSlices(this.series, (series) => {
      this.counters.chunksRemoved += series.dropBefore(this, mint);
      const late = series.late !== undefined || series.lateMoving !== undefined;
      if (!late) series.deleted = series.deleted?.filter((interval) => interval.maxt >= mint);
      if (series.empty && !late && series.pendingBatch === undefined) {
        const { indexed } = series;
        gone.push({ series, indexed, place: series.leave() });
      } else {
        // Chunks that Prometheus cut may reach over the border; what of them lies before it no longer counts.
        oldest = Math.min(oldest, Math.max(mint, series.minTime(this.chunks)));
      }
    });
    // Samples that have arrived meanwhile have noted their times.
    this.minTime = Math.min(this.minTime, oldest);
    await this.#forget(gone, segment);
  }

  async #forget(
    gone: readonly { series: MemSeries; place: Place; indexed: boolean }[],
    segment: number,
  ): Promise<void> {
    const indexed: MemSeries[] = [];
    await inSlices(gone, (each) => {
      this.series.delete(each.series);
      this.#pages.free(each.place);
      this.forgotten.set(each.series.ref, segment);
      if (each.indexed) indexed.push(each.series);
    });
    await this.postings.remove(indexed);
    this.order.forget(gone.length);
    this.counters.seriesRemoved += gone.length;
  }

  /** Runs `read`, which fills the head, and enters the series in the index afterwards, in order of their references. */
  async fill(read: () => Promise<void>): Promise<void> {
    this.#indexing = false;
    try {
      await read();
    } finally {
      this.#indexing = true;
    }
    await inSlices(this.series.byRefs(), (series) => {
      if (!series.empty || series.late !== undefined) this.#index(series);
    });
  }

  /** Adds the floats from..to of a run, whose times rise, as far as they are newer than the series's newest sample. */
  append(series: MemSeries, run: FloatRun, from: number, to: number): void {
    this.#index(series);
    const { timestamps } = run;
    const newest = series.maxTime;
    let first = from;
    for (; first < to && timestamps[first]! <= newest; first++)
      if (timestamps[first]! < newest) this.counters.outOfOrder++;
    if (first === to) return;
    this.counters.chunksCreated += series.append(this, run, first, to);
    this.counters.floats += to - first;
    this.#noteTime(timestamps[first]!);
    this.#noteTime(timestamps[to - 1]!);
  }

  /** Adds a sample that is out of order. */
  appendLate({ series, t, high, low, histogram }: LateSample): void {
    this.#index(series);
    series.late ??= new LateSamples();
    if (series.late.insert(t, high, low, histogram)) this.counters.outOfOrderAppended++;
  }

  appendHistogram(series: MemSeries, t: number, h: Histogram | FloatHistogram): void {
    this.#index(series);
    if (!series.appendHistogram(this, t, h)) {
      if (t < series.maxTime) this.counters.outOfOrderHistograms++;
      return;
    }
    if (series.openCount === 1) this.counters.chunksCreated++;
    this.counters.histograms++;
    this.#noteTime(t);
  }

  #noteTime(t: number): void {
    if (t < this.minTime) this.minTime = t;
    if (t > this.maxTime) this.maxTime = t;
  }

  #index(series: MemSeries): void {
    if (!this.#indexing || series.indexed) return;
    series.indexed = true;
    series.labels = this.postings.add(series.ref, series.labels);
    this.order.add(series);
  }
}
