import { parseFloatGo, type FloatHistogram, type Labels } from '@prunella/metrics';
import { dense } from '../histogram/buckets.ts';
import type { ScriptValue } from './values.ts';

export interface ClassicSeries {
  readonly labels: Labels;
  readonly values: readonly ScriptValue[];
  /** ms */
  readonly step: number;
}

interface Parts {
  readonly labels: Labels;
  readonly step: number;
  readonly buckets: Map<number, readonly ScriptValue[]>;
  sums?: readonly ScriptValue[];
  counts?: readonly ScriptValue[];
}

/** Native histograms with custom buckets made of classic histograms: what `load_with_nhcb` stores besides. */
export function customHistograms(
  series: ReadonlyMap<string, ClassicSeries>,
): { labels: Labels; time: number; histogram: FloatHistogram }[] {
  const groups = new Map<string, Parts>();
  for (const { labels, values, step } of series.values()) {
    const suffix = /_(bucket|sum|count)$/.exec(labels.metricName)?.[1];
    if (suffix === undefined) continue;
    const name = labels.metricName.slice(0, -suffix.length - 1);
    const own = labels.with({ __name__: name, le: '' });
    const group: Parts = groups.get(own.key) ?? { labels: own, step, buckets: new Map() };
    groups.set(own.key, group);
    if (suffix === 'sum') group.sums = values;
    else if (suffix === 'count') group.counts = values;
    else {
      const bound = parseFloatGo(labels.get('le'));
      if (bound !== undefined && !group.buckets.has(bound)) group.buckets.set(bound, values);
    }
  }
  return [...groups.values()].flatMap((parts) => histogramsOf(parts));
}

function histogramsOf(parts: Parts): { labels: Labels; time: number; histogram: FloatHistogram }[] {
  const { labels, step, buckets, counts } = parts;
  const length = Math.max(0, ...[...buckets.values(), counts ?? []].map((values) => values.length));
  const result = [];
  for (let i = 0; i < length; i++) {
    const histogram = histogramAt(parts, i);
    if (histogram) result.push({ labels, time: i * step, histogram });
  }
  return result;
}

function histogramAt({ buckets, sums, counts }: Parts, i: number): FloatHistogram | undefined {
  const at = (values: readonly ScriptValue[] | undefined): number | undefined => {
    const value = values?.[i];
    return typeof value === 'number' ? value : undefined;
  };
  const present = [...buckets]
    .map(([bound, values]) => ({ bound, count: at(values) }))
    .filter((bucket): bucket is { bound: number; count: number } => bucket.count !== undefined)
    .sort((a, b) => a.bound - b.bound);
  if (present.length === 0) return undefined;
  const count = at(counts) ?? (present.at(-1)?.count as number);
  if (present.at(-1)?.bound !== Infinity) present.push({ bound: Infinity, count });
  const own = present.map((bucket, k) => [k, bucket.count - (present[k - 1]?.count ?? 0)] as const);
  return dense({
    hint: 'unknown',
    schema: -53,
    zeroThreshold: 0,
    zeroCount: 0,
    count,
    sum: at(sums) ?? 0,
    positive: new Map(own),
    negative: new Map(),
    customValues: present.slice(0, -1).map(({ bound }) => bound),
  });
}
