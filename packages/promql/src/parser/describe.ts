import { formatDecimal, type Matcher } from '@prunella/metrics';
import type { AtModifier, Binary, DurationExpr, Expr, VectorSelector } from './ast.ts';
import { typeOf } from './check.ts';
import { printDuration } from './duration.ts';
import { FUNCTIONS, type FunctionSignature } from './functions.ts';

/** A node of the tree as `/api/v1/parse_query` answers it. */
export interface Description {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** The tree of an expression in Prometheus's JSON, as its pages and others draw it. Durations and times are ms. */
export function describe(expr: Expr): Description {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: formatDecimal(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: readable(expr.value) };
    case 'paren':
      return { type: 'parenExpr', expr: describe(expr.expr) };
    case 'unary':
      return { type: 'unaryExpr', op: expr.op, expr: describe(expr.expr) };
    case 'selector':
      return { type: 'vectorSelector', ...describeSelector(expr) };
    case 'matrix': {
      const { selector, range, rangeExpr } = expr;
      return {
        type: 'matrixSelector',
        ...describeSelector(selector),
        ...describeDuration('range', range, rangeExpr),
      };
    }
    case 'subquery':
      return {
        type: 'subquery',
        expr: describe(expr.expr),
        ...describeDuration('range', expr.range, expr.rangeExpr),
        ...describeDuration('step', expr.step ?? 0, expr.stepExpr),
        ...describeTimes(expr),
      };
    case 'aggregation':
      return {
        type: 'aggregation',
        op: expr.op,
        expr: describe(expr.expr),
        param: expr.param ? describe(expr.param) : null,
        grouping: expr.grouping,
        without: expr.without,
      };
    case 'call': {
      const { args, optional, returns } = FUNCTIONS.get(expr.func) as FunctionSignature;
      const func = { name: expr.func, argTypes: args, variadic: optional, returnType: returns };
      return { type: 'call', func, args: expr.args.map(describe) };
    }
    case 'binary':
      return describeBinary(expr);
  }
}

function describeBinary(expr: Binary): Description {
  const { op, left, right, bool, matching } = expr;
  const vectors = typeOf(left) === 'vector' && typeOf(right) === 'vector';
  const { card, labels, on, include, fillLeft, fillRight } = matching ?? {};
  const fills = fillLeft !== undefined || fillRight !== undefined;
  return {
    type: 'binaryExpr',
    op,
    lhs: describe(left),
    rhs: describe(right),
    matching: vectors
      ? {
          card,
          labels,
          on,
          include,
          ...(fills && { fillValues: { lhs: fillLeft ?? null, rhs: fillRight ?? null } }),
        }
      : null,
    bool,
  };
}

function describeSelector(selector: VectorSelector): Record<string, unknown> {
  const { name, matchers, extended } = selector;
  const shown = ({ name: label, value, type }: Matcher): unknown => ({
    name: label,
    value: readable(value),
    type,
  });
  // A name before the braces comes last, as there the matcher for it is made last.
  const ordered = name === '' ? matchers : [...matchers.slice(1), ...matchers.slice(0, 1)];
  return {
    name,
    matchers: ordered.map(shown),
    ...describeTimes(selector),
    ...(extended && { [extended]: true }),
  };
}

/** JSON holds text only: bytes that are no UTF-8 show as what stands for them. */
function readable(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

interface Times {
  readonly at?: AtModifier;
  readonly offset: number;
  readonly offsetExpr?: DurationExpr;
}

function describeTimes({ at, offset, offsetExpr }: Times): Record<string, unknown> {
  return {
    ...describeDuration('offset', offset, offsetExpr),
    timestamp: typeof at === 'number' ? at : null,
    startOrEnd: typeof at === 'string' ? at : null,
  };
}

/** What is computed only with the query counts as 0, and stands beside as text. */
function describeDuration(
  key: string,
  fixed: number,
  expr: DurationExpr | undefined,
): Record<string, unknown> {
  return expr ? { [key]: 0, [`${key}Expr`]: printDuration(expr) } : { [key]: fixed };
}
