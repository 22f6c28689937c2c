import { Labels, METRIC_NAME } from '@prunella/metrics';
import { Pacer } from '../pacer.ts';
import type { InvertedIndex } from '../postings/matching.ts';

interface Entry {
  /** The one copy of this value that all series share. */
  readonly value: string;
  refs: number[];
}

/** The head's inverted index: label → value → series, in rising order of their references. */
export class MemPostings implements InvertedIndex {
  readonly #names = new Map<string, Map<string, Entry>>();
  #all: number[] = [];

  /** Adds a series. @returns its labels made of shared strings */
  add(ref: number, labels: Labels): Labels {
    const pairs: string[] = [];
    for (let i = 0; i < labels.pairs.length; i += 2) {
      let name = labels.pairs[i]!;
      let values = this.#names.get(name);
      if (values === undefined) {
        name = ownCopy(name);
        values = new Map();
        this.#names.set(name, values);
      }
      const value = labels.pairs[i + 1]!;
      let entry = values.get(value);
      if (entry === undefined) {
        entry = { value: ownCopy(value), refs: [] };
        values.set(entry.value, entry);
      }
      insert(entry.refs, ref);
      pairs.push(sharedName(name), entry.value);
    }
    insert(this.#all, ref);
    return Labels.fromSortedPairs(pairs);
  }

  /** Takes series out, and forgets names and values that no series has any more. */
  async remove(refs: ReadonlySet<number>, labels: Iterable<Labels>): Promise<void> {
    const pacer = new Pacer();
    const touched = new Map<string, Set<string>>();
    for (const one of labels) {
      for (const [name, value] of one) {
        let values = touched.get(name);
        if (values === undefined) touched.set(name, (values = new Set()));
        values.add(value);
      }
      const pause = pacer.pause();
      if (pause) await pause;
    }
    for (const [name, values] of touched) {
      const entries = this.#names.get(name);
      for (const value of values) {
        const entry = entries?.get(value);
        if (entry === undefined) continue;
        entry.refs = entry.refs.filter((ref) => !refs.has(ref));
        if (entry.refs.length === 0) entries?.delete(value);
        const pause = pacer.pause();
        if (pause) await pause;
      }
      if (entries?.size === 0) this.#names.delete(name);
    }
    this.#all = this.#all.filter((ref) => !refs.has(ref));
  }

  async all(): Promise<readonly number[]> {
    return this.#all;
  }

  async lists(name: string, values: readonly string[]): Promise<(readonly number[])[]> {
    const entries = this.#names.get(name);
    if (entries === undefined) return [];
    return values.map((value) => entries.get(value)?.refs ?? []).filter((refs) => refs.length > 0);
  }

  async values(name: string): Promise<string[]> {
    return [...(this.#names.get(name)?.keys() ?? [])];
  }

  valueCount(name: string): number {
    return this.#names.get(name)?.size ?? 0;
  }

  labelNames(): string[] {
    return [...this.#names.keys()];
  }

  /** How many pairs of name and value there are. */
  get pairCount(): number {
    let count = 0;
    for (const values of this.#names.values()) count += values.size;
    return count;
  }

  /** For cardinality reports: label → value → number of series. */
  *counts(): IterableIterator<{ name: string; value: string; series: number }> {
    for (const [name, values] of this.#names) {
      for (const entry of values.values()) yield { name, value: entry.value, series: entry.refs.length };
    }
  }
}

// Strings cut from a scrape's body keep the whole body alive; the index must hold characters of its own.
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}

function sharedName(name: string): string {
  return name === METRIC_NAME ? METRIC_NAME : name;
}

/** References rise almost always; replay may bring an older one. */
function insert(refs: number[], ref: number): void {
  const last = refs.at(-1);
  if (last === undefined || last < ref) {
    refs.push(ref);
    return;
  }
  let low = 0;
  let high = refs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (refs[middle]! < ref) low = middle + 1;
    else high = middle;
  }
  if (refs[low] !== ref) refs.splice(low, 0, ref);
}
