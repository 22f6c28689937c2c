import type { Span } from './ast.ts';

/** A fault in an expression, in Prometheus's words: `1:5: parse error: unexpected "}"`. */
export class ParseError extends Error {
  override name = 'ParseError';
  readonly span: Span;
  /** What is wrong, without the place. */
  readonly reason: string;
  constructor(text: string, span: Span, reason: string) {
    super(`${text === '' ? 'unknown position' : place(text, span.start)}: parse error: ${reason}`);
    this.span = span;
    this.reason = reason;
  }
}

/** `line:column`, 1-based, the column in bytes. */
export function place(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (const char of before) if (char === '\n') line++;
  return `${line}:${new TextEncoder().encode(before.slice(lineStart)).length + 1}`;
}
