/** What a log's records say. Layouts: docs/formats.md. All integers big-endian; differences are zigzag varints. */
import {
  Labels,
  type Histogram,
  type FloatHistogram,
  type Metadata,
  type MetricType,
} from '@prunella/metrics';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import { readHistogram, writeHistogram } from './histograms.ts';

export const SERIES = 1;
export const SAMPLES = 2;
export const TOMBSTONES = 3;
export const EXEMPLARS = 4;
export const MMAP_MARKERS = 5;
export const METADATA = 6;
export const HISTOGRAMS = 7;
export const FLOAT_HISTOGRAMS = 8;
export const CUSTOM_HISTOGRAMS = 9;
export const CUSTOM_FLOAT_HISTOGRAMS = 10;

/*
 * The readers take at most `most` entries off the record, so that callers can pause within large ones; they are to be
 * called until nothing remains.
 */

/** `id u64 | labels`, repeated. */
export function writeSeries(out: ByteWriter, ref: number, labels: Labels): void {
  out.u64(ref);
  writeLabels(out, labels);
}

export function readSeries(
  input: ByteReader,
  each: (ref: number, labels: Labels) => void,
  most: number = Infinity,
): void {
  for (let left = most; left > 0 && input.remaining > 0; left--) {
    const ref = input.u64();
    each(ref, readLabels(input));
  }
}

export function writeLabels(out: ByteWriter, labels: Labels): void {
  out.uvarint(labels.size);
  for (const text of labels.pairs) out.string(text);
}

export function readLabels(input: ByteReader): Labels {
  const count = input.uvarint();
  const pairs: string[] = [];
  for (let i = 0; i < 2 * count; i++) pairs.push(input.string());
  return Labels.fromSortedPairs(pairs);
}

/** Samples of all kinds start with the first one's `ref u64 | t u64`; the others are relative to it. */
export class SampleBase {
  ref = 0;
  t = 0;

  writeFirst(out: ByteWriter, ref: number, t: number): void {
    this.ref = ref;
    this.t = t;
    out.u64(ref);
    out.u64(t);
  }

  static read(input: ByteReader): SampleBase {
    const base = new SampleBase();
    base.ref = input.u64();
    base.t = input.i64();
    return base;
  }

  write(out: ByteWriter, ref: number, t: number): void {
    out.varint(ref - this.ref);
    out.varint(t - this.t);
  }
}

/** Floats off a record, as columns: millions are read at a start, and a number passed by hand may cost an allocation. */
export class LoggedFloats {
  readonly refs: Float64Array;
  readonly timestamps: Float64Array;
  /** Two to a float, so that NaN payloads survive: see `HIGH_WORD`, `LOW_WORD`. */
  readonly words: Uint32Array;
  length = 0;

  constructor(capacity: number) {
    this.refs = new Float64Array(capacity);
    this.timestamps = new Float64Array(capacity);
    this.words = new Uint32Array(2 * capacity);
  }
}

/** `Δref | Δt | value`, repeated: as many as there is room for. */
export function readSamples(input: ByteReader, base: SampleBase, into: LoggedFloats): void {
  const { refs, timestamps, words } = into;
  const { ref, t } = base;
  into.length = 0;
  let at = 0;
  for (; at < refs.length && input.remaining > 0; at++) {
    refs[at] = ref + input.varint();
    timestamps[at] = t + input.varint();
    words[2 * at + HIGH_WORD] = input.u32();
    words[2 * at + LOW_WORD] = input.u32();
  }
  into.length = at;
}

/** `ref u64 | mint varint | maxt varint`, repeated. */
export function writeTombstone(out: ByteWriter, ref: number, mint: number, maxt: number): void {
  out.u64(ref);
  out.varint(mint);
  out.varint(maxt);
}

export function readTombstones(
  input: ByteReader,
  each: (ref: number, mint: number, maxt: number) => void,
  most: number = Infinity,
): void {
  for (let left = most; left > 0 && input.remaining > 0; left--)
    each(input.u64(), input.varint(), input.varint());
}

export interface ExemplarRecord {
  readonly ref: number;
  readonly t: number;
  readonly value: number;
  readonly labels: Labels;
}

export function readExemplars(
  input: ByteReader,
  base: SampleBase,
  each: (exemplar: ExemplarRecord) => void,
  most: number = Infinity,
): void {
  for (let left = most; left > 0 && input.remaining > 0; left--) {
    const ref = base.ref + input.varint();
    const t = base.t + input.varint();
    each({ ref, t, value: input.f64(), labels: readLabels(input) });
  }
}

/** `Δref | Δt | histogram`, repeated. A stale marker comes without a histogram; `raw` are the histogram's bytes. */
export function readHistograms(
  input: ByteReader,
  base: SampleBase,
  type: number,
  each: (ref: number, t: number, h: Histogram | FloatHistogram | undefined, raw: Uint8Array) => void,
  most: number = Infinity,
): void {
  const kind = type === HISTOGRAMS || type === CUSTOM_HISTOGRAMS ? 'integer' : 'float';
  const custom = type === CUSTOM_HISTOGRAMS || type === CUSTOM_FLOAT_HISTOGRAMS;
  for (let left = most; left > 0 && input.remaining > 0; left--) {
    const ref = base.ref + input.varint();
    const t = base.t + input.varint();
    const start = input.pos;
    const h = readHistogram(input, kind, custom);
    each(ref, t, h, input.bytes.subarray(start, input.pos));
  }
}

export { writeHistogram };

/** In the order of their numbers on disk. */
const METRIC_TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

/** `ref uvarint | type u8 | number of fields | (name, value)…`, repeated. */
export function writeMetadata(out: ByteWriter, ref: number, metadata: Metadata): void {
  out.uvarint(ref);
  out.u8(Math.max(0, METRIC_TYPES.indexOf(metadata.type)));
  out.uvarint(2);
  for (const text of ['UNIT', metadata.unit, 'HELP', metadata.help]) out.string(text);
}

export function readMetadata(
  input: ByteReader,
  each: (ref: number, metadata: Metadata) => void,
  most: number = Infinity,
): void {
  for (let left = most; left > 0 && input.remaining > 0; left--) {
    const ref = input.uvarint();
    const type = METRIC_TYPES[input.u8()] ?? 'unknown';
    let unit = '';
    let help = '';
    for (let left = input.uvarint(); left > 0; left--) {
      const name = input.string();
      const value = input.string();
      if (name === 'UNIT') unit = value;
      else if (name === 'HELP') help = value;
    }
    each(ref, { type, unit, help });
  }
}
