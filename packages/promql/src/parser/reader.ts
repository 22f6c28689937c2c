import type { Span } from './ast.ts';
import { ParseError } from './error.ts';
import { lex, type Token } from './lexer.ts';

/** The tokens of an expression, read one after the other. */
export class TokenReader {
  readonly text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  /** @throws ParseError */
  constructor(text: string) {
    this.text = text;
    this.#tokens = lex(text);
  }

  /** The token that was taken last. */
  get last(): Token {
    return this.#tokens[this.#at - 1] as Token;
  }

  /** The token behind the next one. */
  get second(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  peek(): Token {
    return this.#tokens[this.#at] as Token;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  is(text: string): boolean {
    const token = this.peek();
    return token.kind === 'operator' && token.text === text;
  }

  isWord(word: string): boolean {
    const token = this.peek();
    return token.kind === 'identifier' && token.text.toLowerCase() === word;
  }

  takeWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.next();
    return true;
  }

  expect(text: string, where: string, hint: string = where): Token {
    if (this.is(text)) return this.next();
    if (this.peek().kind === 'end' && text === ')')
      throw this.fault(this.peek(), 'unclosed left parenthesis');
    throw this.fault(
      this.peek(),
      `unexpected ${describe(this.peek())} in ${hint === where ? `${where}, expected ${JSON.stringify(text)}` : hint}`,
    );
  }

  unexpected(): ParseError {
    return this.fault(this.peek(), `unexpected ${describe(this.peek())}`);
  }

  fault(span: Span, reason: string): ParseError {
    return new ParseError(this.text, { start: span.start, end: span.end }, reason);
  }
}

/** A token in the words of an error. */
export function describe(token: Token): string {
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
