import { Labels, Pacer } from '@prunella/metrics';
import { crc32c } from '../bytes/crc32c.ts';
import { ByteReader } from '../bytes/reader.ts';
import { CorruptionError } from '../errors.ts';
import { CachedFile, type PageCache } from '../block/file.ts';
import type { InvertedIndex } from '../postings/matching.ts';
import { MAGIC, SERIES_ALIGNMENT, TOC_BYTES, VERSION, type ChunkRef, type Toc } from './format.ts';
import { PostingsTable } from './postings_table.ts';
import { readSection } from './section.ts';
import { SymbolTable } from './symbols.ts';

/** A series entry: its labels as numbers of symbols (name, value, …), and its chunks. */
export interface SeriesEntry {
  readonly symbols: readonly number[];
  readonly chunks: readonly ChunkRef[];
}

/** Reads a block's index (version 2) at positions; only samples of its tables are in memory. */
export class IndexReader implements InvertedIndex {
  readonly #file: CachedFile;
  readonly symbols: SymbolTable;
  readonly table: PostingsTable;

  private constructor(file: CachedFile, symbols: SymbolTable, table: PostingsTable) {
    this.#file = file;
    this.symbols = symbols;
    this.table = table;
  }

  /** @throws CorruptionError */
  static async open(path: string, cache: PageCache): Promise<IndexReader> {
    const file = await CachedFile.open(path, cache);
    try {
      const header = new ByteReader(await file.read(0, 5));
      if (header.u32() !== MAGIC) throw new CorruptionError(`${path}: no index`);
      const version = header.u8();
      if (version !== VERSION)
        throw new CorruptionError(`${path}: index version ${version} is not supported`);
      const toc = await readToc(file);
      const symbols = await SymbolTable.open(file, toc.symbols);
      return new IndexReader(file, symbols, await PostingsTable.open(file, toc.postingsOffsetTable));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get size(): number {
    return this.#file.size;
  }

  all(): Promise<Uint32Array> {
    return this.#list(this.table.allOffset);
  }

  async lists(name: string, values: readonly string[]): Promise<Uint32Array[]> {
    const offsets = await this.table.find(name, values);
    const pacer = new Pacer();
    const lists: Uint32Array[] = [];
    for (const offset of offsets) {
      lists.push(await this.#list(offset));
      const pause = pacer.pause();
      if (pause) await pause;
    }
    return lists;
  }

  values(name: string, prefix: string): Promise<string[]> {
    return this.table.values(name, prefix);
  }

  valueCount(name: string): number {
    return this.table.valueCount(name);
  }

  /** A series's entry, checked; at once where it is cached. @throws CorruptionError */
  series(number: number): SeriesEntry | Promise<SeriesEntry> {
    const offset = number * SERIES_ALIGNMENT;
    const head = this.#file.read(offset, 5);
    if (head instanceof Promise) return head.then((it) => this.#entry(offset, it));
    return this.#entry(offset, head);
  }

  /** The entry's labels; call `symbols.load` first for speed. */
  async labels(entry: SeriesEntry): Promise<Labels> {
    const texts = entry.symbols.map((number) => this.symbols.get(number));
    if (texts.includes(undefined)) {
      await this.symbols.load(entry.symbols);
      return Labels.fromSortedPairs(entry.symbols.map((number) => this.symbols.get(number)!));
    }
    return Labels.fromSortedPairs(texts as string[]);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #entry(offset: number, head: Uint8Array): SeriesEntry | Promise<SeriesEntry> {
    const input = new ByteReader(head);
    const length = input.uvarint();
    const bytes = this.#file.read(offset + input.pos, length + 4);
    if (bytes instanceof Promise) return bytes.then((it) => this.#decode(offset, it));
    return this.#decode(offset, bytes);
  }

  #decode(offset: number, bytes: Uint8Array): SeriesEntry {
    const end = bytes.length - 4;
    const input = new ByteReader(bytes, 0, end);
    if (crc32c(bytes, 0, end) !== input.view.getUint32(end)) {
      throw new CorruptionError(`${this.#file.path}: series at ${offset}: checksum mismatch`);
    }
    const symbols: number[] = [];
    for (let left = 2 * input.uvarint(); left > 0; left--) symbols.push(input.uvarint());
    return { symbols, chunks: readChunkRefs(input) };
  }

  async #list(offset: number): Promise<Uint32Array> {
    const content = await readSection(this.#file, offset);
    if (content.length < 4) throw new CorruptionError(`${this.#file.path}: list at ${offset}: too short`);
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    const list = new Uint32Array(Math.min(view.getUint32(0), content.length / 4 - 1));
    for (let i = 0; i < list.length; i++) list[i] = view.getUint32(4 + 4 * i);
    return list;
  }
}

function readChunkRefs(input: ByteReader): ChunkRef[] {
  const chunks: ChunkRef[] = [];
  let previousMaxt = 0;
  let previousRef = 0;
  for (let left = input.uvarint(), first = true; left > 0; left--, first = false) {
    const mint = first ? input.varint() : previousMaxt + input.uvarint();
    const maxt = mint + input.uvarint();
    const ref = first ? input.uvarint() : previousRef + input.varint();
    chunks.push({ mint, maxt, ref });
    previousMaxt = maxt;
    previousRef = ref;
  }
  return chunks;
}

async function readToc(file: CachedFile): Promise<Toc> {
  const bytes = await file.read(file.size - TOC_BYTES, TOC_BYTES);
  const input = new ByteReader(bytes);
  if (crc32c(bytes, 0, TOC_BYTES - 4) !== input.view.getUint32(TOC_BYTES - 4)) {
    throw new CorruptionError(`${file.path}: table of contents: checksum mismatch`);
  }
  return {
    symbols: input.u64(),
    series: input.u64(),
    labelIndices: input.u64(),
    labelOffsetTable: input.u64(),
    postings: input.u64(),
    postingsOffsetTable: input.u64(),
  };
}
