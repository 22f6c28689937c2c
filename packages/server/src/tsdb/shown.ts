import type { Distribution, Durations } from '@prunella/tsdb';
import type { Metric } from 'prom-client';

/** One line of a metric. */
interface Shown {
  readonly suffix: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export function bucketsOf({ bounds, counts, sum }: Distribution): Shown[] {
  let count = 0;
  const buckets = counts.map((own, i): Shown => {
    count += own;
    return { suffix: '_bucket', labels: { le: bounds[i] ?? '+Inf' }, value: count };
  });
  return [
    ...buckets,
    { suffix: '_sum', labels: {}, value: sum },
    { suffix: '_count', labels: {}, value: count },
  ];
}

export function quantilesOf(durations: Durations, quantiles: readonly number[]): Shown[] {
  const ranks = quantiles.map((quantile): Shown => {
    return { suffix: '', labels: { quantile }, value: durations.quantile(quantile) };
  });
  const { sum, count } = durations;
  return [
    ...ranks,
    { suffix: '_sum', labels: {}, value: sum },
    { suffix: '_count', labels: {}, value: count },
  ];
}

/** A metric that was counted elsewhere: prom-client's own can only count for themselves. */
export function shown(
  type: 'histogram' | 'summary',
  name: string,
  help: string,
  read: () => Shown[],
): Metric {
  const metric = {
    name,
    get: async () => ({
      name,
      help,
      type,
      aggregator: 'sum',
      values: read().map(({ suffix, labels, value }) => ({ metricName: name + suffix, labels, value })),
    }),
    reset: () => {},
  };
  // All that a registry asks of a metric; the type wants the whole class.
  return metric as unknown as Metric;
}
