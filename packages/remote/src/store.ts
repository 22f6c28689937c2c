import {
  AppendError,
  Labels,
  METRIC_NAME,
  Pacer,
  ProtobufError,
  type Appendable,
  type Appender,
  type FloatHistogram,
  type Histogram,
  type Metadata,
  type SeriesRef,
} from '@prunella/metrics';
import type { WriteColumns } from './columns.ts';
import { labelsAt } from './decode.ts';
import type { SeriesCache } from './series-cache.ts';
import { RemoteError } from './snappy.ts';

/** What became of a request. */
export interface ReceiveResult {
  /** Stored: floats, native histograms, exemplars. */
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
  /** Samples and histograms that the storage will never take (too old, bad labels …), and why the first of them. */
  readonly refused: number;
  readonly reason: string;
  /** Why the storage could not take the rest: send all again later. What was stored already is no harm then. */
  readonly failure?: Error;
}

/** Requests of more samples are committed in parts, for what is committed at once becomes visible in one go. */
const PART = 5000;
/** Appended between two pauses. */
const STEPS = 256;

/** What is committed at once. */
interface Part {
  readonly appender: Appender;
  samples: number;
  histograms: number;
  exemplars: number;
}

/** A write request on its way into the storage. */
export class StoredRequest {
  readonly #storage: Appendable;
  readonly #known: SeriesCache;
  readonly #columns: WriteColumns;
  readonly #families: ReadonlyMap<string, Metadata>;
  readonly #keys: DataView;
  /** All are appended before the first is committed: times are judged by what was there before the request. */
  readonly #parts: Part[] = [];
  #part: Part;
  #refused = 0;
  #reason = '';
  /** Of the series at hand; the labels stay empty while its reference does for them. */
  #series = 0;
  #ref: SeriesRef = 0;
  #labels: Labels = Labels.empty;

  /** @param families metadata by metric family */
  constructor(
    storage: Appendable,
    known: SeriesCache,
    columns: WriteColumns,
    families: ReadonlyMap<string, Metadata>,
  ) {
    this.#storage = storage;
    this.#known = known;
    this.#columns = columns;
    this.#families = families;
    const { buffer, byteOffset, byteLength } = columns.bytes;
    this.#keys = new DataView(buffer, byteOffset, byteLength);
    this.#part = this.#startPart();
  }

  #startPart(): Part {
    const part = { appender: this.#storage.appender(), samples: 0, histograms: 0, exemplars: 0 };
    this.#parts.push(part);
    return part;
  }

  async store(): Promise<ReceiveResult> {
    const pacer = new Pacer();
    const stored = { samples: 0, histograms: 0, exemplars: 0 };
    let failure: AppendError | undefined;
    try {
      for (const _ of this.#steps()) {
        if (this.#part.samples + this.#part.histograms >= PART) this.#part = this.#startPart();
        const pause = pacer.pause();
        if (pause) await pause;
      }
      for (let part; (part = this.#parts[0]); this.#parts.shift()) {
        await part.appender.commit();
        stored.samples += part.samples;
        stored.histograms += part.histograms;
        stored.exemplars += part.exemplars;
      }
    } catch (error) {
      for (const { appender } of this.#parts) appender.rollback();
      if (!(error instanceof AppendError)) throw error;
      failure = error;
    }
    return { ...stored, refused: this.#refused, reason: this.#reason, ...(failure && { failure }) };
  }

  /** Appends all of it, with places to pause at. */
  *#steps(): Generator<void> {
    const { series, floatsEnd, histograms, exemplars, metadata } = this.#columns;
    let [float, histogram, exemplar, described, steps] = [0, 0, 0, 0, 0];
    for (let at = 0; at < series; at++) {
      const known = this.#enter(at);
      const before = this.#refused;
      for (const end = floatsEnd[at] as number; float < end; float++) {
        this.#count('samples', known && this.#appendFloat(float));
        if (++steps % STEPS === 0) yield;
      }
      for (let h; (h = histograms[histogram]) && h.series === at; histogram++) {
        this.#count('histograms', known && this.#appendHistogram(h));
        if (++steps % STEPS === 0) yield;
      }
      for (let e; (e = exemplars[exemplar]) && e.series === at; exemplar++) {
        const { exemplar: each } = e;
        if (this.#attach((to, ref, labels) => to.appendExemplar(ref, labels, each)))
          this.#part.exemplars += 1;
        if (++steps % STEPS === 0) yield;
      }
      for (let m; (m = metadata[described]) && m.series === at; described++) this.#describe(m.metadata);
      // Bad labels are told of even where they stand before nothing.
      if (!known && this.#refused === before) this.#refused += 1;
      if (this.#families.size > 0) this.#describeByFamily();
      if (++steps % STEPS === 0) yield;
    }
  }

  /** Goes to a series. @returns whether it may have samples */
  #enter(at: number): boolean {
    const { labelsStart, labelsEnd, faults } = this.#columns;
    this.#series = at;
    this.#labels = Labels.empty;
    this.#ref = 0;
    const fault = faults.size > 0 ? faults.get(at) : undefined;
    if (fault !== undefined) {
      this.#reason ||= fault;
      return false;
    }
    this.#ref = this.#known.find(this.#keys, labelsStart[at] as number, labelsEnd[at] as number);
    return this.#ref !== 0 || this.#readLabels();
  }

  /** Decodes the labels of the series at hand. @returns whether they are good */
  #readLabels(): boolean {
    const { bytes, labelsStart, labelsEnd } = this.#columns;
    try {
      const labels = labelsAt(bytes, labelsStart[this.#series] as number, labelsEnd[this.#series] as number);
      if (!labels.has(METRIC_NAME))
        throw new RemoteError(`a series without a metric name: ${labels.toString()}`);
      this.#labels = labels;
      return true;
    } catch (error) {
      if (!(error instanceof RemoteError || error instanceof ProtobufError)) throw error;
      this.#reason ||= error.message;
      return false;
    }
  }

  #appendFloat(at: number): boolean {
    const columns = this.#columns;
    const time = columns.times[at] as number;
    if (columns.isStale(at)) return this.#append((to, ref, labels) => to.appendStale(ref, labels, time));
    const value = columns.values[at] as number;
    return this.#append((to, ref, labels) => to.append(ref, labels, time, value));
  }

  #appendHistogram({ time, histogram }: { time: number; histogram: Histogram | FloatHistogram }): boolean {
    return this.#append((to, ref, labels) => to.appendHistogram(ref, labels, time, histogram));
  }

  /** @returns whether the storage has taken it. @throws AppendError `storage` */
  #append(add: (to: Appender, ref: SeriesRef, labels: Labels) => SeriesRef): boolean {
    try {
      const ref = add(this.#part.appender, this.#ref, this.#labels);
      if (ref !== this.#ref) this.#keep(ref);
      return true;
    } catch (error) {
      if (!(error instanceof AppendError) || error.code === 'storage') throw error;
      const unread = this.#labels.size === 0;
      if (unread && !this.#readLabels()) return false;
      if (unread && error.code === 'invalid_labels') {
        // The storage has forgotten the reference.
        this.#ref = 0;
        return this.#append(add);
      }
      this.#reason ||= `${error.message} for series ${this.#labels.toString()}`;
      return false;
    }
  }

  #keep(ref: SeriesRef): void {
    const { labelsStart, labelsEnd } = this.#columns;
    this.#ref = ref;
    const start = labelsStart[this.#series] as number;
    this.#known.keep(this.#keys, start, labelsEnd[this.#series] as number, ref);
  }

  #count(kind: 'samples' | 'histograms', taken: boolean): void {
    if (taken) this.#part[kind] += 1;
    else this.#refused += 1;
  }

  /** Adds to the series at hand what is no sample: where it is not taken, that is no harm. */
  #attach(add: (to: Appender, ref: SeriesRef, labels: Labels) => SeriesRef): boolean {
    if (this.#ref === 0) return false;
    try {
      add(this.#part.appender, this.#ref, this.#labels);
      return true;
    } catch (error) {
      if (!(error instanceof AppendError) || error.code === 'storage') throw error;
      return false;
    }
  }

  #describe(metadata: Metadata): void {
    this.#attach((to, ref, labels) => to.updateMetadata(ref, labels, metadata));
  }

  /** Gives the series at hand what version 1 says of its whole family. */
  #describeByFamily(): void {
    if (this.#ref === 0 || (this.#labels.size === 0 && !this.#readLabels())) return;
    const known = this.#families.get(this.#labels.metricName);
    if (known) this.#describe(known);
  }
}
