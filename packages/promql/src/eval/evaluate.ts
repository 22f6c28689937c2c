import { formatFloat, Labels } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { histogramQuantile } from '../functions/histogram.ts';
import { HISTOGRAM_PARTS, histogramFraction, mapHistograms, partSeries } from '../functions/native.ts';
import { labelJoin, labelReplace, sortByLabel } from '../functions/labels.ts';
import { DATE_FUNCTIONS, MATH_FUNCTIONS, maxOf, minOf, roundTo } from '../functions/numeric.ts';
import { RANGE_FUNCTIONS } from '../functions/range.ts';
import type { Binary, Call, Expr, StringLiteral, VectorSelector } from '../parser/ast.ts';
import { histogramQuantileOf } from '../histogram/statistics.ts';
import { scale } from '../histogram/algebra.ts';
import { aggregate, type AggregateReport } from './aggregate.ts';
import { scalarBinary, vectorBinary, vectorScalar } from './binary.ts';
import { reporter } from './mixed.ts';
import { applyRange, rangeInput } from './range.ts';
import { absentLabels, annotate, selectInstant, type Context } from './select.ts';
import { constantSeries, dropNames, mapValues, mergeEqual } from './series.ts';
import { newSeries, setHistogram, timeAt, type Grid, type StepSeries, type Value } from './value.ts';

/** Functions that keep the metric's name. */
const KEEP_NAME = new Set(['last_over_time', 'first_over_time']);

/** Evaluates an expression at every step of the grid. @throws QueryError */
export async function evaluate(context: Context, expr: Expr, grid: Grid): Promise<Value> {
  const value = await evaluateNode(context, expr, grid);
  return context.features.has('promql-delayed-name-removal') ? value : dropNames(value);
}

async function evaluateNode(context: Context, expr: Expr, grid: Grid): Promise<Value> {
  await context.pacer.pause();
  switch (expr.kind) {
    case 'number':
      return { type: 'scalar', values: new Float64Array(grid.steps).fill(expr.value) };
    case 'string':
      return { type: 'string', value: expr.value };
    case 'paren':
      return evaluate(context, expr.expr, grid);
    case 'selector':
      return { type: 'vector', series: await selectInstant(context, expr, grid) };
    case 'unary':
      return negate(await evaluate(context, expr.expr, grid), expr.op);
    case 'binary':
      return binary(context, expr, grid);
    case 'aggregation': {
      const param = expr.param && (await evaluate(context, expr.param, grid));
      const series = await vector(context, expr.expr, grid);
      const warn = (text: string): void => {
        if (expr.param) annotate(context, 'warning', text, expr.param);
      };
      if (expr.op === 'quantile' && expr.param && param?.type === 'scalar')
        warnQuantile(context, param.values, expr.param);
      const values =
        param?.type === 'scalar' ? param.values : param?.type === 'string' ? param.value : undefined;
      return { type: 'vector', ...aggregate(expr, series, grid.steps, values, warn, report(context, expr.expr)) };
    }
    case 'call':
      return call(context, expr, grid);
    case 'matrix':
    case 'subquery':
      throw new QueryError('internal', 'BUG: a range vector has no value at a step');
  }
}

function report(context: Context, place: Expr): AggregateReport {
  const { mixedSchemas, notes } = reporter(context, '', place);
  return {
    mixedSchemas,
    notes,
    mixed: () => annotate(context, 'warning', 'encountered a mix of histograms and floats for aggregation', place),
    ignored: (op) => annotate(context, 'info', `ignored histogram in ${op} aggregation`, place),
  };
}

async function vector(context: Context, expr: Expr, grid: Grid): Promise<readonly StepSeries[]> {
  const value = await evaluate(context, expr, grid);
  if (value.type !== 'vector') throw new QueryError('internal', `BUG: expected a vector, got ${value.type}`);
  return value.series;
}

async function scalar(context: Context, expr: Expr, grid: Grid): Promise<Float64Array> {
  const value = await evaluate(context, expr, grid);
  if (value.type !== 'scalar') throw new QueryError('internal', `BUG: expected a scalar, got ${value.type}`);
  return value.values;
}

function negate(value: Value, op: '+' | '-'): Value {
  if (op === '+' || value.type === 'string') return value;
  if (value.type === 'scalar') return { type: 'scalar', values: value.values.map((each) => -each) };
  return { type: 'vector', series: negated(value.series) };
}

function negated(series: readonly StepSeries[]): StepSeries[] {
  const result = mapValues(series, (each) => -each);
  for (const [k, { histograms }] of series.entries())
    for (const [i, h] of (histograms ?? []).entries())
      if (h) setHistogram(result[k] as StepSeries, i, scale(h, -1));
  return result;
}

async function binary(context: Context, expr: Binary, grid: Grid): Promise<Value> {
  const [left, right] = [await evaluate(context, expr.left, grid), await evaluate(context, expr.right, grid)];
  if (left.type === 'scalar' && right.type === 'scalar') {
    return { type: 'scalar', values: scalarBinary(expr, left.values, right.values) };
  }
  const tell = (kind: 'warning' | 'info', text: string): void => annotate(context, kind, text, expr);
  if (left.type === 'vector' && right.type === 'vector') {
    return { type: 'vector', series: vectorBinary(tell, expr, left.series, right.series, grid.steps) };
  }
  if (left.type === 'vector' && right.type === 'scalar') {
    return { type: 'vector', series: vectorScalar(tell, expr, left.series, right.values, true) };
  }
  if (left.type === 'scalar' && right.type === 'vector') {
    return { type: 'vector', series: vectorScalar(tell, expr, right.series, left.values, false) };
  }
  throw new QueryError('internal', 'BUG: strings cannot be compared');
}

async function call(context: Context, expr: Call, grid: Grid): Promise<Value> {
  if (/^sort(_desc|_by_label|_by_label_desc)?$/.test(expr.func)) warnOrder(context, expr);
  const { func, args } = expr;
  const math = MATH_FUNCTIONS.get(func);
  if (math) return { type: 'vector', series: mapValues(await vector(context, args[0] as Expr, grid), math) };
  if (DATE_FUNCTIONS.has(func)) return dateCall(context, expr, grid);
  if (RANGE_FUNCTIONS.has(func)) return rangeCall(context, expr, grid);
  const part = HISTOGRAM_PARTS[func];
  if (part) return { type: 'vector', series: mapHistograms(await vector(context, args[0] as Expr, grid), part) };
  const special = SPECIAL[func];
  if (!special) throw new QueryError('execution', `function ${func} is not available`);
  return special(context, args, grid);
}

async function dateCall(context: Context, { func, args }: Call, grid: Grid): Promise<Value> {
  const compute = DATE_FUNCTIONS.get(func) as (date: Date) => number;
  const given = args[0] ? await vector(context, args[0], grid) : [constantSeries(Labels.empty, times(grid))];
  return {
    type: 'vector',
    series: mapValues(given, (seconds) => compute(new Date(Math.floor(seconds) * 1000))),
  };
}

function times(grid: Grid): Float64Array {
  return Float64Array.from({ length: grid.steps }, (_, i) => timeAt(grid, i) / 1000);
}

async function rangeCall(context: Context, { func, args }: Call, grid: Grid): Promise<Value> {
  const range = unwrap(args.find((arg) => ['matrix', 'subquery'].includes(unwrap(arg).kind)) as Expr);
  const params: Float64Array[] = [];
  for (const arg of args) if (unwrap(arg) !== range) params.push(await scalar(context, arg, grid));
  checkSmoothing(func, params);
  if (func === 'quantile_over_time') warnQuantile(context, params[0] as Float64Array, args[0] as Expr);
  const input = await rangeInput(context, range, grid, func);
  const series = await applyRange(context, input, grid, func, params, KEEP_NAME.has(func));
  if (func !== 'absent_over_time') return { type: 'vector', series };
  const selector = range.kind === 'matrix' ? range.selector : undefined;
  return { type: 'vector', series: absence(series, grid, selector) };
}

function checkSmoothing(func: string, [level, trend]: readonly Float64Array[]): void {
  if (func !== 'double_exponential_smoothing' && func !== 'holt_winters') return;
  for (const [name, column] of [
    ['smoothing', level],
    ['trend', trend],
  ] as const) {
    const value = column?.[0] as number;
    if (!(value > 0 && value < 1))
      throw new QueryError(
        'execution',
        `invalid ${name} factor. Expected: 0 < ${name === 'smoothing' ? 'sf' : 'tf'} < 1, got: ${value}`,
      );
  }
}

function unwrap(expr: Expr): Expr {
  return expr.kind === 'paren' ? unwrap(expr.expr) : expr;
}

/** One series that is 1 wherever none of the others is. */
function absence(
  series: readonly StepSeries[],
  grid: Grid,
  selector: VectorSelector | undefined,
): StepSeries[] {
  const out = newSeries(
    selector ? absentLabels(selector, (labels) => Labels.from(labels)) : Labels.empty,
    grid.steps,
  );
  out.values.fill(1);
  for (let i = 0; i < grid.steps; i++) out.present[i] = series.some(({ present }) => present[i]) ? 0 : 1;
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
    const clamped = mapValues(series, (value, i) => {
      const [from, to] = bounds(low, high, i);
      return Math.max(from, Math.min(to, value));
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

/** The result of a range query is in the order of its labels, whatever the query says. */
function warnOrder(context: Context, expr: Expr): void {
  if (context.step === 0) return;
  const text = 'sort is ineffective for range queries since results are always ordered by labels';
  annotate(context, 'warning', text, expr);
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

const SPECIAL: Readonly<Record<string, Special>> = {
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
      return { type: 'vector', series: mapValues(series, (value) => value) };
    }
    const series = await vector(context, inner, grid);
    return { type: 'vector', series: mapValues(series, (_, i) => timeAt(grid, i) / 1000) };
  },
  start_timestamp: async (context, [arg], grid) => {
    const inner = unwrap(arg as Expr);
    if (inner.kind !== 'selector') return { type: 'vector', series: [] };
    const series = await selectInstant(context, inner, grid, 'start');
    return { type: 'vector', series: mapValues(series, (value) => value) };
  },
  absent: async (context, [arg], grid) => {
    const inner = unwrap(arg as Expr);
    const series = await vector(context, inner, grid);
    return { type: 'vector', series: absence(series, grid, inner.kind === 'selector' ? inner : undefined) };
  },
  clamp: clamp(bounds, true, true),
  clamp_min: clamp(bounds, true, false),
  clamp_max: clamp(bounds, false, true),
  round: async (context, [arg, to], grid) => {
    const series = await vector(context, arg as Expr, grid);
    const nearest = to ? await scalar(context, to, grid) : new Float64Array(grid.steps).fill(1);
    return { type: 'vector', series: mapValues(series, (value, i) => roundTo(value, nearest[i] as number)) };
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
    series: labelReplace(await vector(context, arg as Expr, grid), rest.map(stringOf)),
  }),
  label_join: async (context, [arg, ...rest], grid) => ({
    type: 'vector',
    series: labelJoin(await vector(context, arg as Expr, grid), rest.map(stringOf)),
  }),
  histogram_quantile: async (context, [q, arg], grid) => {
    const quantile = await scalar(context, q as Expr, grid);
    const series = await vector(context, arg as Expr, grid);
    return { type: 'vector', series: quantilesOf(context, quantile, series, grid, q as Expr, arg as Expr) };
  },
  histogram_quantiles: async (context, [arg, label, ...quantiles], grid) => {
    const series = await vector(context, arg as Expr, grid);
    const name = stringOf(label);
    const result: StepSeries[] = [];
    for (const q of quantiles) {
      const quantile = await scalar(context, q, grid);
      for (const each of quantilesOf(context, quantile, series, grid, q, arg as Expr)) {
        const text = formatFloat(quantile[0] as number);
        const value = /^-?\d+$/.test(text) ? `${text}.0` : text;
        result.push({ ...each, labels: each.labels.with({ [name]: value }) });
      }
    }
    return { type: 'vector', series: result };
  },
  histogram_fraction: async (context, [lower, upper, arg], grid) => {
    const bounds = [await scalar(context, lower as Expr, grid), await scalar(context, upper as Expr, grid)];
    const series = await vector(context, arg as Expr, grid);
    const fractions = histogramFraction(bounds[0] as Float64Array, bounds[1] as Float64Array, series, (labels, le) =>
      annotate(context, 'warning', badBucket(labels, le), arg as Expr),
    );
    return { type: 'vector', series: fractions };
  },
};

function badBucket(labels: Labels, le: string): string {
  return `bucket label "le" is missing or has a malformed value of ${JSON.stringify(le)} for metric name ${JSON.stringify(labels.metricName)}`;
}

function warnQuantile(context: Context, quantile: Float64Array, q: Expr): void {
  const outside = quantile.find((value) => !(value >= 0 && value <= 1));
  if (outside !== undefined)
    annotate(context, 'warning', `quantile value should be between 0 and 1, got ${formatFloat(outside)}`, q);
}

/** Quantiles of classic and native histograms; where both have the same labels, neither can be meant. */
function quantilesOf(
  context: Context,
  quantile: Float64Array,
  series: readonly StepSeries[],
  grid: Grid,
  q: Expr,
  arg: Expr,
): StepSeries[] {
  warnQuantile(context, quantile, q);
  const { floats, natives } = partSeries(series);
  const classic = histogramQuantile(quantile, floats, grid.steps, {
    bad: (labels, le) => annotate(context, 'warning', badBucket(labels, le), arg),
    repaired: (labels) =>
      annotate(
        context,
        'info',
        `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name ${JSON.stringify(labels.metricName)}`,
        arg,
      ),
  });
  const native = natives.flatMap((each) =>
    mapHistograms([each], (h, i) => {
      const { value, nan } = histogramQuantileOf(quantile[i] as number, h);
      const name = JSON.stringify(each.labels.metricName);
      if (nan === 'result')
        annotate(context, 'info', `input to histogram_quantile has NaN observations, result is NaN for metric name ${name}`, arg);
      if (nan === 'skewed')
        annotate(context, 'info', `input to histogram_quantile has NaN observations, result is skewed higher for metric name ${name}`, arg);
      return value;
    }),
  );
  for (const a of classic)
    for (const b of native) {
      if (!a.labels.equals(b.labels)) continue;
      for (let i = 0; i < grid.steps; i++) {
        if (!a.present[i] || !b.present[i]) continue;
        a.present[i] = b.present[i] = 0;
        const name = JSON.stringify(a.labels.metricName);
        annotate(context, 'warning', `vector contains a mix of classic and native histograms for metric name ${name}`, arg);
      }
    }
  return mergeEqual([...classic, ...native]).filter(({ present }) => present.includes(1));
}
