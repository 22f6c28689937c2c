import type { Binary, Call, Expr, ValueType } from './ast.ts';
import { ParseError } from './error.ts';
import { AGGREGATIONS, FUNCTIONS, type FunctionSignature } from './functions.ts';

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
  const check = (inner: Expr): void => checkTypes(text, inner);
  const expect = (inner: Expr, wanted: ValueType, where: string): void => {
    const got = typeOf(inner);
    if (got !== wanted) {
      throw new ParseError(text, inner.span, `expected type ${NAMES[wanted]} in ${where}, got ${NAMES[got]}`);
    }
  };
  switch (expr.kind) {
    case 'call':
      expr.args.forEach(check);
      return checkCall(text, expr, expect);
    case 'aggregation': {
      check(expr.expr);
      expect(expr.expr, 'vector', 'aggregation expression');
      const wanted = AGGREGATIONS.get(expr.op);
      if (expr.param && wanted) {
        check(expr.param);
        expect(expr.param, wanted, `aggregation parameter`);
      }
      return;
    }
    case 'unary': {
      check(expr.expr);
      const type = typeOf(expr.expr);
      if (type !== 'scalar' && type !== 'vector') {
        const reason = `unary expression only allowed on expressions of type scalar or instant vector, got ${JSON.stringify(NAMES[type])}`;
        throw new ParseError(text, expr.span, reason);
      }
      return;
    }
    case 'binary':
      check(expr.left);
      check(expr.right);
      return checkBinary(text, expr);
    case 'subquery':
      check(expr.expr);
      if (typeOf(expr.expr) !== 'vector' && typeOf(expr.expr) !== 'scalar') {
        throw new ParseError(
          text,
          expr.span,
          `subquery is only allowed on instant vector, got ${NAMES[typeOf(expr.expr)]} instead`,
        );
      }
      return;
    case 'paren':
      return check(expr.expr);
    case 'matrix':
    case 'number':
    case 'selector':
    case 'string':
  }
}

type Expect = (inner: Expr, wanted: ValueType, where: string) => void;

function checkCall(text: string, call: Call, expect: Expect): void {
  const { args, optional } = FUNCTIONS.get(call.func) as FunctionSignature;
  const most = optional < 0 ? Infinity : args.length;
  const least = args.length - Math.abs(optional);
  if (call.args.length < least || call.args.length > most) {
    const count =
      most === least ? `${least}` : call.args.length < least ? `at least ${least}` : `at most ${most}`;
    throw new ParseError(
      text,
      call.span,
      `expected ${count} argument(s) in call to ${JSON.stringify(call.func)}, got ${call.args.length}`,
    );
  }
  for (const [i, arg] of call.args.entries()) {
    expect(
      arg,
      args[Math.min(i, args.length - 1)] as ValueType,
      `call to function ${JSON.stringify(call.func)}`,
    );
  }
}

function checkBinary(text: string, expr: Binary): void {
  const sides = [typeOf(expr.left), typeOf(expr.right)];
  for (const [i, type] of sides.entries()) {
    if (type === 'scalar' || type === 'vector') continue;
    const { span } = i === 0 ? expr.left : expr.right;
    throw new ParseError(text, span, 'binary expression must contain only scalar and instant vector types');
  }
  const scalars = sides.filter((type) => type === 'scalar').length;
  const comparison = /^(==|!=|<=|<|>=|>)$/.test(expr.op);
  if (scalars === 2 && comparison && !expr.bool) {
    throw new ParseError(text, expr.span, 'comparisons between scalars must use BOOL modifier');
  }
  if (scalars > 0 && /^(and|or|unless)$/.test(expr.op)) {
    throw new ParseError(
      text,
      expr.span,
      `set operator ${JSON.stringify(expr.op)} not allowed in binary scalar expression`,
    );
  }
  const { matching } = expr;
  if (scalars > 0 && matching && (matching.labels.length > 0 || matching.on)) {
    throw new ParseError(text, expr.span, 'vector matching only allowed between instant vectors');
  }
}
