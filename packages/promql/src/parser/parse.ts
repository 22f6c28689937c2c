import { goQuote, isUtf8, parseDuration, type Matcher } from '@prunella/metrics';
import type {
  Aggregation,
  AtModifier,
  DurationExpr,
  Expr,
  Span,
  Subquery,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { checkDepth, DEEPEST, TOO_DEEP } from './depth.ts';
import { checkTypes } from './check.ts';
import {
  durationExpression,
  durationOperand,
  durationValue,
  isConstant,
  LONGEST_DURATION_MS,
} from './duration.ts';
import { ParseError } from './error.ts';
import type { ParseOptions } from './features.ts';
import { AGGREGATIONS, featureOf, FUNCTIONS } from './functions.ts';
import { unquote, type Token } from './lexer.ts';
import { numberOf } from './number.ts';
import { PRECEDENCE, SET_OPERATORS } from './operators.ts';
import { TokenReader } from './reader.ts';
import { readSelector } from './selector.ts';

const LONGEST_EXPRESSION = 1 << 20;
/** Milliseconds as int64. */
const LATEST_TIME_MS = 2 ** 63;

const NONE: ReadonlySet<string> = new Set();
/** Words that are no names of metrics, however they stand. */
const NO_METRICS = new Set(['bool', 'on', 'ignoring', 'group_left', 'group_right', 'atan2']);

/** Parses and type-checks an expression. @throws ParseError */
export function parse(text: string, { features = NONE }: ParseOptions = {}): Expr {
  checkLength(text);
  const expr = new Parser(text, features).parseAll();
  checkDepth(text, expr);
  checkTypes(text, expr);
  SOURCES.set(expr, text);
  return expr;
}

const SOURCES = new WeakMap<Expr, string>();

/** The text that an expression was parsed from, to which its places belong; '' for a tree made otherwise. */
export function sourceOf(expr: Expr): string {
  return SOURCES.get(expr) ?? '';
}

/** Parses a selector such as `up{job="x"}`, as `match[]` parameters hold. @throws ParseError */
export function parseSelector(text: string): readonly Matcher[] {
  checkLength(text);
  const selector = new Parser(text, NONE).parseSelector();
  checkTypes(text, selector);
  return selector.matchers;
}

function checkLength(text: string): void {
  if (text.length > LONGEST_EXPRESSION)
    throw new ParseError('', { start: 0, end: 0 }, 'expression is too long');
}

/** Where a duration may stand, in the words of errors. */
interface DurationPlace {
  readonly where: string;
  readonly expected: string;
}

const DURATION = 'number, duration, step(), or range()';
const RANGE: DurationPlace = { where: 'subquery selector', expected: DURATION };
const STEP: DurationPlace = {
  where: 'subquery selector',
  expected: 'number, duration, step(), range(), or "]"',
};
const OFFSET: DurationPlace = { where: 'offset', expected: DURATION };

/**
 * Reads an expression top-down. What is wrong is told when, and in the words in which, Prometheus's LALR parser tells
 * it: a fault in the grammar at the first token that does not fit, one in the meaning as soon as its part is complete.
 */
class Parser {
  readonly #reader: TokenReader;
  readonly #features: ReadonlySet<string>;
  #depth = 0;
  /** Aggregations that have begun and not ended. */
  #aggregations = 0;

  constructor(text: string, features: ReadonlySet<string>) {
    this.#reader = new TokenReader(text);
    this.#features = features;
  }

  parseAll(): Expr {
    this.#refuseEmpty();
    const expr = this.#expression(0);
    if (this.#reader.peek().kind !== 'end') throw this.#unexpected();
    return expr;
  }

  parseSelector(): VectorSelector {
    this.#refuseEmpty();
    const token = this.#reader.peek();
    const named = isMetricName(token);
    if (!named && !this.#reader.is('{')) throw this.#unexpected();
    if (named) this.#reader.next();
    const selector = readSelector(this.#reader, named ? token.text : '', token.start);
    if (this.#reader.peek().kind !== 'end') throw this.#unexpected();
    return selector;
  }

  #refuseEmpty(): void {
    const first = this.#reader.peek();
    if (first.kind === 'end')
      throw this.#reader.fault({ start: 0, end: first.end }, 'no expression found in input');
  }

  #unexpected(): ParseError {
    return this.#reader.unexpected(this.#aggregations > 0 ? 'aggregation' : '');
  }

  /** @throws ParseError unless the feature is on */
  #enabled(feature: string | undefined, at: Span, reason: string): void {
    if (feature !== undefined && !this.#features.has(feature)) throw this.#reader.fault(at, reason);
  }

  #expression(lowest: number): Expr {
    if (++this.#depth > DEEPEST) throw this.#reader.fault(this.#reader.peek(), TOO_DEEP);
    let left = this.#unary();
    for (let chain = 0; ; chain++) {
      const token = this.#reader.peek();
      const precedence = token.kind === 'operator' ? PRECEDENCE[token.text.toLowerCase()] : undefined;
      if (precedence === undefined || precedence < lowest) break;
      // `1+1+1…` needs no parentheses to be deep.
      if (chain >= DEEPEST) throw this.#reader.fault(token, TOO_DEEP);
      this.#reader.next();
      left = this.#binary(left, token.text.toLowerCase(), precedence);
    }
    this.#depth--;
    return left;
  }

  #binary(left: Expr, op: string, precedence: number): Expr {
    const bool = this.#reader.takeWord('bool');
    const matching = this.#matching(op);
    // Only ^ binds to the right.
    const right = this.#expression(op === '^' ? precedence : precedence + 1);
    const span = { start: left.span.start, end: right.span.end };
    return { kind: 'binary', op, left, right, bool, matching, span };
  }

  #matching(op: string): VectorMatching {
    let card: VectorMatching['card'] = SET_OPERATORS.has(op) ? 'many-to-many' : 'one-to-one';
    let on = false;
    let labels: readonly string[] = [];
    let include: readonly string[] = [];
    if (this.#reader.isWord('on') || this.#reader.isWord('ignoring')) {
      on = this.#reader.next().text.toLowerCase() === 'on';
      labels = this.#labelList();
      if (this.#reader.isWord('group_left') || this.#reader.isWord('group_right')) {
        card = this.#reader.next().text.toLowerCase() === 'group_left' ? 'many-to-one' : 'one-to-many';
        if (this.#reader.is('(') || !this.#beginsExpression()) include = this.#labelList();
      }
    }
    return { card, on, labels, include, ...this.#fills() };
  }

  #beginsExpression(): boolean {
    const token = this.#reader.peek();
    if (['number', 'duration', 'string'].includes(token.kind) || isMetricName(token)) return true;
    return this.#reader.is('{') || this.#reader.is('(') || this.#reader.is('+') || this.#reader.is('-');
  }

  #fills(): { fillLeft?: number; fillRight?: number } {
    const fills: { fillLeft?: number; fillRight?: number } = {};
    for (;;) {
      const word = this.#reader.peek();
      const side = word.text.toLowerCase();
      // Such a word without parentheses is the name of a metric.
      if (word.kind !== 'keyword' || !/^fill(_left|_right)?$/.test(side)) return fills;
      if (this.#reader.second.text !== '(') return fills;
      const reason = 'binop fill modifiers are experimental and not enabled';
      this.#enabled('promql-binop-fill-modifiers', word, reason);
      if (
        (side !== 'fill_right' && fills.fillLeft !== undefined) ||
        (side !== 'fill_left' && fills.fillRight !== undefined)
      )
        throw this.#unexpected();
      this.#reader.next();
      this.#reader.next();
      const negative = this.#reader.is('-');
      if (negative || this.#reader.is('+')) this.#reader.next();
      const magnitude = this.#seconds();
      if (magnitude === undefined || !this.#reader.take(')')) throw this.#unexpected();
      const value = negative ? -magnitude : magnitude;
      if (side !== 'fill_right') fills.fillLeft = value;
      if (side !== 'fill_left') fills.fillRight = value;
    }
  }

  #unary(): Expr {
    const token = this.#reader.peek();
    if (token.text !== '+' && token.text !== '-') return this.#postfix(this.#primary());
    this.#reader.next();
    // Only ^ binds tighter, so that -2^2 is -4.
    const expr = this.#expression(PRECEDENCE['^'] as number);
    const span = { start: token.start, end: expr.span.end };
    if (expr.kind !== 'number') return { kind: 'unary', op: token.text, expr, span };
    return { ...expr, value: token.text === '-' ? -expr.value : expr.value, span };
  }

  #primary(): Expr {
    const token = this.#reader.peek();
    const span = { start: token.start, end: token.end };
    if (token.kind === 'string') {
      this.#reader.next();
      return { kind: 'string', value: unquote(token), span };
    }
    const value = this.#seconds();
    if (value !== undefined)
      return { kind: 'number', value, ...(token.kind === 'duration' && { duration: true }), span };
    if (this.#reader.is('(')) return this.#paren();
    if (this.#reader.is('{')) return readSelector(this.#reader, '', token.start);
    if (isMetricName(token)) return this.#named();
    throw this.#unexpected();
  }

  /** Takes a number, or a duration, whose value is its seconds. */
  #seconds(): number | undefined {
    const token = this.#reader.peek();
    if (token.kind !== 'number' && token.kind !== 'duration') return undefined;
    this.#reader.next();
    if (token.kind === 'number') return numberOf(this.#reader, token);
    try {
      return parseDuration(token.text) / 1000;
    } catch (error) {
      throw this.#reader.fault(token, (error as Error).message);
    }
  }

  #paren(): Expr {
    const open = this.#reader.next();
    const expr = this.#expression(0);
    if (!this.#reader.is(')')) throw this.#unexpected();
    return { kind: 'paren', expr, span: { start: open.start, end: this.#reader.next().end } };
  }

  /** A selector, a call or an aggregation. */
  #named(): Expr {
    const token = this.#reader.next();
    const begun = this.#reader.is('(');
    if (token.kind === 'aggregator' && (begun || this.#reader.isWord('by') || this.#reader.isWord('without')))
      return this.#aggregation(token);
    if (begun && (token.kind === 'identifier' || FUNCTIONS.has(token.text))) return this.#call(token);
    return readSelector(this.#reader, token.text, token.start);
  }

  #call(token: Token): Expr {
    const { args, end } = this.#arguments();
    const func = token.text;
    if (!FUNCTIONS.has(func)) throw this.#reader.fault(token, `unknown function with name ${goQuote(func)}`);
    this.#enabled(featureOf(func), token, `function ${goQuote(func)} is not enabled`);
    return { kind: 'call', func, args, span: { start: token.start, end } };
  }

  #arguments(): { args: Expr[]; end: number } {
    if (!this.#reader.take('(')) throw this.#unexpected();
    const args: Expr[] = [];
    while (!this.#reader.is(')')) {
      args.push(this.#expression(0));
      if (this.#reader.is(')')) break;
      if (!this.#reader.is(',')) throw this.#unexpected();
      const comma = this.#reader.next();
      if (!this.#beginsExpression())
        throw this.#reader.fault(comma, 'trailing commas not allowed in function call args');
    }
    return { args, end: this.#reader.next().end };
  }

  #aggregation(token: Token): Aggregation {
    const op = token.text.toLowerCase();
    this.#aggregations++;
    let clause = this.#grouping();
    const { args } = this.#arguments();
    clause ??= this.#grouping();
    this.#aggregations--;
    const span = { start: token.start, end: this.#reader.last.end };
    if (args.length === 0) throw this.#reader.fault(span, 'no arguments for aggregate expression provided');
    const reason = `${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`;
    this.#enabled(featureOf(op), span, reason);
    const wanted = AGGREGATIONS.get(op) === undefined ? 1 : 2;
    if (args.length !== wanted) {
      const reason = `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`;
      throw this.#reader.fault(span, reason);
    }
    const expr = args[wanted - 1] as Expr;
    const { without = false, labels: grouping = [] } = clause ?? {};
    const param = wanted === 2 && { param: args[0] as Expr };
    return { kind: 'aggregation', op, expr, ...param, grouping, without, span };
  }

  #grouping(): { without: boolean; labels: string[] } | undefined {
    if (!this.#reader.isWord('by') && !this.#reader.isWord('without')) return undefined;
    const without = this.#reader.next().text.toLowerCase() === 'without';
    return { without, labels: this.#labelList() };
  }

  #labelList(): string[] {
    const where = 'grouping opts';
    this.#reader.expect('(', where, '"("');
    const labels: string[] = [];
    while (!this.#reader.take(')')) {
      const token = this.#reader.peek();
      // `without` alone among the words needs quotes to be a label.
      if (token.kind !== 'string' && (!isWord(token) || this.#reader.isWord('without')))
        throw this.#reader.unexpected(where, 'label');
      this.#reader.next();
      const label = token.kind === 'string' ? unquote(token) : token.text;
      if (label === '' || !isUtf8(label))
        throw this.#reader.fault(token, `invalid label name for grouping: ${goQuote(label)}`);
      labels.push(label);
      if (!this.#reader.is(')')) this.#reader.expect(',', where, '"," or ")"');
    }
    return labels;
  }

  #postfix(expr: Expr): Expr {
    let result = expr;
    for (;;) {
      if (this.#reader.is('[')) result = this.#range(result);
      else if (this.#reader.isWord('offset')) result = this.#offset(result);
      else if (this.#reader.is('@')) result = this.#atModifier(result);
      else if (this.#reader.isWord('anchored') || this.#reader.isWord('smoothed'))
        result = this.#extended(result);
      else return result;
    }
  }

  #extended(expr: Expr): Expr {
    const word = this.#reader.next();
    const extended = word.text.toLowerCase() as 'anchored' | 'smoothed';
    const reason = `${extended} modifier is experimental and not enabled`;
    this.#enabled('promql-extended-range-selectors', word, reason);
    const target = expr.kind === 'matrix' ? expr.selector : expr;
    if (target.kind !== 'selector' || (extended === 'anchored' && expr.kind !== 'matrix'))
      throw this.#reader.fault(expr.span, `${extended} modifier not implemented`);
    if (target.extended)
      throw this.#reader.fault(expr.span, 'anchored and smoothed modifiers cannot be used together');
    return this.#changed(expr, { extended });
  }

  #range(expr: Expr): Expr {
    const open = this.#reader.next();
    const { value: range, expr: rangeExpr } = this.#duration(RANGE, durationExpression, true);
    const dynamic = rangeExpr && { rangeExpr };
    if (this.#reader.take(':')) {
      const step = this.#reader.is(']') ? undefined : this.#duration(STEP, durationExpression, true);
      const close = this.#reader.expect(']', 'subquery selector', '"]"');
      const span = { start: expr.span.start, end: close.end };
      const every = step && { step: step.value, ...(step.expr && { stepExpr: step.expr }) };
      return { kind: 'subquery', expr, range, ...dynamic, ...every, offset: 0, span };
    }
    const close = this.#reader.expect(']', 'subquery or range', '":" or "]"');
    const brackets = { start: open.start, end: close.end };
    if (expr.kind !== 'selector')
      throw this.#reader.fault(brackets, 'ranges only allowed for vector selectors');
    if (expr.offset !== 0 || expr.offsetExpr)
      throw this.#reader.fault(brackets, 'no offset modifiers allowed before range');
    if (expr.at !== undefined) throw this.#reader.fault(brackets, 'no @ modifiers allowed before range');
    const span = { start: expr.span.start, end: close.end };
    return { kind: 'matrix', selector: expr, range, ...dynamic, span };
  }

  #offset(expr: Expr): Expr {
    this.#reader.next();
    const { value: offset, expr: offsetExpr } = this.#duration(OFFSET, durationOperand, false);
    const target = this.#modified(expr, 'offset');
    if (target.offset !== 0 || target.offsetExpr)
      throw this.#reader.fault(expr.span, 'offset may not be set multiple times');
    return this.#changed(expr, { offset, ...(offsetExpr && { offsetExpr }) });
  }

  #atModifier(expr: Expr): Expr {
    this.#reader.next();
    const at = this.#atValue();
    const target = this.#modified(expr, '@');
    if (typeof at === 'number' && !(Math.abs(at) <= LATEST_TIME_MS)) {
      const shown = Number.isFinite(at)
        ? plainDigits(at / 1000)
        : Number.isNaN(at)
          ? 'NaN'
          : at > 0
            ? '+Inf'
            : '-Inf';
      throw this.#reader.fault(expr.span, `timestamp out of bounds for @ modifier: ${shown}`);
    }
    if (target.at !== undefined)
      throw this.#reader.fault(expr.span, '@ <timestamp> may not be set multiple times');
    return this.#changed(expr, { at });
  }

  #atValue(): AtModifier {
    const [where, expected] = ['@', 'timestamp'];
    for (const edge of ['start', 'end'] as const) {
      if (!this.#reader.takeWord(edge)) continue;
      this.#reader.expect('(', where, expected);
      this.#reader.expect(')', where, expected);
      return edge;
    }
    const negative = this.#reader.is('-');
    if (negative || this.#reader.is('+')) this.#reader.next();
    const seconds = this.#seconds();
    if (seconds === undefined) throw this.#reader.unexpected(where, expected);
    const ms = seconds * 1000;
    return (Number.isFinite(ms) ? Math.round(ms) : ms) * (negative ? -1 : 1) + 0;
  }

  #modified(expr: Expr, what: string): VectorSelector | Subquery {
    if (expr.kind === 'selector' || expr.kind === 'subquery') return expr;
    if (expr.kind === 'matrix') return expr.selector;
    const reason = `${what} modifier must be preceded by an instant vector selector or range vector selector or a subquery`;
    throw this.#reader.fault(expr.span, reason);
  }

  /** The selector or subquery with a modifier, which its place takes in. */
  #changed(
    expr: Expr,
    change: Partial<Pick<VectorSelector, 'at' | 'extended' | 'offset' | 'offsetExpr'>>,
  ): Expr {
    const span = { start: expr.span.start, end: this.#reader.last.end };
    if (expr.kind === 'matrix') return { ...expr, selector: { ...expr.selector, ...change }, span };
    return { ...(expr as VectorSelector | Subquery), ...change, span } as Expr;
  }

  /** A duration in ms, and its expression where it is more than a literal. */
  #duration(
    { where, expected }: DurationPlace,
    read: typeof durationOperand,
    positive: boolean,
  ): { value: number; expr?: DurationExpr } {
    let parts = 0;
    const expr = read({
      reader: this.#reader,
      seconds: () => this.#seconds(),
      unexpected: () => this.#reader.unexpected(where, expected),
      count: () => {
        if (++parts > DEEPEST) throw this.#reader.fault(this.#reader.peek(), TOO_DEEP);
      },
    });
    const seconds = isConstant(expr) ? durationValue(expr, { step: 0, range: 0 }) : 0;
    // Not -0, which would print as another time.
    const value = Math.trunc(Math.round(seconds * 1e9) / 1e6) + 0;
    if (expr.kind !== 'literal') return { value, expr };
    if (!(Math.abs(value) <= LONGEST_DURATION_MS))
      throw this.#reader.fault(expr.span, 'duration out of range');
    if (positive && value <= 0) throw this.#reader.fault(expr.span, 'duration must be greater than 0');
    return { value };
  }
}

/** Keywords and the names of operators are words like any other where only a name can stand. */
function isWord({ kind, text }: Token): boolean {
  if (kind === 'operator') return /^[a-z]/i.test(text);
  return kind === 'identifier' || kind === 'metric identifier' || kind === 'aggregator' || kind === 'keyword';
}

function isMetricName(token: Token): boolean {
  return isWord(token) && !NO_METRICS.has(token.text.toLowerCase());
}

/** A large number as Go's `%f` prints it. */
function plainDigits(value: number): string {
  return `${Number.isInteger(value) ? BigInt(value) : value.toFixed(6).replace(/\.\d+$/, '')}.000000`;
}
