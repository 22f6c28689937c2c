import { parseFloatGo, type FloatHistogram, type Labels } from '@prunella/metrics';
import type { Pacer } from '../eval/pacer.ts';
import { copyStep, newSeries, type StepSeries } from '../eval/value.ts';
import { hasNaNObservations, histogramFractionOf, histogramVariance } from '../histogram/statistics.ts';
import { bucketFraction, type Bucket } from './quantile.ts';

/** Functions that take one number out of a native histogram. */
export const HISTOGRAM_PARTS: Readonly<Record<string, (h: FloatHistogram) => number>> = {
  histogram_count: (h) => h.count,
  histogram_sum: (h) => h.sum,
  histogram_avg: (h) => h.sum / h.count,
  histogram_stddev: (h) => Math.sqrt(histogramVariance(h)),
  histogram_stdvar: histogramVariance,
};

/** Applies a function to every histogram; floats are passed over. */
export async function mapHistograms(
  pacer: Pacer,
  series: readonly StepSeries[],
  map: (h: FloatHistogram, step: number) => number | undefined,
): Promise<StepSeries[]> {
  const mapped = await pacer.map(series, ({ labels, present, histograms }) => {
    const out = newSeries(labels, present.length, true);
    for (let i = 0; i < present.length; i++) {
      const h = present[i] ? histograms?.[i] : undefined;
      const value = h && map(h, i);
      if (value === undefined) continue;
      out.values[i] = value;
      out.present[i] = 1;
    }
    return out;
  });
  return mapped.filter(({ present }) => present.includes(1));
}

/** Series parted into their floats and their histograms. */
export function partSeries(series: readonly StepSeries[]): { floats: StepSeries[]; natives: StepSeries[] } {
  const part = (wantNative: boolean): StepSeries[] =>
    series.flatMap((each) => {
      if (!each.histograms) return wantNative || !each.present.includes(1) ? [] : [each];
      const out = newSeries(each.labels, each.present.length, each.dropName);
      for (let i = 0; i < each.present.length; i++)
        if (each.present[i] && (each.histograms[i] !== undefined) === wantNative) copyStep(each, out, i);
      return out.present.includes(1) ? [out] : [];
    });
  return { floats: part(false), natives: part(true) };
}

/** histogram_fraction over classic buckets and native histograms. */
export async function histogramFraction(
  pacer: Pacer,
  lower: Float64Array,
  upper: Float64Array,
  series: readonly StepSeries[],
  bad: (labels: Labels, le: string) => void,
  tellNaN: () => void,
): Promise<StepSeries[]> {
  const { floats, natives } = partSeries(series);
  const result = await mapHistograms(pacer, natives, (h, i) => {
    const [from, to] = [lower[i] as number, upper[i] as number];
    if (from < to && h.count !== 0 && hasNaNObservations(h)) tellNaN();
    return histogramFractionOf(from, to, h);
  });
  const groups = new Map<string, { labels: Labels; buckets: { bound: number; series: StepSeries }[] }>();
  for (const each of floats) {
    const le = each.labels.get('le');
    const bound = parseFloatGo(le);
    if (bound === undefined) {
      bad(each.labels, le);
      continue;
    }
    const labels = each.labels.drop(new Set(['le']));
    const group = groups.get(labels.key) ?? { labels, buckets: [] };
    group.buckets.push({ bound, series: each });
    groups.set(labels.key, group);
  }
  await pacer.forEach(groups.values(), ({ labels, buckets }) => {
    const out = newSeries(labels, lower.length, true);
    for (let i = 0; i < lower.length; i++) {
      const present: Bucket[] = [];
      for (const { bound, series: bucket } of buckets)
        if (bucket.present[i]) present.push({ bound, count: bucket.values[i] as number });
      if (present.length === 0) continue;
      out.values[i] = bucketFraction(lower[i] as number, upper[i] as number, present);
      out.present[i] = 1;
    }
    result.push(out);
  });
  return result;
}
