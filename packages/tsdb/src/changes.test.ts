import { Labels, Matcher } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { expect, test } from 'vitest';
import { Database } from './database.ts';
import { temporaryDirectory } from './testing.ts';

const HOUR = 3_600_000;
const labels = Labels.from({ __name__: 'up' });

async function put(db: Database, ...times: readonly number[]): Promise<void> {
  const appender = db.appender();
  for (const t of times) appender.append(0, labels, t, t);
  await appender.commit();
}

test('a database tells how far back its samples have changed', async () => {
  const db = await Database.open(await temporaryDirectory(), { outOfOrderWindowMs: HOUR });
  await put(db, 10_000, 20_000);
  const { version } = db.changes;
  expect(db.changes.earliestSince(version)).toBe(Infinity);
  await put(db, 40_000, 50_000);
  expect(db.changes.earliestSince(version)).toBe(40_000);
  await put(db, 30_000);
  expect(db.changes.earliestSince(version)).toBe(30_000);
  await db.delete([new Matcher('=', '__name__', 'up')], 5000, 10_000);
  expect(db.changes.earliestSince(version)).toBe(5000);
  await db.close();
});

test('what is not committed has not changed anything', async () => {
  const db = await Database.open(await temporaryDirectory());
  const { version } = db.changes;
  const appender = db.appender();
  appender.append(0, labels, 1000, 1);
  expect(db.changes.earliestSince(version)).toBe(Infinity);
  appender.rollback();
  expect(db.changes.earliestSince(version)).toBe(Infinity);
  await db.close();
});

test('moving samples to blocks changes nothing, to delete blocks does', async () => {
  const clock = new VirtualClock(30 * HOUR);
  const options = { clock, retentionMs: 10 * HOUR, minBlockMs: HOUR, maxBlockMs: HOUR };
  const db = await Database.open(await temporaryDirectory(), options);
  for (let t = 0; t < 5 * HOUR; t += HOUR / 10) await put(db, t);
  const { version } = db.changes;
  await db.maintain();
  expect(db.blocks().length).toBeGreaterThan(1);
  expect(db.changes.earliestSince(version)).toBe(Infinity);
  for (let t = 5 * HOUR; t < 14 * HOUR; t += HOUR / 10) await put(db, t);
  await db.maintain();
  expect(db.changes.earliestSince(version)).toBe(0);
  await db.close();
});
