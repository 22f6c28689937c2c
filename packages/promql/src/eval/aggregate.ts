import { formatDecimal, formatFloat, goQuote, isUtf8, METRIC_NAME } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { printHistogram } from '../histogram/buckets.ts';
import type { Aggregation } from '../parser/ast.ts';
import { groupSeries, type Group } from './groups.ts';
import type { Pacer } from './pacer.ts';
import { checkedCount, pickBest, pickFirst, pickRatio } from './pick.ts';
import { reduceGroup, type AggregateReport } from './reduce.ts';
import { newSeries, type StepSeries } from './value.ts';

export async function aggregate(
  pacer: Pacer,
  node: Aggregation,
  series: readonly StepSeries[],
  steps: number,
  param: Float64Array | string | undefined,
  warn: (text: string) => void,
  report: AggregateReport,
): Promise<{ series: StepSeries[]; ordered: boolean }> {
  const groups = await groupSeries(pacer, node, series);
  if (/^(topk|bottomk|limitk)$/.test(node.op))
    for (let step = 0; step < steps; step++) checkedCount(param as Float64Array, step);
  switch (node.op) {
    case 'topk':
    case 'bottomk':
      return {
        series: await pickBest(pacer, node.op, groups, steps, param as Float64Array, report),
        ordered: true,
      };
    case 'limitk':
      return { series: await pickFirst(pacer, groups, steps, param as Float64Array), ordered: false };
    case 'count_values':
      return { series: await countValues(pacer, groups, steps, param as string), ordered: false };
    case 'limit_ratio':
      return { series: await pickRatio(pacer, groups, steps, param as Float64Array, warn), ordered: false };
  }
  const reduced: StepSeries[] = [];
  for (const group of groups) {
    const out = await reduceGroup(pacer, group, steps, node.op, param, report);
    if (out.present.includes(1)) reduced.push(out);
  }
  return { series: reduced, ordered: false };
}

async function countValues(
  pacer: Pacer,
  groups: readonly Group[],
  steps: number,
  label: string,
): Promise<StepSeries[]> {
  if (label === '' || !isUtf8(label))
    throw new QueryError('execution', `invalid label name ${goQuote(label)}`);
  const result = new Map<string, StepSeries>();
  for (const { labels, members, dropName } of groups) {
    await pacer.steps(steps, (step) => {
      for (const member of members) {
        if (!member.present[step]) continue;
        const histogram = member.histograms?.[step];
        const text = histogram
          ? printHistogram(histogram, formatFloat)
          : formatDecimal(member.values[step] as number);
        const counted = labels.with({ [label]: text });
        const series =
          result.get(counted.key) ?? newSeries(counted, steps, dropName && label !== METRIC_NAME);
        series.values[step] = (series.values[step] as number) + 1;
        series.present[step] = 1;
        result.set(counted.key, series);
      }
    });
  }
  return [...result.values()];
}
