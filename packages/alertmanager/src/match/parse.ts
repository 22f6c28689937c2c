import { Matcher } from './matcher.ts';
import { parseClassicMatchers } from './classic.ts';
import { parseUtf8Matchers } from './utf8.ts';

export class MatcherError extends Error {
  override name = 'MatcherError';
}

/**
 * Parses one or more matchers: `foo=bar`, `{a="b",c=~"d"}`. The UTF-8 grammar is tried first; what only the classic
 * one understands (`foo=`, `a=\d`), or what the two understand differently, is read as the classic one does, so that
 * an old configuration keeps its meaning.
 * @throws MatcherError
 */
export function parseMatchers(text: string): Matcher[] {
  const utf8 = attempt(() => parseUtf8Matchers(text));
  const classic = attempt(() => parseClassicMatchers(text));
  if (utf8 instanceof Error) {
    if (classic instanceof Error) throw new MatcherError(classic.message);
    return classic;
  }
  return classic instanceof Error || classic.join() === utf8.join() ? utf8 : classic;
}

/** Parses a text that must hold exactly one matcher, without braces: a filter of the API. @throws MatcherError */
export function parseMatcher(text: string): Matcher {
  if (/^\s*\{|\}\s*$/.test(text)) throw new MatcherError(`unexpected open or close brace: ${text}`);
  const [matcher, ...more] = parseMatchers(text);
  if (!matcher || more.length > 0) throw new MatcherError(`bad matcher format: ${text}`);
  return matcher;
}

function attempt(parse: () => Matcher[]): Matcher[] | Error {
  try {
    return parse();
  } catch (error) {
    return error as Error;
  }
}
