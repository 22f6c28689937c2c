import { goQuote } from '@prunella/metrics';
import type { Span } from './ast.ts';
import { ParseError } from './error.ts';
import { Lexer, type Token } from './lexer.ts';

/** The tokens of an expression, read one after the other, none before it is asked for. */
export class TokenReader {
  readonly text: string;
  readonly #lexer: Lexer;
  readonly #ahead: Token[] = [];
  #last: Token = { kind: 'end', text: '', start: 0, end: 0 };

  constructor(text: string) {
    this.text = text;
    this.#lexer = new Lexer(text);
  }

  /** The token that was taken last. */
  get last(): Token {
    return this.#last;
  }

  /** The token behind the next one. @throws ParseError */
  get second(): Token {
    const first = this.peek();
    return first.kind === 'end' ? first : (this.#ahead[1] ??= this.#lexer.next());
  }

  /** @throws ParseError where there is no token */
  peek(): Token {
    return (this.#ahead[0] ??= this.#lexer.next());
  }

  /** @throws ParseError */
  next(): Token {
    this.#last = this.peek();
    this.#ahead.shift();
    return this.#last;
  }

  is(text: string): boolean {
    const token = this.peek();
    return (token.kind === 'mark' || token.kind === 'operator') && token.text === text;
  }

  isWord(word: string): boolean {
    const token = this.peek();
    return token.kind === 'keyword' && token.text.toLowerCase() === word;
  }

  /** Takes the next token where it is this one. */
  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.next();
    return true;
  }

  takeWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.next();
    return true;
  }

  /** @throws ParseError where another token stands there */
  expect(text: string, where: string = '', expected: string = ''): Token {
    if (this.is(text)) return this.next();
    throw this.unexpected(where, expected);
  }

  /** The next token is wrong; `where` and what was expected instead are told where something is known of them. */
  unexpected(where = '', expected = ''): ParseError {
    const context = where === '' ? '' : ` in ${where}`;
    const instead = expected === '' ? '' : `, expected ${expected}`;
    return this.fault(this.peek(), `unexpected ${describeToken(this.peek())}${context}${instead}`);
  }

  fault({ start, end }: Span, reason: string): ParseError {
    return new ParseError(this.text, { start, end }, reason);
  }
}

/** A token in the words of an error. */
function describeToken({ kind, text }: Token): string {
  switch (kind) {
    case 'end':
      return 'end of input';
    case 'keyword':
      return `<${text}>`;
    case 'operator':
      return `<op:${text}>`;
    case 'aggregator':
      return `<aggr:${text}>`;
    case 'mark':
      return goQuote(text);
    case 'identifier':
    case 'metric identifier':
      return `${kind} ${goQuote(text)}`;
    case 'number':
    case 'duration':
    case 'string':
      return `${kind} ${shortened(text)}`;
  }
}

const LONGEST_SHOWN = 10;

function shortened(text: string): string {
  if (new TextEncoder().encode(text).length <= LONGEST_SHOWN) return goQuote(text);
  return `${goQuote(Array.from(text).slice(0, LONGEST_SHOWN).join(''))}...`;
}
