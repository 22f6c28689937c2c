import { ParseError } from './error.ts';

export type TokenKind = 'number' | 'duration' | 'string' | 'identifier' | 'operator' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = /[ \t\n\r]+/y;
const COMMENT = /#[^\n]*/y;
const DURATION = /(?:\d+(?:ms|[smhdwy]))+(?![0-9a-zA-Z_])/y;
const NUMBER =
  /0[xX][0-9a-fA-F]+(?![0-9a-zA-Z_])|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?(?![0-9a-zA-Z_])/y;
const IDENTIFIER = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const OPERATOR = /<\/|>\/|=~|!~|==|!=|<=|>=|[-+*/%^()[\]{},=<>@:]/y;
const STRING = /"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'|`[^`]*`/y;

/** Splits an expression into tokens; comments and white space go. @throws ParseError */
export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let brackets = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const skipped = take(SPACE) ?? take(COMMENT);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    // Elsewhere a colon may begin a name; between brackets it parts a subquery's range from its step.
    const token = brackets > 0 && text[at] === ':' ? { kind: 'operator' as const, text: ':' } : read(take);
    if (!token) throw new ParseError(text, { start: at, end: at + 1 }, lexFault(text, at));
    tokens.push({ ...token, start: at, end: at + token.text.length });
    at += token.text.length;
    if (token.text === '[') brackets++;
    else if (token.text === ']') brackets--;
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length });
  return tokens;
}

function read(take: (pattern: RegExp) => string | undefined): { kind: TokenKind; text: string } | undefined {
  for (const [kind, pattern] of [
    ['duration', DURATION],
    ['number', NUMBER],
    ['identifier', IDENTIFIER],
    ['string', STRING],
    ['operator', OPERATOR],
  ] as const) {
    const text = take(pattern);
    if (text !== undefined) return { kind, text };
  }
  return undefined;
}

function lexFault(text: string, at: number): string {
  const char = String.fromCodePoint(text.codePointAt(at) as number);
  if (char === '"' || char === "'") return 'unterminated quoted string';
  if (char === '`') return 'unterminated raw string';
  if (/[\d.]/.test(char))
    return `bad number or duration syntax: ${JSON.stringify(/[\w.:]*/.exec(text.slice(at))?.[0])}`;
  if (char === '!') return `unexpected character after '!': ${JSON.stringify(text[at + 1] ?? '')}`;
  return `unexpected character: ${JSON.stringify(char).replaceAll('"', "'")}`;
}

/** The value of a string literal, with Go's escapes. @throws ParseError */
export function unquote(source: string, token: Token): string {
  const { text } = token;
  if (text.startsWith('`')) return text.slice(1, -1);
  const bytes: string[] = [];
  const body = text.slice(1, -1);
  const pattern =
    /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|\\|[^\\]+/g;
  for (const [whole, simple, hex, short, long, octal] of body.matchAll(pattern)) {
    if (whole === '\\' || (simple && '\'"'.includes(simple) && simple !== text[0])) {
      throw new ParseError(source, token, 'unknown escape sequence');
    }
    const code = hex ?? short ?? long;
    if (simple) bytes.push(ESCAPES[simple] ?? simple);
    else if (code) bytes.push(String.fromCodePoint(Number.parseInt(code, 16)));
    else if (octal) bytes.push(String.fromCodePoint(Number.parseInt(octal, 8)));
    else bytes.push(whole);
  }
  return bytes.join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
