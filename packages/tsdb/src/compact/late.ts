import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NO_SAMPLES, type SampleColumns, filterInSlices, inSlices } from '@prunella/metrics';
import { ColumnBuilder } from '../chunks/columns.ts';
import { createBlocks } from '../create.ts';
import { lateSamplesOf, type LateSample } from '../head/batch.ts';
import { encodeLate } from '../head/encode.ts';
import type { Head } from '../head/head.ts';
import type { MemSeries } from '../head/series.ts';
import type { MaintenanceParts } from '../maintenance.ts';
import { dropDeleted } from '../query/deleted.ts';
import { listSegments, segmentName } from '../wal/segments.ts';
import type { WalWriter } from '../wal/writer.ts';

/**
 * Moves samples out of order to blocks, as far as the samples in order beside them are in blocks already; merging the
 * two is the next compaction's work.
 * @returns the number of blocks written
 */
export async function moveLateSamples(parts: MaintenanceParts): Promise<number> {
  const { head, wbl, committer, dir, options, blocks, readers } = parts;
  const end = head.servedFrom;
  const moving = await committer.exclusively(async () => {
    const found = await filterInSlices(head.series, ({ late }) => (late?.minTime ?? Infinity) < end);
    if (found.length > 0) await restartLog(head, wbl, end);
    for (const series of found) {
      series.lateMoving = series.late?.takeBefore(end);
      if (series.late?.length === 0) series.late = undefined;
    }
    return found;
  });
  if (moving.length === 0) return 0;
  let written: number;
  try {
    const series = moving.map((each) => ({ labels: each.labels, samples: undeleted(each) }));
    const hints = ['from-out-of-order'];
    const metas = await createBlocks(dir, series, { blockMs: head.chunkRange, clock: options.clock, hints });
    const added = await Promise.all(metas.map((meta) => blocks.open(meta.ulid)));
    await blocks.replace([], added);
    written = added.length;
  } catch (error) {
    for (const series of moving) putBack(series);
    throw error;
  }
  // Queries from before know nothing of the blocks. Others meet samples twice for a while, and count them once.
  await readers.drained(options.clock);
  for (const series of moving) series.lateMoving = undefined;
  const log = join(dir, 'wbl');
  for (const segment of await listSegments(log)) {
    if (segment < wbl.segment) await rm(join(log, segmentName(segment)));
  }
  // promtool takes a log without a segment for a damaged one. It may hold those of samples that stay.
  await rmdir(log).catch(() => undefined);
  return written;
}

/** Begins a new segment with the samples that stay; the older ones can go once those that move are in blocks. */
async function restartLog(head: Head, wbl: WalWriter, end: number): Promise<void> {
  await wbl.nextSegment();
  const staying: LateSample[] = [];
  await inSlices(head.series, (series) => {
    if (series.late !== undefined) staying.push(...lateSamplesOf(series, series.late.between(end, Infinity)));
  });
  if (staying.length > 0) await wbl.log(encodeLate(staying));
}

function undeleted({ lateMoving, deleted }: MemSeries): SampleColumns {
  const columns = lateMoving!.between(-Infinity, Infinity);
  if (deleted === undefined) return columns;
  const builder = new ColumnBuilder();
  builder.append(columns);
  dropDeleted(builder, deleted);
  return builder.take();
}

/** Their log is still there, and so must they be. */
function putBack(series: MemSeries): void {
  const { lateMoving, late } = series;
  if (lateMoving === undefined) return;
  const newer = late?.between(-Infinity, Infinity) ?? NO_SAMPLES;
  for (const { t, high, low, histogram } of lateSamplesOf(series, newer))
    lateMoving.insert(t, high, low, histogram);
  series.late = lateMoving;
  series.lateMoving = undefined;
}
