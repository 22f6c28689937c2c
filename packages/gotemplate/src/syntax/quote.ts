const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

const ESCAPE = /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|\\/g;

/** The value of a Go string or character literal with its quotes; undefined where it is none. */
export function unquote(literal: string): string | undefined {
  const other = literal.startsWith('"') ? "'" : '"';
  let valid = true;
  const value = literal.slice(1, -1).replace(ESCAPE, (whole, simple, hex, short, long, octal) => {
    if (simple !== undefined) {
      if (simple === other) valid = false;
      return ESCAPES[simple as string] ?? '';
    }
    const digits = (hex ?? short ?? long ?? octal) as string | undefined;
    const code = Number.parseInt(digits ?? '', octal === undefined ? 16 : 8);
    if (whole === '\\' || code > 0x10ffff) valid = false;
    return valid ? String.fromCodePoint(code) : '';
  });
  return valid ? value : undefined;
}

const SHORT: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** Go's strconv.Quote. With `ascii`, everything beyond ASCII is escaped as well. */
export function quote(text: string, quoteMark = '"', ascii = false): string {
  let out = quoteMark;
  for (const c of text) {
    const code = c.codePointAt(0) as number;
    if (c === quoteMark) out += `\\${c}`;
    else if (SHORT[c] !== undefined) out += SHORT[c];
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code < 0x7f) out += c;
    else if (!ascii && !/[\p{C}\p{Z}]/u.test(c)) out += c;
    else if (code < 0x1_0000) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return out + quoteMark;
}
