import type { Expr } from '../parser/ast.ts';
import { childrenOf } from '../parser/depth.ts';
import { print } from '../parser/print.ts';

/** Functions whose value depends on when they are evaluated: `@` cannot pin them. */
const OF_EVALUATION_TIME = new Set([
  'time',
  'predict_linear',
  'minute',
  'hour',
  'day_of_week',
  'day_of_month',
  'day_of_year',
  'days_in_month',
  'month',
  'year',
  'timestamp',
  'start',
  'end',
  'step',
  'range',
]);

/** The query with `@ t` on every selector and subquery that has none; undefined where that changes its meaning. */
export function pinned(expr: Expr, t: number): Expr | undefined {
  return dependsOnTime(expr) ? undefined : pin(expr, t);
}

function dependsOnTime(expr: Expr): boolean {
  return (expr.kind === 'call' && OF_EVALUATION_TIME.has(expr.func)) || childrenOf(expr).some(dependsOnTime);
}

function pin(expr: Expr, t: number): Expr {
  switch (expr.kind) {
    case 'selector':
      return { ...expr, at: expr.at ?? t };
    case 'matrix':
      return { ...expr, selector: { ...expr.selector, at: expr.selector.at ?? t } };
    // What stands inside a subquery is relative to the subquery's own steps.
    case 'subquery':
      return { ...expr, at: expr.at ?? t };
    case 'binary':
      return { ...expr, left: pin(expr.left, t), right: pin(expr.right, t) };
    case 'call':
      return { ...expr, args: expr.args.map((arg) => pin(arg, t)) };
    case 'aggregation':
      return { ...expr, expr: pin(expr.expr, t), ...(expr.param && { param: pin(expr.param, t) }) };
    case 'paren':
    case 'unary':
      return { ...expr, expr: pin(expr.expr, t) };
    case 'number':
    case 'string':
      return expr;
  }
}

/** Whether `start()` or `end()` stands somewhere: then a range query means something else than an instant one. */
export function mentionsQueryEdges(expr: Expr): boolean {
  return /\b(start|end|step|range)\(\)/.test(print(expr));
}
