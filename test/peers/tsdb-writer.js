// Writes batch after batch until it is killed, and says on standard output which are acknowledged; `full` for those that
// the disk does not take.
// node tsdb-writer.js DIR FIRST_BATCH SERIES
import { writeSync } from 'node:fs';
import { Labels } from '@prunella/metrics';
import { Database } from '@prunella/tsdb';

const [dir, first, count] = process.argv.slice(2);
const started = Date.now();
// Blocks of a minute and a batch a second of data: cutting, merging and checkpointing go on all the time.
const db = await Database.open(dir, {
  minBlockMs: 60_000,
  maxBlockMs: 600_000,
  housekeepingMs: 20,
  retentionMs: 0,
  walSegmentBytes: 1 << 20,
});
writeSync(1, `open ${Date.now() - started}\n`);
const series = Array.from({ length: Number(count) }, (_, i) =>
  Labels.from({ __name__: 'written', series: String(i) }),
);
const refs = series.map(() => 0);
for (let n = Number(first); ; n++) {
  const appender = db.appender();
  for (const [i, labels] of series.entries())
    refs[i] = appender.append(refs[i], labels, n * 1000, n * 1000 + i);
  try {
    await appender.commit();
    writeSync(1, `${n}\n`);
  } catch (error) {
    if (error.code !== 'storage') throw error;
    writeSync(1, 'full\n');
  }
}
