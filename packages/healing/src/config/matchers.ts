import { Matcher, type MatchType } from '@prunella/metrics';

// Alertmanager's matcher: `name op value`, where the value may be quoted. See its documentation of "matcher".
const MATCHER =
  /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*|"(?:[^"\\]|\\.)*")\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^\s"{}!=~,\\'`]*)\s*$/;

/** Parses `a="b"`, `a=~"b|c"`, `a!=b`. @throws Error that says what is expected */
export function parseMatcher(text: string): Matcher {
  const match = MATCHER.exec(text);
  if (!match)
    throw new Error(`not a matcher: ${JSON.stringify(text)} (write for example alertname="APIHighLatency")`);
  const [, name, operator, value] = match as unknown as [string, string, MatchType, string];
  return new Matcher(operator, unquote(name), unquote(value));
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}
