import { parseFloatGo, type Labels } from '@prunella/metrics';
import type { Pacer } from '../eval/pacer.ts';
import { newSeries, type StepSeries } from '../eval/value.ts';
import { bucketQuantile, type Bucket } from './quantile.ts';

const LE = new Set(['le']);

/** histogram_quantile over classic buckets: series that differ only in `le` are one histogram. */
export async function histogramQuantile(
  pacer: Pacer,
  q: Float64Array,
  series: readonly StepSeries[],
  steps: number,
  report: { bad: (labels: Labels, le: string) => void; repaired: (labels: Labels) => void },
): Promise<StepSeries[]> {
  const groups = new Map<string, { labels: Labels; buckets: { bound: number; series: StepSeries }[] }>();
  await pacer.forEach(series, (each) => {
    const le = each.labels.get('le');
    const bound = parseFloatGo(le);
    if (bound === undefined) {
      report.bad(each.labels, le);
      return;
    }
    const labels = each.labels.drop(LE);
    const group = groups.get(labels.key) ?? { labels, buckets: [] };
    group.buckets.push({ bound, series: each });
    groups.set(labels.key, group);
  });
  return pacer.map(groups.values(), ({ labels, buckets }) => {
    const out = newSeries(labels, steps, true);
    for (let i = 0; i < steps; i++) {
      const present: Bucket[] = [];
      for (const { bound, series: bucket } of buckets)
        if (bucket.present[i]) present.push({ bound, count: bucket.values[i] as number });
      if (present.length === 0) continue;
      const { value, repaired } = bucketQuantile(q[i] as number, present);
      if (repaired) report.repaired(labels);
      out.values[i] = value;
      out.present[i] = 1;
    }
    return out;
  });
}
