import { formatFloat } from '../gonumber.ts';
import type { FloatHistogram, Histogram } from '../histogram/histogram.ts';
import { Labels, METRIC_NAME } from '../labels.ts';
import { ProtobufError, ProtobufReader } from '../protobuf.ts';
import type { Exemplar, Metadata } from '../storage.ts';
import { ExpositionError, type ExpositionParser } from './parser.ts';
import {
  hasNativeBuckets,
  nativeHistogram,
  readFamily,
  type FamilyMessage,
  type HistogramMessage,
  type MetricMessage,
} from './protobuf-messages.ts';
import { SeriesTable } from './series-table.ts';

export interface ProtobufParserOptions {
  /** Take native buckets where there are any; else the classic ones only. @default true */
  readonly nativeHistograms?: boolean;
  /** Take classic buckets also where native ones were taken. @default false */
  readonly classicHistograms?: boolean;
}

interface Sample {
  readonly series: number;
  readonly value: number;
  readonly timestamp: number;
  readonly histogram?: Histogram | FloatHistogram;
  readonly exemplars: readonly Exemplar[];
}

const NO_EXEMPLARS: readonly Exemplar[] = [];

/** Reads Prometheus's protobuf exposition: messages `MetricFamily`, each with its length before it. */
export class ProtobufParser implements ExpositionParser {
  readonly table: SeriesTable;
  series = 0;
  value = 0;
  timestamp: number = NaN;
  histogram: Histogram | FloatHistogram | undefined;
  exemplars: readonly Exemplar[] = NO_EXEMPLARS;

  readonly #native: boolean;
  readonly #classicToo: boolean;
  #metadata = new Map<string, Metadata>();
  #reader = new ProtobufReader(new Uint8Array(0));
  #length = 0;
  #samples: Sample[] = [];
  #at = 0;

  constructor(options: ProtobufParserOptions = {}, table: SeriesTable = new SeriesTable()) {
    this.table = table;
    this.#native = options.nativeHistograms ?? true;
    this.#classicToo = options.classicHistograms ?? false;
  }

  get metadata(): ReadonlyMap<string, Metadata> {
    return this.#metadata;
  }

  start(body: Uint8Array): void {
    this.#reader = new ProtobufReader(body);
    this.#length = body.length;
    this.#metadata = new Map();
    this.#samples = [];
    this.#at = 0;
  }

  next(): boolean {
    while (this.#at >= this.#samples.length) {
      if (this.#reader.position >= this.#length) return false;
      this.#samples = [];
      this.#at = 0;
      this.#expand(this.#readFamily());
    }
    const sample = this.#samples[this.#at++] as Sample;
    this.series = sample.series;
    this.value = sample.value;
    this.timestamp = sample.timestamp;
    this.histogram = sample.histogram;
    this.exemplars = sample.exemplars;
    return true;
  }

  #readFamily(): FamilyMessage {
    const start = this.#reader.position;
    try {
      return readFamily(this.#reader.message());
    } catch (error) {
      if (!(error instanceof ProtobufError)) throw error;
      throw new ExpositionError(`the metric family at byte ${start}: ${error.message}`, { cause: error });
    }
  }

  #expand(family: FamilyMessage): void {
    const { name, type, help, unit } = family;
    if (name === '') throw new ExpositionError('a metric family without a name');
    this.#metadata.set(name, { type, help, unit });
    for (const metric of family.metrics) {
      if (metric.summary) this.#expandSummary(name, metric, metric.summary);
      else if (metric.histogram) this.#expandHistogram(family, metric, metric.histogram);
      else this.#add(name, metric, metric.value ?? 0, undefined, metric.exemplar);
    }
  }

  #expandSummary(
    name: string,
    metric: MetricMessage,
    { count, sum, quantiles }: NonNullable<MetricMessage['summary']>,
  ): void {
    this.#add(`${name}_count`, metric, count);
    this.#add(`${name}_sum`, metric, sum);
    for (const { quantile, value } of quantiles)
      this.#add(name, metric, value, ['quantile', openMetricsFloat(quantile)]);
  }

  #expandHistogram(family: FamilyMessage, metric: MetricMessage, h: HistogramMessage): void {
    const native = this.#native && hasNativeBuckets(h);
    if (native) {
      const exemplars = h.exemplars.length > 0 ? h.exemplars : exemplarsOf(h);
      this.#push(
        family.name,
        metric,
        0,
        undefined,
        exemplars,
        nativeHistogram(h, family.type === 'gaugehistogram'),
      );
    }
    if (native && !(this.#classicToo && h.buckets.length > 0)) return;
    const count = h.countFloat || h.count;
    this.#add(`${family.name}_count`, metric, count);
    this.#add(`${family.name}_sum`, metric, h.sum);
    for (const bucket of h.buckets)
      this.#add(
        `${family.name}_bucket`,
        metric,
        bucket.count,
        ['le', openMetricsFloat(bucket.upperBound)],
        bucket.exemplar,
      );
    // The last bucket may be left out in this format: it is the count.
    if (h.buckets.at(-1)?.upperBound !== Infinity)
      this.#add(`${family.name}_bucket`, metric, count, ['le', '+Inf']);
  }

  #add(
    name: string,
    metric: MetricMessage,
    value: number,
    label?: [string, string],
    exemplar?: Exemplar,
  ): void {
    this.#push(name, metric, value, label, exemplar ? [exemplar] : NO_EXEMPLARS);
  }

  #push(
    name: string,
    metric: MetricMessage,
    value: number,
    label: [string, string] | undefined,
    exemplars: readonly Exemplar[],
    histogram?: Histogram | FloatHistogram,
  ): void {
    const entries: [string, string][] = [[METRIC_NAME, name], ...metric.labels];
    if (label) entries.push(label);
    const key = entries.flat().join('\xff');
    const series = this.table.find(key) ?? this.table.add(key, Labels.fromEntries(entries));
    const timestamp = metric.timestamp ?? NaN;
    this.#samples.push({ series, value, timestamp, exemplars, ...(histogram && { histogram }) });
  }
}

function exemplarsOf(h: HistogramMessage): Exemplar[] {
  return h.buckets.flatMap((bucket) => (bucket.exemplar?.timestamp === undefined ? [] : [bucket.exemplar]));
}

/** OpenMetrics writes whole bounds with a decimal (`le="1.0"`), and so does Prometheus for this format. */
export function openMetricsFloat(value: number): string {
  const text = formatFloat(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
