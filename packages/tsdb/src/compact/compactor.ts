import { compareStrings, type Clock, Pacer, inSlices } from '@prunella/metrics';
import type { Block } from '../block/block.ts';
import type { Chunk } from '../block/chunks.ts';
import type { BlockMeta } from '../block/meta.ts';
import { newUlid } from '../block/ulid.ts';
import { writeBlock } from '../block/writer.ts';
import type { Head } from '../head/head.ts';
import { ShardedMap } from '../sharded_map.ts';
import { sortInSlices } from '../sort.ts';
import { chunksOfBlock, chunksOfHead, mergeChunkSeries, type OnDamage } from './chunk_series.ts';

/** Writes the head's samples in [mint, maxt) as a block of level 1. @returns undefined where there is none */
export async function blockFromHead(
  parent: string,
  head: Head,
  mint: number,
  maxt: number,
  clock: Clock,
  onDamage: OnDamage,
  onChunk?: (chunk: Chunk) => void,
): Promise<BlockMeta | undefined> {
  const ulid = newUlid(clock.now());
  const meta = {
    ulid,
    minTime: mint,
    maxTime: maxt,
    compaction: { level: 1, sources: [ulid] },
    version: 1,
  } as const;
  return writeBlock(
    parent,
    meta,
    await headSymbols(head),
    chunksOfHead(head, mint, maxt - 1, onDamage),
    onChunk,
  );
}

/** Makes one block of several, or of one with deleted samples. @throws CorruptionError where one is damaged */
export async function mergeBlocks(
  parent: string,
  blocks: readonly Block[],
  clock: Clock,
): Promise<BlockMeta | undefined> {
  const metas = blocks.map((block) => block.meta);
  const sources = new Set(metas.flatMap((meta) => meta.compaction.sources));
  const single = metas.length === 1 ? metas[0] : undefined;
  const meta = {
    ulid: newUlid(clock.now()),
    minTime: Math.min(...metas.map((it) => it.minTime)),
    maxTime: Math.max(...metas.map((it) => it.maxTime)),
    compaction: {
      level: single?.compaction.level ?? Math.max(...metas.map((it) => it.compaction.level)) + 1,
      sources: [...sources].sort(),
      parents: metas.map(({ ulid, minTime, maxTime }) => ({ ulid, minTime, maxTime })),
    },
    version: 1,
  } as const;
  return writeBlock(parent, meta, await blockSymbols(blocks), mergeChunkSeries(blocks.map(chunksOfBlock)));
}

// The empty string is in every index: the list of all series goes by it.
async function headSymbols(head: Head): Promise<string[]> {
  const symbols = new ShardedMap<true>();
  for (const name of ['', ...head.postings.labelNames()]) symbols.set(name, true);
  await inSlices(head.postings.counts(), ({ value }) => symbols.set(value, true));
  return sortInSlices(symbols.keys(), compareStrings);
}

async function blockSymbols(blocks: readonly Block[]): Promise<string[]> {
  const symbols = new ShardedMap<true>();
  symbols.set('', true);
  for (const block of blocks) {
    const pacer = new Pacer();
    for await (const group of block.index.symbols.all()) {
      for (const text of group) symbols.set(text, true);
      const pause = pacer.pause();
      if (pause) await pause;
    }
  }
  return sortInSlices(symbols.keys(), compareStrings);
}
