import { RE2JS } from 're2js';
import { textsOf } from './finite.ts';
import { goQuote } from './goquote.ts';
import { quoteLabelName, type Labels } from './labels.ts';

export type MatchType = '=' | '!=' | '=~' | '!~';

/** A condition on one label. A missing label has the empty value. */
export class Matcher {
  readonly type: MatchType;
  readonly name: string;
  readonly value: string;
  readonly #test: (value: string) => boolean;
  /** For `=~` and `!~` that name all they match (`a|b|c`, `api-[1-3]`): these, else undefined. */
  readonly alternatives: readonly string[] | undefined;
  /** For `=~` and `!~`: what every matching value starts with ('' where nothing is known). */
  readonly prefix: string;

  /** @throws RegexError where the regular expression is not valid RE2 */
  constructor(type: MatchType, name: string, value: string) {
    this.type = type;
    this.name = name;
    this.value = value;
    if (type === '=' || type === '!=') {
      this.alternatives = undefined;
      this.prefix = '';
      this.#test = type === '=' ? (other) => other === value : (other) => other !== value;
      return;
    }
    const pattern = compilePattern(value);
    this.alternatives = pattern.alternatives;
    this.prefix = pattern.prefix;
    this.#test = type === '=~' ? pattern.test : (other) => !pattern.test(other);
  }

  matches(value: string): boolean {
    return this.#test(value);
  }

  matchesLabels(labels: Labels): boolean {
    return this.#test(labels.get(this.name));
  }

  toString(): string {
    return `${quoteLabelName(this.name)}${this.type}${goQuote(this.value)}`;
  }
}

export class RegexError extends Error {
  override name = 'RegexError';
  /** What Go's regexp package says of the expression. */
  readonly reason: string;
  constructor(expression: string, reason: string) {
    super(`invalid regular expression ${JSON.stringify(expression)}: ${reason}`);
    this.reason = reason;
  }
}

export interface Pattern {
  /** Whether the whole of `value` matches. */
  test: (value: string) => boolean;
  alternatives: readonly string[] | undefined;
  prefix: string;
}

const META = /[\\.+*?()|[\]{}^$]/;

/**
 * Compiles a fully anchored RE2 expression in which the dot matches newlines, as Prometheus does. RE2 runs in linear
 * time but is slower than a set or prefix look-up, so the forms that dashboards use most are recognised first.
 */
export function compilePattern(source: string): Pattern {
  if (source === '' || !META.test(source)) return literals([source]);
  if (source === '.*') return { test: () => true, alternatives: undefined, prefix: '' };
  if (source === '.+') return { test: (value) => value !== '', alternatives: undefined, prefix: '' };
  const texts = textsOf(source);
  if (texts) return literals(texts);
  const prefix = literalPrefix(source);
  const rest = source.slice(prefix.length);
  if (rest === '.*') return { test: (value) => value.startsWith(prefix), alternatives: undefined, prefix };
  if (rest === '.+') {
    return { test: (v) => v.length > prefix.length && v.startsWith(prefix), alternatives: undefined, prefix };
  }
  const regex = compileRegex(source, source, RE2JS.DOTALL);
  const test = (value: string): boolean => value.startsWith(prefix) && regex.testExact(value);
  return { test, alternatives: undefined, prefix };
}

/** Compiles an RE2 expression as it stands. @throws RegexError */
export function compileRegex(expression: string, shown: string = expression, flags = 0): RE2JS {
  try {
    return RE2JS.compile(expression, flags);
  } catch (error) {
    throw new RegexError(shown, problemOf(shown) ?? (error as Error).message);
  }
}

/** What is wrong with an expression by itself, without what was put around it. */
function problemOf(expression: string): string | undefined {
  try {
    RE2JS.compile(expression);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function literals(values: readonly string[]): Pattern {
  const set = new Set(values);
  const [only] = values;
  return {
    test: values.length === 1 ? (value) => value === only : (value) => set.has(value),
    alternatives: [...set],
    prefix: values.length === 1 ? (only as string) : '',
  };
}

/** The characters before the first special one, less one that a quantifier would bind to. */
function literalPrefix(source: string): string {
  if (source.includes('|')) return '';
  const at = source.search(META);
  if (at <= 0) return '';
  const end = /[*?{]/.test(source[at] as string) ? at - 1 : at;
  const prefix = source.slice(0, end);
  // Half of a surrogate pair is no prefix.
  return /[\ud800-\udbff]$/.test(prefix) ? prefix.slice(0, -1) : prefix;
}
