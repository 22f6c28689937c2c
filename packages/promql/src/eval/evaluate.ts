import { Labels } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { HISTOGRAM_PARTS, mapHistograms } from '../functions/native.ts';
import { DATE_FUNCTIONS } from '../functions/date.ts';
import { MATH_FUNCTIONS } from '../functions/numeric.ts';
import { RANGE_FUNCTIONS } from '../functions/range.ts';
import { scale } from '../histogram/algebra.ts';
import type { Aggregation, Binary, Call, Expr } from '../parser/ast.ts';
import { aggregate } from './aggregate.ts';
import { scalarBinary, vectorBinary, vectorScalar } from './binary.ts';
import { atEveryStep } from './invariant.ts';
import { reporter } from './mixed.ts';
import { scalar, times, unwrap, vector } from './operands.ts';
import { warnQuantile } from './quantiles.ts';
import { applyRange, rangeInput } from './range.ts';
import type { AggregateReport } from './reduce.ts';
import { annotate, selectInstant, type Context } from './select.ts';
import { constantSeries, dropNames, mapValues } from './series.ts';
import { smoothedInstant } from './smoothed.ts';
import { absence, SPECIAL } from './special.ts';
import { setHistogram, type Grid, type StepSeries, type Value } from './value.ts';

/** Functions that keep the metric's name. */
const KEEP_NAME = new Set(['last_over_time', 'first_over_time']);

/** Evaluates an expression at every step of the grid. @throws QueryError */
export async function evaluate(context: Context, expr: Expr, grid: Grid): Promise<Value> {
  const once = grid.steps > 1 && context.invariant.has(expr);
  const value = await (once ? evaluateOnce : evaluateNode)(context, expr, grid);
  return context.features.has('promql-delayed-name-removal') ? value : dropNames(context.pacer, value);
}

/** What does not depend on the step is evaluated at the first. */
async function evaluateOnce(outer: Context, expr: Expr, grid: Grid): Promise<Value> {
  const first = { ...grid, steps: 1 };
  const counts = outer.counted?.grid === grid ? outer.counted.counts : undefined;
  const counted = counts && { grid: first, counts: new Float64Array(1) };
  const value = await evaluateNode(within(outer, { counted }), expr, first);
  // The samples are looked at once, but count for every step.
  if (counts && counted) counts.forEach((count, i) => (counts[i] = count + (counted.counts[0] as number)));
  return atEveryStep(outer, value, grid);
}

/** A context in which something is otherwise for all parts. */
function within(outer: Context, changes: Partial<Context>): Context {
  const inner: Context = { ...outer, ...changes, evaluate: (expr, grid) => evaluate(inner, expr, grid) };
  return inner;
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
      return {
        type: 'vector',
        series: await (expr.extended ? smoothedInstant : selectInstant)(context, expr, grid),
      };
    case 'unary':
      return negate(context, await evaluate(context, expr.expr, grid), expr.op);
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
      return {
        type: 'vector',
        ...(await aggregate(context.pacer, expr, series, grid.steps, values, warn, report(context, expr))),
      };
    }
    case 'call':
      return call(context, expr, grid);
    case 'matrix':
    case 'subquery':
      throw new QueryError('internal', 'BUG: a range vector has no value at a step');
  }
}

function report(context: Context, node: Aggregation): AggregateReport {
  const place = node.expr;
  const picks = node.op === 'topk' || node.op === 'bottomk';
  return {
    notes: (notes, doing) => reporter(context, '', place).notes(notes, doing),
    mixedSchemas: (name) => reporter(context, name, place).mixedSchemas(),
    mixed: () =>
      annotate(context, 'warning', 'encountered a mix of histograms and floats for aggregation', place),
    ignored: (op) =>
      annotate(context, 'info', `ignored histogram in ${op} aggregation`, picks ? node : place),
  };
}

async function negate(context: Context, value: Value, op: '+' | '-'): Promise<Value> {
  if (op === '+' || value.type === 'string') return value;
  if (value.type === 'scalar') return { type: 'scalar', values: value.values.map((each) => -each) };
  return { type: 'vector', series: await negated(context, value.series) };
}

async function negated({ pacer }: Context, series: readonly StepSeries[]): Promise<StepSeries[]> {
  const result = await mapValues(pacer, series, (each) => -each);
  for (const [k, { histograms }] of series.entries())
    for (const [i, h] of (histograms ?? []).entries())
      if (h) setHistogram(result[k] as StepSeries, i, scale(h, -1));
  return result;
}

async function binary(outer: Context, expr: Binary, grid: Grid): Promise<Value> {
  const trims = expr.op === '</' || expr.op === '>/';
  const context = trims ? detecting(outer, false) : outer;
  const [left, right] = [await evaluate(context, expr.left, grid), await evaluate(context, expr.right, grid)];
  if (left.type === 'scalar' && right.type === 'scalar') {
    return { type: 'scalar', values: scalarBinary(expr, left.values, right.values) };
  }
  const tell = (kind: 'warning' | 'info', text: string): void => annotate(context, kind, text, expr);
  if (left.type === 'vector' && right.type === 'vector') {
    return {
      type: 'vector',
      series: await vectorBinary(context.pacer, tell, expr, left.series, right.series, grid.steps),
    };
  }
  if (left.type === 'vector' && right.type === 'scalar') {
    return {
      type: 'vector',
      series: await vectorScalar(context.pacer, tell, expr, left.series, right.values, true),
    };
  }
  if (left.type === 'scalar' && right.type === 'vector') {
    return {
      type: 'vector',
      series: await vectorScalar(context.pacer, tell, expr, right.series, left.values, false),
    };
  }
  throw new QueryError('internal', 'BUG: strings cannot be compared');
}

/** These need no buckets, and these do: what is asked for last, from the selector's point of view, counts. */
const DETECT_RESETS: Readonly<Record<string, boolean>> = {
  histogram_count: true,
  histogram_sum: true,
  histogram_avg: true,
  histogram_quantile: false,
  histogram_quantiles: false,
  histogram_fraction: false,
};

function detecting(outer: Context, detectResets: boolean | undefined): Context {
  if (detectResets === undefined || detectResets === (outer.detectResets ?? false)) return outer;
  return within(outer, { detectResets });
}

async function call(outer: Context, expr: Call, grid: Grid): Promise<Value> {
  const context = detecting(outer, DETECT_RESETS[expr.func]);
  if (/^sort(_desc|_by_label|_by_label_desc)?$/.test(expr.func)) warnOrder(context, expr);
  const { func, args } = expr;
  const math = MATH_FUNCTIONS.get(func);
  if (math)
    return {
      type: 'vector',
      series: await mapValues(context.pacer, await vector(context, args[0] as Expr, grid), math),
    };
  if (DATE_FUNCTIONS.has(func)) return dateCall(context, expr, grid);
  if (RANGE_FUNCTIONS.has(func)) return rangeCall(context, expr, grid);
  const part = HISTOGRAM_PARTS[func];
  if (part)
    return {
      type: 'vector',
      series: await mapHistograms(context.pacer, await vector(context, args[0] as Expr, grid), part),
    };
  const special = SPECIAL[func];
  if (!special) throw new QueryError('execution', `function ${func} is not available`);
  return special(context, args, grid);
}

async function dateCall(context: Context, { func, args }: Call, grid: Grid): Promise<Value> {
  const compute = DATE_FUNCTIONS.get(func) as (seconds: number) => number;
  const given = args[0] ? await vector(context, args[0], grid) : [constantSeries(Labels.empty, times(grid))];
  return {
    type: 'vector',
    series: await mapValues(context.pacer, given, compute),
  };
}

async function rangeCall(outer: Context, { func, args }: Call, grid: Grid): Promise<Value> {
  const range = unwrap(args.find((arg) => ['matrix', 'subquery'].includes(unwrap(arg).kind)) as Expr);
  const context = range.kind === 'subquery' ? detecting(outer, false) : outer;
  const params: Float64Array[] = [];
  for (const arg of args) if (unwrap(arg) !== range) params.push(await scalar(context, arg, grid));
  checkSmoothing(func, params);
  const found = await rangeInput(context, range, grid, func);
  // What is said about a call is said of its first argument.
  const input = func === 'quantile_over_time' ? { ...found, place: args[0] as Expr } : found;
  const series = await applyRange(context, input, grid, func, params, KEEP_NAME.has(func));
  if (func === 'quantile_over_time' && series.length > 0)
    warnQuantile(context, params[0] as Float64Array, args[0] as Expr);
  if (func !== 'absent_over_time') return { type: 'vector', series };
  const selector = range.kind === 'matrix' ? range.selector : undefined;
  return { type: 'vector', series: await absence(context, series, grid, selector) };
}

function checkSmoothing(func: string, [level, trend]: readonly Float64Array[]): void {
  if (func !== 'double_exponential_smoothing') return;
  for (const [name, column] of [
    ['smoothing', level],
    ['trend', trend],
  ] as const) {
    const value = column?.[0] as number;
    if (!(value > 0 && value < 1))
      throw new QueryError(
        'execution',
        `invalid ${name} factor. Expected: 0 < ${name === 'smoothing' ? 'sf' : 'tf'} < 1, got: ${value.toFixed(6)}`,
      );
  }
}

/** The result of a range query is in the order of its labels, whatever the query says. */
function warnOrder(context: Context, expr: Expr): void {
  if (context.step === 0) return;
  const text = 'sort is ineffective for range queries since results are always ordered by labels';
  annotate(context, 'warning', text, expr);
}
