import { Matcher, METRIC_NAME, RegexError, type MatchType } from '@prunella/metrics';
import type { VectorSelector } from './ast.ts';
import { unquote } from './lexer.ts';
import { describe, type TokenReader } from './reader.ts';

/** Reads what may stand in braces behind a name. @throws ParseError */
export function readSelector(reader: TokenReader, name: string, start: number): VectorSelector {
  const matchers: Matcher[] = name === '' ? [] : [new Matcher('=', METRIC_NAME, name)];
  let quotedName = '';
  if (reader.is('{')) {
    reader.next();
    while (!reader.is('}')) {
      const matcher = readMatcher(reader);
      if (typeof matcher === 'string') {
        if (name !== '' || quotedName !== '') {
          throw reader.fault(
            reader.peek(),
            `metric name must not be set twice: ${JSON.stringify(name || quotedName)} or ${JSON.stringify(matcher)}`,
          );
        }
        quotedName = matcher;
        matchers.unshift(new Matcher('=', METRIC_NAME, matcher));
      } else matchers.push(matcher);
      if (!reader.is(',')) break;
      reader.next();
    }
    reader.expect('}', 'label matching', 'label matching: expected "," or "}"');
  }
  const span = { start, end: reader.last.end };
  if (name !== '' && matchers.slice(1).some((matcher) => matcher.name === METRIC_NAME)) {
    const other = matchers.slice(1).find((matcher) => matcher.name === METRIC_NAME) as Matcher;
    throw reader.fault(
      span,
      `metric name must not be set twice: ${JSON.stringify(name)} or ${JSON.stringify(other.value)}`,
    );
  }
  if (matchers.every((matcher) => matcher.matches(''))) {
    throw reader.fault(span, 'vector selector must contain at least one non-empty matcher');
  }
  return { kind: 'selector', name: name || quotedName, matchers, offset: 0, span };
}

/** A matcher, or a quoted metric name. */
function readMatcher(reader: TokenReader): Matcher | string {
  const label = reader.next();
  if (label.kind !== 'identifier' && label.kind !== 'string') {
    throw reader.fault(label, `unexpected ${describe(label)} in label matching, expected identifier or "}"`);
  }
  const name = label.kind === 'string' ? unquote(reader.text, label) : label.text;
  const op = reader.peek();
  if (label.kind === 'string' && (op.text === ',' || op.text === '}')) return name;
  if (!['=', '!=', '=~', '!~'].includes(op.text)) {
    throw reader.fault(op, `unexpected ${describe(op)} in label matching, expected label matching operator`);
  }
  reader.next();
  const value = reader.next();
  if (value.kind !== 'string')
    throw reader.fault(value, `unexpected ${describe(value)} in label matching, expected string`);
  try {
    return new Matcher(op.text as MatchType, name, unquote(reader.text, value));
  } catch (error) {
    if (error instanceof RegexError) throw reader.fault(value, error.message);
    throw error;
  }
}
