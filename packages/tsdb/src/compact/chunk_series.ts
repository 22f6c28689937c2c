import { Labels, type SampleColumns, Pacer, filterInSlices } from '@prunella/metrics';
import type { Block } from '../block/block.ts';
import type { Chunk } from '../block/chunks.ts';
import type { ChunkSeries } from '../block/writer.ts';
import { ColumnBuilder } from '../chunks/columns.ts';
import { decodeChunk } from '../chunks/decode.ts';
import { CorruptionError } from '../errors.ts';
import type { Head } from '../head/head.ts';
import type { MemSeries } from '../head/series.ts';
import type { Interval } from '../intervals.ts';
import { dropDeleted } from '../query/deleted.ts';
import { joinSamples } from '../query/merge.ts';
import { encodeColumns } from './encode.ts';

/** A block's series with their chunks; deleted samples are left out. @throws CorruptionError */
export async function* chunksOfBlock(block: Block): AsyncGenerator<ChunkSeries> {
  const pacer = new Pacer();
  for (const number of await block.index.all()) {
    const entry = await block.index.series(number);
    const deleted = block.tombstones.get(number) ?? [];
    const chunks: Chunk[] = [];
    for (const { mint, maxt, ref } of entry.chunks) {
      const { encoding, data } = await block.chunks.read(ref);
      chunks.push(...withoutDeleted({ mint, maxt, encoding, data }, deleted));
    }
    yield { labels: await block.index.labels(entry), chunks };
    const pause = pacer.pause();
    if (pause) await pause;
  }
}

/** What is told of a chunk that cannot be read; times are ms. */
export type OnDamage = (error: CorruptionError, mint: number, maxt: number) => void;

/** The head's series with their samples in [mint, maxt]. */
export async function* chunksOfHead(
  head: Head,
  mint: number,
  maxt: number,
  onDamage: OnDamage,
): AsyncGenerator<ChunkSeries> {
  const pacer = new Pacer();
  const found = await filterInSlices(
    head.series,
    (series) => series.indexed && series.overlaps(head.chunks, mint, maxt),
  );
  for (const series of await head.order.sort(found)) {
    yield { labels: series.labels, chunks: chunksOfSeries(head, series, mint, maxt, onDamage) };
    const pause = pacer.pause();
    if (pause) await pause;
  }
}

function chunksOfSeries(
  head: Head,
  series: MemSeries,
  mint: number,
  maxt: number,
  onDamage: OnDamage,
): Chunk[] {
  const store = head.chunks;
  const outside: Interval[] = [
    { mint: -Infinity, maxt: mint - 1 },
    { mint: maxt + 1, maxt: Infinity },
    ...(series.deleted ?? []),
  ];
  const chunks: Chunk[] = [];
  for (const address of series.sealed(store)) {
    const times = { mint: store.minTime(address), maxt: store.maxTime(address) };
    if (times.mint > maxt || times.maxt < mint) continue;
    try {
      chunks.push({ ...times, encoding: store.encoding(address), data: store.data(address).slice() });
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      onDamage(error, times.mint, times.maxt);
    }
  }
  const open = series.openChunk(head);
  // A copy: the open chunk may grow before this one is written.
  if (open !== undefined && open.mint <= maxt && open.maxt >= mint)
    chunks.push({ ...open, data: open.data.slice() });
  return chunks.flatMap((chunk) => withoutDeleted(chunk, outside));
}

/** The chunk as it is where nothing of it is deleted, else what is left of it. */
function withoutDeleted(chunk: Chunk, deleted: readonly Interval[]): Chunk[] {
  const touching = deleted.filter((it) => it.mint <= chunk.maxt && it.maxt >= chunk.mint);
  if (touching.length === 0) return [chunk];
  if (touching.some((it) => it.mint <= chunk.mint && it.maxt >= chunk.maxt)) return [];
  const builder = new ColumnBuilder();
  decodeChunk(chunk.encoding, chunk.data, 0, chunk.data.length, builder, -Infinity, Infinity);
  dropDeleted(builder, touching);
  return encodeColumns(builder.take());
}

/** Series of several sources as one stream in label order; chunks that overlap in time are made anew. */
export async function* mergeChunkSeries(
  sources: readonly AsyncIterable<ChunkSeries>[],
): AsyncGenerator<ChunkSeries> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const current: (ChunkSeries | undefined)[] = [];
  const advance = async (i: number): Promise<void> => {
    const result = await iterators[i]!.next();
    current[i] = result.done === true ? undefined : result.value;
  };
  for (let i = 0; i < iterators.length; i++) await advance(i);
  for (;;) {
    let least: Labels | undefined;
    for (const series of current) {
      if (series !== undefined && (least === undefined || Labels.compare(series.labels, least) < 0))
        least = series.labels;
    }
    if (least === undefined) return;
    const chunks: Chunk[] = [];
    for (const [i, series] of current.entries()) {
      if (series === undefined || Labels.compare(series.labels, least) !== 0) continue;
      chunks.push(...series.chunks);
      await advance(i);
    }
    yield { labels: least, chunks: untangle(chunks) };
  }
}

/** Chunks in time order, none overlapping another. */
export function untangle(chunks: readonly Chunk[]): Chunk[] {
  const sorted = [...chunks].sort((a, b) => a.mint - b.mint);
  const result: Chunk[] = [];
  let group: Chunk[] = [];
  let end = -Infinity;
  const flush = (): void => {
    if (group.length <= 1) result.push(...group);
    else result.push(...encodeColumns(joinSamples(group.map(decode))));
  };
  for (const chunk of sorted) {
    if (chunk.mint > end) {
      flush();
      group = [];
    }
    group.push(chunk);
    end = Math.max(end, chunk.maxt);
  }
  flush();
  return result;
}

function decode({ encoding, data }: Chunk): SampleColumns {
  const builder = new ColumnBuilder();
  decodeChunk(encoding, data, 0, data.length, builder, -Infinity, Infinity);
  return builder.take();
}
