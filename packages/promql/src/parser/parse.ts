import { type Matcher, parseDuration, parseFloatGo } from '@prunella/metrics';
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
import { checkTypes } from './check.ts';
import { durationExpression, durationOperand, durationValue, isConstant, type Cursor } from './duration.ts';
import { ParseError } from './error.ts';
import type { ParseOptions } from './features.ts';
import { AGGREGATIONS, EXPERIMENTAL, FUNCTIONS } from './functions.ts';
import { unquote, type Token } from './lexer.ts';
import { COMPARISONS, PRECEDENCE, SET_OPERATORS } from './operators.ts';
import { describe, TokenReader } from './reader.ts';
import { readSelector } from './selector.ts';

const LONGEST_EXPRESSION = 1 << 20;
/** Deeper nesting would exhaust the stack of what walks the tree. */
const DEEPEST_NESTING = 1000;

const NONE: ReadonlySet<string> = new Set();

/** Parses and type-checks an expression. @throws ParseError */
export function parse(text: string, { features = NONE }: ParseOptions = {}): Expr {
  if (text.length > LONGEST_EXPRESSION)
    throw new ParseError('', { start: 0, end: 0 }, 'expression is too long');
  const parser = new Parser(text, features);
  const expr = parser.parseAll();
  checkTypes(text, expr);
  return expr;
}

/** Parses a selector such as `up{job="x"}`, as `match[]` parameters hold. @throws ParseError */
export function parseSelector(text: string): readonly Matcher[] {
  const expr = parse(text);
  if (expr.kind !== 'selector' || expr.offset !== 0 || expr.at !== undefined) {
    throw new ParseError(text, expr.span, 'expected a metric selector');
  }
  return expr.matchers;
}

class Parser {
  readonly #reader: TokenReader;
  readonly #features: ReadonlySet<string>;
  #depth = 0;

  constructor(text: string, features: ReadonlySet<string>) {
    this.#reader = new TokenReader(text);
    this.#features = features;
  }

  parseAll(): Expr {
    if (this.#reader.peek().kind === 'end')
      throw this.#reader.fault(this.#reader.peek(), 'no expression found in input');
    const expr = this.#expression(0);
    if (this.#reader.peek().kind !== 'end') throw this.#reader.unexpected();
    return expr;
  }

  #expression(lowest: number): Expr {
    if (++this.#depth > DEEPEST_NESTING)
      throw this.#reader.fault(this.#reader.peek(), 'expression is nested too deeply');
    let left = this.#unary();
    for (;;) {
      const op = this.#reader.peek().text.toLowerCase();
      const precedence = this.#isOperator(this.#reader.peek()) ? PRECEDENCE[op] : undefined;
      if (precedence === undefined || precedence < lowest) break;
      this.#reader.next();
      left = this.#binary(left, op, precedence);
    }
    this.#depth--;
    return left;
  }

  #isOperator(token: Token): boolean {
    if (token.kind === 'operator') return true;
    return token.kind === 'identifier' && /^(and|or|unless|atan2)$/i.test(token.text);
  }

  #binary(left: Expr, op: string, precedence: number): Expr {
    const bool = this.#reader.takeWord('bool');
    const operator = this.#reader.last;
    if (bool && !COMPARISONS.has(op)) {
      throw this.#reader.fault(operator, 'bool modifier can only be used on comparison operators');
    }
    const matching = this.#matching(op);
    // Only ^ binds to the right.
    const right = this.#expression(op === '^' ? precedence : precedence + 1);
    return {
      kind: 'binary',
      op,
      left,
      right,
      bool,
      matching,
      span: { start: left.span.start, end: right.span.end },
    };
  }

  #matching(op: string): VectorMatching {
    const set = SET_OPERATORS.has(op);
    let card: VectorMatching['card'] = set ? 'many-to-many' : 'one-to-one';
    let on = false;
    let labels: readonly string[] = [];
    let include: readonly string[] = [];
    if (this.#reader.isWord('on') || this.#reader.isWord('ignoring')) {
      on = this.#reader.next().text.toLowerCase() === 'on';
      labels = this.#labelList();
      if (this.#reader.isWord('group_left') || this.#reader.isWord('group_right')) {
        const group = this.#reader.next();
        if (set) throw this.#reader.fault(group, `no grouping allowed for ${JSON.stringify(op)} operation`);
        card = group.text.toLowerCase() === 'group_left' ? 'many-to-one' : 'one-to-many';
        if (this.#reader.is('(')) include = this.#labelList();
        const both = include.find((label) => on && labels.includes(label));
        if (both !== undefined) {
          throw this.#reader.fault(
            group,
            `label ${JSON.stringify(both)} must not occur in ON and GROUP clause at once`,
          );
        }
      }
    }
    return { card, on, labels, include, ...this.#fills(set) };
  }

  #fills(set: boolean): { fillLeft?: number; fillRight?: number } {
    const fills: { fillLeft?: number; fillRight?: number } = {};
    for (;;) {
      const word = this.#reader.peek();
      if (word.kind !== 'identifier' || !/^fill(_left|_right)?$/i.test(word.text)) return fills;
      if (this.#reader.second?.text !== '(') return fills;
      this.#enabled(
        'promql-binop-fill-modifiers',
        word,
        'binop fill modifiers are experimental and not enabled',
      );
      if (set) throw this.#reader.fault(word, 'filling in missing series not allowed for set operators');
      this.#reader.next();
      this.#reader.expect('(', 'fill');
      const value = this.#expression(0);
      if (value.kind !== 'number') throw this.#reader.fault(value.span, 'fill modifiers take a number');
      this.#reader.expect(')', 'fill');
      const side = word.text.toLowerCase();
      if (side !== 'fill_right') fills.fillLeft = value.value;
      if (side !== 'fill_left') fills.fillRight = value.value;
    }
  }

  /** @throws ParseError unless the feature is on */
  #enabled(feature: string, at: Span, reason: string): void {
    if (!this.#features.has(feature)) throw this.#reader.fault(at, reason);
  }

  #unary(): Expr {
    const token = this.#reader.peek();
    if (token.text === '+' || token.text === '-') {
      this.#reader.next();
      // Unary minus binds like multiplication, so that -2^2 is -4.
      const expr = this.#expression(PRECEDENCE['*'] as number);
      const span = { start: token.start, end: expr.span.end };
      if (expr.kind === 'number')
        return { ...expr, value: token.text === '-' ? -expr.value : expr.value, span };
      return { kind: 'unary', op: token.text, expr, span };
    }
    return this.#postfix(this.#primary());
  }

  #primary(): Expr {
    const token = this.#reader.peek();
    switch (token.kind) {
      case 'number':
      case 'duration':
        return this.#number();
      case 'string':
        this.#reader.next();
        return { kind: 'string', value: unquote(this.#reader.text, token), span: token };
      case 'identifier':
        return this.#identifier();
      case 'operator':
        if (token.text === '(') return this.#paren();
        if (token.text === '{') return readSelector(this.#reader, '', token.start);
        throw this.#reader.unexpected();
      case 'end':
        throw this.#reader.unexpected();
    }
  }

  #number(): Expr {
    const token = this.#reader.next();
    const span = { start: token.start, end: token.end };
    if (token.kind === 'duration')
      return { kind: 'number', value: this.#duration(token) / 1000, duration: true, span };
    const octal = /^0[0-7]+$/.test(token.text) ? Number.parseInt(token.text, 8) : undefined;
    const hex = /^0x/i.test(token.text) ? Number.parseInt(token.text.slice(2), 16) : undefined;
    const value = octal ?? hex ?? parseFloatGo(token.text.replaceAll('_', ''));
    if (value === undefined)
      throw this.#reader.fault(token, `bad number or duration syntax: ${JSON.stringify(token.text)}`);
    return { kind: 'number', value, span };
  }

  #paren(): Expr {
    const open = this.#reader.next();
    const expr = this.#expression(0);
    const close = this.#reader.expect(')', 'parentheses');
    return { kind: 'paren', expr, span: { start: open.start, end: close.end } };
  }

  #identifier(): Expr {
    const token = this.#reader.next();
    const word = token.text.toLowerCase();
    if (
      AGGREGATIONS.has(word) &&
      (this.#reader.is('(') || this.#reader.isWord('by') || this.#reader.isWord('without'))
    ) {
      return this.#aggregation(word, token);
    }
    if (this.#reader.is('(')) return this.#call(token);
    if (word === 'inf' || word === 'nan') {
      return {
        kind: 'number',
        value: word === 'inf' ? Infinity : NaN,
        span: { start: token.start, end: token.end },
      };
    }
    return readSelector(this.#reader, token.text, token.start);
  }

  #call(token: Token): Expr {
    if (!FUNCTIONS.has(token.text))
      throw this.#reader.fault(token, `unknown function with name ${JSON.stringify(token.text)}`);
    if (EXPERIMENTAL.has(token.text))
      this.#enabled(
        'promql-experimental-functions',
        token,
        `function ${JSON.stringify(token.text)} is not enabled`,
      );
    const { args, end } = this.#arguments();
    return { kind: 'call', func: token.text, args, span: { start: token.start, end } };
  }

  #arguments(): { args: Expr[]; end: number } {
    this.#reader.expect('(', 'function call');
    const args: Expr[] = [];
    while (!this.#reader.is(')')) {
      args.push(this.#expression(0));
      if (!this.#reader.is(',')) break;
      this.#reader.next();
      if (this.#reader.is(')'))
        throw this.#reader.fault(this.#reader.peek(), 'trailing commas not allowed in function call args');
    }
    return { args, end: this.#reader.expect(')', 'function call').end };
  }

  #aggregation(op: string, token: Token): Aggregation {
    if (EXPERIMENTAL.has(op)) {
      const reason = `${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`;
      this.#enabled('promql-experimental-functions', token, reason);
    }
    let clause = this.#grouping();
    const { args, end } = this.#arguments();
    let last = end;
    if (!clause) {
      clause = this.#grouping();
      if (clause) last = this.#reader.last.end;
    }
    const span = { start: token.start, end: last };
    const wanted = AGGREGATIONS.get(op) === undefined ? 1 : 2;
    if (args.length !== wanted) {
      throw this.#reader.fault(
        span,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    const expr = args[wanted - 1] as Expr;
    const { without = false, labels: grouping = [] } = clause ?? {};
    return {
      kind: 'aggregation',
      op,
      expr,
      ...(wanted === 2 && { param: args[0] as Expr }),
      grouping,
      without,
      span,
    };
  }

  #grouping(): { without: boolean; labels: string[] } | undefined {
    if (!this.#reader.isWord('by') && !this.#reader.isWord('without')) return undefined;
    const without = this.#reader.next().text.toLowerCase() === 'without';
    return { without, labels: this.#labelList() };
  }

  #labelList(): string[] {
    this.#reader.expect('(', 'grouping opts');
    const labels: string[] = [];
    while (!this.#reader.is(')')) {
      const token = this.#reader.next();
      if (token.kind === 'string') labels.push(unquote(this.#reader.text, token));
      else if (token.kind === 'identifier' && !token.text.includes(':')) labels.push(token.text);
      else throw this.#reader.fault(token, `unexpected ${describe(token)} in grouping opts, expected label`);
      if (!this.#reader.is(',')) break;
      this.#reader.next();
    }
    this.#reader.expect(')', 'grouping opts');
    return labels;
  }

  #postfix(expr: Expr): Expr {
    let result = expr;
    for (;;) {
      if (this.#reader.is('[')) result = this.#range(result);
      else if (this.#reader.isWord('offset')) this.#offset(result);
      else if (this.#reader.is('@')) this.#atModifier(result);
      else if (this.#reader.isWord('anchored') || this.#reader.isWord('smoothed')) this.#extended(result);
      else return result;
    }
  }

  #extended(expr: Expr): void {
    const word = this.#reader.next();
    const name = word.text.toLowerCase() as 'anchored' | 'smoothed';
    this.#enabled(
      'promql-extended-range-selectors',
      word,
      `${name} modifier is experimental and not enabled`,
    );
    const target = expr.kind === 'matrix' ? expr.selector : expr;
    if (target.kind !== 'selector' || (name === 'anchored' && expr.kind !== 'matrix'))
      throw this.#reader.fault(word, `${name} modifier not implemented`);
    if (target.extended)
      throw this.#reader.fault(word, 'anchored and smoothed modifiers cannot be used together');
    target.extended = name;
  }

  #range(expr: Expr): Expr {
    this.#reader.next();
    const { value: range, expr: rangeExpr } = this.#bracketDuration('range');
    const dynamic = rangeExpr && { rangeExpr };
    if (this.#reader.is(':')) {
      this.#reader.next();
      const step = this.#reader.is(']') ? undefined : this.#bracketDuration('subquery');
      const close = this.#reader.expect(']', 'subquery selector');
      const span = { start: expr.span.start, end: close.end };
      const every = step && { step: step.value, ...(step.expr && { stepExpr: step.expr }) };
      return { kind: 'subquery', expr, range, ...dynamic, ...every, offset: 0, span };
    }
    const close = this.#reader.expect(
      ']',
      'subquery or range selector',
      'subquery or range selector, expected "]"',
    );
    const span = { start: expr.span.start, end: close.end };
    if (expr.kind !== 'selector') throw this.#reader.fault(span, 'ranges only allowed for vector selectors');
    if (expr.offset !== 0 || expr.offsetExpr)
      throw this.#reader.fault(span, 'no offset modifiers allowed before range');
    if (expr.at !== undefined) throw this.#reader.fault(span, 'no @ modifiers allowed before range');
    return { kind: 'matrix', selector: expr, range, ...dynamic, span };
  }

  #offset(expr: Expr): void {
    const word = this.#reader.next();
    const sign = this.#reader.is('-') || this.#reader.is('+') ? this.#reader.next().text : '+';
    const target = this.#modified(expr, word, 'offset');
    if (target.offset !== 0 || target.offsetExpr)
      throw this.#reader.fault(word, 'offset may not be set multiple times');
    if (this.#reader.peek().kind === 'number' || this.#reader.peek().kind === 'duration') {
      const value = this.#durationLiteral('offset');
      target.offset = sign === '-' ? -value : value;
      return;
    }
    const { value, expr: inner } = this.#folded(this.#dynamicDuration('offset', durationOperand));
    target.offset = sign === '-' ? -value : value;
    if (!inner) return;
    const zero = { kind: 'seconds', value: 0 } as const;
    target.offsetExpr = sign === '-' ? { kind: 'operation', op: '-', left: zero, right: inner } : inner;
  }

  #atModifier(expr: Expr): void {
    const sign = this.#reader.next();
    const target = this.#modified(expr, sign, '@');
    if (target.at !== undefined)
      throw this.#reader.fault(sign, '@ <timestamp> may not be set multiple times');
    target.at = this.#atValue();
  }

  #atValue(): AtModifier {
    const token = this.#reader.peek();
    const word = token.text.toLowerCase();
    if (word === 'start' || word === 'end') {
      this.#reader.next();
      this.#reader.expect('(', 'at');
      this.#reader.expect(')', 'at');
      return word;
    }
    const negative = this.#reader.is('-');
    if (negative || this.#reader.is('+')) this.#reader.next();
    const number = this.#primary();
    if (number.kind !== 'number' || !Number.isFinite(number.value) || Math.abs(number.value) > 9.2e15) {
      throw this.#reader.fault(token, 'timestamp out of bounds for @ modifier');
    }
    return Math.round(number.value * 1000) * (negative ? -1 : 1);
  }

  #modified(expr: Expr, at: Span, what: string): VectorSelector | Subquery {
    if (expr.kind === 'selector' || expr.kind === 'subquery') return expr;
    if (expr.kind === 'matrix') return expr.selector;
    throw this.#reader.fault(
      at,
      `${what} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
    );
  }

  #durationLiteral(where: string): number {
    const token = this.#reader.next();
    if (token.kind === 'duration') return this.#duration(token);
    if (token.kind === 'number') return Math.round(Number(token.text) * 1000);
    throw this.#reader.fault(
      token,
      `unexpected ${describe(token)} in ${where}, expected number, duration, step(), or range()`,
    );
  }

  /** A range or step: a literal, or an expression of durations. */
  #bracketDuration(where: string): { value: number; expr?: DurationExpr } {
    const token = this.#reader.peek();
    const next = this.#reader.second;
    const literal = token.kind === 'number' || token.kind === 'duration';
    if (literal && (next?.text === ']' || next?.text === ':'))
      return { value: this.#positive(this.#durationLiteral(where)) };
    if (literal && (next?.kind !== 'operator' || !/^[-+*/%^]$/.test(next.text)))
      return { value: this.#positive(this.#durationLiteral(where)) };
    const { value, expr } = this.#folded(
      this.#dynamicDuration(where, (cursor) => durationExpression(cursor)),
    );
    return expr ? { value: 0, expr } : { value: this.#positive(value) };
  }

  #folded(expr: DurationExpr): { value: number; expr?: DurationExpr } {
    if (!isConstant(expr)) return { value: 0, expr };
    return { value: Math.trunc(durationValue(expr, { step: 0, range: 0 }) * 1000) };
  }

  #dynamicDuration(where: string, read: (cursor: Cursor) => DurationExpr): DurationExpr {
    const first = this.#reader.peek();
    if (
      !/^([-+(]|step|range|min_of|max_of)$/i.test(first.text) &&
      first.kind !== 'number' &&
      first.kind !== 'duration'
    )
      this.#durationLiteral(where);
    this.#enabled('promql-duration-expr', first, 'experimental duration expression is not enabled');
    return read({
      peek: () => this.#reader.peek(),
      next: () => this.#reader.next(),
      expect: (text) => void this.#reader.expect(text, where),
      unexpected: () => this.#reader.unexpected(),
      seconds: (token) => {
        if (token.kind === 'duration') return this.#duration(token) / 1000;
        return token.kind === 'number' ? Number(token.text) : undefined;
      },
    });
  }

  #duration(token: Token): number {
    try {
      return parseDuration(token.text);
    } catch (error) {
      throw this.#reader.fault(token, (error as Error).message);
    }
  }

  #positive(ms: number): number {
    if (ms <= 0) throw this.#reader.fault(this.#reader.last, 'duration must be greater than 0');
    return ms;
  }
}
