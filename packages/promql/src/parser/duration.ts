import type { DurationExpr, Span } from './ast.ts';
import { ParseError } from './error.ts';
import { formatDuration, formatDecimal } from '@prunella/metrics';
import type { TokenReader } from './reader.ts';

/** How a reader of durations talks of its place, and reads literals. */
export interface DurationReader {
  readonly reader: TokenReader;
  /** The value of the next token in seconds, undefined where it is no number or duration. @throws ParseError */
  readonly seconds: () => number | undefined;
  /** Told of every operand and sign. @throws ParseError where there are too many */
  readonly count: () => void;
  /** The next token cannot stand there. */
  readonly unexpected: () => ParseError;
}

/** Prometheus keeps durations as int64 nanoseconds. */
export const LONGEST_DURATION_MS = 9_223_372_036_854;

const PRECEDENCE: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 3 };

/** An expression of durations, as it may stand between brackets or in an offset's parentheses. @throws ParseError */
export function durationExpression(from: DurationReader, lowest = 0): DurationExpr {
  let left = signed(from, () => durationExpression(from, PRECEDENCE['^']));
  for (;;) {
    const op = from.reader.peek();
    const precedence = op.kind === 'operator' ? PRECEDENCE[op.text] : undefined;
    if (precedence === undefined || precedence < lowest) return left;
    from.reader.next();
    const right = durationExpression(from, op.text === '^' ? precedence : precedence + 1);
    if (right.kind === 'literal' && right.value === 0 && (op.text === '/' || op.text === '%'))
      throw from.reader.fault(op, `${op.text === '/' ? 'division' : 'modulo'} by zero`);
    const span = { start: left.span.start, end: right.span.end };
    // Without its parentheses a negative power's base would be another one's.
    const bare = op.text === '^' && left.kind === 'literal' && left.value < 0;
    const base: DurationExpr = bare ? { kind: 'paren', expr: left, span: left.span } : left;
    left = { kind: 'operation', op: op.text, left: base, right, span };
  }
}

/** What an offset takes without parentheses: a literal, `step()`, `range()`, `min_of(…)`, `max_of(…)`, with signs. @throws ParseError */
export function durationOperand(from: DurationReader): DurationExpr {
  return signed(from, () => durationOperand(from));
}

function signed(from: DurationReader, operand: () => DurationExpr): DurationExpr {
  from.count();
  const sign = from.reader.peek();
  if (sign.kind !== 'operator' || (sign.text !== '+' && sign.text !== '-')) return primary(from);
  from.reader.next();
  const expr = operand();
  const span = { start: sign.start, end: expr.span.end };
  // There is no negative nothing.
  if (expr.kind === 'literal')
    return { ...expr, value: sign.text === '-' ? 0 - expr.value : expr.value, span };
  return { kind: 'unary', op: sign.text, expr, span };
}

function primary(from: DurationReader): DurationExpr {
  const { reader } = from;
  const token = reader.peek();
  const value = from.seconds();
  if (value !== undefined && Math.abs(value) * 1000 > LONGEST_DURATION_MS)
    throw reader.fault(token, 'duration out of range');
  if (value !== undefined)
    return { kind: 'literal', value, duration: token.kind === 'duration', span: spanOf(token, token) };
  const word = token.text.toLowerCase();
  if (reader.is('(')) {
    reader.next();
    const expr = durationExpression(from);
    const close = expect(from, ')');
    return expr.kind === 'literal' ? expr : { kind: 'paren', expr, span: spanOf(token, close) };
  }
  if (word === 'step' || word === 'range') {
    reader.next();
    expect(from, '(');
    const close = expect(from, ')');
    return { kind: word, span: spanOf(token, close) };
  }
  if (word === 'min_of' || word === 'max_of') {
    reader.next();
    expect(from, '(');
    const left = durationExpression(from);
    expect(from, ',');
    const right = durationExpression(from);
    const close = expect(from, ')');
    return { kind: 'operation', op: word, left, right, span: spanOf(token, close) };
  }
  throw from.unexpected();
}

function expect({ reader, unexpected }: DurationReader, text: string): Span {
  if (!reader.is(text)) throw unexpected();
  return reader.next();
}

function spanOf({ start }: Span, { end }: Span): Span {
  return { start, end };
}

/** Whether the duration is known before the query runs. */
export function isConstant(expr: DurationExpr): boolean {
  switch (expr.kind) {
    case 'literal':
      return true;
    case 'step':
    case 'range':
      return false;
    case 'unary':
    case 'paren':
      return isConstant(expr.expr);
    case 'operation':
      return isConstant(expr.left) && isConstant(expr.right);
  }
}

/** The duration in seconds, for a query of the given step and range (seconds). */
export function durationValue(expr: DurationExpr, query: { step: number; range: number }): number {
  switch (expr.kind) {
    case 'literal':
      return expr.value;
    case 'step':
    case 'range':
      return query[expr.kind];
    case 'paren':
      return durationValue(expr.expr, query);
    case 'unary':
      return expr.op === '-' ? -durationValue(expr.expr, query) : durationValue(expr.expr, query);
    case 'operation':
      return operate(expr.op, durationValue(expr.left, query), durationValue(expr.right, query));
  }
}

function operate(op: string, a: number, b: number): number {
  switch (op) {
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

/** As it was written, with spaces where Prometheus has them. */
export function printDuration(expr: DurationExpr): string {
  switch (expr.kind) {
    case 'literal':
      return expr.duration ? formatDuration(Math.round(expr.value * 1000)) : formatDecimal(expr.value);
    case 'step':
    case 'range':
      return `${expr.kind}()`;
    case 'paren':
      return `(${printDuration(expr.expr)})`;
    case 'unary':
      return `${expr.op}${printDuration(expr.expr)}`;
    case 'operation': {
      const [a, b] = [printDuration(expr.left), printDuration(expr.right)];
      return expr.op.endsWith('_of') ? `${expr.op}(${a}, ${b})` : `${a} ${expr.op} ${b}`;
    }
  }
}
