import {
  isStaleAt,
  setStaleAt,
  wordsOf,
  type Exemplar,
  type FloatHistogram,
  type Histogram,
  type Metadata,
  type ProtobufReader,
} from '@prunella/metrics';

/** Columns longer than this are not kept for the next request. */
const LARGE = 1 << 16;

/**
 * What a write request holds, of either version: floats as columns, the rarer things as lists, all in order of their
 * series. Made to be filled again and again.
 */
export class WriteColumns {
  /** Where the labels are: runs of `0x0a length Label`, as `TimeSeries` of version 1 holds them. */
  bytes: Uint8Array = new Uint8Array(0);
  series = 0;
  /** Of each series, its labels' place in `bytes`. */
  labelsStart: Int32Array = new Int32Array(256);
  labelsEnd: Int32Array = new Int32Array(256);
  /** Of each series, the number of floats up to its last. */
  floatsEnd: Int32Array = new Int32Array(256);
  floats = 0;
  /** ms */
  times: Float64Array = new Float64Array(256);
  values: Float64Array = new Float64Array(256);
  #words: Uint32Array = wordsOf(this.values);
  readonly histograms: { series: number; time: number; histogram: Histogram | FloatHistogram }[] = [];
  readonly exemplars: { series: number; exemplar: Exemplar }[] = [];
  readonly metadata: { series: number; metadata: Metadata }[] = [];
  /** Series whose labels cannot be read, and why. */
  readonly faults: Map<number, string> = new Map();

  /** Lets go of the last request. */
  clear(): void {
    this.bytes = new Uint8Array(0);
    this.series = 0;
    this.floats = 0;
    this.histograms.length = 0;
    this.exemplars.length = 0;
    this.metadata.length = 0;
    this.faults.clear();
    if (this.times.length > LARGE) {
      this.times = new Float64Array(256);
      this.values = new Float64Array(256);
      this.#words = wordsOf(this.values);
    }
    if (this.labelsStart.length > LARGE) {
      this.labelsStart = new Int32Array(256);
      this.labelsEnd = new Int32Array(256);
      this.floatsEnd = new Int32Array(256);
    }
  }

  /** Ends a series: what was added since the last one is its own. */
  endSeries(labelsStart: number, labelsEnd: number): void {
    const at = this.series++;
    if (at === this.labelsStart.length) this.#growSeries();
    this.labelsStart[at] = labelsStart;
    this.labelsEnd[at] = labelsEnd;
    this.floatsEnd[at] = this.floats;
  }

  isStale(at: number): boolean {
    return isStaleAt(this.#words, at);
  }

  /** Adds the message `Sample`, which is the same in both versions. */
  readFloat(reader: ProtobufReader): void {
    const at = this.floats++;
    if (at === this.times.length) this.#growFloats();
    this.times[at] = 0;
    this.values[at] = 0;
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) {
        // The bits of a NaN do not survive as a number everywhere.
        const stale = reader.nextIsStale();
        this.values[at] = reader.double();
        if (stale) setStaleAt(this.#words, at);
      } else if (reader.field === 2) this.times[at] = reader.int64();
      else reader.skip();
    }
    reader.leave(outer);
  }

  #growSeries(): void {
    this.labelsStart = grown(Int32Array, this.labelsStart);
    this.labelsEnd = grown(Int32Array, this.labelsEnd);
    this.floatsEnd = grown(Int32Array, this.floatsEnd);
  }

  #growFloats(): void {
    this.times = grown(Float64Array, this.times);
    this.values = grown(Float64Array, this.values);
    this.#words = wordsOf(this.values);
  }
}

function grown<T extends Int32Array | Float64Array>(Column: new (length: number) => T, old: T): T {
  const column = new Column(old.length * 2);
  column.set(old);
  return column;
}
