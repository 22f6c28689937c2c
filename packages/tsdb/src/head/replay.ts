import {
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
  type FloatHistogram,
  type Histogram,
  type Labels,
  type Metadata,
  Pacer,
} from '@prunella/metrics';
import { ByteReader } from '../bytes/reader.ts';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import { CorruptionError, messageOf } from '../errors.ts';
import { addInterval } from '../intervals.ts';
import type { Segment } from '../wal/load.ts';
import { readSegment, type WalDamage } from '../wal/reader.ts';
import * as records from '../wal/records.ts';
import { lateHistogram, type LateSample } from './batch.ts';
import { FloatRuns } from './gather.ts';
import type { Head } from './head.ts';
import type { MappedChunks } from './mapping.ts';
import type { FloatRun } from './open_floats.ts';
import type { MemSeries } from './series.ts';

/** Entries of a record that are applied at once: of series, which cost much, and of other things. */
const SERIES_AT_ONCE = 64;
const AT_ONCE = 1000;

/** What a replay found. */
export interface ReplayReport {
  segments: number;
  records: number;
  samples: number;
  /** Samples whose series the log does not name: its record was lost. And of what times they are, ms. */
  unknown: number;
  unknownFrom: number;
  unknownTo: number;
  readonly damages: (WalDamage & { mint: number; maxt: number })[];
}

/** Fills the head from a log; `finish` ends it. */
export class Replay {
  readonly report: ReplayReport = {
    segments: 0,
    records: 0,
    samples: 0,
    unknown: 0,
    unknownFrom: Infinity,
    unknownTo: -Infinity,
    damages: [],
  };
  readonly #head: Head;
  readonly #chunks: MappedChunks | undefined;
  readonly #floats: FloatRuns;
  readonly #read = new records.LoggedFloats(AT_ONCE);
  readonly #pacer = new Pacer();
  /** Damages behind which no sample has come yet. */
  readonly #unbounded: { readonly mint: number; maxt: number }[] = [];
  #lastTime: number = -Infinity;

  /** @param chunks of series in the log, ready made: samples that they hold are not added again */
  constructor(head: Head, chunks?: MappedChunks) {
    this.#head = head;
    this.#floats = new FloatRuns(head);
    this.#chunks = chunks;
    if (chunks !== undefined) head.reserveRef(chunks.maxRef);
  }

  /** @param late whether the segment is of the log of samples out of order */
  async segment({ dir, index }: Segment, late = false): Promise<void> {
    const damaged = (damage: WalDamage): void => {
      const timed = Object.assign(damage, { mint: this.#lastTime, maxt: Infinity });
      this.#unbounded.push(timed);
      this.report.damages.push(timed);
    };
    for await (const record of readSegment(dir, index, damaged)) {
      this.report.records++;
      try {
        const input = new ByteReader(record, Math.min(1, record.length));
        if (input.remaining === 0) continue;
        const step = this.#reader(record[0]!, input, late);
        if (step === undefined) continue;
        while (input.remaining > 0) {
          step();
          const pause = this.#pacer.pause();
          if (pause) await pause;
        }
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        damaged({ dir, segment: index, offset: 0, reason: messageOf(error), atEnd: false });
      }
    }
    this.report.segments++;
  }

  /** Call behind the last segment of a log: samples may still be on their way. */
  finish(): Promise<void> {
    return this.#floats.finish();
  }

  /** @returns what applies the record's next entries; undefined where none of them concerns us */
  #reader(type: number, input: ByteReader, late: boolean): (() => void) | undefined {
    const head = this.#head;
    switch (type) {
      case records.SERIES: {
        const each = (ref: number, labels: Labels): void => this.#series(ref, labels);
        return () => records.readSeries(input, each, SERIES_AT_ONCE);
      }
      case records.SAMPLES: {
        const base = records.SampleBase.read(input);
        return () => {
          records.readSamples(input, base, this.#read);
          if (late) this.#lateFloats(this.#read);
          else this.#addFloats(this.#read);
        };
      }
      case records.HISTOGRAMS:
      case records.CUSTOM_HISTOGRAMS:
      case records.FLOAT_HISTOGRAMS:
      case records.CUSTOM_FLOAT_HISTOGRAMS: {
        const base = records.SampleBase.read(input);
        const each = (ref: number, t: number, h: Histogram | FloatHistogram | undefined): void => {
          const series = this.#find(ref, t);
          if (series === undefined) return;
          if (late) head.appendLate(h === undefined ? staleMarker(series, t) : lateHistogram(series, t, h));
          else if (t < head.floor || !this.#floats.interrupt(series, t)) return;
          else if (h === undefined) head.append(series, staleRun(t), 0, 1);
          else head.appendHistogram(series, t, h);
        };
        return () => records.readHistograms(input, base, type, each, SERIES_AT_ONCE);
      }
      case records.TOMBSTONES: {
        const each = (ref: number, mint: number, maxt: number): void => {
          const series = head.series.byRef(ref);
          if (series !== undefined) series.deleted = addInterval(series.deleted ?? [], { mint, maxt });
        };
        return () => records.readTombstones(input, each, AT_ONCE);
      }
      case records.EXEMPLARS: {
        const base = records.SampleBase.read(input);
        const each = ({ ref, t, value, labels }: records.ExemplarRecord): void => {
          const series = head.series.byRef(ref);
          if (series !== undefined) head.exemplars.add(series, { labels, value, timestamp: t });
        };
        return () => records.readExemplars(input, base, each, AT_ONCE);
      }
      case records.METADATA: {
        const each = (ref: number, metadata: Metadata): void => {
          const series = head.series.byRef(ref);
          if (series !== undefined) series.metadata = metadata;
        };
        return () => records.readMetadata(input, each, AT_ONCE);
      }
      default:
        // Markers of head chunks, and kinds of record that a later version may have: nothing for us.
        return undefined;
    }
  }

  #addFloats(floats: records.LoggedFloats): void {
    const { refs, timestamps, length } = floats;
    for (let i = 0; i < length; i++)
      if (!this.#floats.add(floats, i)) this.#noteUnknown(refs[i]!, timestamps[i]!);
    this.report.samples += length;
    for (let i = 0; i < length; i++) this.#noteTime(timestamps[i]!);
  }

  #lateFloats({ refs, timestamps, words, length }: records.LoggedFloats): void {
    for (let i = 0; i < length; i++) {
      const t = timestamps[i]!;
      const series = this.#find(refs[i]!, t);
      const [high, low] = [words[2 * i + HIGH_WORD]!, words[2 * i + LOW_WORD]!];
      if (series !== undefined) this.#head.appendLate({ series, t, high, low });
    }
  }

  #noteUnknown(ref: number, t: number): void {
    this.#head.reserveRef(ref);
    // Of series forgotten long ago old samples may be left; they are in blocks.
    if (t < this.#head.floor) return;
    this.report.unknown++;
    this.report.unknownFrom = Math.min(this.report.unknownFrom, t);
    this.report.unknownTo = Math.max(this.report.unknownTo, t);
  }

  /** Damage lies between the newest sample before it and the first one behind it. */
  #noteTime(t: number): void {
    if (this.#unbounded.length > 0) {
      for (const damage of this.#unbounded) damage.maxt = Math.max(t, damage.mint);
      this.#unbounded.length = 0;
    }
    if (t > this.#lastTime) this.#lastTime = t;
  }

  #series(ref: number, labels: Labels): void {
    const table = this.#head.series;
    this.#head.reserveRef(ref);
    const known = table.byLabels(labels);
    if (known !== undefined) {
      if (known.ref !== ref) table.alias(ref, known);
      return;
    }
    const series = this.#head.addSeries(ref, labels);
    series.logged = true;
    const chunks = this.#chunks?.take(ref);
    if (chunks !== undefined) this.#head.adopt(series, chunks);
  }

  #find(ref: number, t: number): MemSeries | undefined {
    this.report.samples++;
    this.#noteTime(t);
    const series = this.#head.series.byRef(ref);
    if (series === undefined) this.#noteUnknown(ref, t);
    return series;
  }
}

function staleRun(t: number): FloatRun {
  const words = new Uint32Array(2);
  words[HIGH_WORD] = STALE_NAN_HIGH;
  words[LOW_WORD] = STALE_NAN_LOW;
  return { timestamps: [t], words };
}

function staleMarker(series: MemSeries, t: number): LateSample {
  return { series, t, high: STALE_NAN_HIGH, low: STALE_NAN_LOW };
}
