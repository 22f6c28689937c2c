import {
  AppendError,
  NORMAL_NAN_BITS,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
  type Appender,
  type Exemplar,
  type FloatHistogram,
  type Histogram,
  type Labels,
  type Metadata,
  type SeriesRef,
} from '@prunella/metrics';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import { Batch, lateHistogram } from './batch.ts';
import type { Head } from './head.ts';
import type { MemSeries } from './series.ts';
import { validateHistogram } from './validate.ts';

const NAN_HIGH = Number(NORMAL_NAN_BITS >> 32n);
const NAN_LOW = Number(NORMAL_NAN_BITS & 0xffffffffn);
const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

/** Checks samples against the head and collects them; `commit` hands them over. */
export class HeadAppender implements Appender {
  readonly #head: Head;
  readonly #commit: (batch: Batch) => Promise<void>;
  readonly #done: () => void;
  #batch = new Batch();
  #finished = false;

  constructor(head: Head, commit: (batch: Batch) => Promise<void>, done: () => void) {
    this.#head = head;
    this.#commit = commit;
    this.#done = done;
  }

  append(ref: SeriesRef, labels: Labels, t: number, v: number): SeriesRef {
    if (Number.isNaN(v)) return this.#push(ref, labels, t, NAN_HIGH, NAN_LOW);
    scratch[0] = v;
    return this.#push(ref, labels, t, scratchWords[HIGH_WORD]!, scratchWords[LOW_WORD]!);
  }

  appendStale(ref: SeriesRef, labels: Labels, t: number): SeriesRef {
    return this.#push(ref, labels, t, STALE_NAN_HIGH, STALE_NAN_LOW);
  }

  appendHistogram(ref: SeriesRef, labels: Labels, t: number, h: Histogram | FloatHistogram): SeriesRef {
    validateHistogram(h);
    const series = this.#series(ref, labels);
    const newest = series.pendingBatch === this.#batch ? series.pendingTime : series.maxTime;
    if (t === series.maxTime && sameHistogram(series.lastHistogram, h)) return series.ref;
    if (t <= newest || t < this.#head.minValidTime) {
      if (t === newest || !this.#takesLate(t)) this.#refuse(t, newest, 'outOfOrderHistograms');
      this.#batch.late.push(lateHistogram(series, t, h));
      return series.ref;
    }
    this.#batch.pushHistogram(series, t, h);
    return series.ref;
  }

  appendExemplar(ref: SeriesRef, labels: Labels, exemplar: Exemplar): SeriesRef {
    const series = this.#series(ref, labels);
    const beside = series.pendingBatch === undefined ? series.maxTime : series.pendingTime;
    const timed = { ...exemplar, timestamp: exemplar.timestamp ?? beside };
    if (this.#head.exemplars.check(series, timed)) this.#batch.exemplars.push({ series, exemplar: timed });
    return series.ref;
  }

  updateMetadata(ref: SeriesRef, labels: Labels, metadata: Metadata): SeriesRef {
    const series = this.#series(ref, labels);
    const known = series.metadata;
    if (known?.type !== metadata.type || known.help !== metadata.help || known.unit !== metadata.unit) {
      this.#batch.metadata.push({ series, metadata });
    }
    return series.ref;
  }

  async commit(): Promise<void> {
    this.#finish();
    const batch = this.#batch;
    this.#batch = new Batch();
    if (!batch.empty) await this.#commit(batch);
  }

  rollback(): void {
    this.#finish();
    this.#batch.settle();
    this.#batch = new Batch();
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#done();
  }

  #push(ref: SeriesRef, labels: Labels, t: number, high: number, low: number): SeriesRef {
    const series = this.#series(ref, labels);
    const newest = series.pendingBatch === this.#batch ? series.pendingTime : series.maxTime;
    if (t <= newest || t < this.#head.minValidTime) {
      // A sender that has not heard of its success sends again: what is there already is no error.
      if (t < series.maxTime && series.holds(this.#head, t, high, low)) return series.ref;
      if (t !== newest && this.#takesLate(t)) {
        this.#batch.late.push({ series, t, high, low });
        return series.ref;
      }
      // The same sample once more is no error, and no second sample.
      if (t === series.maxTime && series.endsWith(high, low)) return series.ref;
      this.#refuse(t, newest, 'outOfOrder');
    }
    this.#batch.push(series, t, high, low);
    return series.ref;
  }

  #takesLate(t: number): boolean {
    const { outOfOrderWindow, maxTime } = this.#head;
    return outOfOrderWindow > 0 && t >= maxTime - outOfOrderWindow;
  }

  #refuse(t: number, newest: number, outOfOrder: 'outOfOrder' | 'outOfOrderHistograms'): never {
    const { counters } = this.#head;
    if (t === newest) {
      counters.duplicates++;
      throw new AppendError('duplicate', 'duplicate sample for timestamp');
    }
    if (this.#head.outOfOrderWindow > 0) {
      counters.tooOld++;
      throw new AppendError('too_old', 'too old sample');
    }
    if (t < this.#head.minValidTime) {
      counters.outOfBounds++;
      throw new AppendError('out_of_bounds', 'out of bounds');
    }
    counters[outOfOrder]++;
    throw new AppendError('out_of_order', 'out of order sample');
  }

  #series(ref: SeriesRef, labels: Labels): MemSeries {
    if (ref !== 0) {
      const series = this.#head.series.byRef(ref);
      if (series !== undefined) return series;
    }
    if (labels.size === 0) throw new AppendError('invalid_labels', 'empty label set');
    return this.#head.seriesOf(labels);
  }
}

function sameHistogram(a: Histogram | FloatHistogram | undefined, b: Histogram | FloatHistogram): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
