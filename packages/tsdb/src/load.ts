import { basename, join } from 'node:path';
import type { Logger } from '@prunella/metrics';
import { messageOf } from './errors.ts';
import type { Head } from './head/head.ts';
import type { HeadChunkDamage, HeadChunkFiles } from './head/chunk_files.ts';
import { MappedChunks, mapSealedChunks } from './head/mapping.ts';
import { Replay, type ReplayReport } from './head/replay.ts';
import type { DatabaseOptions } from './options.ts';
import type { Quarantine } from './quarantine.ts';
import type { Replayed } from './stats.ts';
import { prepareLog, repairLog, segmentsToRead } from './wal/load.ts';
import { cutTail } from './wal/repair.ts';
import { segmentName } from './wal/segments.ts';
import { WalWriter } from './wal/writer.ts';

export interface Loaded {
  readonly wal: WalWriter;
  readonly wbl: WalWriter;
  readonly replayed: Replayed;
}

/** Fills the head from the logs and what Prometheus has left in `chunks_head/`; damage is reported and repaired. */
export async function loadLogs(
  dir: string,
  head: Head,
  headFiles: HeadChunkFiles,
  options: Required<DatabaseOptions>,
  quarantine: Quarantine,
): Promise<Loaded> {
  const { clock, logger } = options;
  const started = clock.now();
  const mapped = await MappedChunks.load(headFiles, head.chunks, head.floor);
  if (mapped.damage !== undefined) await setAside(mapped.damage, quarantine, logger);
  const replay = new Replay(head, mapped);
  let corruptions = mapped.damage === undefined ? 0 : 1;
  const writers: WalWriter[] = [];
  const readLog = async (name: string): Promise<void> => {
    const log = join(dir, name);
    await prepareLog(log);
    const { segments, next, missing } = await segmentsToRead(log);
    for (const [i, segment] of segments.entries()) {
      await replay.segment(segment, name === 'wbl');
      // A long log must not fill the memory; what the last segment leaves, maintenance takes. On a full disk they stay.
      if (i + 1 < segments.length) await mapSealedChunks(head, headFiles).catch(() => undefined);
      logger.info(
        { log: name, segment: segment.index, of: segments.length, read: i + 1 },
        'log segment read',
      );
    }
    await replay.finish();
    const damages = replay.report.damages.splice(0);
    corruptions += damages.length + missing.length;
    await report(damages, missing, quarantine);
    await repairLog(log, damages, missing, quarantine.dir, logger);
    writers.push(new WalWriter(log, next, options.walSegmentBytes));
  };
  await head.fill(async () => {
    await readLog('wal');
    await readLog('wbl');
  });
  mapped.drop();
  const { samples, unknown, unknownFrom, unknownTo } = replay.report;
  if (unknown > 0) {
    const reason = `${unknown} samples are of series that the log does not name`;
    await quarantine.report({ what: 'the log', reason, mint: unknownFrom, maxt: unknownTo });
  }
  const replayMs = clock.now() - started;
  head.counters.seriesNotFound += unknown;
  logger.info({ samples, unknown, series: head.series.size, ms: replayMs }, 'log read');
  const replayed = { replayMs, replayedSamples: samples, corruptions };
  return { wal: writers[0]!, wbl: writers[1]!, replayed };
}

/** What is damaged goes to the quarantine, with all that was written later: the log has the same samples. */
async function setAside(
  { path, offset, reason, behind }: HeadChunkDamage,
  quarantine: Quarantine,
  logger: Logger,
): Promise<void> {
  quarantine.note({ what: `${path}, at byte ${offset},`, reason });
  try {
    if (offset === 0) await quarantine.take(path);
    else await cutTail(path, offset, await quarantine.place(`chunks_head-${basename(path)}`));
    for (const each of behind) await quarantine.take(each);
  } catch (error) {
    logger.warn({ error: messageOf(error) }, 'damaged head chunks could not be moved away');
  }
}

/** A torn tail is what a crash leaves of a write that nobody was promised; anything else may be missing. */
async function report(
  damages: ReplayReport['damages'],
  missing: readonly number[],
  quarantine: Quarantine,
): Promise<void> {
  const finite = (t: number): number | null => (Number.isFinite(t) ? t : null);
  for (const { segment, offset, reason, atEnd, mint, maxt } of damages) {
    const what = `segment ${segmentName(segment)} of the log, at byte ${offset},`;
    if (atEnd && maxt === Infinity) quarantine.note({ what, reason });
    else await quarantine.report({ what, reason, mint: finite(mint), maxt: finite(maxt) });
  }
  for (const segment of missing) {
    await quarantine.report({
      what: `segment ${segmentName(segment)} of the log`,
      reason: 'missing',
      mint: null,
      maxt: null,
    });
  }
}
