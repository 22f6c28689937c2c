import { formatFloat, Labels } from '@prunella/metrics';
import { labelJoin, labelReplace, sortByLabel } from '../functions/labels.ts';
import { histogramFraction, partSeries } from '../functions/native.ts';
import { maxOf, minOf, roundTo } from '../functions/numeric.ts';
import type { Expr, StringLiteral, VectorSelector } from '../parser/ast.ts';
import { info } from './info.ts';
import { scalar, times, unwrap, vector } from './operands.ts';
import { badBucket, quantilesOf } from './quantiles.ts';
import { absentLabels, annotate, selectInstant, type Context } from './select.ts';
import { constantSeries, mapValues, mergeEqual } from './series.ts';
import { newSeries, timeAt, type Grid, type StepSeries, type Value } from './value.ts';

/** One series that is 1 wherever none of the others is. */
export async function absence(
  { pacer }: Context,
  series: readonly StepSeries[],
  grid: Grid,
  selector: VectorSelector | undefined,
): Promise<StepSeries[]> {
  const out = newSeries(
    selector ? absentLabels(selector, (labels) => Labels.from(labels)) : Labels.empty,
    grid.steps,
  );
  out.values.fill(1);
  out.present.fill(1);
  await pacer.forEach(series, ({ present }) => {
    for (let i = 0; i < grid.steps; i++) if (present[i]) out.present[i] = 0;
  });
  return out.present.includes(1) ? [out] : [];
}

type Special = (context: Context, args: readonly Expr[], grid: Grid) => Promise<Value>;

const stringOf = (expr: Expr | undefined): string => (unwrap(expr as Expr) as StringLiteral).value;

function clamp(
  bounds: (low: Float64Array, high: Float64Array, i: number) => [number, number],
  hasLow: boolean,
  hasHigh: boolean,
): Special {
  return async (context, args, grid) => {
    const series = await vector(context, args[0] as Expr, grid);
    const low = hasLow
      ? await scalar(context, args[1] as Expr, grid)
      : new Float64Array(grid.steps).fill(-Infinity);
    const high = hasHigh
      ? await scalar(context, args.at(-1) as Expr, grid)
      : new Float64Array(grid.steps).fill(Infinity);
    const clamped = await mapValues(context.pacer, series, (value, i) => {
      const [from, to] = bounds(low, high, i);
      return maxOf(from, minOf(to, value));
    });
    for (const each of clamped)
      for (let i = 0; i < grid.steps; i++) if ((low[i] as number) > (high[i] as number)) each.present[i] = 0;
    return { type: 'vector', series: clamped.filter(({ present }) => present.includes(1)) };
  };
}

const bounds = (low: Float64Array, high: Float64Array, i: number): [number, number] => [
  low[i] as number,
  high[i] as number,
];

function sorted(descending: boolean): Special {
  return async (context, args, grid) => {
    const series = partSeries(await vector(context, args[0] as Expr, grid)).floats;
    const sign = descending ? -1 : 1;
    const order = [...series].sort((a, b) => {
      const [x, y] = [a.values[0] as number, b.values[0] as number];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return sign * (x - y) || 0;
    });
    return { type: 'vector', series: order, ordered: true };
  };
}

function constant(value: number, grid: Grid): Value {
  return { type: 'scalar', values: new Float64Array(grid.steps).fill(value) };
}

function of(pick: (a: number, b: number) => number): Special {
  return async (context, [left, right], grid) => {
    const [a, b] = [await scalar(context, left as Expr, grid), await scalar(context, right as Expr, grid)];
    return { type: 'scalar', values: a.map((value, i) => pick(value, b[i] as number)) };
  };
}

const NAN_FRACTION =
  'input to histogram_fraction has NaN observations, which are excluded from all fractions for metric name ""';

/** Functions that are neither of single values nor of ranges. */
export const SPECIAL: Readonly<Record<string, Special>> = {
  time: async (_context, _args, grid) => ({ type: 'scalar', values: times(grid) }),
  start: async ({ start }, _args, grid) => constant(start / 1000, grid),
  end: async ({ end }, _args, grid) => constant(end / 1000, grid),
  step: async ({ step }, _args, grid) => constant(step / 1000, grid),
  range: async ({ start, end }, _args, grid) => constant((end - start) / 1000, grid),
  min_of: of(minOf),
  max_of: of(maxOf),
  pi: async (_context, _args, grid) => ({
    type: 'scalar',
    values: new Float64Array(grid.steps).fill(Math.PI),
  }),
  vector: async (context, [arg], grid) => ({
    type: 'vector',
    series: [constantSeries(Labels.empty, await scalar(context, arg as Expr, grid))],
  }),
  scalar: async (context, [arg], grid) => {
    const series = await vector(context, arg as Expr, grid);
    const values = new Float64Array(grid.steps);
    for (let i = 0; i < grid.steps; i++) {
      const there = series.filter(({ present }) => present[i]);
      values[i] = there.length === 1 ? ((there[0] as StepSeries).values[i] as number) : NaN;
    }
    return { type: 'scalar', values };
  },
  timestamp: async (context, [arg], grid) => {
    const inner = unwrap(arg as Expr);
    if (inner.kind === 'selector') {
      const series = await selectInstant(context, inner, grid, 'time');
      return { type: 'vector', series: await mapValues(context.pacer, series, (value) => value) };
    }
    const series = await vector(context, inner, grid);
    return {
      type: 'vector',
      series: await mapValues(context.pacer, series, (_, i) => timeAt(grid, i) / 1000),
    };
  },
  start_timestamp: async (context, [arg], grid) => {
    const inner = unwrap(arg as Expr);
    if (inner.kind !== 'selector') return { type: 'vector', series: [] };
    const series = await selectInstant(context, inner, grid, 'start');
    return { type: 'vector', series: await mapValues(context.pacer, series, (value) => value) };
  },
  absent: async (context, [arg], grid) => {
    const inner = unwrap(arg as Expr);
    const series = await vector(context, inner, grid);
    return {
      type: 'vector',
      series: await absence(context, series, grid, inner.kind === 'selector' ? inner : undefined),
    };
  },
  info,
  clamp: clamp(bounds, true, true),
  clamp_min: clamp(bounds, true, false),
  clamp_max: clamp(bounds, false, true),
  round: async (context, [arg, to], grid) => {
    const series = await vector(context, arg as Expr, grid);
    const nearest = to ? await scalar(context, to, grid) : new Float64Array(grid.steps).fill(1);
    return {
      type: 'vector',
      series: await mapValues(context.pacer, series, (value, i) => roundTo(value, nearest[i] as number)),
    };
  },
  sort: sorted(false),
  sort_desc: sorted(true),
  sort_by_label: async (context, [arg, ...names], grid) => ({
    type: 'vector',
    series: sortByLabel(await vector(context, arg as Expr, grid), names.map(stringOf), false),
    ordered: true,
  }),
  sort_by_label_desc: async (context, [arg, ...names], grid) => ({
    type: 'vector',
    series: sortByLabel(await vector(context, arg as Expr, grid), names.map(stringOf), true),
    ordered: true,
  }),
  label_replace: async (context, [arg, ...rest], grid) => ({
    type: 'vector',
    series: await labelReplace(context.pacer, await vector(context, arg as Expr, grid), rest.map(stringOf)),
  }),
  label_join: async (context, [arg, ...rest], grid) => ({
    type: 'vector',
    series: await labelJoin(context.pacer, await vector(context, arg as Expr, grid), rest.map(stringOf)),
  }),
  histogram_quantile: async (context, [q, arg], grid) => {
    const quantile = await scalar(context, q as Expr, grid);
    const series = await vector(context, arg as Expr, grid);
    return {
      type: 'vector',
      series: await quantilesOf(context, quantile, series, grid, q as Expr, arg as Expr),
    };
  },
  histogram_quantiles: async (context, [arg, label, ...quantiles], grid) => {
    const series = await vector(context, arg as Expr, grid);
    const name = stringOf(label);
    const result: StepSeries[] = [];
    for (const q of quantiles) {
      const quantile = await scalar(context, q, grid);
      for (const each of await quantilesOf(context, quantile, series, grid, q, arg as Expr)) {
        const text = formatFloat(quantile[0] as number);
        const value = /^-?\d+$/.test(text) ? `${text}.0` : text;
        result.push({ ...each, labels: each.labels.with({ [name]: value }) });
      }
    }
    return { type: 'vector', series: await mergeEqual(context.pacer, result) };
  },
  histogram_fraction: async (context, [lower, upper, arg], grid) => {
    const bounds = [await scalar(context, lower as Expr, grid), await scalar(context, upper as Expr, grid)];
    const series = await vector(context, arg as Expr, grid);
    const fractions = await histogramFraction(
      context.pacer,
      bounds[0] as Float64Array,
      bounds[1] as Float64Array,
      series,
      (labels, le) => annotate(context, 'warning', badBucket(labels, le), arg as Expr),
      () => annotate(context, 'info', NAN_FRACTION, lower as Expr),
    );
    return { type: 'vector', series: fractions };
  },
};
