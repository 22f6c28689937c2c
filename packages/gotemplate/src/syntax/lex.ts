/** Cuts a template into tokens: Go's lexical rules of text/template. */

export type TokenType =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'field'
  | 'variable'
  | 'identifier'
  | 'keyword'
  | 'dot'
  | 'nil'
  | 'bool'
  | 'number'
  | 'char'
  | 'string'
  | 'raw'
  | 'pipe'
  | 'assign'
  | 'declare'
  | '('
  | ')'
  | 'other'
  | 'error'
  | 'eof';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  /** Offset in UTF-16 units. */
  readonly pos: number;
  /** 1-based. */
  readonly line: number;
}

const KEYWORDS = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);

const ALPHANUMERIC = /[\p{L}\p{Nd}_]/u;
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]+)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]+)?)i?/y;
const WORD = /[\p{L}\p{Nd}_]*/uy;
const SPACE = /[ \t\r\n]/;

export function lex(text: string): Token[] {
  const lexer = new Lexer(text);
  lexer.run();
  return lexer.tokens;
}

class Lexer {
  readonly tokens: Token[] = [];
  readonly #text: string;
  #pos = 0;
  #line = 1;
  #parens = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): void {
    for (;;) {
      if (!this.#literal()) break;
      if (this.#comment()) continue;
      if (this.#failed() || !this.#action()) return;
    }
    this.#emit('eof', 0);
  }

  /** The text up to the next action. @returns whether an action follows */
  #literal(): boolean {
    const at = this.#text.indexOf('{{', this.#pos);
    const end = at < 0 ? this.#text.length : at;
    const trimmed = at >= 0 && this.#leftTrim(at);
    const whole = this.#text.slice(this.#pos, end);
    const kept = trimmed ? whole.replace(/[ \t\r\n]+$/, '') : whole;
    if (kept !== '') this.#emit('text', kept.length);
    this.#skipTo(end);
    return at >= 0;
  }

  #leftTrim(at: number): boolean {
    return this.#text[at + 2] === '-' && SPACE.test(this.#text[at + 3] ?? '');
  }

  /** Whether ` -}}` stands at `pos`. */
  #rightTrim(pos: number): boolean {
    return SPACE.test(this.#text[pos] ?? '') && this.#text.startsWith('-}}', pos + 1);
  }

  /** Skips a comment action, which leaves no token. */
  #comment(): boolean {
    const start = this.#pos + (this.#leftTrim(this.#pos) ? 4 : 2);
    if (!this.#text.startsWith('/*', start)) return false;
    const end = this.#text.indexOf('*/', start + 2);
    if (end < 0) return this.#error('unclosed comment');
    const trim = this.#rightTrim(end + 2);
    if (!trim && !this.#text.startsWith('}}', end + 2)) {
      return this.#error('comment ends before closing delimiter');
    }
    this.#skipTo(end + (trim ? 6 : 4));
    if (trim) this.#skipSpace();
    return true;
  }

  /** One action with both delimiters. @returns false after an error */
  #action(): boolean {
    const trim = this.#leftTrim(this.#pos);
    this.#emit('left', 2);
    if (trim) this.#skipTo(this.#pos + 2);
    this.#parens = 0;
    for (;;) {
      const trimRight = this.#rightTrim(this.#pos);
      if (trimRight || this.#text.startsWith('}}', this.#pos)) {
        if (this.#parens > 0) return this.#error('unclosed left paren');
        if (trimRight) this.#skipTo(this.#pos + 2);
        this.#emit('right', 2);
        if (trimRight) this.#skipSpace();
        return true;
      }
      if (!this.#token()) return false;
    }
  }

  #token(): boolean {
    const c = this.#text[this.#pos];
    if (c === undefined) return this.#error('unclosed action');
    if (SPACE.test(c)) return this.#space();
    switch (c) {
      case '=':
        return this.#emit('assign', 1);
      case ':':
        return this.#text[this.#pos + 1] === '=' ? this.#emit('declare', 2) : this.#error('expected :=');
      case '|':
        return this.#emit('pipe', 1);
      case '"':
        return this.#quoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.#quoted("'", 'char', 'unterminated character constant');
      case '`':
        return this.#raw();
      case '$':
        return this.#fieldOrVariable('variable');
      case '(':
        this.#parens++;
        return this.#emit('(', 1);
      case ')':
        return --this.#parens < 0 ? this.#error('unexpected right paren') : this.#emit(')', 1);
    }
    if (c === '.' && !/[0-9]/.test(this.#text[this.#pos + 1] ?? '')) return this.#fieldOrVariable('field');
    if (/[-+0-9.]/.test(c)) return this.#number();
    const character = String.fromCodePoint(this.#text.codePointAt(this.#pos) as number);
    if (ALPHANUMERIC.test(character)) return this.#identifier();
    if (/[!-~]/.test(c)) return this.#emit('other', 1);
    return this.#error(`unrecognized character in action: ${describe(character)}`);
  }

  #space(): boolean {
    let end = this.#pos;
    while (SPACE.test(this.#text[end] ?? '')) end++;
    // The last blank may belong to the right delimiter's trim marker.
    if (this.#rightTrim(end - 1)) end--;
    return this.#emit('space', end - this.#pos);
  }

  #quoted(quote: string, type: TokenType, unterminated: string): boolean {
    for (let i = this.#pos + 1; i < this.#text.length; i++) {
      const c = this.#text[i];
      if (c === '\n') break;
      if (c === '\\') {
        if (this.#text[i + 1] === '\n') break;
        i++;
      } else if (c === quote) return this.#emit(type, i + 1 - this.#pos);
    }
    return this.#error(unterminated);
  }

  #raw(): boolean {
    const end = this.#text.indexOf('`', this.#pos + 1);
    return end < 0 ? this.#error('unterminated raw quoted string') : this.#emit('raw', end + 1 - this.#pos);
  }

  #fieldOrVariable(type: 'field' | 'variable'): boolean {
    const end = this.#wordEnd(this.#pos + 1);
    if (!this.#atTerminator(end)) return this.#badCharacter(end);
    return this.#emit(type === 'field' && end === this.#pos + 1 ? 'dot' : type, end - this.#pos);
  }

  #identifier(): boolean {
    const end = this.#wordEnd(this.#pos);
    if (!this.#atTerminator(end)) return this.#badCharacter(end);
    const word = this.#text.slice(this.#pos, end);
    let type: TokenType = 'identifier';
    if (KEYWORDS.has(word)) type = 'keyword';
    else if (word === 'nil') type = 'nil';
    else if (word === 'true' || word === 'false') type = 'bool';
    return this.#emit(type, end - this.#pos);
  }

  #number(): boolean {
    NUMBER.lastIndex = this.#pos;
    const match = NUMBER.exec(this.#text)?.[0] ?? '';
    const end = this.#pos + match.length;
    const next = String.fromCodePoint(this.#text.codePointAt(end) ?? 0x20);
    if (ALPHANUMERIC.test(next)) {
      return this.#error(`bad number syntax: ${JSON.stringify(this.#text.slice(this.#pos, end) + next)}`);
    }
    return this.#emit('number', match.length);
  }

  #wordEnd(from: number): number {
    WORD.lastIndex = from;
    return from + (WORD.exec(this.#text)?.[0].length ?? 0);
  }

  #atTerminator(pos: number): boolean {
    const c = this.#text[pos];
    return c === undefined || /[ \t\r\n.,|:)(]/.test(c) || this.#text.startsWith('}}', pos);
  }

  #badCharacter(pos: number): false {
    return this.#error(`bad character ${describe(String.fromCodePoint(this.#text.codePointAt(pos) ?? 0))}`);
  }

  #emit(type: TokenType, length: number): true {
    const text = this.#text.slice(this.#pos, this.#pos + length);
    this.tokens.push({ type, text, pos: this.#pos, line: this.#line });
    this.#skipTo(this.#pos + length);
    return true;
  }

  #error(message: string): false {
    this.tokens.push({ type: 'error', text: message, pos: this.#pos, line: this.#line });
    return false;
  }

  #failed(): boolean {
    return this.tokens.at(-1)?.type === 'error';
  }

  #skipSpace(): void {
    let end = this.#pos;
    while (SPACE.test(this.#text[end] ?? '')) end++;
    this.#skipTo(end);
  }

  #skipTo(end: number): void {
    for (
      let i = this.#text.indexOf('\n', this.#pos);
      i >= 0 && i < end;
      i = this.#text.indexOf('\n', i + 1)
    ) {
      this.#line++;
    }
    this.#pos = end;
  }
}

/** Go's %#U: `U+007D '}'`. */
function describe(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return /\p{C}/u.test(character) ? `U+${code}` : `U+${code} '${character}'`;
}
