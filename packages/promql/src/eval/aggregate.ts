import { formatDecimal, formatFloat, goQuote, isUtf8, Labels, METRIC_NAME } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { printHistogram } from '../histogram/buckets.ts';
import { histogramSum, type Report } from '../histogram/range.ts';
import { labelPosition } from '../functions/hash.ts';
import { quantileOf } from '../functions/quantile.ts';
import { KahanSum } from '../functions/kahan.ts';
import type { Aggregation } from '../parser/ast.ts';
import { copyStep, newSeries, setHistogram, type StepSeries } from './value.ts';

interface Group {
  readonly labels: Labels;
  readonly members: StepSeries[];
  dropName: boolean;
}

/** Sorts series into groups, in the order in which the groups are first met. */
function groupSeries({ grouping, without }: Aggregation, series: readonly StepSeries[]): Group[] {
  const names = new Set(without ? [...grouping, METRIC_NAME] : grouping);
  const groups = new Map<string, Group>();
  for (const each of series) {
    const labels = without ? each.labels.drop(names) : each.labels.keep(names);
    const group = groups.get(labels.key);
    if (group) {
      group.members.push(each);
      group.dropName ||= each.dropName ?? false;
    } else groups.set(labels.key, { labels, members: [each], dropName: each.dropName ?? false });
  }
  return [...groups.values()];
}

/** The values of a group's members at one step. */
type Reduce = (values: readonly number[], step: number) => number;

export function aggregate(
  node: Aggregation,
  series: readonly StepSeries[],
  steps: number,
  param: Float64Array | string | undefined,
  warn: (text: string) => void,
  report: AggregateReport,
): { series: StepSeries[]; ordered: boolean } {
  const groups = groupSeries(node, series);
  if (/^(topk|bottomk|limitk)$/.test(node.op))
    for (let step = 0; step < steps; step++) checkedCount(param as Float64Array, step);
  switch (node.op) {
    case 'topk':
    case 'bottomk':
      return { series: pickBest(node.op, groups, steps, param as Float64Array, report), ordered: true };
    case 'limitk':
      return { series: pickFirst(groups, steps, param as Float64Array), ordered: false };
    case 'count_values':
      return { series: countValues(groups, steps, param as string), ordered: false };
    case 'limit_ratio':
      return { series: pickRatio(groups, steps, param as Float64Array, warn), ordered: false };
    default:
      return {
        series: groups
          .map((group) => reduceGroup(group, steps, node.op, reducer(node.op, param), report))
          .filter(({ present }) => present.includes(1)),
        ordered: false,
      };
  }
}

export interface AggregateReport extends Pick<Report, 'mixedSchemas' | 'notes' | 'mixed'> {
  ignored(op: string): void;
}

const COUNTS = new Set(['count', 'group']);

function reduceGroup(
  { labels, members, dropName }: Group,
  steps: number,
  op: string,
  reduce: Reduce,
  report: AggregateReport,
): StepSeries {
  const native = members.some(({ histograms }) => histograms);
  const out = newSeries(labels, steps, dropName);
  const values: number[] = [];
  for (let step = 0; step < steps; step++) {
    values.length = 0;
    if (native && !COUNTS.has(op)) {
      const all = members.flatMap(({ present, histograms }) => (present[step] && histograms?.[step]) || []);
      if (all.length > 0) {
        const sums = op === 'sum' || op === 'avg';
        if (!sums) report.ignored(op);
        else if (members.some(({ present, histograms }) => present[step] && !histograms?.[step])) {
          report.mixed();
          continue;
        } else {
          const result = histogramSum(all, op === 'avg', report);
          if (result) setHistogram(out, step, result);
          continue;
        }
      }
      for (const { present, histograms, values: column } of members)
        if (present[step] && !histograms?.[step]) values.push(column[step] as number);
    } else for (const member of members) if (member.present[step]) values.push(member.values[step] as number);
    if (values.length === 0) continue;
    out.values[step] = reduce(values, step);
    out.present[step] = 1;
  }
  return out;
}

function reducer(op: string, param: Float64Array | string | undefined): Reduce {
  switch (op) {
    case 'sum':
      return (values) => sumOf(values).value;
    case 'avg':
      return average;
    case 'count':
      return (values) => values.length;
    case 'group':
      return () => 1;
    case 'min':
      return (values) => values.reduce((best, value) => (value < best || Number.isNaN(best) ? value : best));
    case 'max':
      return (values) => values.reduce((best, value) => (value > best || Number.isNaN(best) ? value : best));
    case 'stdvar':
      return variance;
    case 'stddev':
      return (values) => Math.sqrt(variance(values));
    case 'quantile':
      return (values, step) => quantileOf((param as Float64Array)[step] as number, Float64Array.from(values));
    default:
      throw new QueryError('internal', `BUG: no aggregation ${op}`);
  }
}

function sumOf(values: readonly number[]): KahanSum {
  const sum = new KahanSum();
  for (const value of values) sum.add(value);
  return sum;
}

function average(values: readonly number[]): number {
  const sum = sumOf(values);
  if (Number.isFinite(sum.value) || values.some((value) => !Number.isFinite(value)))
    return sum.dividedBy(values.length);
  return KahanSum.runningMean(values);
}

function variance(values: readonly number[]): number {
  let mean = 0;
  let sum = 0;
  for (const [i, value] of values.entries()) {
    const delta = value - mean;
    mean += delta / (i + 1);
    sum += delta * (value - mean);
  }
  return sum / values.length;
}

function checkedCount(param: Float64Array, step: number): number {
  const k = param[step] as number;
  if (Number.isNaN(k)) throw new QueryError('execution', 'Parameter value is NaN');
  if (Math.abs(k) >= 2 ** 63) throw new QueryError('execution', `Scalar value ${k} overflows int64`);
  return Math.max(0, Math.trunc(k));
}

/** topk and bottomk keep whole series, with their labels, at the steps where they are among the best. */
function pickBest(
  op: 'topk' | 'bottomk',
  groups: readonly Group[],
  steps: number,
  param: Float64Array,
  report: AggregateReport,
): StepSeries[] {
  const sign = op === 'topk' ? -1 : 1;
  // NaN comes last in either direction; among equals the earlier one stays.
  const compare = (a: number, b: number): number => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a < b ? -sign : a > b ? sign : 0;
  };
  const kept: { series: StepSeries; rank: number }[] = [];
  for (const { members } of groups) {
    const outputs = new Map<StepSeries, { series: StepSeries; rank: number }>();
    for (let step = 0; step < steps; step++) {
      const k = checkedCount(param, step);
      const present = members.filter((member) => member.present[step] && !member.histograms?.[step]);
      if (members.some((member) => member.present[step] && member.histograms?.[step])) report.ignored(op);
      present.sort((a, b) => compare(a.values[step] as number, b.values[step] as number));
      for (const [rank, member] of present.slice(0, k).entries()) {
        const output = outputs.get(member) ?? {
          series: newSeries(member.labels, steps, member.dropName),
          rank,
        };
        output.series.values[step] = member.values[step] as number;
        output.series.present[step] = 1;
        outputs.set(member, output);
      }
    }
    kept.push(...[...outputs.values()].sort((a, b) => a.rank - b.rank));
  }
  return kept.map(({ series }) => series);
}

function pickFirst(groups: readonly Group[], steps: number, param: Float64Array): StepSeries[] {
  return groups.flatMap(({ members }) => {
    const outputs = members.map((member) => newSeries(member.labels, steps, member.dropName));
    for (let step = 0; step < steps; step++) {
      let left = checkedCount(param, step);
      for (const [i, member] of members.entries()) {
        if (!member.present[step] || left-- <= 0) continue;
        copyStep(member, outputs[i] as StepSeries, step);
      }
    }
    return outputs.filter(({ present }) => present.includes(1));
  });
}

/** Keeps the series whose hash falls below the ratio; a negative ratio keeps those that its complement leaves out. */
function pickRatio(
  groups: readonly Group[],
  steps: number,
  param: Float64Array,
  warn: (text: string) => void,
): StepSeries[] {
  const ratios = param.map((given) => {
    if (Number.isNaN(given)) throw new QueryError('execution', 'Ratio value is NaN');
    const capped = Math.max(-1, Math.min(1, given));
    if (capped !== given)
      warn(
        `ratio value should be between -1 and 1, got ${formatFloat(given)}, capping to ${formatFloat(capped)}`,
      );
    return capped;
  });
  const kept = groups.flatMap(({ members }) =>
    members.map((member) => {
      const at = labelPosition(member.labels);
      const out = newSeries(member.labels, steps, member.dropName);
      for (let i = 0; i < steps; i++) {
        const ratio = ratios[i] as number;
        if (!member.present[i] || !(ratio >= 0 ? at < ratio : at >= 1 + ratio)) continue;
        copyStep(member, out, i);
      }
      return out;
    }),
  );
  return kept.filter(({ present }) => present.includes(1));
}

function countValues(groups: readonly Group[], steps: number, label: string): StepSeries[] {
  if (label === '' || !isUtf8(label))
    throw new QueryError('execution', `invalid label name ${goQuote(label)}`);
  const result = new Map<string, StepSeries>();
  for (const { labels, members, dropName } of groups) {
    for (let step = 0; step < steps; step++) {
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
    }
  }
  return [...result.values()];
}
