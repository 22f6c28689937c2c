import {
  CUSTOM_BUCKETS_SCHEMA,
  formatDecimal,
  toFloatHistogram,
  type FloatHistogram,
  type Labels,
  type SampleColumns,
  type Series,
} from '@prunella/metrics';
import { bucketsOf, type HistogramBucket, type QueryResult, type VectorSample } from '@prunella/promql';

/** How much text is gathered before it goes out as one piece. */
const PIECE = 64 * 1024;
/** How much of one series at a time. */
const PART = 8 * 1024;

/**
 * Prometheus's answer to a query, in pieces, so that a large one is never one string.
 * @param perStep whether its statistics tell of every step
 */
export function* queryAnswer(
  { value, warnings, infos, stats }: QueryResult,
  perStep = false,
): Generator<string> {
  yield `{"status":"success","data":{"resultType":"${value.type}","result":`;
  switch (value.type) {
    case 'scalar':
      yield point(value.time, formatDecimal(value.value));
      break;
    case 'string':
      yield point(value.time, value.value);
      break;
    case 'vector':
      yield* list(value.samples, sampleJson);
      break;
    case 'matrix':
      yield* matrixJson(value.series);
  }
  let text = stats ? `,"stats":${statsJson(stats, perStep)}}` : '}';
  if (warnings.length > 0) text += `,"warnings":${JSON.stringify(warnings)}`;
  if (infos.length > 0) text += `,"infos":${JSON.stringify(infos)}`;
  yield `${text}}`;
}

/** A list as the API answers it. */
export function* answerPieces(data: readonly unknown[], warnings: readonly string[]): Generator<string> {
  yield '{"status":"success","data":';
  yield* list(data, (item) => JSON.stringify(item));
  yield warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}}` : '}';
}

function* list<T>(items: readonly T[], json: (item: T) => string): Generator<string> {
  let text = '[';
  for (const [i, item] of items.entries()) {
    text += `${i === 0 ? '' : ','}${json(item)}`;
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  yield `${text}]`;
}

function sampleJson({ labels, time, value, histogram }: VectorSample): string {
  const sample = histogram
    ? `"histogram":[${time / 1000},${histogramJson(histogram)}]`
    : `"value":[${time / 1000},"${sampleValue(value)}"]`;
  return `{"metric":${metric(labels)},${sample}}`;
}

function* matrixJson(series: readonly Series[]): Generator<string> {
  let text = '[';
  let times: Float64Array | undefined;
  let openings: readonly string[] | undefined;
  for (const [i, { labels, samples }] of series.entries()) {
    const { timestamps } = samples;
    // Series with a value at every step share their times, which then are written once.
    if (timestamps !== times) {
      times = timestamps;
      openings = timestamps === series[i + 1]?.samples.timestamps ? openingsOf(timestamps) : undefined;
    }
    text += `${i === 0 ? '' : ','}{"metric":${metric(labels)}`;
    for (const part of pointsJson(samples, openings)) {
      text += part;
      if (text.length < PIECE) continue;
      yield text;
      text = '';
    }
    text += '}';
  }
  yield `${text}]`;
}

function openingsOf(timestamps: Float64Array): string[] {
  return Array.from(timestamps, (time) => `[${time / 1000},`);
}

/** A series's floats, then its histograms, in parts of some kilobytes. */
function* pointsJson(
  { timestamps, values, histograms }: SampleColumns,
  openings: readonly string[] | undefined,
): Generator<string> {
  let text = '';
  let before = ',"values":[';
  for (let k = 0; k < timestamps.length; k++) {
    if (histograms?.[k]) continue;
    const opening = openings?.[k] ?? `[${(timestamps[k] as number) / 1000},`;
    text += `${before}${opening}"${sampleValue(values[k] as number)}"]`;
    before = ',';
    if (text.length < PART) continue;
    yield text;
    text = '';
  }
  if (before === ',') text += ']';
  before = ',"histograms":[';
  for (const [k, histogram] of histograms?.entries() ?? []) {
    if (!histogram) continue;
    text += `${before}[${(timestamps[k] as number) / 1000},${histogramJson(toFloatHistogram(histogram))}]`;
    before = ',';
    if (text.length < PART) continue;
    yield text;
    text = '';
  }
  yield before === ',' ? `${text}]` : text;
}

/**
 * A number as Prometheus writes those in series: from 1e21 on and below 1e-6 with an exponent, which is where
 * JavaScript starts too, but of at least two digits. (Scalars are written without, see `formatDecimal`.)
 */
export function sampleValue(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
  const text = String(value);
  const size = Math.abs(value);
  if (size < 1e21 && size >= 1e-6) return text;
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Which bounds belong to a bucket, in the API's numbers: 0 the upper one, 1 the lower one, 3 both. */
function boundary({ kind, index }: HistogramBucket): number {
  if (kind === 'custom') return index === 0 ? 3 : 0;
  return { positive: 0, negative: 1, zero: 3 }[kind];
}

function histogramJson(histogram: FloatHistogram): string {
  const buckets = bucketsOf(histogram)
    .filter(({ kind, count }) => (kind === 'zero' ? count > 0 : count !== 0))
    .map((bucket) => {
      const { lower, upper } = besideZero(bucket, histogram);
      return `[${boundary(bucket)},"${sampleValue(lower)}","${sampleValue(upper)}","${sampleValue(bucket.count)}"]`;
    });
  const shown = `"count":"${sampleValue(histogram.count)}","sum":"${sampleValue(histogram.sum)}"`;
  return buckets.length > 0 ? `{${shown},"buckets":[${buckets.join(',')}]}` : `{${shown}}`;
}

/** A bucket that the zero bucket reaches into is shown from the latter's edge. */
function besideZero(
  { lower, upper }: HistogramBucket,
  { schema, zeroThreshold }: FloatHistogram,
): { lower: number; upper: number } {
  if (schema === CUSTOM_BUCKETS_SCHEMA) return { lower, upper };
  if (upper < 0 && upper > -zeroThreshold) return { lower, upper: -zeroThreshold };
  if (lower > 0 && lower < zeroThreshold) return { lower: zeroThreshold, upper };
  return { lower, upper };
}

/** A label set costs as much to write as ten points: it is kept with the set. */
const written = new WeakMap<Labels, string>();

function metric(labels: Labels): string {
  let text = written.get(labels);
  if (text === undefined) {
    text = quoted(labels);
    written.set(labels, text);
  }
  return text;
}

function point(time: number, value: string): string {
  return `[${time / 1000},${quoted(value)}]`;
}

/** As JSON. Bytes of a string that are no UTF-8 (lone surrogates here) become U+FFFD, as Go's encoder has it. */
function quoted(value: Labels | string): string {
  const text = JSON.stringify(value);
  return text.includes('\\ud') ? JSON.stringify(value, wellFormed) : text;
}

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}

function statsJson(stats: NonNullable<QueryResult['stats']>, perStep: boolean): string {
  const seconds = stats.totalMs / 1000;
  return JSON.stringify({
    timings: {
      evalTotalTime: seconds,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: seconds,
      execQueueTime: stats.queueMs / 1000,
      execTotalTime: (stats.queueMs + stats.totalMs) / 1000,
    },
    samples: {
      ...(perStep && {
        totalQueryableSamplesPerStep: stats.samplesPerStep.map(([time, count]) => [time / 1000, count]),
      }),
      totalQueryableSamples: stats.samples,
      peakSamples: stats.peakSamples,
    },
  });
}
