import { Labels, METRIC_NAME, Pacer, filterInSlices, inSlices } from '@prunella/metrics';
import type { InvertedIndex } from '../postings/matching.ts';
import { ShardedMap } from '../sharded_map.ts';
import { sortNumbers } from '../sort.ts';

/** A value that several series have. */
interface Shared {
  /** The one copy of this value that they share. */
  readonly value: string;
  /** Rising. */
  refs: number[];
}

/** Most values of a label like `id` belong to one series: its reference alone stands for them. */
type Entry = number | Shared;

interface Label {
  readonly name: string;
  readonly values: ShardedMap<Entry>;
}

/** The head's inverted index: label → value → series, in rising order of their references. */
export class MemPostings implements InvertedIndex {
  readonly #labels = new Map<string, Label>();
  readonly #all: { refs: number[] } = { refs: [] };

  /** Adds a series. @returns its labels made of shared strings */
  add(ref: number, labels: Labels): Labels {
    const pairs = labels.pairs.slice();
    for (let i = 0; i < pairs.length; i += 2) {
      const { name, values } = this.#labels.get(pairs[i]!) ?? this.#addLabel(pairs[i]!);
      pairs[i] = name;
      pairs[i + 1] = addValue(values, pairs[i + 1]!, ref);
    }
    insert(this.#all.refs, ref);
    return Labels.fromSortedPairs(pairs);
  }

  /** Takes series out, and forgets names and values that no series has any more. */
  async remove(gone: readonly { readonly ref: number; readonly labels: Labels }[]): Promise<void> {
    const refs = new Set<number>();
    const touched = new Map<Shared, ShardedMap<Entry>>();
    const pacer = new Pacer();
    await inSlices(
      gone,
      ({ ref, labels }) => {
        refs.add(ref);
        for (let i = 0; i < labels.pairs.length; i += 2) {
          const values = this.#labels.get(labels.pairs[i]!)?.values;
          const entry = values?.get(labels.pairs[i + 1]!);
          if (entry === ref) values!.delete(labels.pairs[i + 1]!);
          else if (typeof entry === 'object') touched.set(entry, values!);
        }
      },
      pacer,
    );
    for (const [entry, values] of touched) {
      await takeOut(entry, refs, pacer);
      if (entry.refs.length === 0) values.delete(entry.value);
      const pause = pacer.pause();
      if (pause) await pause;
    }
    for (const { name, values } of this.#labels.values()) if (values.size === 0) this.#labels.delete(name);
    await takeOut(this.#all, refs, pacer);
  }

  async all(): Promise<readonly number[]> {
    return this.#all.refs;
  }

  async lists(name: string, values: readonly string[]): Promise<ArrayLike<number>[]> {
    const entries = this.#labels.get(name)?.values;
    if (entries === undefined) return [];
    const lists: ArrayLike<number>[] = [];
    const single: number[] = [];
    await inSlices(values, (value) => {
      const entry = entries.get(value);
      if (typeof entry === 'number') single.push(entry);
      else if (entry !== undefined) lists.push(entry.refs);
    });
    if (single.length > 0) lists.push(await sortNumbers(Float64Array.from(single)));
    return lists;
  }

  values(name: string): Promise<string[]> {
    return filterInSlices(this.#labels.get(name)?.values.keys() ?? [], () => true);
  }

  valueCount(name: string): number {
    return this.#labels.get(name)?.values.size ?? 0;
  }

  labelNames(): string[] {
    return [...this.#labels.keys()];
  }

  /** For cardinality reports: label → value → number of series. */
  *counts(): IterableIterator<{ name: string; value: string; series: number }> {
    for (const { name, values } of this.#labels.values()) {
      for (const [value, entry] of values.entries()) {
        yield { name, value, series: typeof entry === 'number' ? 1 : entry.refs.length };
      }
    }
  }

  #addLabel(name: string): Label {
    const label = {
      name: name === METRIC_NAME ? METRIC_NAME : ownCopy(name),
      values: new ShardedMap<Entry>(),
    };
    this.#labels.set(label.name, label);
    return label;
  }
}

/** @returns the copy of the value that is to be kept */
function addValue(values: ShardedMap<Entry>, value: string, ref: number): string {
  const entry = values.get(value);
  if (entry === undefined) {
    const own = ownCopy(value);
    values.set(own, ref);
    return own;
  }
  if (typeof entry === 'object') {
    insert(entry.refs, ref);
    return entry.value;
  }
  const shared = { value: ownCopy(value), refs: [entry] };
  insert(shared.refs, ref);
  values.set(shared.value, shared);
  return shared.value;
}

/** Takes references out of a list, with pauses, in which others may come to its end. */
async function takeOut(list: { refs: number[] }, gone: ReadonlySet<number>, pacer: Pacer): Promise<void> {
  const kept: number[] = [];
  let seen = 0;
  const look = (ref: number): void => {
    seen++;
    if (!gone.has(ref)) kept.push(ref);
  };
  await inSlices(list.refs, look, pacer);
  list.refs = kept.concat(list.refs.slice(seen));
}

// Strings cut from a scrape's body keep the whole body alive; the index must hold characters of its own.
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
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
