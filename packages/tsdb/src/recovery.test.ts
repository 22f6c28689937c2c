import { cp, mkdir, readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Labels, Matcher } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { ByteWriter } from './bytes/writer.ts';
import { Database } from './database.ts';
import { withDefaults } from './options.ts';
import { temporaryDirectory } from './testing.ts';
import { frame } from './wal/page.ts';
import { lastCheckpoint, listSegments, segmentName } from './wal/segments.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const every = [new Matcher('=~', '__name__', '.+')];
const options = () => ({ clock: new VirtualClock(1_700_000_000_000) });

/** Sample of series n at t has the value n·10⁹ + t/1000. Some hours: blocks, a checkpoint, several segments. */
async function fill(dir: string, hours: number, size = 8): Promise<void> {
  const db = await Database.open(dir, options());
  for (let t = 0; t < hours * HOUR; t += MINUTE) {
    const appender = db.appender();
    for (let n = 0; n < size; n++)
      appender.append(0, Labels.from({ __name__: 'm', n: String(n) }), t, n * 1e9 + t / 1000);
    await appender.commit();
    if (t % HOUR === 0) await db.maintain();
  }
  await db.close();
}

/** Opens and reads all; what is there must be right, each time once. */
async function check(dir: string): Promise<{ samples: number; warnings: readonly string[] }> {
  const db = await Database.open(dir, options());
  const querier = db.querier(-Infinity, Infinity);
  let samples = 0;
  for await (const batch of querier.select(every)) {
    for (const { labels, samples: columns } of batch) {
      const n = Number(labels.get('n'));
      let before = -1;
      for (const [i, t] of columns.timestamps.entries()) {
        expect(t).toBeGreaterThan(before);
        expect(columns.values[i]).toBe(n * 1e9 + t / 1000);
        before = t;
      }
      samples += columns.timestamps.length;
    }
  }
  querier.close();
  // Writing goes on.
  const appender = db.appender();
  appender.append(0, Labels.from({ __name__: 'm', n: '0' }), 100 * HOUR, 360_000);
  await appender.commit();
  await db.close();
  return { samples, warnings: querier.warnings };
}

test('a log with bytes flipped or cut anywhere: it starts, serves nothing wrong, and is whole afterwards', async () => {
  const original = await temporaryDirectory();
  await fill(original, 2.5);
  const whole = 2.5 * 60 * 8;
  const size = (await readFile(join(original, 'wal', segmentName(0)))).length;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(size - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (at, change, cut) => {
        const dir = await temporaryDirectory();
        await cp(original, dir, { recursive: true });
        const path = join(dir, 'wal', segmentName(0));
        if (cut) {
          await truncate(path, at);
        } else {
          const bytes = await readFile(path);
          bytes[at]! ^= change;
          await writeFile(path, bytes);
        }
        const { samples } = await check(dir);
        expect(samples).toBeLessThanOrEqual(whole);
        const again = await check(dir);
        expect(again.samples).toBe(samples + 1);
        await rm(dir, { recursive: true });
      },
    ),
    { numRuns: 40 },
  );
});

describe('one part damaged or gone', () => {
  type Harm = (dir: string) => Promise<void>;
  const firstBlock = async (dir: string): Promise<string> =>
    join(dir, (await readdir(dir)).filter((name) => name.length === 26).sort()[0]!);
  const checkpoint = async (dir: string): Promise<string> => (await lastCheckpoint(join(dir, 'wal')))!.path;
  const headChunks = async (dir: string): Promise<string> =>
    join(dir, 'chunks_head', (await readdir(join(dir, 'chunks_head'))).sort()[0]!);
  const flip = async (path: string, at: number): Promise<void> => {
    const bytes = await readFile(path);
    bytes.fill(0xff, at, at + 3);
    await writeFile(path, bytes);
  };
  const cases: [what: string, harm: Harm, told: boolean][] = [
    ['nothing', async () => {}, false],
    ['no lock', async (dir) => rm(join(dir, 'lock'), { force: true }), false],
    ['a lock of a process that is gone', async (dir) => writeFile(join(dir, 'lock'), '4194303 1\n'), false],
    ['meta.json is gone', async (dir) => rm(join(await firstBlock(dir), 'meta.json')), true],
    ['index is gone', async (dir) => rm(join(await firstBlock(dir), 'index')), true],
    ['index is empty', async (dir) => truncate(join(await firstBlock(dir), 'index'), 0), true],
    ['chunks are gone', async (dir) => rm(join(await firstBlock(dir), 'chunks'), { recursive: true }), true],
    ['chunks have no header', async (dir) => flip(join(await firstBlock(dir), 'chunks/000001'), 0), true],
    ['tombstones are gone', async (dir) => rm(join(await firstBlock(dir), 'tombstones')), false],
    [
      'a half-made block',
      async (dir) => mkdir(join(dir, '01HF0000000000000000000000.tmp-for-creation')),
      false,
    ],
    [
      'a half-deleted block',
      async (dir) => mkdir(join(dir, '01HF0000000000000000000000.tmp-for-deletion')),
      false,
    ],
    ['a half-made checkpoint', async (dir) => mkdir(join(dir, 'wal/checkpoint.00000099.tmp')), false],
    [
      'the checkpoint is damaged',
      async (dir) => flip(join(await checkpoint(dir), segmentName(0)), 100),
      true,
    ],
    ['the checkpoint is empty', async (dir) => rm(join(await checkpoint(dir), segmentName(0))), true],
    [
      'a repair was cut short before its end',
      async (dir) => {
        const [segment] = await listSegments(join(dir, 'wal'));
        const path = join(dir, 'wal', segmentName(segment!));
        await rename(path, `${path}.repaired`);
      },
      false,
    ],
    ['head chunks that are none', async (dir) => writeFile(await headChunks(dir), 'no chunks at all'), false],
    ['head chunks are gone', async (dir) => rm(join(dir, 'chunks_head'), { recursive: true }), false],
    ['a head chunk is damaged', async (dir) => flip(await headChunks(dir), 100), false],
    ['head chunks were cut short', async (dir) => truncate(await headChunks(dir), 1000), false],
    [
      'a kind of record that a later version has',
      async (dir) => {
        const segment = (await listSegments(join(dir, 'wal'))).at(-1)! + 1;
        const out = new ByteWriter();
        for (const type of [11, 12, 200]) frame(out, 0, Uint8Array.of(type, 1, 2, 3, 4, 5, 6, 7, 8, 9), 0);
        await writeFile(join(dir, 'wal', segmentName(segment)), out.written());
      },
      false,
    ],
  ];
  test.each(cases)('%s', async (_, harm, told) => {
    const dir = await temporaryDirectory();
    await fill(dir, 10);
    expect(await lastCheckpoint(join(dir, 'wal'))).toBeDefined();
    await harm(dir);
    const { samples, warnings } = await check(dir);
    if (told) expect(warnings.length).toBeGreaterThan(0);
    else expect([samples, warnings]).toEqual([10 * 60 * 8, []]);
    // What is told stays told, and nothing more is lost.
    expect((await check(dir)).samples).toBe(samples + 1);
  });
});

test('the log is brought to the platter again and again, where there is anything new; by default every 5 s', async () => {
  expect(withDefaults({}).syncIntervalMs).toBe(5000);
  // The disk takes its own time, so this is about real time.
  const db = await Database.open(await temporaryDirectory(), { syncIntervalMs: 10 });
  const syncs = (): number => db.stats().measures.walSyncs.count;
  for (let t = 1; t <= 3; t++) {
    const appender = db.appender();
    appender.append(0, Labels.from({ __name__: 'm' }), t, t);
    await appender.commit();
    await vi.waitFor(() => expect(syncs()).toBe(t), { timeout: 15_000 });
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(syncs()).toBe(3);
  await db.close();
});
