import {
  compareStrings,
  compilePattern,
  compileRegex,
  isLegacyLabelName,
  type Labels,
} from '@prunella/metrics';

export type MatcherType = '=' | '!=' | '=~' | '!~';

/**
 * A condition on one label; a missing label has the empty value. Unlike Prometheus's matchers the dot of a regular
 * expression does not match a newline here, because Alertmanager's does not.
 */
export class Matcher {
  readonly name: string;
  readonly type: MatcherType;
  readonly value: string;
  readonly #test: (value: string) => boolean;

  /** @throws RegexError where the value of `=~` or `!~` is not valid RE2 */
  constructor(name: string, type: MatcherType, value: string) {
    this.name = name;
    this.type = type;
    this.value = value;
    const test = this.isRegex ? anchored(value) : (other: string): boolean => other === value;
    this.#test = this.isEqual ? test : (other) => !test(other);
  }

  /** From the two flags of the silence API. */
  static of(name: string, value: string, flags: { isRegex: boolean; isEqual: boolean }): Matcher {
    const type = flags.isRegex ? (flags.isEqual ? '=~' : '!~') : flags.isEqual ? '=' : '!=';
    return new Matcher(name, type, value);
  }

  get isRegex(): boolean {
    return this.type === '=~' || this.type === '!~';
  }

  get isEqual(): boolean {
    return this.type === '=' || this.type === '=~';
  }

  matches(value: string): boolean {
    return this.#test(value);
  }

  /** As it is written in a configuration file, and as it stands in group keys. */
  toString(): string {
    const name = isLegacyLabelName(this.name) ? this.name : JSON.stringify(this.name);
    return `${name}${this.type}"${escapeValue(this.value)}"`;
  }
}

function anchored(value: string): (other: string) => boolean {
  // Without a dot nothing differs from Prometheus's patterns, which know faster ways for literals and alternations.
  if (!value.includes('.')) return compilePattern(value).test;
  const regex = compileRegex(`^(?:${value})$`, value);
  return remembered((other) => regex.test(other));
}

/** So many answers of one expression are remembered; then it begins anew. */
const MOST_ANSWERS = 1000;

/** A label takes few values, and each is asked for again and again. */
function remembered(test: (value: string) => boolean): (value: string) => boolean {
  const answers = new Map<string, boolean>();
  return (value) => {
    let answer = answers.get(value);
    if (answer === undefined) {
      answer = test(value);
      if (answers.size >= MOST_ANSWERS) answers.clear();
      answers.set(value, answer);
    }
    return answer;
  };
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

export function matchAll(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}

/** `{a="b",c=~"d"}`: with the order of `sortMatchers`, the name of a route in group keys. Names are not quoted there. */
export function printMatchers(matchers: readonly Matcher[]): string {
  return `{${matchers.map(({ name, type, value }) => `${name}${type}"${escapeValue(value)}"`).join(',')}}`;
}

export function sortMatchers(matchers: readonly Matcher[]): Matcher[] {
  return [...matchers].sort(
    (a, b) =>
      compareStrings(a.name, b.name) || compareStrings(a.value, b.value) || compareStrings(a.type, b.type),
  );
}
