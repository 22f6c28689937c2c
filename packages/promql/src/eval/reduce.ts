import type { FloatHistogram } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { KahanSum } from '../functions/kahan.ts';
import { quantileOf } from '../functions/quantile.ts';
import { compatible } from '../histogram/algebra.ts';
import { histogramSum, type Report } from '../histogram/range.ts';
import type { Group } from './groups.ts';
import type { Pacer } from './pacer.ts';
import { newSeries, setHistogram, type StepSeries } from './value.ts';

export interface AggregateReport extends Pick<Report, 'notes' | 'mixed'> {
  /** @param name the metric that does not go with those before it */
  mixedSchemas(name: string): void;
  ignored(op: string): void;
}

/** Takes the column of one member after the other, and puts what comes out for every step. */
interface Reducer {
  add(member: StepSeries): void;
  finish(out: StepSeries): void;
}

/** Aggregates a group into one series. */
export async function reduceGroup(
  pacer: Pacer,
  group: Group,
  steps: number,
  op: string,
  param: Float64Array | string | undefined,
  report: AggregateReport,
): Promise<StepSeries> {
  const { labels, members, dropName } = group;
  const out = newSeries(labels, steps, dropName);
  const native = op !== 'count' && op !== 'group' && members.some(({ histograms }) => histograms);
  const make = REDUCERS[op];
  if (native || !make) {
    await stepByStep(pacer, group, op, reduceOf(op, param), report, out);
    return out;
  }
  const reducer = make(group, steps);
  await pacer.forEach(members, (member) => reducer.add(member));
  reducer.finish(out);
  return out;
}

function summing(divide: boolean): (group: Group, steps: number) => Reducer {
  return ({ members }, steps) => {
    const sums = new Float64Array(steps);
    const rests = new Float64Array(steps);
    const counts = new Uint32Array(steps);
    return {
      add({ values, present }) {
        // As in `sumOf` of the functions over time: Knuth's two-sum.
        for (let i = 0; i < steps; i++) {
          if (present[i] === 0) continue;
          const value = values[i] as number;
          const sum = sums[i] as number;
          const total = sum + value;
          const added = total - sum;
          rests[i] = (rests[i] as number) + (sum - (total - added) + (value - added));
          sums[i] = total;
          counts[i] = (counts[i] as number) + 1;
        }
      },
      finish(out) {
        for (let i = 0; i < steps; i++) {
          const count = counts[i] as number;
          if (count === 0) continue;
          const [sum, rest] = [sums[i] as number, rests[i] as number];
          const result = divide ? sum / count + rest / count : sum + rest;
          // What infinities and overflows come to, the careful way has to tell.
          out.values[i] = Number.isFinite(result) ? result : (divide ? average : sumOf)(valuesAt(members, i));
          out.present[i] = 1;
        }
      },
    };
  };
}

function counting(valueOf: (count: number) => number): (group: Group, steps: number) => Reducer {
  return (_group, steps) => {
    const counts = new Uint32Array(steps);
    return {
      add({ present }) {
        for (let i = 0; i < steps; i++) counts[i] = (counts[i] as number) + (present[i] as number);
      },
      finish(out) {
        for (let i = 0; i < steps; i++) {
          if (counts[i] === 0) continue;
          out.values[i] = valueOf(counts[i] as number);
          out.present[i] = 1;
        }
      },
    };
  };
}

/** The least value times `sign`; NaN only where there is nothing else. */
function choosing(sign: 1 | -1): (group: Group, steps: number) => Reducer {
  return (_group, steps) => {
    const best = new Float64Array(steps);
    const seen = new Uint8Array(steps);
    return {
      add({ values, present }) {
        for (let i = 0; i < steps; i++) {
          if (present[i] === 0) continue;
          const value = values[i] as number;
          const known = best[i] as number;
          if (seen[i] !== 0 && !(sign * value < sign * known) && !Number.isNaN(known)) continue;
          best[i] = value;
          seen[i] = 1;
        }
      },
      finish(out) {
        out.values.set(best);
        out.present.set(seen);
      },
    };
  };
}

/** Welford's algorithm, at all steps beside one another. */
function varying(valueOf: (variance: number) => number): (group: Group, steps: number) => Reducer {
  return (_group, steps) => {
    const means = new Float64Array(steps);
    const sums = new Float64Array(steps);
    const counts = new Uint32Array(steps);
    return {
      add({ values, present }) {
        for (let i = 0; i < steps; i++) {
          if (present[i] === 0) continue;
          const value = values[i] as number;
          const count = (counts[i] as number) + 1;
          const delta = value - (means[i] as number);
          const mean = (means[i] as number) + delta / count;
          counts[i] = count;
          means[i] = mean;
          sums[i] = (sums[i] as number) + delta * (value - mean);
        }
      },
      finish(out) {
        for (let i = 0; i < steps; i++) {
          if (counts[i] === 0) continue;
          out.values[i] = valueOf((sums[i] as number) / (counts[i] as number));
          out.present[i] = 1;
        }
      },
    };
  };
}

const REDUCERS: Readonly<Record<string, (group: Group, steps: number) => Reducer>> = {
  sum: summing(false),
  avg: summing(true),
  count: counting((count) => count),
  group: counting(() => 1),
  min: choosing(1),
  max: choosing(-1),
  stdvar: varying((variance) => variance),
  stddev: varying(Math.sqrt),
};

/** The values of a group's members at one step. */
type Reduce = (values: readonly number[], step: number) => number;

/** What needs the values of a step together, and groups in which there are histograms. */
async function stepByStep(
  pacer: Pacer,
  { members }: Group,
  op: string,
  reduce: Reduce,
  report: AggregateReport,
  out: StepSeries,
): Promise<void> {
  const sums = op === 'sum' || op === 'avg';
  await pacer.steps(out.values.length, (step) => {
    const histograms = members.flatMap(
      ({ present, histograms: column }) => (present[step] && column?.[step]) || [],
    );
    if (histograms.length > 0 && sums) {
      if (!summable(members, step, report)) return;
      const result = histogramSum(histograms, op === 'avg', { ...report, mixedSchemas: () => {} });
      if (result) setHistogram(out, step, result);
      return;
    }
    if (histograms.length > 0) report.ignored(op);
    const values = valuesAt(members, step);
    if (values.length === 0) return;
    out.values[step] = reduce(values, step);
    out.present[step] = 1;
  });
}

/** Whether all members at a step are histograms of one kind. From the first that does not fit on, none is looked at. */
function summable(members: readonly StepSeries[], step: number, report: AggregateReport): boolean {
  let sum: FloatHistogram | undefined;
  let floats = false;
  let clash: StepSeries | undefined;
  for (const member of members) {
    if (!member.present[step]) continue;
    const h = member.histograms?.[step];
    if (h && !sum && !floats) sum = h;
    else if (!h) floats = true;
    else if (sum && !compatible(sum, h)) {
      clash = member;
      break;
    }
  }
  if (clash) report.mixedSchemas(clash.labels.metricName);
  if (floats) report.mixed();
  return !clash && !floats;
}

/** The floats among the members at a step. */
function valuesAt(members: readonly StepSeries[], step: number): number[] {
  const found: number[] = [];
  for (const { present, values, histograms } of members)
    if (present[step] && !histograms?.[step]) found.push(values[step] as number);
  return found;
}

function reduceOf(op: string, param: Float64Array | string | undefined): Reduce {
  switch (op) {
    case 'sum':
      return sumOf;
    case 'avg':
      return average;
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

function kahan(values: readonly number[]): KahanSum {
  const sum = new KahanSum();
  for (const value of values) sum.add(value);
  return sum;
}

function sumOf(values: readonly number[]): number {
  return kahan(values).value;
}

function average(values: readonly number[]): number {
  const sum = kahan(values);
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
