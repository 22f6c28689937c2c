import {
  formatDecimal,
  toFloatHistogram,
  type FloatHistogram,
  type Labels,
  type Series,
} from '@prunella/metrics';
import { bucketsOf, type QueryResult, type VectorSample } from '@prunella/promql';

/** How much text is gathered before it goes out as one piece. */
const PIECE = 64 * 1024;

/** Prometheus's answer to a query, in pieces, so that a large one is never one string. */
export function* queryAnswer({ value, warnings, infos, stats }: QueryResult): Generator<string> {
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
  let text = stats ? `,"stats":${statsJson(stats)}}` : '}';
  if (warnings.length > 0) text += `,"warnings":${JSON.stringify(warnings)}`;
  if (infos.length > 0) text += `,"infos":${JSON.stringify(infos)}`;
  yield `${text}}`;
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
    : `"value":${point(time, formatDecimal(value))}`;
  return `{"metric":${metric(labels)},${sample}}`;
}

function* matrixJson(series: readonly Series[]): Generator<string> {
  let text = '[';
  for (const [i, { labels, samples }] of series.entries()) {
    text += `${i === 0 ? '' : ','}{"metric":${metric(labels)}`;
    const { timestamps, values, histograms } = samples;
    let floats = '';
    let others = '';
    for (let k = 0; k < timestamps.length; k++) {
      const time = (timestamps[k] as number) / 1000;
      const histogram = histograms?.[k];
      if (histogram)
        others += `${others === '' ? '' : ','}[${time},${histogramJson(toFloatHistogram(histogram))}]`;
      else floats += `${floats === '' ? '' : ','}[${time},"${formatDecimal(values[k] as number)}"]`;
    }
    if (floats !== '' || others === '') text += `,"values":[${floats}]`;
    if (others !== '') text += `,"histograms":[${others}]`;
    text += '}';
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  yield `${text}]`;
}

/** Which bounds belong to a bucket, in the API's numbers: 0 the upper one, 1 the lower one, 3 both. */
const BOUNDARIES = { positive: 0, custom: 0, negative: 1, zero: 3 } as const;

function histogramJson(histogram: FloatHistogram): string {
  const buckets = bucketsOf(histogram)
    .filter(({ count }) => count !== 0)
    .map(({ kind, lower, upper, count }) => [
      BOUNDARIES[kind],
      formatDecimal(lower),
      formatDecimal(upper),
      formatDecimal(count),
    ]);
  const shown = { count: formatDecimal(histogram.count), sum: formatDecimal(histogram.sum) };
  return JSON.stringify(buckets.length > 0 ? { ...shown, buckets } : shown);
}

/** A label set costs as much to write as ten points: it is kept with the set. */
const written = new WeakMap<Labels, string>();

function metric(labels: Labels): string {
  let text = written.get(labels);
  if (text === undefined) {
    text = JSON.stringify(labels);
    written.set(labels, text);
  }
  return text;
}

function point(time: number, value: string): string {
  return `[${time / 1000},${JSON.stringify(value)}]`;
}

function statsJson(stats: NonNullable<QueryResult['stats']>): string {
  const seconds = stats.totalMs / 1000;
  return JSON.stringify({
    timings: {
      evalTotalTime: seconds,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: seconds,
      execQueueTime: 0,
      execTotalTime: seconds,
    },
    samples: { totalQueryableSamples: stats.samples, peakSamples: stats.samples },
  });
}
