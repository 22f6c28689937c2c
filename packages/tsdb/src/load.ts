import { join } from 'node:path';
import type { Head } from './head/head.ts';
import { HeadChunks, type HeadChunkFile } from './head/head_chunks.ts';
import { Replay, type ReplayReport } from './head/replay.ts';
import type { DatabaseOptions } from './options.ts';
import type { Quarantine } from './quarantine.ts';
import type { Replayed } from './stats.ts';
import { prepareLog, repairLog, segmentsToRead } from './wal/load.ts';
import { segmentName } from './wal/segments.ts';
import { WalWriter } from './wal/writer.ts';

export interface Loaded {
  readonly wal: WalWriter;
  readonly wbl: WalWriter;
  readonly replayed: Replayed;
  readonly headFiles: readonly HeadChunkFile[];
}

/** Fills the head from the logs and what Prometheus has left in `chunks_head/`; damage is reported and repaired. */
export async function loadLogs(
  dir: string,
  head: Head,
  options: Required<DatabaseOptions>,
  quarantine: Quarantine,
): Promise<Loaded> {
  const { clock, logger } = options;
  const started = clock.now();
  const headChunks = await readHeadChunks(dir, quarantine);
  const replay = new Replay(head, headChunks);
  let corruptions = headChunks.damages.length;
  const writers: WalWriter[] = [];
  const readLog = async (name: string): Promise<void> => {
    const log = join(dir, name);
    await prepareLog(log);
    const { segments, next, missing } = await segmentsToRead(log);
    for (const [i, segment] of segments.entries()) {
      await replay.segment(segment, name === 'wbl');
      logger.info(
        { log: name, segment: segment.index, of: segments.length, read: i + 1 },
        'log segment read',
      );
    }
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
  const { samples, unknown, unknownFrom, unknownTo } = replay.report;
  if (unknown > 0) {
    const reason = `${unknown} samples are of series that the log does not name`;
    await quarantine.report({ what: 'the log', reason, mint: unknownFrom, maxt: unknownTo });
  }
  const replayMs = clock.now() - started;
  head.counters.seriesNotFound += unknown;
  logger.info({ samples, unknown, series: head.series.size, ms: replayMs }, 'log read');
  const replayed = { replayMs, replayedSamples: samples, corruptions };
  return { wal: writers[0]!, wbl: writers[1]!, replayed, headFiles: headChunks.files };
}

async function readHeadChunks(dir: string, quarantine: Quarantine): Promise<HeadChunks> {
  const headChunks = await HeadChunks.read(join(dir, 'chunks_head'));
  for (const { path, reason } of headChunks.damages) {
    // The log has the same samples: nothing is missing from queries.
    quarantine.note({ what: path, reason });
    await quarantine.take(path).catch(() => undefined);
  }
  return headChunks;
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
