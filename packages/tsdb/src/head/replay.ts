import { STALE_NAN_HIGH, STALE_NAN_LOW, type Labels } from '@prunella/metrics';
import { ByteReader } from '../bytes/reader.ts';
import { CorruptionError, messageOf } from '../errors.ts';
import { addInterval } from '../intervals.ts';
import { Pacer } from '../pacer.ts';
import type { Segment } from '../wal/load.ts';
import { readSegment, type WalDamage } from '../wal/reader.ts';
import * as records from '../wal/records.ts';
import type { Head } from './head.ts';
import type { HeadChunks } from './head_chunks.ts';
import type { MemSeries } from './series.ts';

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

/** Fills the head from a log. */
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
  readonly #chunks: HeadChunks | undefined;
  readonly #pacer = new Pacer();
  /** Damages behind which no sample has come yet. */
  readonly #unbounded: { readonly mint: number; maxt: number }[] = [];
  #lastTime: number = -Infinity;

  /** @param chunks of series in the log, ready made: samples that they hold are not added again */
  constructor(head: Head, chunks?: HeadChunks) {
    this.#head = head;
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
        if (late) this.#applyLate(record);
        else this.#apply(record);
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        damaged({ dir, segment: index, offset: 0, reason: messageOf(error), atEnd: false });
      }
      const pause = this.#pacer.pause();
      if (pause) await pause;
    }
    this.report.segments++;
  }

  #apply(record: Uint8Array): void {
    if (record.length === 0) return;
    const input = new ByteReader(record, 1);
    const [type = 0] = record;
    switch (type) {
      case records.SERIES:
        return records.readSeries(input, (ref, labels) => this.#series(ref, labels));
      case records.SAMPLES:
        return records.readSamples(input, (ref, t, high, low) => {
          const series = this.#find(ref, t);
          if (series !== undefined && t >= this.#head.floor) this.#head.append(series, t, high, low);
        });
      case records.HISTOGRAMS:
      case records.CUSTOM_HISTOGRAMS:
        return this.#histograms(input, 'integer', type === records.CUSTOM_HISTOGRAMS);
      case records.FLOAT_HISTOGRAMS:
      case records.CUSTOM_FLOAT_HISTOGRAMS:
        return this.#histograms(input, 'float', type === records.CUSTOM_FLOAT_HISTOGRAMS);
      case records.TOMBSTONES:
        return records.readTombstones(input, (ref, mint, maxt) => {
          const series = this.#head.series.byRef(ref);
          if (series !== undefined) series.deleted = addInterval(series.deleted ?? [], { mint, maxt });
        });
      case records.EXEMPLARS:
        return records.readExemplars(input, ({ ref, t, value, labels }) => {
          const series = this.#head.series.byRef(ref);
          if (series !== undefined) this.#head.exemplars.add(series, { labels, value, timestamp: t });
        });
      case records.METADATA:
        return records.readMetadata(input, (ref, metadata) => {
          const series = this.#head.series.byRef(ref);
          if (series !== undefined) series.metadata = metadata;
        });
      default:
      // Markers of head chunks, and kinds of record that a later version may have: nothing for us.
    }
  }

  #noteUnknown(t: number): void {
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

  #applyLate(record: Uint8Array): void {
    if (record[0] !== records.SAMPLES) return;
    records.readSamples(new ByteReader(record, 1), (ref, t, high, low) => {
      const series = this.#find(ref, t);
      if (series !== undefined) this.#head.appendLate(series, t, high, low);
    });
  }

  #histograms(input: ByteReader, kind: 'integer' | 'float', custom: boolean): void {
    records.readHistograms(input, kind, custom, (ref, t, h) => {
      const series = this.#find(ref, t);
      if (series === undefined || t < this.#head.floor) return;
      if (h === undefined) this.#head.append(series, t, STALE_NAN_HIGH, STALE_NAN_LOW);
      else this.#head.appendHistogram(series, t, h);
    });
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
    if (this.#chunks !== undefined) this.#head.adopt(series, this.#chunks.take(ref));
  }

  #find(ref: number, t: number): MemSeries | undefined {
    this.report.samples++;
    this.#noteTime(t);
    const series = this.#head.series.byRef(ref);
    if (series === undefined) {
      this.#head.reserveRef(ref);
      // Of series forgotten long ago old samples may be left; they are in blocks.
      if (t >= this.#head.floor) this.#noteUnknown(t);
    }
    return series;
  }
}
