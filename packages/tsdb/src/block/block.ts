import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Labels, NO_SAMPLES, type Matcher, type Series, Pacer } from '@prunella/metrics';
import { ColumnBuilder } from '../chunks/columns.ts';
import { decodeChunk } from '../chunks/decode.ts';
import { CorruptionError, messageOf } from '../errors.ts';
import type { ChunkRef } from '../index/format.ts';
import { IndexReader, type SeriesEntry } from '../index/reader.ts';
import { addInterval, type Interval } from '../intervals.ts';
import { acceptAll, candidatesFor } from '../postings/matching.ts';
import { collect } from '../postings/postings.ts';
import { dropDeleted } from '../query/deleted.ts';
import { BATCH_SAMPLES, weightOf } from '../query/merge.ts';
import type { Source, SourceQuery } from '../query/source.ts';
import { ChunkReader, type ChunkPlace } from './chunks.ts';
import type { PageCache } from './file.ts';
import { readMeta, writeMeta, type BlockMeta } from './meta.ts';
import { readTombstones, writeTombstones } from './tombstones.ts';

const BATCH = 256;
/** Series of a block whose labels and chunks are kept after a query; above that they are learned anew. */
const MOST_KNOWN = 10_000;

interface KnownSeries {
  readonly number: number;
  readonly labels: Labels;
  readonly chunks: readonly ChunkRef[];
}

/** A block on disk, open for reading. */
export class Block implements Source {
  readonly dir: string;
  readonly index: IndexReader;
  readonly chunks: ChunkReader;
  /** Bytes on disk. */
  readonly size: number;
  meta: BlockMeta;
  #tombstones: Map<number, Interval[]>;
  /** By number: what queries have asked for lately. */
  readonly #series = new Map<number, KnownSeries>();
  #users = 1;

  private constructor(
    dir: string,
    meta: BlockMeta,
    index: IndexReader,
    chunks: ChunkReader,
    tombstones: Map<number, Interval[]>,
    size: number,
  ) {
    this.dir = dir;
    this.meta = meta;
    this.index = index;
    this.chunks = chunks;
    this.size = size;
    this.#tombstones = tombstones;
  }

  /** @throws CorruptionError where a file is damaged or missing */
  static async open(dir: string, cache: PageCache): Promise<Block> {
    const meta = await readMeta(dir);
    const tombstones = await readTombstones(dir);
    const index = await IndexReader.open(join(dir, 'index'), cache);
    try {
      const chunks = await ChunkReader.open(join(dir, 'chunks'), cache);
      return new Block(dir, meta, index, chunks, tombstones, await directorySize(dir));
    } catch (error) {
      await index.close();
      throw error;
    }
  }

  get tombstones(): ReadonlyMap<number, readonly Interval[]> {
    return this.#tombstones;
  }

  /** Keeps the files open until `release`. */
  acquire(): void {
    this.#users++;
  }

  /** Gives up one use; the last one closes the files. */
  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    void this.index.close().catch(() => undefined);
    void this.chunks.close().catch(() => undefined);
  }

  async *select(query: SourceQuery): AsyncGenerator<readonly Series[]> {
    const { pacer } = query;
    const builder = new ColumnBuilder();
    let numbers: readonly number[];
    let filters: readonly Matcher[];
    try {
      const candidates = await candidatesFor(this.index, query.matchers);
      numbers = await collect(candidates.postings);
      filters = candidates.filters;
    } catch (error) {
      this.#damaged(error, query);
      return;
    }
    for (let from = 0; from < numbers.length; from += BATCH) {
      let batch: Series[] = [];
      let samples = 0;
      for (const { number, labels, chunks } of await this.#known(numbers.slice(from, from + BATCH), query)) {
        if (acceptAll(filters, labels)) {
          const read = this.#read(number, labels, chunks, 0, builder, query);
          const series = read instanceof Promise ? await read : read;
          if (series !== undefined) {
            batch.push(series);
            samples += weightOf(series);
          }
        }
        if (samples >= BATCH_SAMPLES) {
          yield batch;
          batch = [];
          samples = 0;
        }
        const pause = pacer.pause();
        if (pause) await pause;
      }
      yield batch;
    }
  }

  async labelNames(matchers: readonly Matcher[]): Promise<Iterable<string>> {
    if (matchers.length === 0) return this.index.table.names();
    const names = new Set<string>();
    for await (const { labels } of this.matching(matchers)) for (const [name] of labels) names.add(name);
    return names;
  }

  async labelValues(name: string, matchers: readonly Matcher[]): Promise<Iterable<string>> {
    if (matchers.length === 0) return this.index.values(name, '');
    const values = new Set<string>();
    for await (const { labels } of this.matching(matchers))
      if (labels.has(name)) values.add(labels.get(name));
    return values;
  }

  /** The series that satisfy all matchers, in label order. @throws CorruptionError */
  async *matching(
    matchers: readonly Matcher[],
  ): AsyncGenerator<{ number: number; entry: SeriesEntry; labels: Labels }> {
    const pacer = new Pacer();
    const { postings, filters } = await candidatesFor(this.index, matchers);
    while (postings.next()) {
      const entry = await this.index.series(postings.at);
      const labels = await this.index.labels(entry);
      if (acceptAll(filters, labels)) yield { number: postings.at, entry, labels };
      const pause = pacer.pause();
      if (pause) await pause;
    }
  }

  /** Marks samples as deleted. @returns the number of series touched */
  async delete(matchers: readonly Matcher[], mint: number, maxt: number): Promise<number> {
    const tombstones = new Map(this.#tombstones);
    let touched = 0;
    for await (const { number, entry } of this.matching(matchers)) {
      const { chunks } = entry;
      const from = Math.max(mint, chunks[0]?.mint ?? Infinity);
      const to = Math.min(maxt, chunks.at(-1)?.maxt ?? -Infinity);
      if (from > to) continue;
      tombstones.set(number, addInterval(tombstones.get(number) ?? [], { mint: from, maxt: to }));
      touched++;
    }
    if (touched === 0) return 0;
    await writeTombstones(this.dir, tombstones);
    this.#tombstones = tombstones;
    let numTombstones = 0;
    for (const intervals of tombstones.values()) numTombstones += intervals.length;
    this.meta = { ...this.meta, stats: { ...this.meta.stats, numTombstones } };
    await writeMeta(this.dir, this.meta);
    return touched;
  }

  /** Series with chunks in the query's range; damaged ones are told and left out. */
  async #known(numbers: readonly number[], query: SourceQuery): Promise<KnownSeries[]> {
    await this.#learn(
      numbers.filter((number) => !this.#series.has(number)),
      query,
    );
    const found: KnownSeries[] = [];
    for (const number of numbers) {
      const series = this.#series.get(number);
      if (series?.chunks.some(({ mint, maxt }) => mint <= query.maxt && maxt >= query.mint))
        found.push(series);
    }
    return found;
  }

  /** Reads the index's entries of series that are not known yet. */
  async #learn(numbers: readonly number[], query: SourceQuery): Promise<void> {
    if (numbers.length === 0) return;
    if (this.#series.size + numbers.length > MOST_KNOWN) this.#series.clear();
    const entries: [number, SeriesEntry][] = [];
    const symbols = new Set<number>();
    for (const number of numbers) {
      try {
        const read = this.index.series(number);
        const entry = read instanceof Promise ? await read : read;
        for (const symbol of entry.symbols) symbols.add(symbol);
        entries.push([number, entry]);
      } catch (error) {
        this.#damaged(error, query);
      }
      const pause = query.pacer.pause();
      if (pause) await pause;
    }
    try {
      await this.index.symbols.load(symbols, query.pacer);
    } catch (error) {
      this.#damaged(error, query);
      return;
    }
    for (const [number, entry] of entries) {
      const labels = Labels.fromSortedPairs(entry.symbols.map((symbol) => this.index.symbols.get(symbol)!));
      this.#series.set(number, { number, labels, chunks: entry.chunks });
    }
  }

  /** The samples of the chunks from the `first` on: at once where all are cached. */
  #read(
    number: number,
    labels: Labels,
    chunks: readonly ChunkRef[],
    first: number,
    builder: ColumnBuilder,
    query: SourceQuery,
  ): Series | undefined | Promise<Series | undefined> {
    if (query.hints.func === 'series') return { labels, samples: NO_SAMPLES };
    const { mint, maxt } = query;
    for (let i = first; i < chunks.length; i++) {
      const chunk = chunks[i]!;
      if (chunk.maxt < mint || chunk.mint > maxt) continue;
      try {
        const read = this.chunks.locate(chunk.ref);
        if (read instanceof Promise) {
          return read.then(
            (place) => {
              this.#decode(place, builder, query);
              return this.#read(number, labels, chunks, i + 1, builder, query);
            },
            (error: unknown) => {
              this.#damaged(error, query);
              return this.#read(number, labels, chunks, i + 1, builder, query);
            },
          );
        }
        this.#decode(read, builder, query);
      } catch (error) {
        this.#damaged(error, query);
      }
    }
    const deleted = this.#tombstones.get(number);
    if (deleted !== undefined) dropDeleted(builder, deleted);
    return builder.length === 0 ? undefined : { labels, samples: builder.take() };
  }

  #decode({ encoding, bytes, start, end }: ChunkPlace, builder: ColumnBuilder, query: SourceQuery): void {
    const before = builder.length;
    try {
      decodeChunk(encoding, bytes, start, end, builder, query.mint, query.maxt);
    } catch (error) {
      builder.truncate(before);
      this.#damaged(error, query);
    }
  }

  #damaged(error: unknown, query: SourceQuery): void {
    if (!(error instanceof CorruptionError)) throw error;
    query.warn(`block ${this.meta.ulid} is damaged, samples are missing: ${messageOf(error)}`);
  }
}

/** Bytes of all files in a directory, at any depth. */
export async function directorySize(dir: string): Promise<number> {
  let size = 0;
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // It may have gone meanwhile.
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    size += found?.size ?? 0;
  }
  return size;
}
