import { Matcher, type MatcherType } from './matcher.ts';

/**
 * The UTF-8 grammar of matchers: `{ name op value , … }`, braces optional, a comma may trail inside braces. Names and
 * values are quoted strings with Go's escapes, or bare words of anything but `{}!=~,\"'` + "`" and white space.
 * @throws Error
 */
export function parseUtf8Matchers(text: string): Matcher[] {
  const input = new Scanner(text);
  const matchers: Matcher[] = [];
  input.skipSpace();
  const braces = input.take('{');
  input.skipSpace();
  while (!input.atEnd && !(braces && input.peek() === '}')) {
    matchers.push(parseOne(input));
    input.skipSpace();
    if (!input.take(',')) break;
    input.skipSpace();
    if (input.atEnd && !braces) break;
  }
  if (braces && !input.take('}')) throw input.fault('expected close paren');
  input.skipSpace();
  if (!input.atEnd) throw input.fault(`unexpected ${JSON.stringify(input.peek())}`);
  return matchers;
}

function parseOne(input: Scanner): Matcher {
  const name = input.word('label name');
  input.skipSpace();
  const type = input.operator();
  input.skipSpace();
  const value = input.word('label value');
  return new Matcher(name, type, value);
}

const BARE = /[^{}!=~,\\"'`\s]+/y;
const OPERATOR = /=~|!~|!=|=/y;
const QUOTED = /"(?:[^"\\\n]|\\[^\n])*"/y;

class Scanner {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  peek(): string {
    return this.#text[this.#at] ?? '';
  }

  take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.#at++;
    return true;
  }

  skipSpace(): void {
    this.#match(/\s*/y);
  }

  operator(): MatcherType {
    const found = this.#match(OPERATOR);
    if (found === undefined) throw this.fault('expected an operator such as =, !=, =~ or !~');
    return found as MatcherType;
  }

  word(what: string): string {
    if (this.peek() === '"') {
      const quoted = this.#match(QUOTED);
      if (quoted === undefined) throw this.fault('missing end "');
      return unquote(quoted);
    }
    const bare = this.#match(BARE);
    if (bare === undefined) throw this.fault(`expected ${what}`);
    return bare;
  }

  fault(message: string): Error {
    return new Error(`${this.#at}:${this.#text.length}: ${message}`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]))/g;
const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** Go's interpreted string literal. @throws Error for an unknown escape */
function unquote(literal: string): string {
  return literal.slice(1, -1).replace(ESCAPE, (whole, x, u, long, octal, simple: string | undefined) => {
    const hex: string | undefined = x ?? u ?? long;
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal as string, 8));
    const character = SIMPLE[simple as string];
    if (character === undefined) throw new Error(`invalid escape ${whole} in ${literal}`);
    return character;
  });
}
