/**
 * The messages of remote write 1.0 and remote read (prometheus/prompb: remote.proto, types.proto). A series is its
 * labels and whatever belongs to them.
 */
import {
  compareStrings,
  Labels,
  ProtobufError,
  ProtobufReader,
  ProtobufWriter,
  WIRE_VARINT,
  type CounterResetHint,
  type Exemplar,
  type FloatHistogram,
  type Histogram,
  type Metadata,
  type MetricType,
  type Span,
} from '@prunella/metrics';
import { RemoteError } from './snappy.ts';

/** The messages of remote write 1.0 and 2.0, by their full names. */
export type WriteMessage = 'prometheus.WriteRequest' | 'io.prometheus.write.v2.Request';

/** A sample of one series; of `stale`, `histogram` and `value` the first that is set counts. */
export interface RemoteSample {
  /** ms */
  readonly time: number;
  readonly value: number;
  readonly stale?: boolean;
  readonly histogram?: Histogram | FloatHistogram;
}

export interface RemoteSeries {
  readonly labels: Labels;
  readonly samples: readonly RemoteSample[];
  readonly exemplars: readonly Exemplar[];
}

export interface WriteRequest {
  readonly series: readonly RemoteSeries[];
  /** By metric family. */
  readonly metadata: readonly (readonly [string, Metadata])[];
}

/** By number. */
export const METRIC_TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];
const RESET_HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

export function encodeWriteRequest({ series, metadata }: WriteRequest): Uint8Array {
  const writer = new ProtobufWriter();
  for (const each of series) writer.message(1, () => writeSeries(writer, each));
  for (const [family, { type, help, unit }] of metadata) {
    writer.message(3, () => {
      writer.uint64(1, METRIC_TYPES.indexOf(type));
      writer.string(2, family);
      writer.string(4, help);
      writer.string(5, unit);
    });
  }
  return writer.finish();
}

export function writeSeries(writer: ProtobufWriter, { labels, samples, exemplars }: RemoteSeries): void {
  writeLabels(writer, labels);
  for (const sample of samples) {
    const { histogram, time } = sample;
    if (histogram) writer.message(4, () => writeHistogram(writer, histogram, time));
    else writer.message(2, () => writeSample(writer, sample));
  }
  for (const exemplar of exemplars) {
    writer.message(3, () => {
      writeLabels(writer, exemplar.labels);
      writer.double(2, exemplar.value);
      writer.int64(3, exemplar.timestamp ?? 0);
    });
  }
}

/** Of a float; both versions have the same message. */
export function writeSample(writer: ProtobufWriter, { time, value, stale }: RemoteSample): void {
  if (stale) writer.staleDouble(1);
  else writer.double(1, value);
  writer.int64(2, time);
}

function writeLabels(writer: ProtobufWriter, labels: Labels): void {
  const { pairs } = labels;
  for (let i = 0; i < pairs.length; i += 2) {
    writer.message(1, () => {
      writer.string(1, pairs[i] as string);
      writer.string(2, pairs[i + 1] as string);
    });
  }
}

export function writeHistogram(writer: ProtobufWriter, h: Histogram | FloatHistogram, time: number): void {
  const float = h.kind === 'float';
  // The members of a "oneof" are written even when they are 0.
  if (float) writer.rawDouble(2, h.count);
  else {
    writer.tag(1, WIRE_VARINT);
    writer.varint(h.count);
  }
  writer.double(3, h.sum);
  writer.sint64(4, h.schema);
  writer.double(5, h.zeroThreshold);
  if (float) writer.rawDouble(7, h.zeroCount);
  else {
    writer.tag(6, WIRE_VARINT);
    writer.varint(h.zeroCount);
  }
  const writeSpans = (field: number, spans: readonly Span[]): void => {
    for (const { offset, length } of spans)
      writer.message(field, () => {
        writer.sint64(1, offset);
        writer.uint64(2, length);
      });
  };
  writeSpans(8, h.negativeSpans);
  if (float) writer.packedDoubles(10, h.negativeBuckets);
  else writer.packedSint64(9, h.negativeDeltas);
  writeSpans(11, h.positiveSpans);
  if (float) writer.packedDoubles(13, h.positiveBuckets);
  else writer.packedSint64(12, h.positiveDeltas);
  writer.uint64(14, RESET_HINTS.indexOf(h.counterResetHint));
  writer.int64(15, time);
  writer.packedDoubles(16, h.customValues);
}

/** @throws RemoteError */
export function decodeWriteRequest(message: Uint8Array): WriteRequest {
  const series: RemoteSeries[] = [];
  const metadata: (readonly [string, Metadata])[] = [];
  readMessage(() => {
    const reader = new ProtobufReader(message);
    while (reader.next()) {
      if (reader.field === 1) series.push(readSeries(reader.message()));
      else if (reader.field === 3) metadata.push(readMetadata(reader.message()));
      else reader.skip();
    }
  });
  return { series, metadata };
}

/** Turns the faults of the encoding into ours. */
export function readMessage<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof ProtobufError)) throw cause;
    throw new RemoteError(`protobuf: ${cause.message}`, { cause });
  }
}

export function readSeries(reader: ProtobufReader): RemoteSeries {
  const labels: [string, string][] = [];
  const samples: RemoteSample[] = [];
  const exemplars: Exemplar[] = [];
  while (reader.next()) {
    if (reader.field === 1) labels.push(readLabel(reader.message()));
    else if (reader.field === 2) samples.push(readSample(reader.message()));
    else if (reader.field === 3) exemplars.push(readExemplar(reader.message()));
    else if (reader.field === 4) samples.push(readHistogram(reader.message()));
    else reader.skip();
  }
  return { labels: sortedLabels(labels), samples, exemplars };
}

export function sortedLabels(entries: readonly [string, string][]): Labels {
  const sorted = entries.toSorted(([a], [b]) => compareStrings(a, b));
  const twice = sorted.find(([name], i) => sorted[i + 1]?.[0] === name);
  if (twice) throw new RemoteError(`label name ${JSON.stringify(twice[0])} is not unique`);
  if (sorted.some(([name]) => name === '')) throw new RemoteError('a label without a name');
  return Labels.fromSortedPairs(sorted.filter(([, value]) => value !== '').flat());
}

export function readLabel(reader: ProtobufReader): [string, string] {
  const label: [string, string] = ['', ''];
  while (reader.next()) {
    if (reader.field === 1) label[0] = reader.string();
    else if (reader.field === 2) label[1] = reader.string();
    else reader.skip();
  }
  return label;
}

function readSample(reader: ProtobufReader): RemoteSample {
  let value = 0;
  let time = 0;
  let stale = false;
  while (reader.next()) {
    if (reader.field === 1) {
      stale = reader.nextIsStale();
      value = reader.double();
    } else if (reader.field === 2) time = reader.int64();
    else reader.skip();
  }
  return { time, value, ...(stale && { stale }) };
}

export function readExemplar(reader: ProtobufReader): Exemplar {
  const labels: [string, string][] = [];
  let value = 0;
  let timestamp = 0;
  while (reader.next()) {
    if (reader.field === 1) labels.push(readLabel(reader.message()));
    else if (reader.field === 2) value = reader.double();
    else if (reader.field === 3) timestamp = reader.int64();
    else reader.skip();
  }
  return { labels: sortedLabels(labels), value, timestamp };
}

export function readMetadata(reader: ProtobufReader): readonly [string, Metadata] {
  let family = '';
  let type: MetricType = 'unknown';
  let help = '';
  let unit = '';
  while (reader.next()) {
    if (reader.field === 1) type = METRIC_TYPES[reader.varint()] ?? 'unknown';
    else if (reader.field === 2) family = reader.string();
    else if (reader.field === 4) help = reader.string();
    else if (reader.field === 5) unit = reader.string();
    else reader.skip();
  }
  return [family, { type, help, unit }];
}

function readSpan(reader: ProtobufReader): Span {
  let offset = 0;
  let length = 0;
  while (reader.next()) {
    if (reader.field === 1) offset = reader.sint64();
    else if (reader.field === 2) length = reader.varint();
    else reader.skip();
  }
  return { offset, length };
}

/** Both kinds of counts, before it is known which kind of histogram it is. */
interface RawHistogram {
  float: boolean;
  time: number;
  count: number;
  zeroCount: number;
  sum: number;
  schema: number;
  zeroThreshold: number;
  hint: CounterResetHint;
  negativeSpans: Span[];
  negativeDeltas: number[];
  negativeCounts: number[];
  positiveSpans: Span[];
  positiveDeltas: number[];
  positiveCounts: number[];
  customValues: number[];
}

const sint = (reader: ProtobufReader): number => reader.sint64();
const double = (reader: ProtobufReader): number => reader.double();

/** By field number. */
const HISTOGRAM_FIELDS: Readonly<Record<number, (r: ProtobufReader, h: RawHistogram) => unknown>> = {
  1: (r, h) => (h.count = r.varint()),
  2: (r, h) => {
    h.count = r.double();
    h.float = true;
  },
  3: (r, h) => (h.sum = r.double()),
  4: (r, h) => (h.schema = r.sint64()),
  5: (r, h) => (h.zeroThreshold = r.double()),
  6: (r, h) => (h.zeroCount = r.varint()),
  7: (r, h) => (h.zeroCount = r.double()),
  8: (r, h) => h.negativeSpans.push(readSpan(r.message())),
  9: (r, h) => r.repeated(h.negativeDeltas, sint),
  10: (r, h) => r.repeated(h.negativeCounts, double),
  11: (r, h) => h.positiveSpans.push(readSpan(r.message())),
  12: (r, h) => r.repeated(h.positiveDeltas, sint),
  13: (r, h) => r.repeated(h.positiveCounts, double),
  14: (r, h) => (h.hint = RESET_HINTS[r.varint()] ?? 'unknown'),
  15: (r, h) => (h.time = r.int64()),
  16: (r, h) => r.repeated(h.customValues, double),
};

export function readHistogram(reader: ProtobufReader): RemoteSample {
  const raw: RawHistogram = {
    float: false,
    time: 0,
    count: 0,
    zeroCount: 0,
    sum: 0,
    schema: 0,
    zeroThreshold: 0,
    hint: 'unknown',
    negativeSpans: [],
    negativeDeltas: [],
    negativeCounts: [],
    positiveSpans: [],
    positiveDeltas: [],
    positiveCounts: [],
    customValues: [],
  };
  while (reader.next()) {
    const read = HISTOGRAM_FIELDS[reader.field];
    if (read) read(reader, raw);
    else reader.skip();
  }
  return { time: raw.time, value: raw.sum, histogram: toHistogram(raw) };
}

function toHistogram(raw: RawHistogram): Histogram | FloatHistogram {
  const {
    hint: counterResetHint,
    count,
    zeroCount,
    sum,
    schema,
    zeroThreshold,
    negativeSpans,
    positiveSpans,
    customValues,
  } = raw;
  const base = {
    counterResetHint,
    count,
    zeroCount,
    sum,
    schema,
    zeroThreshold,
    negativeSpans,
    positiveSpans,
    customValues,
  };
  return raw.float
    ? { ...base, kind: 'float', negativeBuckets: raw.negativeCounts, positiveBuckets: raw.positiveCounts }
    : { ...base, kind: 'integer', negativeDeltas: raw.negativeDeltas, positiveDeltas: raw.positiveDeltas };
}
