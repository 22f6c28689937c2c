import {
  compareStrings,
  type Matcher,
  type Querier,
  type SelectHints,
  type Series,
  Pacer,
  filterInSlices,
  inSlices,
} from '@prunella/metrics';
import { CorruptionError } from '../errors.ts';
import { sortInSlices } from '../sort.ts';
import { mergeSources } from './merge.ts';
import type { Source } from './source.ts';

/** Reads several sources as one. */
export class MergingQuerier implements Querier {
  readonly warnings: string[] = [];
  readonly #sources: readonly Source[];
  readonly #mint: number;
  readonly #maxt: number;
  readonly #release: () => void;
  #closed = false;

  /** `sources` in order of time; `release` is called once on `close`. */
  constructor(
    sources: readonly Source[],
    mint: number,
    maxt: number,
    warnings: readonly string[],
    release: () => void,
  ) {
    this.#sources = sources;
    this.#mint = mint;
    this.#maxt = maxt;
    this.warnings.push(...warnings);
    this.#release = release;
  }

  select(matchers: readonly Matcher[], hints: SelectHints = {}): AsyncIterable<readonly Series[]> {
    const query = {
      matchers,
      hints,
      mint: Math.max(this.#mint, hints.start ?? -Infinity),
      maxt: Math.min(this.#maxt, hints.end ?? Infinity),
      warn: (message: string) => this.#warn(message),
      pacer: new Pacer(),
    };
    const merged = mergeSources(this.#sources.map((source) => source.select(query)));
    return hints.limit === undefined || hints.limit <= 0 ? merged : firstSeries(merged, hints.limit);
  }

  async labelNames(matchers: readonly Matcher[], limit?: number): Promise<string[]> {
    return this.#collect((source) => source.labelNames(matchers), limit);
  }

  async labelValues(name: string, matchers: readonly Matcher[], limit?: number): Promise<string[]> {
    return this.#collect((source) => source.labelValues(name, matchers), limit);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
  }

  async #collect(ask: (source: Source) => Promise<Iterable<string>>, limit = 0): Promise<string[]> {
    const found: string[] = [];
    for (const source of this.#sources) {
      try {
        await inSlices(await ask(source), (text) => found.push(text));
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        this.#warn(`a block is damaged, labels are missing: ${error.message}`);
      }
    }
    const sorted = await sortInSlices(found, compareStrings);
    let last: string | undefined;
    const once = await filterInSlices(sorted, (text) => {
      const repeated = text === last;
      last = text;
      return !repeated;
    });
    return limit > 0 ? once.slice(0, limit) : once;
  }

  #warn(message: string): void {
    if (!this.warnings.includes(message)) this.warnings.push(message);
  }
}

async function* firstSeries(
  batches: AsyncIterable<readonly Series[]>,
  limit: number,
): AsyncGenerator<readonly Series[]> {
  let left = limit;
  for await (const batch of batches) {
    yield batch.slice(0, left);
    left -= batch.length;
    if (left <= 0) return;
  }
}
