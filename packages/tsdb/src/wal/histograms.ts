import {
  CUSTOM_BUCKETS_SCHEMA,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
  type CounterResetHint,
  type FloatHistogram,
  type Histogram,
  type Span,
} from '@prunella/metrics';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';

/** In the order of their numbers on disk. */
const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/** One histogram as a log's record holds it; custom bounds are the last field, and only of that schema. */
export function writeHistogram(out: ByteWriter, h: Histogram | FloatHistogram): void {
  out.u8(Math.max(0, HINTS.indexOf(h.counterResetHint)));
  out.varint(h.schema);
  out.f64(h.zeroThreshold);
  if (h.kind === 'integer') {
    out.uvarint(h.zeroCount);
    out.uvarint(h.count);
  } else {
    out.f64(h.zeroCount);
    out.f64(h.count);
  }
  out.f64(h.sum);
  writeSpans(out, h.positiveSpans);
  writeSpans(out, h.negativeSpans);
  if (h.kind === 'integer') {
    writeList(out, h.positiveDeltas, (delta) => out.varint(delta));
    writeList(out, h.negativeDeltas, (delta) => out.varint(delta));
  } else {
    writeList(out, h.positiveBuckets, (count) => out.f64(count));
    writeList(out, h.negativeBuckets, (count) => out.f64(count));
  }
  if (h.schema === CUSTOM_BUCKETS_SCHEMA) writeList(out, h.customValues, (bound) => out.f64(bound));
}

/** @returns undefined where the sum's bits are the stale marker: the series has ended */
export function readHistogram(
  input: ByteReader,
  kind: 'integer' | 'float',
  custom: boolean,
): Histogram | FloatHistogram | undefined {
  const counterResetHint = HINTS[input.u8()] ?? 'unknown';
  const schema = input.varint();
  const zeroThreshold = input.f64();
  const zeroCount = kind === 'integer' ? input.uvarint() : input.f64();
  const count = kind === 'integer' ? input.uvarint() : input.f64();
  const stale =
    input.remaining >= 8 &&
    input.view.getUint32(input.pos) === STALE_NAN_HIGH &&
    input.view.getUint32(input.pos + 4) === STALE_NAN_LOW;
  const sum = input.f64();
  const positiveSpans = readSpans(input);
  const negativeSpans = readSpans(input);
  const number = kind === 'integer' ? () => input.varint() : () => input.f64();
  const positive = readList(input, number);
  const negative = readList(input, number);
  const customValues = custom ? readList(input, () => input.f64()) : [];
  if (stale) return undefined;
  const common = {
    counterResetHint,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans,
    negativeSpans,
    customValues,
  };
  return kind === 'integer'
    ? { kind, ...common, positiveDeltas: positive, negativeDeltas: negative }
    : { kind, ...common, positiveBuckets: positive, negativeBuckets: negative };
}

function writeSpans(out: ByteWriter, spans: readonly Span[]): void {
  writeList(out, spans, (span) => {
    out.varint(span.offset);
    out.uvarint(span.length);
  });
}

function readSpans(input: ByteReader): Span[] {
  return readList(input, () => ({ offset: input.varint(), length: input.uvarint() }));
}

function writeList<T>(out: ByteWriter, list: readonly T[], write: (item: T) => void): void {
  out.uvarint(list.length);
  for (const item of list) write(item);
}

function readList<T>(input: ByteReader, read: () => T): T[] {
  const list: T[] = [];
  for (let left = input.uvarint(); left > 0; left--) list.push(read());
  return list;
}
