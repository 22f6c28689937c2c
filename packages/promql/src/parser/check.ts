import { goQuote, METRIC_NAME } from '@prunella/metrics';
import type { Binary, Call, Expr, Span, ValueType, VectorSelector } from './ast.ts';
import { ParseError } from './error.ts';
import { AGGREGATIONS, FUNCTIONS, type FunctionSignature } from './functions.ts';
import { COMPARISONS, SET_OPERATORS } from './operators.ts';

const NAMES: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

/** The type of an expression's value. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregation':
      return 'vector';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'call':
      return FUNCTIONS.get(expr.func)?.returns ?? 'vector';
    case 'unary':
    case 'paren':
      return typeOf(expr.expr);
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
  }
}

/** @throws ParseError where a part has the wrong type */
export function checkTypes(text: string, expr: Expr): void {
  switch (expr.kind) {
    case 'call':
      return checkCall(text, expr);
    case 'aggregation': {
      expect(text, expr.expr, 'vector', 'aggregation expression');
      const wanted = AGGREGATIONS.get(expr.op);
      if (expr.param && wanted) expect(text, expr.param, wanted, 'aggregation parameter');
      return;
    }
    case 'unary': {
      checkTypes(text, expr.expr);
      const type = typeOf(expr.expr);
      if (type === 'scalar' || type === 'vector') return;
      const reason = `unary expression only allowed on expressions of type scalar or instant vector, got "${NAMES[type]}"`;
      throw new ParseError(text, expr.span, reason);
    }
    case 'binary':
      return checkBinary(text, expr);
    case 'subquery': {
      checkTypes(text, expr.expr);
      const type = typeOf(expr.expr);
      if (type === 'vector') return;
      throw new ParseError(
        text,
        expr.span,
        `subquery is only allowed on instant vector, got ${type} instead`,
      );
    }
    case 'paren':
      return checkTypes(text, expr.expr);
    case 'matrix':
      return checkSelector(text, expr.selector);
    case 'selector':
      return checkSelector(text, expr);
    case 'number':
    case 'string':
  }
}

function expect(text: string, expr: Expr, wanted: ValueType, where: string): void {
  checkTypes(text, expr);
  expectType(text, expr, wanted, where);
}

function expectType(text: string, expr: Expr, wanted: ValueType, where: string): void {
  const got = typeOf(expr);
  if (got === wanted) return;
  throw new ParseError(text, expr.span, `expected type ${NAMES[wanted]} in ${where}, got ${NAMES[got]}`);
}

function checkSelector(text: string, { name, matchers, span }: VectorSelector): void {
  if (name === '') {
    if (matchers.some((matcher) => !matcher.matches(''))) return;
    throw new ParseError(text, span, 'vector selector must contain at least one non-empty matcher');
  }
  const again = matchers.slice(1).find((matcher) => matcher.name === METRIC_NAME);
  if (!again) return;
  const names = `${goQuote(name)} or ${goQuote(again.value)}`;
  throw new ParseError(text, span, `metric name must not be set twice: ${names}`);
}

function checkCall(text: string, call: Call): void {
  const { args, optional } = FUNCTIONS.get(call.func) as FunctionSignature;
  const most = optional < 0 ? Infinity : args.length;
  const least = args.length - Math.abs(optional);
  const got = call.args.length;
  if (got < least || got > most) {
    const bound = optional === 0 ? '' : got < least ? 'at least ' : 'at most ';
    const count = got < least ? least : most;
    const reason = `expected ${bound}${count} argument(s) in call to ${goQuote(call.func)}, got ${got}`;
    throw new ParseError(text, call.span, reason);
  }
  const where = `call to function ${goQuote(call.func)}`;
  for (const [i, arg] of call.args.entries()) {
    const wanted = args[Math.min(i, args.length - 1)] as ValueType;
    if (call.func === 'info' && i === 1) checkInfoSelector(text, arg, where);
    else expect(text, arg, wanted, where);
  }
}

/** The second argument of `info()` is no selector by itself: it may match anything, for it only chooses labels. */
function checkInfoSelector(text: string, arg: Expr, where: string): void {
  expectType(text, arg, 'vector', where);
  if (arg.kind !== 'selector' || arg.name !== '')
    throw new ParseError(text, arg.span, 'expected label selectors only, got vector selector instead');
}

function checkBinary(text: string, expr: Binary): void {
  const { op, left, right, matching, bool, span } = expr;
  checkTypes(text, left);
  checkTypes(text, right);
  const sides = [typeOf(left), typeOf(right)];
  const scalars = sides.filter((type) => type === 'scalar').length;
  const fail = (at: Span, reason: string): never => {
    throw new ParseError(text, at, reason);
  };
  if (bool && !COMPARISONS.has(op))
    fail(operatorSpan(text, expr), 'bool modifier can only be used on comparison operators');
  if (COMPARISONS.has(op) && !bool && scalars === 2)
    fail(operatorSpan(text, expr), 'comparisons between scalars must use BOOL modifier');
  const both = matching?.on && matching.labels.find((label) => matching.include.includes(label));
  if (both) {
    const reason = `label ${goQuote(both)} must not occur in ON and GROUP clause at once`;
    fail(operatorSpan(text, expr), reason);
  }
  for (const side of [left, right]) {
    if (typeOf(side) !== 'scalar' && typeOf(side) !== 'vector')
      fail(side.span, 'binary expression must contain only scalar and instant vector types');
  }
  if (scalars > 0 && matching && matching.labels.length > 0)
    fail(span, 'vector matching only allowed between instant vectors');
  if (!SET_OPERATORS.has(op)) return;
  if (scalars > 0) fail(span, `set operator ${goQuote(op)} not allowed in binary scalar expression`);
  if (matching && matching.card !== 'many-to-many')
    fail(span, `no grouping allowed for ${goQuote(op)} operation`);
  if (matching?.fillLeft !== undefined || matching?.fillRight !== undefined)
    fail(span, 'filling in missing series not allowed for set operators');
}

/** What stands between the two sides, white space taken off. */
function operatorSpan(text: string, { left, right }: Binary): Span {
  let { end: start } = left.span;
  let { start: end } = right.span;
  while (start < end && /\s/.test(text[start] as string)) start++;
  while (end > start && /\s/.test(text[end - 1] as string)) end--;
  return { start, end };
}
