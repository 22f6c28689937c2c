import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Labels } from '@prunella/metrics';
import type { ChunkRef } from '../index/format.ts';
import { IndexWriter } from '../index/writer.ts';
import { ChunkWriter, sampleCount, type Chunk } from './chunks.ts';
import { syncDirectory, writeMeta, type BlockMeta } from './meta.ts';
import { writeTombstones } from './tombstones.ts';

/** A directory that is not a block yet. */
export const UNFINISHED = '.tmp-for-creation';
/** A directory that is no block any more. */
export const DELETED = '.tmp-for-deletion';

/** A series with its chunks in time order. */
export interface ChunkSeries {
  readonly labels: Labels;
  readonly chunks: readonly Chunk[];
}

/**
 * Writes a block. It appears in one step, complete and on the platter, or not at all.
 * @param meta all but the statistics
 * @param symbols names and values of the labels, sorted by bytes, each once
 * @param series in label order
 * @param onChunk is told of every chunk written
 * @returns undefined where there is no sample: no block is written then
 */
export async function writeBlock(
  parent: string,
  meta: Omit<BlockMeta, 'stats'>,
  symbols: Iterable<string>,
  series: AsyncIterable<ChunkSeries>,
  onChunk: (chunk: Chunk) => void = () => {},
): Promise<BlockMeta | undefined> {
  const dir = join(parent, meta.ulid);
  const unfinished = dir + UNFINISHED;
  await mkdir(unfinished, { recursive: true });
  let index: IndexWriter | undefined;
  const chunks = new ChunkWriter(join(unfinished, 'chunks'));
  try {
    index = await IndexWriter.create(join(unfinished, 'index'), symbols);
    const stats = await writeSeries(index, chunks, series, onChunk);
    if (stats.numSamples === 0) {
      await index.abandon();
      await chunks.abandon();
      await rm(unfinished, { recursive: true });
      return undefined;
    }
    await chunks.finish();
    await index.finish();
    const complete: BlockMeta = { ...meta, stats };
    await writeTombstones(unfinished, new Map());
    await writeMeta(unfinished, complete);
    await syncDirectory(unfinished);
    await rename(unfinished, dir);
    await syncDirectory(parent);
    return complete;
  } catch (error) {
    await index?.abandon();
    await chunks.abandon();
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function writeSeries(
  index: IndexWriter,
  out: ChunkWriter,
  all: AsyncIterable<ChunkSeries>,
  onChunk: (chunk: Chunk) => void,
): Promise<{ numSamples: number; numSeries: number; numChunks: number }> {
  const stats = { numSamples: 0, numSeries: 0, numChunks: 0 };
  for await (const { labels, chunks } of all) {
    if (chunks.length === 0) continue;
    const refs: ChunkRef[] = [];
    for (const chunk of chunks) {
      refs.push({ mint: chunk.mint, maxt: chunk.maxt, ref: await out.write(chunk) });
      stats.numSamples += sampleCount(chunk);
      onChunk(chunk);
    }
    await index.addSeries(labels, refs);
    stats.numSeries++;
    stats.numChunks += chunks.length;
  }
  return stats;
}
