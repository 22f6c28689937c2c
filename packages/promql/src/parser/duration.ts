import type { DurationExpr } from './ast.ts';
import type { Token } from './lexer.ts';

/** What a reader of durations needs of the parser. */
export interface Cursor {
  peek(): Token;
  next(): Token;
  /** @throws ParseError where another token stands there */
  expect(text: string): void;
  /** The value of a number or duration in seconds, undefined for another token. */
  seconds(token: Token): number | undefined;
  unexpected(): Error;
}

const PRECEDENCE: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 3 };

/** An expression of durations, as it may stand between brackets or in an offset's parentheses. */
export function durationExpression(cursor: Cursor, lowest = 0): DurationExpr {
  let left = signed(cursor);
  for (;;) {
    const op = cursor.peek().text;
    const precedence = PRECEDENCE[op];
    if (precedence === undefined || precedence < lowest) return left;
    cursor.next();
    const right = durationExpression(cursor, op === '^' ? precedence : precedence + 1);
    left = { kind: 'operation', op, left, right };
  }
}

function signed(cursor: Cursor): DurationExpr {
  const { text } = cursor.peek();
  if (text !== '+' && text !== '-') return durationOperand(cursor);
  cursor.next();
  const value = durationExpression(cursor, 2);
  return text === '+'
    ? value
    : { kind: 'operation', op: '-', left: { kind: 'seconds', value: 0 }, right: value };
}

/** One literal, `step()`, `range()`, `min_of(…)`, `max_of(…)` or what stands in parentheses. */
export function durationOperand(cursor: Cursor): DurationExpr {
  const token = cursor.peek();
  const value = cursor.seconds(token);
  if (value !== undefined) {
    cursor.next();
    return { kind: 'seconds', value };
  }
  const word = token.text.toLowerCase();
  if (word === '(') {
    cursor.next();
    const inner = durationExpression(cursor);
    cursor.expect(')');
    return inner;
  }
  if (word === 'step' || word === 'range') {
    cursor.next();
    cursor.expect('(');
    cursor.expect(')');
    return { kind: word };
  }
  if (word === 'min_of' || word === 'max_of') {
    cursor.next();
    cursor.expect('(');
    const left = durationExpression(cursor);
    cursor.expect(',');
    const right = durationExpression(cursor);
    cursor.expect(')');
    return { kind: 'operation', op: word, left, right };
  }
  throw cursor.unexpected();
}

/** Whether the duration is known before the query runs. */
export function isConstant(expr: DurationExpr): boolean {
  if (expr.kind === 'operation') return isConstant(expr.left) && isConstant(expr.right);
  return expr.kind === 'seconds';
}

/** The duration in seconds, for a query of the given step and range (seconds). */
export function durationValue(expr: DurationExpr, query: { step: number; range: number }): number {
  if (expr.kind === 'seconds') return expr.value;
  if (expr.kind !== 'operation') return query[expr.kind];
  const [a, b] = [durationValue(expr.left, query), durationValue(expr.right, query)];
  switch (expr.op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return a ** b;
    case 'min_of':
      return Math.min(a, b);
    default:
      return Math.max(a, b);
  }
}

/** In full parentheses. */
export function printDuration(expr: DurationExpr): string {
  if (expr.kind === 'seconds') return String(expr.value);
  if (expr.kind !== 'operation') return `${expr.kind}()`;
  const [a, b] = [printDuration(expr.left), printDuration(expr.right)];
  return expr.op.endsWith('_of') ? `${expr.op}(${a}, ${b})` : `(${a} ${expr.op} ${b})`;
}
