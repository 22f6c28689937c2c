import type { FloatHistogram, Histogram, Span } from '../histogram/histogram.ts';
import { parseFloatGo } from '../gonumber.ts';
import { ProtobufWriter, WIRE_VARINT } from '../protobuf.ts';
import type { Exemplar } from '../storage.ts';
import type { Metric, MetricFamily } from './family.ts';
import { METRIC_TYPES, type ProtobufMetricType } from './protobuf-messages.ts';

export const PROTOBUF_CONTENT_TYPE =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** Writes Prometheus's protobuf exposition. */
export function writeProtobuf(families: Iterable<MetricFamily>): Uint8Array {
  const writer = new ProtobufWriter();
  for (const family of families) writer.delimited(() => writeFamily(writer, family));
  return writer.finish();
}

function writeFamily(
  writer: ProtobufWriter,
  { name, type, help = '', unit = '', metrics }: MetricFamily,
): void {
  writer.string(1, name);
  writer.string(2, help);
  const index = METRIC_TYPES.indexOf(type as ProtobufMetricType);
  // An enumeration's number is written even when it is 0: the field is optional with presence.
  writer.tag(3, WIRE_VARINT);
  writer.varint(index >= 0 ? index : METRIC_TYPES.indexOf('gauge'));
  for (const group of compoundMetrics(type, metrics))
    writer.message(4, () => writeMetric(writer, type, group));
  writer.string(5, unit);
}

/** Samples that are one message: those of a histogram or summary that share all labels but `le` or `quantile`. */
function compoundMetrics(type: MetricFamily['type'], metrics: readonly Metric[]): Metric[][] {
  if (type !== 'histogram' && type !== 'gaugehistogram' && type !== 'summary')
    return metrics.map((each) => [each]);
  const groups = new Map<string, Metric[]>();
  for (const metric of metrics) {
    const key = JSON.stringify(plainLabels(metric));
    const group = groups.get(key);
    if (group) group.push(metric);
    else groups.set(key, [metric]);
  }
  return [...groups.values()];
}

function plainLabels({ labels = {} }: Metric): [string, string][] {
  return Object.entries(labels).filter(([name]) => name !== 'le' && name !== 'quantile');
}

function writeMetric(writer: ProtobufWriter, type: MetricFamily['type'], group: readonly Metric[]): void {
  const [first] = group as [Metric];
  const compound = type === 'histogram' || type === 'gaugehistogram' || type === 'summary';
  for (const [name, value] of compound ? plainLabels(first) : Object.entries(first.labels ?? {}))
    writer.message(1, () => writeLabelPair(writer, name, value));
  if (type === 'summary') writer.message(4, () => writeSummary(writer, group));
  else if (compound) writer.message(7, () => writeHistogram(writer, group));
  else {
    const field = type === 'counter' ? 3 : type === 'unknown' ? 5 : 2;
    writer.message(field, () => {
      writer.rawDouble(1, first.value);
      const { exemplar } = first;
      if (exemplar && type === 'counter') writer.message(2, () => writeExemplar(writer, exemplar));
    });
  }
  if (first.timestamp !== undefined) writer.int64(6, first.timestamp);
}

function writeLabelPair(writer: ProtobufWriter, name: string, value: string): void {
  writer.string(1, name);
  writer.string(2, value);
}

function writeExemplar(writer: ProtobufWriter, { labels, value, timestamp }: Exemplar): void {
  for (const [name, text] of labels) writer.message(1, () => writeLabelPair(writer, name, text));
  writer.rawDouble(2, value);
  if (timestamp === undefined) return;
  writer.message(3, () => {
    writer.int64(1, Math.floor(timestamp / 1000));
    writer.int64(2, (timestamp - Math.floor(timestamp / 1000) * 1000) * 1e6);
  });
}

function writeSummary(writer: ProtobufWriter, group: readonly Metric[]): void {
  for (const { suffix, value, labels } of group) {
    if (suffix === '_count') writer.uint64(1, value);
    else if (suffix === '_sum') writer.rawDouble(2, value);
    else
      writer.message(3, () => {
        writer.rawDouble(1, parseFloatGo(labels?.['quantile'] ?? '') ?? NaN);
        writer.rawDouble(2, value);
      });
  }
}

function writeHistogram(writer: ProtobufWriter, group: readonly Metric[]): void {
  for (const { suffix, value, labels, exemplar, histogram } of group) {
    if (histogram) writeNative(writer, histogram);
    else if (suffix === '_count') writer.uint64(1, value);
    else if (suffix === '_sum') writer.rawDouble(2, value);
    else
      writer.message(3, () => {
        writer.uint64(1, value);
        writer.rawDouble(2, parseFloatGo(labels?.['le'] ?? '') ?? NaN);
        if (exemplar) writer.message(3, () => writeExemplar(writer, exemplar));
      });
  }
}

function writeNative(writer: ProtobufWriter, h: Histogram | FloatHistogram): void {
  const float = h.kind === 'float';
  if (float) writer.rawDouble(4, h.count);
  else writer.uint64(1, h.count);
  writer.rawDouble(2, h.sum);
  writer.sint64(5, h.schema);
  writer.rawDouble(6, h.zeroThreshold);
  if (float) writer.rawDouble(8, h.zeroCount);
  else writer.uint64(7, h.zeroCount);
  for (const span of h.negativeSpans) writer.message(9, () => writeSpan(writer, span));
  if (float) writer.packedDoubles(11, h.negativeBuckets);
  else writer.packedSint64(10, h.negativeDeltas);
  for (const span of h.positiveSpans) writer.message(12, () => writeSpan(writer, span));
  if (float) writer.packedDoubles(14, h.positiveBuckets);
  else writer.packedSint64(13, h.positiveDeltas);
}

export function writeSpan(writer: ProtobufWriter, { offset, length }: Span): void {
  writer.sint64(1, offset);
  writer.uint64(2, length);
}
