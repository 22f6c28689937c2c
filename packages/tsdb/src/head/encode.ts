import { CUSTOM_BUCKETS_SCHEMA } from '@prunella/metrics';
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
import type { Batch, PendingHistogram } from './batch.ts';
import type { MemSeries } from './series.ts';

/** Larger batches become several records, so that no reader needs much memory or time for one. */
const SAMPLES_PER_RECORD = 10_000;

/** A batch as the records of the log. Series that the log does not know come first and are appended to `fresh`. */
export function encodeBatch(batch: Batch, fresh: MemSeries[]): Uint8Array[] {
  const records: Uint8Array[] = [];
  encodeFreshSeries(batch, fresh, records);
  if (batch.metadata.length > 0) {
    const out = start(METADATA);
    for (const { series, metadata } of batch.metadata) writeMetadata(out, series.ref, metadata);
    records.push(out.written());
  }
  for (let from = 0; from < batch.series.length; from += SAMPLES_PER_RECORD) {
    records.push(encodeSamples(batch, from, Math.min(from + SAMPLES_PER_RECORD, batch.series.length)));
  }
  encodeHistograms(batch, records);
  if (batch.exemplars.length > 0) records.push(encodeExemplars(batch));
  return records;
}

function start(type: number, capacity = 1024): ByteWriter {
  const out = new ByteWriter(capacity);
  out.u8(type);
  return out;
}

function encodeFreshSeries(batch: Batch, fresh: MemSeries[], records: Uint8Array[]): void {
  const note = (series: MemSeries): void => {
    if (series.logged) return;
    series.logged = true;
    fresh.push(series);
  };
  for (const series of batch.series) note(series);
  for (const { series } of batch.histograms) note(series);
  for (const { series } of batch.exemplars) note(series);
  for (const { series } of batch.metadata) note(series);
  for (let from = 0; from < fresh.length; from += SAMPLES_PER_RECORD) {
    const out = start(SERIES, 64 * 1024);
    for (const series of fresh.slice(from, from + SAMPLES_PER_RECORD))
      writeSeries(out, series.ref, series.labels);
    records.push(out.written());
  }
}

function encodeSamples(batch: Batch, from: number, to: number): Uint8Array {
  const out = start(SAMPLES, 32 + (to - from) * 14);
  const base = new SampleBase();
  base.writeFirst(out, batch.series[from]!.ref, batch.timestamps[from]!);
  for (let i = from; i < to; i++) {
    base.write(out, batch.series[i]!.ref, batch.timestamps[i]!);
    out.words(batch.words[2 * i + HIGH_WORD]!, batch.words[2 * i + LOW_WORD]!);
  }
  return out.written();
}

/** Each of the four kinds has its own record type. */
function encodeHistograms(batch: Batch, records: Uint8Array[]): void {
  const kinds = new Map<number, PendingHistogram[]>();
  for (const pending of batch.histograms) {
    const type = recordTypeOf(pending);
    const list = kinds.get(type);
    if (list === undefined) kinds.set(type, [pending]);
    else list.push(pending);
  }
  for (const [type, list] of kinds) {
    const out = start(type, 4096);
    const base = new SampleBase();
    base.writeFirst(out, list[0]!.series.ref, list[0]!.t);
    for (const { series, t, histogram } of list) {
      base.write(out, series.ref, t);
      writeHistogram(out, histogram);
    }
    records.push(out.written());
  }
}

function recordTypeOf({ histogram }: PendingHistogram): number {
  const custom = histogram.schema === CUSTOM_BUCKETS_SCHEMA;
  if (histogram.kind === 'integer') return custom ? CUSTOM_HISTOGRAMS : HISTOGRAMS;
  return custom ? CUSTOM_FLOAT_HISTOGRAMS : FLOAT_HISTOGRAMS;
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
