import { compareStrings, inSlices } from '@prunella/metrics';
import type { ByteReader } from '../bytes/reader.ts';
import type { CachedFile } from '../block/file.ts';
import { SAMPLING } from './format.ts';
import { checkSection, walkEntries } from './section.ts';

/** Some of a label's values, with the places of their entries in the table. */
interface Samples {
  readonly values: string[];
  readonly offsets: number[];
  /** Where the label's entries end. */
  end: number;
}

/** Finds posting lists: the index's table of (name, value) → offset, of which every 32nd entry is in memory. */
export class PostingsTable {
  readonly #file: CachedFile;
  readonly #names: ReadonlyMap<string, Samples>;
  /** Where the list of all series is. */
  readonly allOffset: number;

  private constructor(file: CachedFile, names: ReadonlyMap<string, Samples>, allOffset: number) {
    this.#file = file;
    this.#names = names;
    this.allOffset = allOffset;
  }

  static async open(file: CachedFile, offset: number): Promise<PostingsTable> {
    const { start, end } = await checkSection(file, offset);
    const names = new Map<string, Samples>();
    let allOffset = 0;
    let seen = 0;
    let last: Samples | undefined;
    await walkEntries(file, start + 4, end, (input, at) => {
      const { name, value, postings } = readEntry(input);
      if (last !== undefined) last.end = at;
      if (name === '' && value === '') {
        allOffset = postings;
        last = undefined;
        return;
      }
      let samples = names.get(name);
      if (samples === undefined) {
        names.set(name, (samples = { values: [], offsets: [], end: at }));
        seen = 0;
      }
      if (seen++ % SAMPLING === 0) {
        samples.values.push(value);
        samples.offsets.push(at);
      }
      last = samples;
    });
    if (last !== undefined) last.end = end;
    return new PostingsTable(file, names, allOffset);
  }

  names(): string[] {
    return [...this.#names.keys()];
  }

  /** About how many values a label has. */
  valueCount(name: string): number {
    return (this.#names.get(name)?.values.length ?? 0) * SAMPLING;
  }

  /** Offsets of the posting lists of those values that exist. */
  async find(name: string, values: readonly string[]): Promise<number[]> {
    const samples = this.#names.get(name);
    if (samples === undefined) return [];
    const byGroup = new Map<number, Set<string>>();
    await inSlices(values, (value) => {
      const group = groupOf(samples, value);
      if (group < 0) return;
      const wanted = byGroup.get(group);
      if (wanted === undefined) byGroup.set(group, new Set([value]));
      else wanted.add(value);
    });
    const found: number[] = [];
    for (const [group, wanted] of byGroup) {
      await this.#walk(samples, group, group + 1, (value, postings) => {
        if (wanted.has(value)) found.push(postings);
      });
    }
    return found;
  }

  /** A label's values in order: all, or those that start with `prefix` (and perhaps some around them). */
  async values(name: string, prefix: string): Promise<string[]> {
    const samples = this.#names.get(name);
    if (samples === undefined) return [];
    const values: string[] = [];
    const from = prefix === '' ? 0 : Math.max(0, groupOf(samples, prefix));
    await this.#walk(samples, from, samples.values.length, (value) => {
      if (prefix !== '' && compareStrings(value, prefix) > 0 && !value.startsWith(prefix)) return false;
      values.push(value);
      return true;
    });
    return values;
  }

  async #walk(
    samples: Samples,
    from: number,
    to: number,
    each: (value: string, postings: number) => boolean | void,
  ): Promise<void> {
    const end = samples.offsets[to] ?? samples.end;
    await walkEntries(this.#file, samples.offsets[from]!, end, (input) => {
      const { value, postings } = readEntry(input);
      return each(value, postings);
    });
  }
}

/** `number of strings u8 | name | value | offset uvarint`. */
function readEntry(input: ByteReader): { name: string; value: string; postings: number } {
  input.uvarint();
  return { name: input.string(), value: input.string(), postings: input.uvarint() };
}

/** The last group whose first value is not behind `value`; -1 where `value` comes before all. */
function groupOf(samples: Samples, value: string): number {
  let low = 0;
  let high = samples.values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareStrings(samples.values[middle]!, value) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
