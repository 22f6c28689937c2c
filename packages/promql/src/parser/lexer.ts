import { goQuote, isUtf8, textOfBytes } from '@prunella/metrics';
import { ParseError } from './error.ts';
import { AGGREGATIONS } from './functions.ts';

export type TokenKind =
  | 'number'
  | 'duration'
  | 'string'
  | 'identifier'
  | 'metric identifier'
  | 'aggregator'
  | 'keyword'
  | 'operator'
  | 'mark'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export const KEYWORDS: ReadonlySet<string> = new Set([
  'anchored',
  'bool',
  'by',
  'end',
  'fill',
  'fill_left',
  'fill_right',
  'group_left',
  'group_right',
  'ignoring',
  'offset',
  'on',
  'range',
  'smoothed',
  'start',
  'step',
  'without',
]);
const WORD_OPERATORS = new Set(['and', 'or', 'unless', 'atan2']);
/** What durations are made of besides numbers. */
const DURATION_WORDS = new Set(['step', 'range', 'min_of', 'max_of']);

const SPACE = /[ \t\n\r]+/y;
const COMMENT = /#[^\n]*/y;
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const OPERATOR = /<\/|>\/|==|!=|<=|>=|[-+*/%^<>@]/y;
const MARK = /[()[\]{},=:]/y;
const MATCH = /=~|!~|!=|=/y;
const RAW_STRING = /`[^`]*`/y;

/**
 * Splits an expression into tokens, one at a time: what is wrong behind the place where a parser gives up is never
 * seen. As Prometheus's lexer it knows whether it is in braces, in brackets or in neither.
 */
export class Lexer {
  readonly #text: string;
  #at = 0;
  #parens = 0;
  #braces = false;
  #brackets: 'none' | 'opened' | 'duration' | 'colon' = 'none';
  #metDuration = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token; at the end one of kind 'end', again and again. @throws ParseError */
  next(): Token {
    // Between the bracket and the first duration Prometheus takes no comments.
    while (this.#take(SPACE) || (this.#brackets !== 'opened' && this.#take(COMMENT)));
    const start = this.#at;
    if (start >= this.#text.length) return this.#end();
    if (this.#braces) return this.#insideBraces(start);
    return this.#brackets === 'none' ? this.#outside(start) : this.#insideBrackets(start);
  }

  #end(): Token {
    const start = this.#at;
    if (this.#braces) this.#fail(start, 'unexpected end of input inside braces');
    if (this.#brackets === 'opened') this.#fail(start, 'unexpected end of input in duration expression');
    if (this.#parens > 0) this.#fail(start, 'unclosed left parenthesis');
    if (this.#brackets !== 'none') this.#fail(start, 'unclosed left bracket');
    return { kind: 'end', text: '', start, end: start };
  }

  #insideBraces(start: number): Token {
    const char = this.#char(start);
    if (this.#take(LABEL)) return this.#token('identifier', start);
    const match = this.#take(MATCH);
    if (match !== undefined) return this.#token(match === '=' ? 'mark' : 'operator', start);
    if (isQuote(char)) return this.#string(start);
    if (char === ',' || char === '}') {
      this.#at++;
      this.#braces = char === ',';
      return this.#token('mark', start);
    }
    if (char === '!')
      this.#fail(start, `unexpected character after '!' inside braces: ${quoteRune(this.#char(start + 1))}`);
    if (char === '{') this.#fail(start, `unexpected left brace ${quoteRune(char)}`);
    this.#fail(start, `unexpected character inside braces: ${quoteRune(char)}`);
  }

  #insideBrackets(start: number): Token {
    const char = this.#char(start);
    if (char === ':') {
      this.#at++;
      // Once a duration has been met this is left to the parser.
      if (this.#brackets === 'opened' && !this.#metDuration)
        this.#fail(start + 1, 'unexpected colon before duration in duration expression');
      if (this.#brackets === 'colon') this.#fail(start, `unexpected colon ${quoteRune(char)}`);
      this.#brackets = 'colon';
      return this.#token('mark', start);
    }
    if (/\d|\.\d/y.test(this.#text.slice(start, start + 2))) {
      if (this.#brackets === 'opened') this.#brackets = 'duration';
      return this.#number(start);
    }
    const word = this.#take(LABEL)?.toLowerCase();
    if (word !== undefined && DURATION_WORDS.has(word)) {
      if (this.#brackets === 'opened') this.#brackets = 'duration';
      return this.#token(KEYWORDS.has(word) ? 'keyword' : 'identifier', start);
    }
    if (word !== undefined || (this.#brackets === 'opened' && !'+-*/%^()]'.includes(char)))
      this.#fail(start, `unexpected character in duration expression: ${quoteRune(char)}`);
    if (char === '[') this.#fail(start, `unexpected left bracket ${quoteRune(char)}`);
    return this.#outside(start);
  }

  #outside(start: number): Token {
    const char = this.#char(start);
    if (/[\d.]/.test(char) && /^\.?\d/.test(this.#text.slice(start, start + 2))) return this.#number(start);
    const word = this.#take(WORD);
    if (word !== undefined) return this.#token(kindOfWord(word), start);
    if (isQuote(char)) return this.#string(start);
    const next = this.#char(start + 1);
    if (char === '=' && next === '~') this.#fail(start, `unexpected character after '=': ${quoteRune(next)}`);
    if (this.#take(OPERATOR)) return this.#token('operator', start);
    if (char === '!') this.#fail(start, `unexpected character after '!': ${quoteRune(next)}`);
    if (char !== '}' && this.#take(MARK)) {
      this.#nest(char, start);
      return this.#token('mark', start);
    }
    this.#fail(start, `unexpected character: ${quoteRune(char)}`);
  }

  #nest(char: string, start: number): void {
    if (char === '(') this.#parens++;
    else if (char === ')' && --this.#parens < 0)
      this.#fail(this.#at, `unexpected right parenthesis ${quoteRune(char)}`);
    else if (char === '{') this.#braces = true;
    else if (char === '[') this.#brackets = 'opened';
    else if (char === ']') {
      if (this.#brackets === 'none') this.#fail(start, `unexpected right bracket ${quoteRune(char)}`);
      this.#brackets = 'none';
    }
  }

  #number(start: number): Token {
    const { end, kind } = scanNumber(this.#text, start);
    if (kind === 'bad')
      this.#fail(start, `bad number or duration syntax: ${goQuote(this.#text.slice(start, end))}`);
    this.#at = end;
    this.#metDuration ||= this.#brackets !== 'none';
    return this.#token(kind, start);
  }

  #string(start: number): Token {
    const quote = this.#char(start);
    if (quote === '`') {
      if (!this.#take(RAW_STRING)) this.#fail(start, 'unterminated raw string');
      return this.#written(start);
    }
    for (this.#at++; ; this.#at++) {
      const char = this.#text[this.#at];
      if (char === quote) break;
      if (char === undefined || char === '\n') this.#fail(start, 'unterminated quoted string');
      if (char === '\\') this.#escape(start, quote);
    }
    this.#at++;
    return this.#written(start);
  }

  /** A string must be text where it is written; escapes may make bytes of it that are not. */
  #written(start: number): Token {
    const token = this.#token('string', start);
    if (!isUtf8(token.text)) this.#fail(start, 'invalid UTF-8 rune');
    return token;
  }

  /** Leaves the place at the escape's last character. */
  #escape(start: number, quote: string): void {
    const kind = this.#char(++this.#at);
    if (kind === '') this.#fail(start, 'escape sequence not terminated');
    if (kind === quote || kind in ESCAPES) return;
    const form = /[0-7]/.test(kind) ? OCTAL : CODES[kind];
    if (!form) this.#fail(start, `unknown escape sequence ${codePoint(kind)}`);
    const from = form === OCTAL ? this.#at : this.#at + 1;
    for (let i = 0; i < form.digits; i++) {
      const digit = this.#char(from + i);
      if (digit === '') this.#fail(start, 'escape sequence not terminated');
      if (Number.isNaN(Number.parseInt(digit, form.base)))
        this.#fail(start, `illegal character ${codePoint(digit)} in escape sequence`);
    }
    const value = Number.parseInt(this.#text.slice(from, from + form.digits), form.base);
    if (value > form.most || (value >= 0xd800 && value < 0xe000))
      this.#fail(start, 'escape sequence is an invalid Unicode code point');
    this.#at = from + form.digits - 1;
  }

  /** The whole character at a place, '' behind the end. */
  #char(at: number): string {
    const code = this.#text.codePointAt(at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #token(kind: TokenKind, start: number): Token {
    return { kind, text: this.#text.slice(start, this.#at), start, end: this.#at };
  }

  #fail(start: number, reason: string): never {
    throw new ParseError(this.#text, { start, end: this.#text.length }, reason);
  }
}

/** All tokens of an expression, the one for its end included. @throws ParseError */
export function lex(text: string): Token[] {
  const lexer = new Lexer(text);
  const tokens: Token[] = [];
  do tokens.push(lexer.next());
  while (tokens.at(-1)?.kind !== 'end');
  return tokens;
}

function isQuote(char: string): boolean {
  return char === '"' || char === "'" || char === '`';
}

function kindOfWord(word: string): TokenKind {
  const lower = word.toLowerCase();
  if (AGGREGATIONS.has(lower)) return 'aggregator';
  if (KEYWORDS.has(lower)) return 'keyword';
  if (WORD_OPERATORS.has(lower)) return 'operator';
  if (lower === 'inf' || lower === 'nan') return 'number';
  return word.includes(':') ? 'metric identifier' : 'identifier';
}

/** Reads a number or duration; for a bad one `end` is how far Prometheus's lexer reads before it sees that. */
function scanNumber(text: string, start: number): { end: number; kind: 'number' | 'duration' | 'bad' } {
  const number = scanFloat(text, start);
  if (number.whole) return { end: number.end, kind: 'number' };
  const duration = /[smhdwy]s?(?:\d+[smhdw]s?)*/y;
  duration.lastIndex = number.end;
  const match = duration.exec(text);
  if (!match) return { end: number.end, kind: 'bad' };
  let end = number.end + match[0].length;
  const rest = /^\d+/.exec(text.slice(end));
  if (rest) return { end: end + rest[0].length, kind: 'bad' };
  if (isAlphanumeric(text[end])) return { end: ++end, kind: 'bad' };
  return { end, kind: 'duration' };
}

/** Digits with one dot, one exponent and single underscores between them; hexadecimal digits have neither of the first two. */
function scanFloat(text: string, start: number): { end: number; whole: boolean } {
  let at = start;
  const hex = /^0[xX]/.test(text.slice(start, start + 2));
  const digits = hex ? /[\da-fA-F]*/y : /\d*/y;
  if (text[at] === '0') at++;
  if (hex) at += text[start + 2] === '_' ? 2 : 1;
  // As in Prometheus a leading dot, or one behind a leading 0, does not count; with a second one there is no value.
  if (text[at] === '.') at++;
  let [dot, exponent] = [false, false];
  for (;;) {
    digits.lastIndex = at;
    at += (digits.exec(text)?.[0] ?? '').length;
    const char = text[at];
    const next = text[at + 1];
    if (char === '.') {
      if (dot) return { end: at + 1, whole: false };
      if (hex || next === '.' || next === '_') return { end: at + (hex ? 1 : 2), whole: false };
      dot = true;
    } else if (char === '_') {
      if (next === undefined || '._eE'.includes(next))
        return { end: at + (next === undefined ? 1 : 2), whole: false };
    } else if (!hex && (char === 'e' || char === 'E')) {
      if (exponent) return { end: at + 1, whole: false };
      exponent = true;
      if (next === '+' || next === '-') at++;
      const after = text[at + 1];
      if (after === undefined || '._eE'.includes(after))
        return { end: at + (after === undefined ? 1 : 2), whole: false };
    } else return { end: at, whole: !isAlphanumeric(char) };
    at++;
  }
}

function isAlphanumeric(char: string | undefined): boolean {
  return char !== undefined && /\w/.test(char);
}

/** A character in single quotes, as Go's `%q` prints it. */
function quoteRune(char: string): string {
  if (char === '') return "'\ufffd'";
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  return `'${goQuote(char).slice(1, -1)}'`;
}

/** A character as Go's `%#U` prints it. */
function codePoint(char: string): string {
  const code = (char.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char) ? `U+${code} '${char}'` : `U+${code}`;
}

interface CodeForm {
  readonly digits: number;
  readonly base: number;
  readonly most: number;
}

const OCTAL: CodeForm = { digits: 3, base: 8, most: 0xff };
const CODES: Readonly<Record<string, CodeForm>> = {
  x: { digits: 2, base: 16, most: 0xff },
  u: { digits: 4, base: 16, most: 0x10ffff },
  U: { digits: 8, base: 16, most: 0x10ffff },
};

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** May find more than there is (`\\\\x41`), but never less. */
const BYTE_ESCAPE = /\\[x0-7]/;
const ESCAPE = /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g;

/** The value of a string token, with Go's escapes: `\xff` and `\377` are bytes, which need not make UTF-8. */
export function unquote({ text }: Token): string {
  const body = text.slice(1, -1);
  if (text.startsWith('`') || !body.includes('\\')) return body;
  if (!BYTE_ESCAPE.test(body)) return body.replace(ESCAPE, (_, ...groups) => characterOf(groups as string[]));
  // Latin-1: a character per byte, until all are there.
  let bytes = '';
  let end = 0;
  const encode = (part: string): void => {
    for (const byte of encoder.encode(part)) bytes += String.fromCharCode(byte);
  };
  for (const match of body.matchAll(ESCAPE)) {
    const [whole, simple, hex, octal, short, long] = match;
    encode(body.slice(end, match.index));
    end = match.index + whole.length;
    const byte = hex ? Number.parseInt(hex, 16) : octal ? Number.parseInt(octal, 8) : undefined;
    if (byte !== undefined) bytes += String.fromCharCode(byte);
    else encode(characterOf([simple, hex, octal, short, long]));
  }
  encode(body.slice(end));
  return textOfBytes(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
}

/** What an escape that is no byte stands for, from the groups of ESCAPE. */
function characterOf([simple, , , short, long]: readonly (string | undefined)[]): string {
  if (simple) return ESCAPES[simple] ?? simple;
  return String.fromCodePoint(Number.parseInt((short ?? long) as string, 16));
}

const encoder = new TextEncoder();
