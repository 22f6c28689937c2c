import { METRIC_NAME, type FloatHistogram, type Labels, type SampleColumns } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import type { Pacer } from './pacer.ts';
import { copyStep, newSeries, type StepSeries, type Value } from './value.ts';

/**
 * Makes series whose labels have become equal one, as long as they never have a value at the same step.
 * @throws QueryError where they do
 */
export async function mergeEqual(pacer: Pacer, series: readonly StepSeries[]): Promise<StepSeries[]> {
  const byLabels = new Map<string, StepSeries>();
  await pacer.forEach(series, (each) => {
    const known = byLabels.get(each.labels.key);
    byLabels.set(each.labels.key, known ? merged(known, each) : each);
  });
  return byLabels.size === series.length ? [...series] : [...byLabels.values()];
}

function merged(known: StepSeries, each: StepSeries): StepSeries {
  const out = newSeries(each.labels, each.values.length, each.dropName || known.dropName);
  for (let i = 0; i < each.values.length; i++) {
    if (known.present[i] && each.present[i]) {
      throw new QueryError('execution', 'vector cannot contain metrics with the same labelset');
    }
    const source = known.present[i] ? known : each;
    if (source.present[i]) copyStep(source, out, i);
  }
  return out;
}

const METADATA = new Set([METRIC_NAME, '__type__', '__unit__']);

/** Without the name, and the type and unit that belong to it. */
export function withoutMetadata(labels: Labels): Labels {
  return labels.drop(METADATA);
}

/** Takes the names away from the series that are to lose them. @throws QueryError where two then are one */
export async function dropNames(pacer: Pacer, value: Value): Promise<Value> {
  if (value.type !== 'vector' || !value.series.some(({ dropName }) => dropName)) return value;
  const series = await pacer.map(value.series, ({ labels, values, present, dropName, histograms }) => ({
    labels: dropName ? withoutMetadata(labels) : labels,
    values,
    present,
    dropName: false,
    histograms,
  }));
  return { ...value, series: haveOneName(value.series) ? series : await mergeEqual(pacer, series) };
}

/** Whether all lose the same name and nothing else, so that none can become another's equal. */
function haveOneName(series: readonly StepSeries[]): boolean {
  const name = series[0]?.labels.metricName;
  return series.every(
    ({ labels, dropName }) =>
      dropName && labels.metricName === name && !labels.has('__type__') && !labels.has('__unit__'),
  );
}

/** Applies a function to every value; the name goes, as it does whenever a value's meaning changes. */
export function mapValues(
  pacer: Pacer,
  series: readonly StepSeries[],
  map: (value: number, step: number) => number,
): Promise<StepSeries[]> {
  return pacer.map(series, ({ labels, values, present, histograms }) => {
    const out = newSeries(labels, values.length, true);
    for (let i = 0; i < values.length; i++) {
      if (!present[i] || histograms?.[i]) continue;
      out.values[i] = map(values[i] as number, i);
      out.present[i] = 1;
    }
    return out;
  });
}

export function constantSeries(labels: Labels, values: Float64Array): StepSeries {
  return { labels, values, present: new Uint8Array(values.length).fill(1) };
}

/** The samples of the steps at which there is a value; where that is all of them, without a copy. */
export function presentSamples(
  { values, present, histograms }: StepSeries,
  times: Float64Array,
): SampleColumns {
  let count = 0;
  for (let i = 0; i < present.length; i++) count += present[i] as number;
  if (count === present.length) return { timestamps: times, values, ...(histograms && { histograms }) };
  const timestamps = new Float64Array(count);
  const kept = new Float64Array(count);
  const column: (FloatHistogram | undefined)[] | undefined = histograms && [];
  let k = 0;
  for (let i = 0; i < present.length; i++) {
    if (present[i] === 0) continue;
    timestamps[k] = times[i] as number;
    column?.push(histograms?.[i]);
    kept[k++] = values[i] as number;
  }
  return { timestamps, values: kept, ...(column && { histograms: column }) };
}
