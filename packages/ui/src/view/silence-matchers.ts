import type { SilenceMatcher } from '../api/alertmanager.ts';

const shape = /^\s*([A-Za-z_][\w.:]*|"[^"]+")\s*(=~|!~|!=|=)\s*(.*?)\s*$/s;

/** Reads one matcher as people write it: `service=api`, `path=~"/a.*"`, `env!="dev"`. */
export function parseMatcher(text: string): SilenceMatcher | undefined {
  const found = shape.exec(text);
  if (!found) return undefined;
  const [, name = '', operator = '=', rest = ''] = found;
  return {
    name: unquote(name),
    value: unquote(rest),
    isRegex: operator.endsWith('~'),
    isEqual: !operator.startsWith('!'),
  };
}

function unquote(text: string): string {
  if (!/^".*"$/s.test(text)) return text;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'string' ? parsed : text;
  } catch {
    return text.slice(1, -1);
  }
}

/** Why Alertmanager would refuse a matcher; '' when it would not. */
export function matcherProblem(matcher: SilenceMatcher): string {
  if (matcher.name === '') return 'a matcher needs a label name';
  if (!matcher.isRegex) return '';
  try {
    void new RegExp(`^(?:${matcher.value})$`);
    return '';
  } catch {
    return `${matcher.value} is not a regular expression`;
  }
}

/** A silence that matches everything by the empty value would silence all alerts: Alertmanager refuses it. */
export function matchersProblem(matchers: readonly SilenceMatcher[]): string {
  const first = matchers.map(matcherProblem).find((problem) => problem !== '');
  if (first !== undefined) return first;
  if (matchers.length === 0) return 'name at least one label';
  const matchesEmpty = (one: SilenceMatcher): boolean =>
    (one.isRegex ? new RegExp(`^(?:${one.value})$`).test('') : one.value === '') === one.isEqual;
  return matchers.every(matchesEmpty) ? 'at least one matcher must not match the empty value' : '';
}
