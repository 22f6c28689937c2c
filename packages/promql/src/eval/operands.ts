import { QueryError } from '../error.ts';
import type { Expr } from '../parser/ast.ts';
import type { Context } from './select.ts';
import { timeAt, type Grid, type StepSeries } from './value.ts';

/** The value of an operand that is a vector. */
export async function vector(context: Context, expr: Expr, grid: Grid): Promise<readonly StepSeries[]> {
  const value = await context.evaluate(expr, grid);
  if (value.type !== 'vector') throw new QueryError('internal', `BUG: expected a vector, got ${value.type}`);
  return value.series;
}

/** The value of an operand that is a scalar. */
export async function scalar(context: Context, expr: Expr, grid: Grid): Promise<Float64Array> {
  const value = await context.evaluate(expr, grid);
  if (value.type !== 'scalar') throw new QueryError('internal', `BUG: expected a scalar, got ${value.type}`);
  return value.values;
}

/** What stands within parentheses. */
export function unwrap(expr: Expr): Expr {
  return expr.kind === 'paren' ? unwrap(expr.expr) : expr;
}

/** The times of all steps, in seconds. */
export function times(grid: Grid): Float64Array {
  return Float64Array.from({ length: grid.steps }, (_, i) => timeAt(grid, i) / 1000);
}
