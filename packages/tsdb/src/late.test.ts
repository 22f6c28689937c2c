import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Labels,
  Matcher,
  toFloatHistogram,
  type AppendError,
  type FloatHistogram,
  type Histogram,
} from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Database } from './database.ts';
import { LateSamples } from './head/late.ts';
import { queryAll, temporaryDirectory } from './testing.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const every = [new Matcher('=', '__name__', 'm')];
const m = Labels.from({ __name__: 'm' });
const options = { outOfOrderWindowMs: 5 * HOUR };

const histogram = (count: number): Histogram => ({
  kind: 'integer',
  counterResetHint: 'unknown',
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count,
  sum: count / 4,
  positiveSpans: [{ offset: 0, length: 1 }],
  negativeSpans: [],
  positiveDeltas: [count],
  negativeDeltas: [],
  customValues: [],
});

async function put(db: Database, t: number, v: number): Promise<string> {
  const appender = db.appender();
  try {
    appender.append(0, m, t, v);
  } catch (error) {
    appender.rollback();
    return (error as AppendError).code;
  }
  await appender.commit();
  return 'taken';
}

test('samples come in any order, each time once', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000, max: 1000 })), (times) => {
      const late = new LateSamples();
      const seen = new Set<number>();
      for (const t of times) {
        // Every third is a histogram.
        expect(late.insert(t, t, 7, t % 3 === 0 ? histogram(t) : undefined)).toBe(!seen.has(t));
        seen.add(t);
      }
      const sorted = [...seen].sort((a, b) => a - b);
      const all = late.between(-Infinity, Infinity);
      expect([...all.timestamps]).toEqual(sorted);
      expect(sorted.map((_, i) => all.histograms?.[i]?.count)).toEqual(
        sorted.map((t) => (t % 3 === 0 ? t : undefined)),
      );
      const early = late.takeBefore(100);
      expect([...(early?.between(-Infinity, Infinity).timestamps ?? [])]).toEqual(
        sorted.filter((t) => t < 100),
      );
      expect([...late.between(-Infinity, Infinity).timestamps]).toEqual(sorted.filter((t) => t >= 100));
    }),
  );
});

test('within the window late samples are taken, read, replayed, and moved to blocks that are merged', async () => {
  const dir = await temporaryDirectory();
  let db = await Database.open(dir, options);
  const expected = new Map<number, number>();
  for (let t = 10 * HOUR; t <= 12 * HOUR; t += MINUTE) {
    expect(await put(db, t, 1)).toBe('taken');
    expected.set(t, 1);
  }
  const late: [number, string][] = [
    [12 * HOUR, 'duplicate'],
    [11 * HOUR + 1, 'taken'],
    [11 * HOUR - 5, 'taken'],
    [7 * HOUR, 'taken'],
    [7 * HOUR - 1, 'too_old'],
    [7 * HOUR + 5, 'taken'],
  ];
  for (const [t, outcome] of late) {
    expect([t, await put(db, t, 2)]).toEqual([t, outcome]);
    if (outcome === 'taken') expected.set(t, 2);
  }
  const check = async (): Promise<void> => {
    const sorted = [...expected].sort(([a], [b]) => a - b);
    expect(await queryAll(db, every)).toEqual({ m: sorted });
    const part = sorted.filter(([t]) => t >= 7 * HOUR + 1 && t <= 11 * HOUR);
    expect(await queryAll(db, every, 7 * HOUR + 1, 11 * HOUR)).toEqual({ m: part });
  };
  await check();
  await db.close();
  db = await Database.open(dir, options);
  await check();
  for (let t = 12 * HOUR + MINUTE; t <= 14 * HOUR; t += MINUTE) {
    expect(await put(db, t, 1)).toBe('taken');
    expected.set(t, 1);
  }
  // Of the range that stays in the head.
  expect(await put(db, 12.5 * HOUR + 1, 3)).toBe('taken');
  expected.set(12.5 * HOUR + 1, 3);
  await db.maintain();
  await check();
  // [6, 8) of late samples alone; [10, 12) merged of both kinds.
  expect(db.blocks().map(({ minTime, maxTime }) => [minTime / HOUR, maxTime / HOUR])).toEqual([
    [6, 8],
    [10, 12],
  ]);
  expect(db.blocks()[1]!.compaction.level).toBe(2);
  expect(await readdir(join(dir, 'wbl'))).toHaveLength(1);
  await db.close();
  db = await Database.open(dir, options);
  await check();
  expect(db.stats().head.outOfOrderAppended).toBe(1);
  await db.close();
});

test('late histograms are taken, read, replayed, and moved to blocks', async () => {
  const dir = await temporaryDirectory();
  let db = await Database.open(dir, options);
  const observe = async (t: number, h: Histogram | FloatHistogram): Promise<void> => {
    const appender = db.appender();
    appender.appendHistogram(0, m, t, h);
    await appender.commit();
  };
  const expected = new Map<number, number>();
  const times = [...Array.from({ length: 121 }, (_, i) => 10 * HOUR + i * MINUTE), 11 * HOUR + 1, 9 * HOUR];
  for (const [i, t] of times.entries()) {
    await observe(t, i % 2 === 0 || i < 120 ? histogram(i + 1) : toFloatHistogram(histogram(i + 1)));
    expected.set(t, i + 1);
  }
  await expect(observe(3 * HOUR, histogram(1))).rejects.toThrow('too old');
  const check = async (): Promise<void> => {
    const counts: [number, number][] = [];
    const querier = db.querier(-Infinity, Infinity);
    for await (const batch of querier.select(every))
      for (const { samples } of batch)
        for (const [i, t] of samples.timestamps.entries()) counts.push([t, samples.histograms![i]!.count]);
    querier.close();
    expect(counts).toEqual([...expected].sort(([a], [b]) => a - b));
  };
  await check();
  await db.close();
  db = await Database.open(dir, options);
  await check();
  for (let t = 12 * HOUR + MINUTE; t <= 14 * HOUR; t += MINUTE) {
    await observe(t, histogram(7));
    expected.set(t, 7);
  }
  await db.maintain();
  await check();
  expect(db.blocks().map(({ minTime }) => minTime / HOUR)).toEqual([8, 10]);
  await db.close();
});

test('deleted late samples stay deleted, also where moving them to a block fails', async () => {
  const dir = await temporaryDirectory();
  // Every block takes its name from the time: the second one gets none.
  let failing = false;
  class Stopped extends VirtualClock {
    override now(): number {
      if (failing && db.blocks().length > 0) throw new Error('no time');
      return super.now();
    }
  }
  const clock = new Stopped(1_700_000_000_000);
  let db = await Database.open(dir, { ...options, clock });
  const restart = async (): Promise<void> => {
    await db.close();
    db = await Database.open(dir, { ...options, clock });
  };
  await put(db, 12 * HOUR, 1);
  expect(await put(db, 8 * HOUR, 2)).toBe('taken');
  expect(await put(db, 9 * HOUR, 2)).toBe('taken');
  await db.delete(every, 9 * HOUR, 9 * HOUR);
  // A log of some segments, of which the first ones may go.
  for (let hour = 13; hour <= 17; hour++) {
    await restart();
    await put(db, hour * HOUR, 1);
  }
  // The block of 12 h can be cut, that of 8 h not be written.
  failing = true;
  await db.maintain();
  expect(db.blocks().length).toBe(1);
  failing = false;
  await restart();
  const hours = async (): Promise<number[]> => (await queryAll(db, every)).m!.map(([t]) => t / HOUR);
  expect(await hours()).toEqual([8, 12, 13, 14, 15, 16, 17]);
  await db.maintain();
  await restart();
  expect(await hours()).toEqual([8, 12, 13, 14, 15, 16, 17]);
  await db.close();
});
