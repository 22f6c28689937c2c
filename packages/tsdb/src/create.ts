import { mkdir } from 'node:fs/promises';
import { Labels, compareStrings, systemClock, wordsOf, type Clock, type Series } from '@prunella/metrics';
import type { BlockMeta } from './block/meta.ts';
import { newUlid } from './block/ulid.ts';
import { writeBlock, type ChunkSeries } from './block/writer.ts';
import { ColumnBuilder, HIGH_WORD, LOW_WORD } from './chunks/columns.ts';
import { encodeColumns } from './compact/encode.ts';
import { rangeEnd, rangeStart } from './ranges.ts';

export interface CreateOptions {
  /** Length of a block, ms. Default 2 h. */
  readonly blockMs?: number;
  readonly clock?: Clock;
  /** What Prometheus writes about a block's origin, e.g. `from-out-of-order`. */
  readonly hints?: readonly string[];
}

/**
 * Writes blocks of samples that are all in memory: imports, test data. The directory may hold blocks already; whoever
 * opens it next merges what overlaps.
 * @param series each label set once, samples in time order
 * @returns the blocks, in order of time
 */
export async function createBlocks(
  dir: string,
  series: readonly Series[],
  { blockMs = 2 * 3_600_000, clock = systemClock, hints }: CreateOptions = {},
): Promise<BlockMeta[]> {
  await mkdir(dir, { recursive: true });
  const sorted = [...series].sort((a, b) => Labels.compare(a.labels, b.labels));
  const symbols = [...new Set(['', ...sorted.flatMap(({ labels }) => labels.pairs)])].sort(compareStrings);
  const starts = new Set<number>();
  for (const { samples } of sorted) for (const t of samples.timestamps) starts.add(rangeStart(t, blockMs));
  const metas: BlockMeta[] = [];
  for (const mint of [...starts].sort((a, b) => a - b)) {
    const maxt = rangeEnd(mint, blockMs);
    const ulid = newUlid(clock.now());
    const meta = {
      ulid,
      minTime: mint,
      maxTime: maxt,
      compaction: { level: 1, sources: [ulid], ...(hints && { hints }) },
      version: 1,
    } as const;
    const written = await writeBlock(dir, meta, symbols, seriesBetween(sorted, mint, maxt));
    if (written !== undefined) metas.push(written);
  }
  return metas;
}

async function* seriesBetween(
  series: readonly Series[],
  mint: number,
  maxt: number,
): AsyncGenerator<ChunkSeries> {
  const builder = new ColumnBuilder();
  for (const { labels, samples } of series) {
    const words = wordsOf(samples.values);
    for (let i = 0; i < samples.timestamps.length; i++) {
      const t = samples.timestamps[i]!;
      if (t < mint || t >= maxt) continue;
      const h = samples.histograms?.[i];
      if (h === undefined) builder.push(t, words[2 * i + HIGH_WORD]!, words[2 * i + LOW_WORD]!);
      else builder.pushHistogram(t, h, words[2 * i + HIGH_WORD]!, words[2 * i + LOW_WORD]!);
    }
    yield { labels, chunks: encodeColumns(builder.take()) };
  }
}
