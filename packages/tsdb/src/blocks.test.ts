import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Labels, Matcher } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { describe, expect, test } from 'vitest';
import { directorySize } from './block/block.ts';
import { Database } from './database.ts';
import type { DatabaseOptions } from './options.ts';
import { queryAll, temporaryDirectory } from './testing.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const every = [new Matcher('=~', '__name__', '.+')];

type Samples = Record<string, [number, number | 'stale'][]>;

/** Fills a database for `hours` with ten series at a minute's step, of which one comes and goes; maintains it hourly. */
async function fill(db: Database, from: number, hours: number, written: Samples): Promise<void> {
  for (let t = from; t < from + hours * HOUR; t += MINUTE) {
    const appender = db.appender();
    for (let i = 0; i < 10; i++) {
      const churn = i === 9 ? String(Math.floor(t / (3 * HOUR))) : '';
      const labels = Labels.from({ __name__: `m${i % 3}`, i: String(i), churn });
      const v = Math.sin(t / HOUR) * i;
      appender.append(0, labels, t, v);
      (written[labels.toString()] ??= []).push([t, v]);
    }
    await appender.commit();
    if (t % HOUR === 0) await db.maintain();
  }
}

const options = (): DatabaseOptions => ({ clock: new VirtualClock(1_700_000_000_000) });

test('blocks are cut from the head, merged, and everything stays readable, also after a restart', async () => {
  const dir = await temporaryDirectory();
  let db = await Database.open(dir, options());
  const written: Samples = {};
  await fill(db, 2 * HOUR, 21, written);
  expect(
    db.blocks().map(({ minTime, maxTime, compaction }) => [minTime / HOUR, maxTime / HOUR, compaction.level]),
  ).toEqual([
    [2, 6, 2],
    [6, 12, 2],
    [12, 18, 2],
    [18, 20, 1],
  ]);
  expect(await queryAll(db, every)).toEqual(written);
  expect(await readdir(join(dir, 'wal'))).toContainEqual(expect.stringMatching(/^checkpoint\.\d{8}$/));
  await db.close();
  db = await Database.open(dir, options());
  const found = await queryAll(db, every);
  expect(found).toEqual(written);
  expect(Object.keys(found)).toEqual(Object.keys(written).sort());
  const part = Object.fromEntries(
    Object.entries(written)
      .map(([name, samples]) => [name, samples.filter(([t]) => t >= 5 * HOUR + 1 && t <= 19 * HOUR)] as const)
      .filter(([, samples]) => samples.length > 0),
  );
  expect(await queryAll(db, every, 5 * HOUR + 1, 19 * HOUR)).toEqual(part);
  const querier = db.querier(0, 24 * HOUR);
  expect(await querier.labelValues('churn', [new Matcher('=', '__name__', 'm0')])).toEqual([
    '0',
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
  ]);
  expect(querier.warnings).toEqual([]);
  querier.close();
  await db.close();
});

test('retention by time and by size deletes the oldest blocks', async () => {
  const dir = await temporaryDirectory();
  const settings = { ...options(), maxBlockMs: 2 * HOUR };
  const db = await Database.open(dir, { ...settings, retentionMs: 6 * HOUR });
  await fill(db, 0, 15, {});
  expect(db.blocks().map(({ minTime }) => minTime / HOUR)).toEqual([6, 8, 10]);
  const [, second, third] = db.blocks();
  await db.close();
  const sizes = await Promise.all(
    ['wal', 'chunks_head', second!.ulid, third!.ulid].map((name) => directorySize(join(dir, name))),
  );
  const retentionBytes = sizes.reduce((sum, size) => sum + size, 0);
  const limited = await Database.open(dir, { ...settings, retentionMs: 0, retentionBytes });
  await limited.maintain();
  expect(limited.blocks().map(({ minTime }) => minTime / HOUR)).toEqual([8, 10]);
  await limited.close();
});

test('deleted samples are gone at once, stay gone, and leave the disk', async () => {
  const dir = await temporaryDirectory();
  let db = await Database.open(dir, options());
  const written: Samples = {};
  await fill(db, 0, 9, written);
  await db.delete([new Matcher('=', 'i', '4')], HOUR, 8 * HOUR);
  await db.delete([new Matcher('=', 'i', '5')], -Infinity, Infinity);
  const expected = { ...written };
  expected['m1{i="4"}'] = written['m1{i="4"}']!.filter(([t]) => t < HOUR || t > 8 * HOUR);
  delete expected['m2{i="5"}'];
  expect(await queryAll(db, every)).toEqual(expected);
  await db.close();
  db = await Database.open(dir, options());
  expect(await queryAll(db, every)).toEqual(expected);
  const before = db.blocks().map((meta) => meta.stats.numSamples);
  await db.cleanTombstones();
  expect(await queryAll(db, every)).toEqual(expected);
  expect(db.blocks().map((meta) => meta.stats.numSamples)).not.toEqual(before);
  await db.close();
});

test('a query under way goes on while its head moves to a block', async () => {
  const db = await Database.open(await temporaryDirectory(), options());
  const written: Samples = {};
  await fill(db, 0, 3, written);
  const querier = db.querier(0, 2 * HOUR);
  const batches = querier.select(every)[Symbol.asyncIterator]();
  await fill(db, 3 * HOUR, 0, written);
  const appender = db.appender();
  appender.append(0, Labels.from({ __name__: 'm0', i: '0' }), 4 * HOUR, 1);
  await appender.commit();
  const maintenance = db.maintain();
  let count = 0;
  for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
    for (const { samples } of next.value) count += samples.timestamps.length;
  }
  expect(count).toBe(10 * 121);
  querier.close();
  await maintenance;
  expect(db.blocks()).toHaveLength(1);
  await db.close();
});

describe('damage in a block', () => {
  async function damaged(
    file: string,
    change: (bytes: Buffer) => void,
  ): Promise<{ db: Database; written: Samples }> {
    const dir = await temporaryDirectory();
    const db = await Database.open(dir, options());
    const written: Samples = {};
    await fill(db, 0, 4, written);
    await db.maintain();
    const [block] = db.blocks();
    await db.close();
    const path = join(dir, block!.ulid, file);
    const bytes = await readFile(path);
    change(bytes);
    await writeFile(path, bytes);
    return { db: await Database.open(dir, options()), written };
  }

  async function ask(db: Database): Promise<{ warnings: readonly string[]; count: number }> {
    const querier = db.querier(0, 4 * HOUR);
    let count = 0;
    for await (const batch of querier.select(every))
      for (const { samples } of batch) count += samples.timestamps.length;
    querier.close();
    await db.close();
    return { warnings: querier.warnings, count };
  }

  test('a flipped bit in a chunk: the chunk is left out, and the query says so', async () => {
    const { db } = await damaged('chunks/000001', (bytes) => void (bytes[100]! ^= 1));
    const { warnings, count } = await ask(db);
    expect(warnings).toEqual([expect.stringContaining('checksum mismatch')]);
    expect(count).toBeLessThan(10 * 240);
    expect(count).toBeGreaterThanOrEqual(10 * 240 - 240);
  });

  test('in a symbol: the block goes to the quarantine, and the query says so', async () => {
    const { db } = await damaged('index', (bytes) => void (bytes[20]! ^= 1));
    const { warnings, count } = await ask(db);
    expect(warnings).toEqual([expect.stringContaining('checksum mismatch')]);
    // The log still has what the block had.
    expect(count).toBe(10 * 240);
  });

  test('a meta.json that is none', async () => {
    const { db } = await damaged('meta.json', (bytes) => void (bytes[0] = 0));
    expect((await ask(db)).warnings).toEqual([expect.stringContaining('meta.json')]);
  });

  test('tombstones with a flipped bit', async () => {
    const { db } = await damaged('tombstones', (bytes) => void (bytes[6]! ^= 1));
    expect((await ask(db)).warnings).toEqual([expect.stringContaining('tombstones')]);
  });
});

test('series that come and go leave nothing behind in memory', async () => {
  const db = await Database.open(await temporaryDirectory(), { ...options(), retentionMs: 6 * HOUR });
  for (let t = 0; t < 40 * HOUR; t += 10 * MINUTE) {
    const appender = db.appender();
    for (let i = 0; i < 20; i++) appender.append(0, Labels.from({ __name__: 'pod', id: `${t}-${i}` }), t, i);
    await appender.commit();
    if (t % HOUR === 0) await db.maintain();
  }
  await db.maintain();
  const { head, blocks } = db.stats();
  expect(head.seriesCreated).toBe(40 * 6 * 20);
  expect(head.series).toBeLessThanOrEqual(3 * 6 * 20);
  expect(head.chunks).toBeLessThanOrEqual(3 * 6 * 20);
  expect(head.forgottenSeries).toBeLessThanOrEqual(10 * 6 * 20);
  expect((await db.cardinality()).labelPairs).toBe(head.series + 1);
  expect(blocks.count).toBeLessThanOrEqual(5);
  await db.close();
});
