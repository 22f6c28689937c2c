/** The messages of `io.prometheus.client` (metrics.proto), read into plain objects. */
import type { FloatHistogram, Histogram, Span } from '../histogram/histogram.ts';
import { Labels } from '../labels.ts';
import type { ProtobufReader } from '../protobuf.ts';
import type { Exemplar } from '../storage.ts';

export const METRIC_TYPES = [
  'counter',
  'gauge',
  'summary',
  'unknown',
  'histogram',
  'gaugehistogram',
] as const;
export type ProtobufMetricType = (typeof METRIC_TYPES)[number];

export interface FamilyMessage {
  name: string;
  help: string;
  unit: string;
  type: ProtobufMetricType;
  metrics: MetricMessage[];
}

export interface MetricMessage {
  labels: [string, string][];
  /** ms */
  timestamp?: number;
  /** Of a counter, gauge or untyped metric. */
  value?: number;
  exemplar?: Exemplar;
  summary?: SummaryMessage;
  histogram?: HistogramMessage;
}

export interface SummaryMessage {
  count: number;
  sum: number;
  quantiles: { quantile: number; value: number }[];
}

export interface BucketMessage {
  count: number;
  upperBound: number;
  exemplar?: Exemplar;
}

/** Classic buckets, native ones, or both. */
export interface HistogramMessage {
  count: number;
  countFloat: number;
  sum: number;
  buckets: BucketMessage[];
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  zeroCountFloat: number;
  negativeSpans: Span[];
  negativeDeltas: number[];
  negativeCounts: number[];
  positiveSpans: Span[];
  positiveDeltas: number[];
  positiveCounts: number[];
  exemplars: Exemplar[];
}

export function readFamily(reader: ProtobufReader): FamilyMessage {
  const family: FamilyMessage = { name: '', help: '', unit: '', type: 'counter', metrics: [] };
  while (reader.next()) {
    if (reader.field === 1) family.name = reader.string();
    else if (reader.field === 2) family.help = reader.string();
    else if (reader.field === 3) family.type = METRIC_TYPES[reader.varint()] ?? 'unknown';
    else if (reader.field === 4) family.metrics.push(readMetric(reader.message()));
    else if (reader.field === 5) family.unit = reader.string();
    else reader.skip();
  }
  return family;
}

function readMetric(reader: ProtobufReader): MetricMessage {
  const metric: MetricMessage = { labels: [] };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        metric.labels.push(readLabelPair(reader.message()));
        break;
      case 2: // gauge
      case 3: // counter
      case 5: // untyped
        readValue(reader.message(), metric);
        break;
      case 4:
        metric.summary = readSummary(reader.message());
        break;
      case 6:
        metric.timestamp = reader.int64();
        break;
      case 7:
        metric.histogram = readHistogram(reader.message());
        break;
      default:
        reader.skip();
    }
  }
  return metric;
}

function readLabelPair(reader: ProtobufReader): [string, string] {
  const pair: [string, string] = ['', ''];
  while (reader.next()) {
    if (reader.field === 1) pair[0] = reader.string();
    else if (reader.field === 2) pair[1] = reader.string();
    else reader.skip();
  }
  return pair;
}

function readValue(reader: ProtobufReader, into: MetricMessage): void {
  into.value = 0;
  while (reader.next()) {
    if (reader.field === 1) into.value = reader.double();
    else if (reader.field === 2) into.exemplar = readExemplar(reader.message());
    else reader.skip();
  }
}

function readExemplar(reader: ProtobufReader): Exemplar {
  const labels: [string, string][] = [];
  let value = 0;
  let timestamp: number | undefined;
  while (reader.next()) {
    if (reader.field === 1) labels.push(readLabelPair(reader.message()));
    else if (reader.field === 2) value = reader.double();
    else if (reader.field === 3) timestamp = readTimestamp(reader.message());
    else reader.skip();
  }
  return { labels: Labels.fromEntries(labels), value, ...(timestamp !== undefined && { timestamp }) };
}

/** google.protobuf.Timestamp → ms. */
function readTimestamp(reader: ProtobufReader): number {
  let ms = 0;
  while (reader.next()) {
    if (reader.field === 1) ms += reader.int64() * 1000;
    else if (reader.field === 2) ms += Math.floor(reader.int64() / 1e6);
    else reader.skip();
  }
  return ms;
}

function readSummary(reader: ProtobufReader): SummaryMessage {
  const summary: SummaryMessage = { count: 0, sum: 0, quantiles: [] };
  while (reader.next()) {
    if (reader.field === 1) summary.count = reader.varint();
    else if (reader.field === 2) summary.sum = reader.double();
    else if (reader.field === 3) {
      const inner = reader.message();
      const quantile = { quantile: 0, value: 0 };
      while (inner.next()) {
        if (inner.field === 1) quantile.quantile = inner.double();
        else if (inner.field === 2) quantile.value = inner.double();
        else inner.skip();
      }
      summary.quantiles.push(quantile);
    } else reader.skip();
  }
  return summary;
}

const sint = (reader: ProtobufReader): number => reader.sint64();
const double = (reader: ProtobufReader): number => reader.double();

type HistogramField = (reader: ProtobufReader, into: HistogramMessage) => unknown;

/** By field number. */
const HISTOGRAM_FIELDS: Readonly<Record<number, HistogramField>> = {
  1: (r, h) => (h.count = r.varint()),
  2: (r, h) => (h.sum = r.double()),
  3: (r, h) => h.buckets.push(readBucket(r.message())),
  4: (r, h) => (h.countFloat = r.double()),
  5: (r, h) => (h.schema = r.sint64()),
  6: (r, h) => (h.zeroThreshold = r.double()),
  7: (r, h) => (h.zeroCount = r.varint()),
  8: (r, h) => (h.zeroCountFloat = r.double()),
  9: (r, h) => h.negativeSpans.push(readSpan(r.message())),
  10: (r, h) => r.repeated(h.negativeDeltas, sint),
  11: (r, h) => r.repeated(h.negativeCounts, double),
  12: (r, h) => h.positiveSpans.push(readSpan(r.message())),
  13: (r, h) => r.repeated(h.positiveDeltas, sint),
  14: (r, h) => r.repeated(h.positiveCounts, double),
  16: (r, h) => h.exemplars.push(readExemplar(r.message())),
};

function readHistogram(reader: ProtobufReader): HistogramMessage {
  const histogram: HistogramMessage = {
    count: 0,
    countFloat: 0,
    sum: 0,
    buckets: [],
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    zeroCountFloat: 0,
    negativeSpans: [],
    negativeDeltas: [],
    negativeCounts: [],
    positiveSpans: [],
    positiveDeltas: [],
    positiveCounts: [],
    exemplars: [],
  };
  while (reader.next()) {
    const read = HISTOGRAM_FIELDS[reader.field];
    if (read) read(reader, histogram);
    else reader.skip();
  }
  return histogram;
}

function readBucket(reader: ProtobufReader): BucketMessage {
  const bucket: BucketMessage = { count: 0, upperBound: 0 };
  while (reader.next()) {
    if (reader.field === 1) bucket.count = reader.varint();
    else if (reader.field === 4) bucket.count = reader.double();
    else if (reader.field === 2) bucket.upperBound = reader.double();
    else if (reader.field === 3) bucket.exemplar = readExemplar(reader.message());
    else reader.skip();
  }
  return bucket;
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

/** Whether there are native buckets: an empty native histogram shows itself by a span or a zero threshold. */
export function hasNativeBuckets(h: HistogramMessage): boolean {
  return (
    h.positiveSpans.length > 0 ||
    h.negativeSpans.length > 0 ||
    h.zeroThreshold > 0 ||
    h.zeroCount > 0 ||
    h.zeroCountFloat > 0
  );
}

/** The native buckets of the message. */
export function nativeHistogram(h: HistogramMessage, gauge: boolean): Histogram | FloatHistogram {
  const base = {
    counterResetHint: gauge ? 'gauge' : 'unknown',
    schema: h.schema,
    zeroThreshold: h.zeroThreshold,
    sum: h.sum,
    positiveSpans: h.positiveSpans,
    negativeSpans: h.negativeSpans,
    customValues: [],
  } as const;
  if (h.countFloat > 0 || h.zeroCountFloat > 0)
    return {
      ...base,
      kind: 'float',
      count: h.countFloat,
      zeroCount: h.zeroCountFloat,
      positiveBuckets: h.positiveCounts,
      negativeBuckets: h.negativeCounts,
    };
  return {
    ...base,
    kind: 'integer',
    count: h.count,
    zeroCount: h.zeroCount,
    positiveDeltas: h.positiveDeltas,
    negativeDeltas: h.negativeDeltas,
  };
}
