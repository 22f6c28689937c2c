import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Histogram } from '@prunella/metrics';
import { ByteWriter } from '../bytes/writer.ts';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import {
  CUSTOM_FLOAT_HISTOGRAMS,
  CUSTOM_HISTOGRAMS,
  EXEMPLARS,
  FLOAT_HISTOGRAMS,
  HISTOGRAMS,
  METADATA,
  SAMPLES,
  SERIES,
  SampleBase,
  writeHistogram,
  writeLabels,
  writeMetadata,
  writeSeries,
} from '../wal/records.ts';
import type { Batch, LateSample } from './batch.ts';
import type { MemSeries } from './series.ts';

/** A batch is one record where that is possible: after a crash it is there as a whole or not at all. */
const SAMPLES_PER_RECORD = 50_000;
const SERIES_PER_RECORD = 1000;

/** A batch as the records of the log. Series that the log does not know come first and are appended to `fresh`. */
export function* encodeBatch(batch: Batch, fresh: MemSeries[]): Generator<Uint8Array> {
  yield* encodeFreshSeries(batch, fresh);
  if (batch.metadata.length > 0) {
    const out = start(METADATA);
    for (const { series, metadata } of batch.metadata) writeMetadata(out, series.ref, metadata);
    yield out.written();
  }
  const runs = batch.histograms === undefined ? [] : runsOf(batch);
  if (runs.length === 0) {
    for (const { from, to } of sampleRanges(batch.series.length))
      yield encodeFloats(batch, undefined, from, to);
  }
  for (const { type, indices } of runs) {
    for (const { from, to } of sampleRanges(indices.length)) {
      const encode = type === SAMPLES ? encodeFloats : encodeHistograms;
      yield encode(batch, indices, from, to, type);
    }
  }
  if (batch.exemplars.length > 0) yield encodeExemplars(batch);
}

/** Samples out of order as records of their own log. */
export function* encodeLate(late: readonly LateSample[]): Generator<Uint8Array> {
  const byType = new Map<number, LateSample[]>();
  for (const each of late) {
    const type = recordType(each.histogram);
    const known = byType.get(type);
    if (known === undefined) byType.set(type, [each]);
    else known.push(each);
  }
  for (const [type, samples] of byType) {
    for (const { from, to } of sampleRanges(samples.length)) {
      const out = start(type, 32 + (to - from) * 14);
      const base = new SampleBase();
      base.writeFirst(out, samples[from]!.series.ref, samples[from]!.t);
      for (const { series, t, high, low, histogram } of samples.slice(from, to)) {
        base.write(out, series.ref, t);
        if (histogram === undefined) out.words(high, low);
        else writeHistogram(out, histogram);
      }
      yield out.written();
    }
  }
}

function start(type: number, capacity = 1024): ByteWriter {
  const out = new ByteWriter(capacity);
  out.u8(type);
  return out;
}

function* encodeFreshSeries(batch: Batch, fresh: MemSeries[]): Generator<Uint8Array> {
  const known = fresh.length;
  const note = (series: MemSeries): void => {
    if (series.logged) return;
    series.logged = true;
    fresh.push(series);
  };
  for (const series of batch.series) note(series);
  for (const { series } of batch.late) note(series);
  for (const { series } of batch.exemplars) note(series);
  for (const { series } of batch.metadata) note(series);
  for (let from = known; from < fresh.length; from += SERIES_PER_RECORD) {
    const out = start(SERIES, 64 * 1024);
    for (const series of fresh.slice(from, from + SERIES_PER_RECORD))
      writeSeries(out, series.ref, series.labels);
    yield out.written();
  }
}

interface Run {
  readonly type: number;
  /** Of the batch's samples, rising. */
  readonly indices: number[];
}

/** Without histograms there is one run, and nobody needs to list its indices. */
function* sampleRanges(length: number): IterableIterator<{ from: number; to: number }> {
  for (let from = 0; from < length; from += SAMPLES_PER_RECORD) {
    yield { from, to: Math.min(from + SAMPLES_PER_RECORD, length) };
  }
}

/** The samples by type of record; of a batch that mixes types within a series, in runs that keep the order. */
function runsOf(batch: Batch): Run[] {
  const runs: Run[] = [];
  let last: Run | undefined;
  for (let i = 0; i < batch.series.length; i++) {
    const type = recordType(batch.histograms?.[i]);
    if (last?.type !== type) {
      last = batch.mixed ? undefined : runs.find((run) => run.type === type);
      if (last === undefined) runs.push((last = { type, indices: [] }));
    }
    last.indices.push(i);
  }
  return runs;
}

function recordType(h: Histogram | FloatHistogram | undefined): number {
  if (h === undefined) return SAMPLES;
  const custom = h.schema === CUSTOM_BUCKETS_SCHEMA;
  if (h.kind === 'integer') return custom ? CUSTOM_HISTOGRAMS : HISTOGRAMS;
  return custom ? CUSTOM_FLOAT_HISTOGRAMS : FLOAT_HISTOGRAMS;
}

/** Entries from..to of `indices` (of the batch itself where there are none). */
function encodeFloats(
  { series, timestamps, words }: Batch,
  indices: readonly number[] | undefined,
  from: number,
  to: number,
): Uint8Array {
  const out = start(SAMPLES, 32 + (to - from) * 14);
  const base = new SampleBase();
  const first = indices?.[from] ?? from;
  base.writeFirst(out, series[first]!.ref, timestamps[first]!);
  for (let at = from; at < to; at++) {
    const i = indices === undefined ? at : indices[at]!;
    base.write(out, series[i]!.ref, timestamps[i]!);
    out.words(words[2 * i + HIGH_WORD]!, words[2 * i + LOW_WORD]!);
  }
  return out.written();
}

function encodeHistograms(
  batch: Batch,
  indices: readonly number[],
  from: number,
  to: number,
  type: number,
): Uint8Array {
  const out = start(type, 4096);
  const base = new SampleBase();
  base.writeFirst(out, batch.series[indices[from]!]!.ref, batch.timestamps[indices[from]!]!);
  for (const i of indices.slice(from, to)) {
    base.write(out, batch.series[i]!.ref, batch.timestamps[i]!);
    writeHistogram(out, batch.histograms![i]!);
  }
  return out.written();
}

function encodeExemplars(batch: Batch): Uint8Array {
  const out = start(EXEMPLARS);
  const base = new SampleBase();
  const first = batch.exemplars[0]!;
  base.writeFirst(out, first.series.ref, first.exemplar.timestamp);
  for (const { series, exemplar } of batch.exemplars) {
    base.write(out, series.ref, exemplar.timestamp);
    out.f64(exemplar.value);
    writeLabels(out, exemplar.labels);
  }
  return out.written();
}
