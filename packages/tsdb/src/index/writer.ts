import { type Labels, Pacer, inSlices } from '@prunella/metrics';
import { compareStrings } from '@prunella/metrics';
import { crc32c } from '../bytes/crc32c.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { OutputFile } from '../block/output.ts';
import { ShardedMap } from '../sharded_map.ts';
import { sortInSlices, sortNumbers } from '../sort.ts';
import { MAGIC, SERIES_ALIGNMENT, VERSION, type ChunkRef, type Toc } from './format.ts';

/** Written at once. */
const PIECE = 32 * 1024;

/** Writes an index from front to back: symbols, series in label order, then what follows from them. */
export class IndexWriter {
  readonly #file: OutputFile;
  readonly #out: ByteWriter = new ByteWriter(4096);
  readonly #symbols = new ShardedMap<number>();
  /** name → value → numbers of the series that have the pair, rising. */
  readonly #postings = new Map<string, ShardedMap<number[]>>();
  readonly #all: number[] = [];
  readonly #pacer = new Pacer();
  #seriesStart = 0;

  private constructor(file: OutputFile) {
    this.#file = file;
  }

  /** @param symbols every name and value that will occur (more do no harm), sorted by bytes, each once */
  static async create(path: string, symbols: Iterable<string>): Promise<IndexWriter> {
    const writer = new IndexWriter(await OutputFile.create(path));
    try {
      await writer.#start(symbols);
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    return writer;
  }

  /** Adds a series; must be called in label order. */
  async addSeries(labels: Labels, chunks: readonly ChunkRef[]): Promise<void> {
    const out = this.#out;
    const number = (await this.#align(SERIES_ALIGNMENT)) / SERIES_ALIGNMENT;
    out.reset();
    out.uvarint(labels.size);
    for (const text of labels.pairs) out.uvarint(this.#symbols.get(text)!);
    writeChunkRefs(out, chunks);
    const length = new ByteWriter(5);
    length.uvarint(out.length);
    out.u32(crc32c(out.bytes, 0, out.length));
    await this.#file.write(length.written());
    await this.#file.write(out.written());
    for (const [name, value] of labels) this.#post(name, value, number);
    this.#all.push(number);
  }

  /** Writes the rest and closes the file. */
  async finish(): Promise<void> {
    const names = [...this.#postings.keys()].sort(compareStrings);
    const labelIndices = this.#file.position;
    const labelOffsets = await this.#writeLabelIndices(names);
    const postings = this.#file.position;
    const postingOffsets = await this.#writePostings(names);
    const labelOffsetTable = await this.#writeOffsetTable(labelOffsets);
    const postingsOffsetTable = await this.#writeOffsetTable(postingOffsets);
    const toc = {
      symbols: 5,
      series: this.#seriesStart,
      labelIndices,
      labelOffsetTable,
      postings,
      postingsOffsetTable,
    };
    await this.#writeToc(toc);
    await this.#file.finish();
  }

  async abandon(): Promise<void> {
    await this.#file.abandon();
  }

  async #start(symbols: Iterable<string>): Promise<void> {
    const out = this.#out;
    out.u32(MAGIC);
    out.u8(VERSION);
    await this.#file.write(out.written());
    out.reset();
    // Length and number come first on disk but are known last: leave room, and take the checksum piece by piece.
    await this.#file.write(new Uint8Array(8));
    let bytes = 4;
    for (const symbol of symbols) {
      this.#symbols.set(symbol, this.#symbols.size);
      out.string(symbol);
      if (out.length < PIECE) continue;
      bytes += out.length;
      await this.#file.write(out.written());
      out.reset();
      const pause = this.#pacer.pause();
      if (pause) await pause;
    }
    bytes += out.length;
    await this.#file.write(out.written());
    out.reset();
    out.u32(bytes);
    out.u32(this.#symbols.size);
    await this.#file.patch(5, out.written());
    let crc = crc32c(out.bytes, 4, 8);
    const piece = new Uint8Array(64 * 1024);
    for (let done = 4; done < bytes;) {
      const part = piece.subarray(0, Math.min(piece.length, bytes - done));
      await this.#file.readBack(5 + 4 + done, part);
      crc = crc32c(part, 0, part.length, crc);
      done += part.length;
      const pause = this.#pacer.pause();
      if (pause) await pause;
    }
    out.reset();
    out.u32(crc);
    await this.#file.write(out.written());
    this.#seriesStart = this.#file.position;
  }

  #post(name: string, value: string, number: number): void {
    let values = this.#postings.get(name);
    if (values === undefined) this.#postings.set(name, (values = new ShardedMap()));
    const list = values.get(value);
    if (list === undefined) values.set(value, [number]);
    else list.push(number);
  }

  /** For every name the sorted numbers of its values' symbols. Nobody reads them today; the format has them. */
  async #writeLabelIndices(names: readonly string[]): Promise<OffsetEntry[]> {
    const entries: OffsetEntry[] = [];
    for (const name of names) {
      entries.push({ key: [name], offset: await this.#align(4) });
      const values = this.#postings.get(name)!;
      const numbers = new Float64Array(values.size);
      let i = 0;
      await inSlices(values.keys(), (value) => (numbers[i++] = this.#symbols.get(value)!));
      const sorted = await sortNumbers(numbers);
      await this.#writeSection(sorted, (out, number) => out.u32(number), [1, sorted.length]);
    }
    return entries;
  }

  async #writePostings(names: readonly string[]): Promise<OffsetEntry[]> {
    const entries: OffsetEntry[] = [await this.#writeList(['', ''], this.#all)];
    for (const name of names) {
      const values = this.#postings.get(name)!;
      const sorted = await sortInSlices(
        values.entries(),
        ([a], [b]) => this.#symbols.get(a)! - this.#symbols.get(b)!,
      );
      for (const [value, list] of sorted) {
        entries.push(await this.#writeList([name, value], list));
        const pause = this.#pacer.pause();
        if (pause) await pause;
      }
    }
    return entries;
  }

  async #writeList(key: readonly string[], list: readonly number[]): Promise<OffsetEntry> {
    const offset = await this.#align(4);
    await this.#writeSection(list, (out, number) => out.u32(number), [list.length]);
    return { key, offset };
  }

  async #writeOffsetTable(entries: readonly OffsetEntry[]): Promise<number> {
    const start = this.#file.position;
    const write = (out: ByteWriter, { key, offset }: OffsetEntry): void => {
      out.u8(key.length);
      for (const text of key) out.string(text);
      out.uvarint(offset);
    };
    await this.#writeSection(entries, write, [entries.length]);
    return start;
  }

  async #writeToc(toc: Toc): Promise<void> {
    const out = new ByteWriter(64);
    for (const offset of [
      toc.symbols,
      toc.series,
      toc.labelIndices,
      toc.labelOffsetTable,
      toc.postings,
      toc.postingsOffsetTable,
    ]) {
      out.u64(offset);
    }
    out.u32(crc32c(out.bytes, 0, out.length));
    await this.#file.write(out.written());
  }

  /** `length u32 | content | CRC-32C of content`, where the content is some numbers u32, then the items. */
  async #writeSection<T>(
    items: ArrayLike<T>,
    write: (out: ByteWriter, item: T) => void,
    before: readonly number[],
  ): Promise<void> {
    const out = this.#out;
    const start = this.#file.position;
    out.reset();
    out.u32(0);
    for (const number of before) out.u32(number);
    let crc = 0;
    let checked = 4;
    let written = 0;
    for (let i = 0; i < items.length; i++) {
      write(out, items[i]!);
      if (out.length < PIECE) continue;
      crc = crc32c(out.bytes, checked, out.length, crc);
      checked = 0;
      written += out.length;
      await this.#file.write(out.written());
      out.reset();
      const pause = this.#pacer.pause();
      if (pause) await pause;
    }
    crc = crc32c(out.bytes, checked, out.length, crc);
    const length = written + out.length - 4;
    if (written === 0) out.view.setUint32(0, length);
    out.u32(crc);
    await this.#file.write(out.written());
    if (written > 0) await this.#file.patch(start, u32(length));
  }

  /** Zeros up to a multiple of `size`. @returns the position */
  async #align(size: number): Promise<number> {
    const misaligned = this.#file.position % size;
    if (misaligned !== 0) await this.#file.write(new Uint8Array(size - misaligned));
    return this.#file.position;
  }
}

function u32(value: number): Uint8Array {
  const out = new ByteWriter(4);
  out.u32(value);
  return out.written();
}

interface OffsetEntry {
  readonly key: readonly string[];
  readonly offset: number;
}

/** The first chunk absolute, the others relative to the one before. */
function writeChunkRefs(out: ByteWriter, chunks: readonly ChunkRef[]): void {
  out.uvarint(chunks.length);
  let previous: ChunkRef | undefined;
  for (const chunk of chunks) {
    if (previous === undefined) out.varint(chunk.mint);
    else out.uvarint(chunk.mint - previous.maxt);
    out.uvarint(chunk.maxt - chunk.mint);
    if (previous === undefined) out.uvarint(chunk.ref);
    else out.varint(chunk.ref - previous.ref);
    previous = chunk;
  }
}
