import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Labels, Matcher } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { expect, test } from 'vitest';
import { Database } from '../database.ts';
import { temporaryDirectory } from '../testing.ts';

const MINUTE = 60_000;
const SERIES = 20;
const STEPS = 500;
const options = () => ({ clock: new VirtualClock(1_700_000_000_000) });

async function ask(db: Database): Promise<{ samples: number; warnings: readonly string[] }> {
  const querier = db.querier(-Infinity, Infinity);
  let samples = 0;
  for await (const batch of querier.select([new Matcher('=', '__name__', 'm')])) {
    for (const { labels, samples: columns } of batch) {
      for (const [i, t] of columns.timestamps.entries())
        expect(columns.values[i]).toBe((t / 15_000) * Number(labels.get('n')));
      samples += columns.timestamps.length;
    }
  }
  querier.close();
  return { samples, warnings: querier.warnings };
}

async function filled(dir: string): Promise<Database> {
  const db = await Database.open(dir, options());
  for (let step = 0; step < STEPS; step++) {
    const appender = db.appender();
    for (let n = 0; n < SERIES; n++)
      appender.append(0, Labels.from({ __name__: 'm', n: String(n) }), step * 15_000, step * n);
    await appender.commit();
  }
  return db;
}

test('complete chunks leave memory, are read from disk, and spare a restart their decoding', async () => {
  const dir = await temporaryDirectory();
  let db = await filled(dir);
  const before = db.stats().head;
  await db.maintain();
  const after = db.stats().head;
  expect(after.chunks).toBe(before.chunks);
  expect(after.chunkBytes).toBeLessThan(before.chunkBytes / 2);
  expect(await readdir(join(dir, 'chunks_head'))).toEqual(['000001']);
  expect(await ask(db)).toEqual({ samples: SERIES * STEPS, warnings: [] });
  await db.close();
  db = await Database.open(dir, options());
  expect(db.stats().head).toMatchObject({ chunks: before.chunks, series: SERIES });
  // Only what is not in files is appended again.
  expect(db.stats().head.floats).toBeLessThan((SERIES * STEPS) / 3);
  expect(await ask(db)).toEqual({ samples: SERIES * STEPS, warnings: [] });
  await db.close();
});

test('a head chunk damaged under our feet: the query says so, nothing wrong is served, and the log has it', async () => {
  const dir = await temporaryDirectory();
  let db = await filled(dir);
  await db.maintain();
  const file = await open(join(dir, 'chunks_head/000001'), 'r+');
  await file.write(Uint8Array.of(0xff, 0xff, 0xff), 0, 3, 100);
  await file.close();
  const { samples, warnings } = await ask(db);
  expect(samples).toBeLessThan(SERIES * STEPS);
  expect(samples).toBeGreaterThan(SERIES * STEPS - 300);
  expect(warnings).toEqual([expect.stringContaining('chunks_head/000001 at byte')]);
  await db.close();
  db = await Database.open(dir, options());
  expect(await ask(db)).toEqual({ samples: SERIES * STEPS, warnings: [] });
  // What is taken from the log is written to a file again.
  await db.maintain();
  expect(await ask(db)).toEqual({ samples: SERIES * STEPS, warnings: [] });
  await db.close();
});

test('files go when their samples are in blocks', async () => {
  const dir = await temporaryDirectory();
  const db = await filled(dir);
  await db.maintain();
  for (let minute = 125; minute < 600; minute++) {
    const appender = db.appender();
    appender.append(0, Labels.from({ __name__: 'm', n: '0' }), minute * MINUTE, 0);
    await appender.commit();
    if (minute % 10 === 0) await db.maintain();
  }
  expect(db.blocks().length).toBeGreaterThan(0);
  expect(await readdir(join(dir, 'chunks_head'))).not.toContain('000001');
  await db.close();
});
