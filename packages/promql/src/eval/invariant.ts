import type { Expr } from '../parser/ast.ts';
import { childrenOf } from '../parser/depth.ts';
import { STEPS_PER_SAMPLE, type Context } from './select.ts';
import { newSeries, type Grid, type StepSeries, type Value } from './value.ts';

/** Functions that look at the time of the step, whatever their arguments are; info() looks for series of its own. */
const OF_TIME = new Set([
  'days_in_month',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'hour',
  'info',
  'minute',
  'month',
  'predict_linear',
  'time',
  'timestamp',
  'year',
]);

/**
 * The parts of an expression that have the same value at every step, for what they look at is pinned by `@` or is
 * written out. Numbers alone are not worth it.
 */
export function invariantParts(expr: Expr): ReadonlySet<Expr> {
  const found = new Set<Expr>();
  const walk = (node: Expr): boolean => {
    if (node.kind === 'matrix') return node.selector.at !== undefined;
    // All of them, also behind one that is not invariant.
    const inner = childrenOf(node).map(walk);
    if (!isInvariant(node, inner.every(Boolean))) return false;
    if (!['number', 'string', 'subquery'].includes(node.kind)) found.add(node);
    return true;
  };
  walk(expr);
  return found;
}

function isInvariant(node: Expr, inner: boolean): boolean {
  if (node.kind === 'selector' || node.kind === 'subquery') return node.at !== undefined;
  return inner && !(node.kind === 'call' && OF_TIME.has(node.func));
}

/** A value at one step as the value at all steps of a grid. */
export async function atEveryStep({ pacer }: Context, value: Value, { steps }: Grid): Promise<Value> {
  switch (value.type) {
    case 'string':
      return value;
    case 'scalar':
      return { type: 'scalar', values: new Float64Array(steps).fill(value.values[0] as number) };
    case 'vector': {
      const held = steps / STEPS_PER_SAMPLE;
      const series = await pacer.map(value.series, (each) => {
        pacer.hold(held);
        return stretched(each, steps);
      });
      pacer.release(held * series.length);
      return { ...value, series };
    }
  }
}

function stretched({ labels, values, present, dropName, histograms }: StepSeries, steps: number): StepSeries {
  const out = newSeries(labels, steps, dropName);
  out.values.fill(values[0] as number);
  out.present.fill(present[0] as number);
  if (histograms) out.histograms = Array.from({ length: steps }, () => histograms[0]);
  return out;
}
