import type { Expr } from './ast.ts';
import { ParseError } from './error.ts';

/** Deeper trees would exhaust the stack of what walks them. */
export const DEEPEST = 1000;
export const TOO_DEEP = 'expression is nested too deeply';

/** The expressions that an expression is made of. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'binary':
      return [expr.left, expr.right];
    case 'call':
      return expr.args;
    case 'aggregation':
      return expr.param ? [expr.param, expr.expr] : [expr.expr];
    case 'paren':
    case 'subquery':
    case 'unary':
      return [expr.expr];
    case 'matrix':
      return [expr.selector];
    case 'number':
    case 'selector':
    case 'string':
      return [];
  }
}

/** What is neither nested too deeply nor too long a chain may still be both in turn. @throws ParseError */
export function checkDepth(text: string, root: Expr): void {
  let level: readonly Expr[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw new ParseError(text, root.span, TOO_DEEP);
    level = level.flatMap(childrenOf);
  }
}
