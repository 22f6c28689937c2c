import {
  Matcher,
  METRIC_NAME,
  parseDuration,
  parseFloatGo,
  RegexError,
  type MatchType,
} from '@prunella/metrics';
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
import { lex, unquote, type Token } from './lexer.ts';

const LONGEST_EXPRESSION = 1 << 20;
/** Deeper nesting would exhaust the stack of what walks the tree. */
const DEEPEST_NESTING = 1000;

const PRECEDENCE: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<=': 3,
  '<': 3,
  '>=': 3,
  '>': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};
const COMPARISONS = new Set(['==', '!=', '<=', '<', '>=', '>']);
const NONE: ReadonlySet<string> = new Set();
const SET_OPERATORS = new Set(['and', 'or', 'unless']);

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
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  readonly #features: ReadonlySet<string>;

  constructor(text: string, features: ReadonlySet<string>) {
    this.#features = features;
    this.#text = text;
    this.#tokens = lex(text);
  }

  parseAll(): Expr {
    if (this.#peek().kind === 'end') throw this.#fault(this.#peek(), 'no expression found in input');
    const expr = this.#expression(0);
    if (this.#peek().kind !== 'end') throw this.#unexpected();
    return expr;
  }

  #expression(lowest: number): Expr {
    if (++this.#depth > DEEPEST_NESTING) throw this.#fault(this.#peek(), 'expression is nested too deeply');
    let left = this.#unary();
    for (;;) {
      const op = this.#peek().text.toLowerCase();
      const precedence = this.#isOperator(this.#peek()) ? PRECEDENCE[op] : undefined;
      if (precedence === undefined || precedence < lowest) break;
      this.#next();
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
    const bool = this.#takeWord('bool');
    const operator = this.#tokens[this.#at - 1] as Token;
    if (bool && !COMPARISONS.has(op)) {
      throw this.#fault(operator, 'bool modifier can only be used on comparison operators');
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
    if (this.#isWord('on') || this.#isWord('ignoring')) {
      on = this.#next().text.toLowerCase() === 'on';
      labels = this.#labelList();
      if (this.#isWord('group_left') || this.#isWord('group_right')) {
        const group = this.#next();
        if (set) throw this.#fault(group, `no grouping allowed for ${JSON.stringify(op)} operation`);
        card = group.text.toLowerCase() === 'group_left' ? 'many-to-one' : 'one-to-many';
        if (this.#is('(')) include = this.#labelList();
        const both = include.find((label) => on && labels.includes(label));
        if (both !== undefined) {
          throw this.#fault(
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
      const word = this.#peek();
      if (word.kind !== 'identifier' || !/^fill(_left|_right)?$/i.test(word.text)) return fills;
      if (this.#tokens[this.#at + 1]?.text !== '(') return fills;
      this.#enabled(
        'promql-binop-fill-modifiers',
        word,
        'binop fill modifiers are experimental and not enabled',
      );
      if (set) throw this.#fault(word, 'filling in missing series not allowed for set operators');
      this.#next();
      this.#expect('(', 'fill');
      const value = this.#expression(0);
      if (value.kind !== 'number') throw this.#fault(value.span, 'fill modifiers take a number');
      this.#expect(')', 'fill');
      const side = word.text.toLowerCase();
      if (side !== 'fill_right') fills.fillLeft = value.value;
      if (side !== 'fill_left') fills.fillRight = value.value;
    }
  }

  /** @throws ParseError unless the feature is on */
  #enabled(feature: string, at: Span, reason: string): void {
    if (!this.#features.has(feature)) throw this.#fault(at, reason);
  }

  #unary(): Expr {
    const token = this.#peek();
    if (token.text === '+' || token.text === '-') {
      this.#next();
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
    const token = this.#peek();
    switch (token.kind) {
      case 'number':
      case 'duration':
        return this.#number();
      case 'string':
        this.#next();
        return { kind: 'string', value: unquote(this.#text, token), span: token };
      case 'identifier':
        return this.#identifier();
      case 'operator':
        if (token.text === '(') return this.#paren();
        if (token.text === '{') return this.#selector('', token.start);
        throw this.#unexpected();
      case 'end':
        throw this.#unexpected();
    }
  }

  #number(): Expr {
    const token = this.#next();
    const span = { start: token.start, end: token.end };
    if (token.kind === 'duration')
      return { kind: 'number', value: this.#duration(token) / 1000, duration: true, span };
    const octal = /^0[0-7]+$/.test(token.text) ? Number.parseInt(token.text, 8) : undefined;
    const hex = /^0x/i.test(token.text) ? Number.parseInt(token.text.slice(2), 16) : undefined;
    const value = octal ?? hex ?? parseFloatGo(token.text.replaceAll('_', ''));
    if (value === undefined)
      throw this.#fault(token, `bad number or duration syntax: ${JSON.stringify(token.text)}`);
    return { kind: 'number', value, span };
  }

  #paren(): Expr {
    const open = this.#next();
    const expr = this.#expression(0);
    const close = this.#expect(')', 'parentheses');
    return { kind: 'paren', expr, span: { start: open.start, end: close.end } };
  }

  #identifier(): Expr {
    const token = this.#next();
    const word = token.text.toLowerCase();
    if (AGGREGATIONS.has(word) && (this.#is('(') || this.#isWord('by') || this.#isWord('without'))) {
      return this.#aggregation(word, token);
    }
    if (this.#is('(')) return this.#call(token);
    if (word === 'inf' || word === 'nan') {
      return {
        kind: 'number',
        value: word === 'inf' ? Infinity : NaN,
        span: { start: token.start, end: token.end },
      };
    }
    return this.#selector(token.text, token.start);
  }

  #call(token: Token): Expr {
    if (!FUNCTIONS.has(token.text))
      throw this.#fault(token, `unknown function with name ${JSON.stringify(token.text)}`);
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
    this.#expect('(', 'function call');
    const args: Expr[] = [];
    while (!this.#is(')')) {
      args.push(this.#expression(0));
      if (!this.#is(',')) break;
      this.#next();
      if (this.#is(')')) throw this.#fault(this.#peek(), 'trailing commas not allowed in function call args');
    }
    return { args, end: this.#expect(')', 'function call').end };
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
      if (clause) last = (this.#tokens[this.#at - 1] as Token).end;
    }
    const span = { start: token.start, end: last };
    const wanted = AGGREGATIONS.get(op) === undefined ? 1 : 2;
    if (args.length !== wanted) {
      throw this.#fault(
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
    if (!this.#isWord('by') && !this.#isWord('without')) return undefined;
    const without = this.#next().text.toLowerCase() === 'without';
    return { without, labels: this.#labelList() };
  }

  #labelList(): string[] {
    this.#expect('(', 'grouping opts');
    const labels: string[] = [];
    while (!this.#is(')')) {
      const token = this.#next();
      if (token.kind === 'string') labels.push(unquote(this.#text, token));
      else if (token.kind === 'identifier' && !token.text.includes(':')) labels.push(token.text);
      else throw this.#fault(token, `unexpected ${describe(token)} in grouping opts, expected label`);
      if (!this.#is(',')) break;
      this.#next();
    }
    this.#expect(')', 'grouping opts');
    return labels;
  }

  #selector(name: string, start: number): VectorSelector {
    const matchers: Matcher[] = name === '' ? [] : [new Matcher('=', METRIC_NAME, name)];
    let quotedName = '';
    if (this.#is('{')) {
      this.#next();
      while (!this.#is('}')) {
        const matcher = this.#matcher();
        if (typeof matcher === 'string') {
          if (name !== '' || quotedName !== '') {
            throw this.#fault(
              this.#peek(),
              `metric name must not be set twice: ${JSON.stringify(name || quotedName)} or ${JSON.stringify(matcher)}`,
            );
          }
          quotedName = matcher;
          matchers.unshift(new Matcher('=', METRIC_NAME, matcher));
        } else matchers.push(matcher);
        if (!this.#is(',')) break;
        this.#next();
      }
      this.#expect('}', 'label matching', 'label matching: expected "," or "}"');
    }
    const span = { start, end: (this.#tokens[this.#at - 1] as Token).end };
    if (name !== '' && matchers.slice(1).some((matcher) => matcher.name === METRIC_NAME)) {
      const other = matchers.slice(1).find((matcher) => matcher.name === METRIC_NAME) as Matcher;
      throw this.#fault(
        span,
        `metric name must not be set twice: ${JSON.stringify(name)} or ${JSON.stringify(other.value)}`,
      );
    }
    if (matchers.every((matcher) => matcher.matches(''))) {
      throw this.#fault(span, 'vector selector must contain at least one non-empty matcher');
    }
    return { kind: 'selector', name: name || quotedName, matchers, offset: 0, span };
  }

  /** A matcher, or a quoted metric name. */
  #matcher(): Matcher | string {
    const label = this.#next();
    if (label.kind !== 'identifier' && label.kind !== 'string') {
      throw this.#fault(label, `unexpected ${describe(label)} in label matching, expected identifier or "}"`);
    }
    const name = label.kind === 'string' ? unquote(this.#text, label) : label.text;
    const op = this.#peek();
    if (label.kind === 'string' && (op.text === ',' || op.text === '}')) return name;
    if (!['=', '!=', '=~', '!~'].includes(op.text)) {
      throw this.#fault(op, `unexpected ${describe(op)} in label matching, expected label matching operator`);
    }
    this.#next();
    const value = this.#next();
    if (value.kind !== 'string')
      throw this.#fault(value, `unexpected ${describe(value)} in label matching, expected string`);
    try {
      return new Matcher(op.text as MatchType, name, unquote(this.#text, value));
    } catch (error) {
      if (error instanceof RegexError) throw this.#fault(value, error.message);
      throw error;
    }
  }

  #postfix(expr: Expr): Expr {
    let result = expr;
    for (;;) {
      if (this.#is('[')) result = this.#range(result);
      else if (this.#isWord('offset')) this.#offset(result);
      else if (this.#is('@')) this.#atModifier(result);
      else if (this.#isWord('anchored') || this.#isWord('smoothed')) this.#extended(result);
      else return result;
    }
  }

  #extended(expr: Expr): void {
    const word = this.#next();
    const name = word.text.toLowerCase() as 'anchored' | 'smoothed';
    this.#enabled(
      'promql-extended-range-selectors',
      word,
      `${name} modifier is experimental and not enabled`,
    );
    const target = expr.kind === 'matrix' ? expr.selector : expr;
    if (target.kind !== 'selector' || (name === 'anchored' && expr.kind !== 'matrix'))
      throw this.#fault(word, `${name} modifier not implemented`);
    if (target.extended) throw this.#fault(word, 'anchored and smoothed modifiers cannot be used together');
    target.extended = name;
  }

  #range(expr: Expr): Expr {
    this.#next();
    const { value: range, expr: rangeExpr } = this.#bracketDuration('range');
    const dynamic = rangeExpr && { rangeExpr };
    if (this.#is(':')) {
      this.#next();
      const step = this.#is(']') ? undefined : this.#bracketDuration('subquery');
      const close = this.#expect(']', 'subquery selector');
      const span = { start: expr.span.start, end: close.end };
      const every = step && { step: step.value, ...(step.expr && { stepExpr: step.expr }) };
      return { kind: 'subquery', expr, range, ...dynamic, ...every, offset: 0, span };
    }
    const close = this.#expect(']', 'subquery or range selector', 'subquery or range selector, expected "]"');
    const span = { start: expr.span.start, end: close.end };
    if (expr.kind !== 'selector') throw this.#fault(span, 'ranges only allowed for vector selectors');
    if (expr.offset !== 0 || expr.offsetExpr)
      throw this.#fault(span, 'no offset modifiers allowed before range');
    if (expr.at !== undefined) throw this.#fault(span, 'no @ modifiers allowed before range');
    return { kind: 'matrix', selector: expr, range, ...dynamic, span };
  }

  #offset(expr: Expr): void {
    const word = this.#next();
    const sign = this.#is('-') || this.#is('+') ? this.#next().text : '+';
    const target = this.#modified(expr, word, 'offset');
    if (target.offset !== 0 || target.offsetExpr)
      throw this.#fault(word, 'offset may not be set multiple times');
    if (this.#peek().kind === 'number' || this.#peek().kind === 'duration') {
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
    const sign = this.#next();
    const target = this.#modified(expr, sign, '@');
    if (target.at !== undefined) throw this.#fault(sign, '@ <timestamp> may not be set multiple times');
    target.at = this.#atValue();
  }

  #atValue(): AtModifier {
    const token = this.#peek();
    const word = token.text.toLowerCase();
    if (word === 'start' || word === 'end') {
      this.#next();
      this.#expect('(', 'at');
      this.#expect(')', 'at');
      return word;
    }
    const negative = this.#is('-');
    if (negative || this.#is('+')) this.#next();
    const number = this.#primary();
    if (number.kind !== 'number' || !Number.isFinite(number.value) || Math.abs(number.value) > 9.2e15) {
      throw this.#fault(token, 'timestamp out of bounds for @ modifier');
    }
    return Math.round(number.value * 1000) * (negative ? -1 : 1);
  }

  #modified(expr: Expr, at: Span, what: string): VectorSelector | Subquery {
    if (expr.kind === 'selector' || expr.kind === 'subquery') return expr;
    if (expr.kind === 'matrix') return expr.selector;
    throw this.#fault(
      at,
      `${what} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
    );
  }

  #durationLiteral(where: string): number {
    const token = this.#next();
    if (token.kind === 'duration') return this.#duration(token);
    if (token.kind === 'number') return Math.round(Number(token.text) * 1000);
    throw this.#fault(
      token,
      `unexpected ${describe(token)} in ${where}, expected number, duration, step(), or range()`,
    );
  }

  /** A range or step: a literal, or an expression of durations. */
  #bracketDuration(where: string): { value: number; expr?: DurationExpr } {
    const token = this.#peek();
    const next = this.#tokens[this.#at + 1];
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
    const first = this.#peek();
    if (
      !/^([-+(]|step|range|min_of|max_of)$/i.test(first.text) &&
      first.kind !== 'number' &&
      first.kind !== 'duration'
    )
      this.#durationLiteral(where);
    this.#enabled('promql-duration-expr', first, 'experimental duration expression is not enabled');
    return read({
      peek: () => this.#peek(),
      next: () => this.#next(),
      expect: (text) => void this.#expect(text, where),
      unexpected: () => this.#unexpected(),
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
      throw this.#fault(token, (error as Error).message);
    }
  }

  #positive(ms: number): number {
    if (ms <= 0) throw this.#fault(this.#tokens[this.#at - 1] as Token, 'duration must be greater than 0');
    return ms;
  }

  #peek(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  #is(text: string): boolean {
    const token = this.#peek();
    return token.kind === 'operator' && token.text === text;
  }

  #isWord(word: string): boolean {
    const token = this.#peek();
    return token.kind === 'identifier' && token.text.toLowerCase() === word;
  }

  #takeWord(word: string): boolean {
    if (!this.#isWord(word)) return false;
    this.#next();
    return true;
  }

  #expect(text: string, where: string, hint = where): Token {
    if (this.#is(text)) return this.#next();
    if (this.#peek().kind === 'end' && text === ')')
      throw this.#fault(this.#peek(), 'unclosed left parenthesis');
    throw this.#fault(
      this.#peek(),
      `unexpected ${describe(this.#peek())} in ${hint === where ? `${where}, expected ${JSON.stringify(text)}` : hint}`,
    );
  }

  #unexpected(): ParseError {
    return this.#fault(this.#peek(), `unexpected ${describe(this.#peek())}`);
  }

  #fault(span: Span, reason: string): ParseError {
    return new ParseError(this.#text, { start: span.start, end: span.end }, reason);
  }
}

function describe(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'end of input';
    case 'operator':
      return JSON.stringify(token.text);
    case 'identifier':
    case 'number':
    case 'duration':
    case 'string':
      return `${token.kind} ${JSON.stringify(token.text)}`;
  }
}
