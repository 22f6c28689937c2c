import { Pacer } from '@prunella/metrics';
import { ByteReader } from '../bytes/reader.ts';
import type { CachedFile } from '../block/file.ts';
import { CorruptionError } from '../errors.ts';
import { SAMPLING } from './format.ts';
import { checkSection, walkEntries } from './section.ts';

/** Decoded strings kept; above that the table starts anew. */
const CACHED = 10_000;

/** The strings of an index by number. In memory are the places of every 32nd, and the strings used lately. */
export class SymbolTable {
  readonly #file: CachedFile;
  readonly #count: number;
  /** Offsets of symbols 0, 32, 64 … and of the end. */
  readonly #samples: readonly number[];
  readonly #texts = new Map<number, string>();

  private constructor(file: CachedFile, count: number, samples: readonly number[]) {
    this.#file = file;
    this.#count = count;
    this.#samples = samples;
  }

  static async open(file: CachedFile, offset: number): Promise<SymbolTable> {
    const { start, end } = await checkSection(file, offset);
    const count = new ByteReader(await file.read(start, 4)).u32();
    const samples: number[] = [];
    let seen = 0;
    await walkEntries(file, start + 4, end, (input, at) => {
      input.skip(input.uvarint());
      if (seen++ % SAMPLING === 0) samples.push(at);
    });
    if (seen !== count) throw new CorruptionError(`${file.path}: ${count} symbols promised, ${seen} found`);
    samples.push(end);
    return new SymbolTable(file, count, samples);
  }

  get count(): number {
    return this.#count;
  }

  /** The string, where it is at hand. */
  get(number: number): string | undefined {
    return this.#texts.get(number);
  }

  /** Brings strings at hand. */
  async load(numbers: Iterable<number>, pacer: Pacer = new Pacer()): Promise<void> {
    const groups = new Set<number>();
    for (const number of numbers) {
      if (number >= this.#count)
        throw new CorruptionError(`${this.#file.path}: there is no symbol ${number}`);
      if (!this.#texts.has(number)) groups.add(Math.floor(number / SAMPLING));
    }
    if (this.#texts.size > CACHED) {
      this.#texts.clear();
      for (const number of numbers) groups.add(Math.floor(number / SAMPLING));
    }
    for (const group of groups) {
      await this.#loadGroup(group);
      const pause = pacer.pause();
      if (pause) await pause;
    }
  }

  /** All strings in order. */
  async *all(): AsyncGenerator<readonly string[]> {
    for (let group = 0; group < this.#samples.length - 1; group++) yield this.#readGroup(group);
  }

  async #loadGroup(group: number): Promise<void> {
    const texts = await this.#readGroup(group);
    for (const [i, text] of texts.entries()) this.#texts.set(group * SAMPLING + i, text);
  }

  async #readGroup(group: number): Promise<string[]> {
    const start = this.#samples[group]!;
    const input = new ByteReader(await this.#file.read(start, this.#samples[group + 1]! - start));
    const texts: string[] = [];
    while (input.remaining > 0) texts.push(input.string());
    return texts;
  }
}
