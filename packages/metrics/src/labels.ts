import { goQuote } from './goquote.ts';

/** The label that carries a metric's name. */
export const METRIC_NAME = '__name__';

/**
 * Orders strings by their UTF-8 bytes, as Go does. JavaScript compares UTF-16 code units, which differs only
 * where a surrogate pair (U+10000 and above) meets U+E000..U+FFFF.
 */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    // Move surrogates above the rest of the basic plane, which is where their code points are.
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}

/**
 * An immutable set of labels, sorted by name. Empty values do not exist: a label with an empty value is the same as
 * no label.
 */
export class Labels implements Iterable<readonly [string, string]> {
  // `new Labels` here is compiled (TypeScript 7.0.2) to an alias that is not set yet.
  static readonly empty: Labels = new this([]);

  /** name, value, name, value … in name order. */
  readonly pairs: readonly string[];
  #key: string | undefined;

  private constructor(pairs: readonly string[]) {
    this.pairs = pairs;
  }

  /** From an object, in any order; empty values are dropped. */
  static from(object: Readonly<Record<string, string>>): Labels {
    return Labels.fromEntries(Object.entries(object));
  }

  /** From entries in any order; empty values are dropped, of a name given twice the last one wins. */
  static fromEntries(entries: Iterable<readonly [string, string]>): Labels {
    const map = new Map(entries);
    const names = [...map.keys()].filter((name) => map.get(name) !== '').sort(compareStrings);
    if (names.length === 0) return Labels.empty;
    const pairs: string[] = [];
    for (const name of names) pairs.push(name, map.get(name) as string);
    return new Labels(pairs);
  }

  /** Trusts that `pairs` is sorted by name, without duplicates and without empty values. For decoders. */
  static fromSortedPairs(pairs: readonly string[]): Labels {
    return pairs.length === 0 ? Labels.empty : new Labels(pairs);
  }

  /** How many labels there are. */
  get size(): number {
    return this.pairs.length / 2;
  }

  /** The value of a label, or '' where there is none. */
  get(name: string): string {
    const { pairs } = this;
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1] as string;
    return '';
  }

  has(name: string): boolean {
    const { pairs } = this;
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return true;
    return false;
  }

  get metricName(): string {
    return this.get(METRIC_NAME);
  }

  /** A string that two label sets share exactly when they are equal: a key for maps. */
  get key(): string {
    return (this.#key ??= this.pairs.join('\xff'));
  }

  /** Only the labels named. */
  keep(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => names.has(name));
  }

  /** All but the labels named. */
  drop(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => !names.has(name));
  }

  withoutName(): Labels {
    return this.has(METRIC_NAME) ? this.#filter((name) => name !== METRIC_NAME) : this;
  }

  /** With these labels set; an empty value removes one. */
  with(changes: Readonly<Record<string, string>>): Labels {
    return Labels.fromEntries([...this, ...Object.entries(changes)]);
  }

  #filter(keep: (name: string) => boolean): Labels {
    const pairs: string[] = [];
    for (let i = 0; i < this.pairs.length; i += 2) {
      const name = this.pairs[i] as string;
      if (keep(name)) pairs.push(name, this.pairs[i + 1] as string);
    }
    return pairs.length === this.pairs.length ? this : Labels.fromSortedPairs(pairs);
  }

  equals(other: Labels): boolean {
    return this === other || this.key === other.key;
  }

  /** Series order: pair by pair, name before value, by bytes; a prefix comes first. */
  static compare(a: Labels, b: Labels): number {
    const shared = Math.min(a.pairs.length, b.pairs.length);
    for (let i = 0; i < shared; i++) {
      const order = compareStrings(a.pairs[i] as string, b.pairs[i] as string);
      if (order !== 0) return order;
    }
    return a.pairs.length - b.pairs.length;
  }

  *[Symbol.iterator](): IterableIterator<readonly [string, string]> {
    for (let i = 0; i < this.pairs.length; i += 2) {
      yield [this.pairs[i] as string, this.pairs[i + 1] as string];
    }
  }

  toObject(): Record<string, string> {
    const object: Record<string, string> = {};
    for (let i = 0; i < this.pairs.length; i += 2) {
      const name = this.pairs[i] as string;
      // To assign this one would set the prototype.
      if (name === '__proto__') return Object.fromEntries(this);
      object[name] = this.pairs[i + 1] as string;
    }
    return object;
  }

  toJSON(): Record<string, string> {
    return this.toObject();
  }

  /** As Prometheus prints a metric: `name{a="b"}`, or `{a="b"}` without a name. */
  toString(): string {
    const labels: string[] = [];
    for (const [name, value] of this) {
      if (name !== METRIC_NAME) labels.push(`${quoteLabelName(name)}=${goQuote(value)}`);
    }
    const name = this.metricName;
    if (name !== '' && !isLegacyMetricName(name)) labels.unshift(goQuote(name));
    const prefix = isLegacyMetricName(name) ? name : '';
    return labels.length === 0 && prefix !== '' ? prefix : `${prefix}{${labels.join(', ')}}`;
  }
}

const LEGACY_METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LEGACY_LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Whether a metric name needs no quotes in PromQL. */
export function isLegacyMetricName(name: string): boolean {
  return LEGACY_METRIC_NAME.test(name);
}

/** Whether a label name needs no quotes in PromQL. */
export function isLegacyLabelName(name: string): boolean {
  return LEGACY_LABEL_NAME.test(name);
}

export function quoteLabelName(name: string): string {
  return isLegacyLabelName(name) ? name : goQuote(name);
}
