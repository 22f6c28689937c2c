import { Matcher, METRIC_NAME, RegexError, type MatchType } from '@prunella/metrics';
import type { VectorSelector } from './ast.ts';
import { unquote } from './lexer.ts';
import type { TokenReader } from './reader.ts';

const WHERE = 'label matching';

/** Reads what may stand in braces behind a name. @throws ParseError */
export function readSelector(reader: TokenReader, name: string, start: number): VectorSelector {
  const matchers: Matcher[] = name === '' ? [] : [new Matcher('=', METRIC_NAME, name)];
  if (reader.take('{')) {
    while (!reader.take('}')) {
      matchers.push(readMatcher(reader));
      if (reader.is('}')) continue;
      reader.expect(',', WHERE, '"," or "}"');
    }
  }
  return { kind: 'selector', name, matchers, offset: 0, span: { start, end: reader.last.end } };
}

/** A matcher, or a quoted metric name. */
function readMatcher(reader: TokenReader): Matcher {
  const label = reader.peek();
  if (label.kind !== 'identifier' && label.kind !== 'string')
    throw reader.unexpected(WHERE, 'identifier or "}"');
  reader.next();
  const name = label.kind === 'string' ? unquote(label) : label.text;
  const op = reader.peek();
  if (op.kind === 'string' || !['=', '!=', '=~', '!~'].includes(op.text)) {
    if (label.kind === 'string') return new Matcher('=', METRIC_NAME, name);
    throw reader.unexpected(WHERE, 'label matching operator');
  }
  reader.next();
  const value = reader.peek();
  if (value.kind !== 'string') throw reader.unexpected(WHERE, 'string');
  reader.next();
  try {
    return new Matcher(op.text as MatchType, name, unquote(value));
  } catch (error) {
    if (error instanceof RegexError) throw reader.fault({ start: label.start, end: value.end }, error.reason);
    throw error;
  }
}
