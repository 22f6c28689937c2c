/** What must survive: SIGKILL at any moment, and a disk that is full. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Labels, Matcher, type AppendError } from '@prunella/metrics';
import { Database } from '@prunella/tsdb';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const unbuilt = !existsSync(join(here, '../../packages/tsdb/dist/index.js'));
const SERIES = 200;
const every = [new Matcher('=~', '__name__', '.+')];

/** Runs the writer until it has acknowledged something and `lifetime` is over. @returns the last batch acknowledged */
async function runAndKill(dir: string, first: number, lifetime: number): Promise<number> {
  const child = spawn(process.execPath, [join(here, 'tsdb-writer.js'), dir, String(first), String(SERIES)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.stdout.on('data', (data: Buffer) => {
    const silent = output === '';
    output += data.toString();
    if (silent) setTimeout(() => child.kill('SIGKILL'), lifetime);
  });
  await exited;
  // Batches are acknowledged in order; a line cut short by the kill does not count.
  const acknowledged = output.split('\n').slice(1, -1).map(Number);
  if (output === '') throw new Error(`the writer did not start: ${errors}`);
  return acknowledged.at(-1) ?? first - 1;
}

describe.skipIf(unbuilt)('killed at random moments (skipped where packages/tsdb is not built)', () => {
  test('20 times SIGKILL: every acknowledged sample is there, once, with its value', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'prunella-kill-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    let acknowledged = 0;
    for (let kill = 0; kill < 20; kill++) {
      acknowledged = await runAndKill(dir, acknowledged + 1, 20 + Math.random() * 300);
    }
    expect(acknowledged).toBeGreaterThan(200);
    const db = await Database.open(dir, { minBlockMs: 60_000 });
    expect(db.blocks().length).toBeGreaterThan(0);
    const querier = db.querier(-Infinity, Infinity);
    let found = 0;
    for await (const batch of querier.select(every)) {
      for (const { labels, samples } of batch) {
        found++;
        const offset = Number(labels.get('series'));
        expect(samples.timestamps.length).toBeGreaterThanOrEqual(acknowledged);
        for (const [i, t] of samples.timestamps.entries()) {
          if (t !== (i + 1) * 1000 || samples.values[i] !== t + offset) {
            expect([labels.toString(), i, t, samples.values[i]]).toEqual([
              labels.toString(),
              i,
              (i + 1) * 1000,
              t + offset,
            ]);
          }
        }
      }
    }
    expect(found).toBe(SERIES);
    expect(querier.warnings).toEqual([]);
    querier.close();
    await db.close();
  }, 120_000);
});

/** A file system of `size` MiB in memory; undefined where this user may not mount. */
function smallDisk(path: string, size: number): (() => void) | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', path], { stdio: 'ignore' });
    return () => void execFileSync('umount', ['-l', path]);
  } catch {
    return undefined;
  }
}

const probe = await mkdtemp(join(tmpdir(), 'prunella-disk-'));
const unmount = smallDisk(probe, 1);
unmount?.();
afterAll(() => rm(probe, { recursive: true, force: true }));

describe.skipIf(unbuilt || unmount === undefined)(
  'on a full disk (skipped where tmpfs cannot be mounted)',
  () => {
    test('writers are refused, readers served, and all goes on when there is space', async () => {
      const disk = await mkdtemp(join(tmpdir(), 'prunella-full-'));
      const release = smallDisk(disk, 8)!;
      onTestFinished(async () => {
        release();
        await rm(disk, { recursive: true, force: true });
      });
      await writeFile(join(disk, 'ballast'), new Uint8Array(4 << 20));
      const dir = join(disk, 'data');
      await mkdir(dir);
      const settings = { minBlockMs: 60_000, retentionMs: 0, walSegmentBytes: 1 << 20 };
      let db = await Database.open(dir, settings);
      const acknowledged: number[] = [];
      const write = async (n: number): Promise<string> => {
        const appender = db.appender();
        for (let i = 0; i < 500; i++) {
          appender.append(0, Labels.from({ __name__: 'full', i: String(i) }), n * 1000, Math.random() * n);
        }
        try {
          await appender.commit();
          acknowledged.push(n);
          return 'written';
        } catch (error) {
          return (error as AppendError).code;
        }
      };
      const check = async (): Promise<void> => {
        const querier = db.querier(-Infinity, Infinity);
        for await (const batch of querier.select(every)) {
          for (const { samples } of batch) {
            const times = new Set(samples.timestamps);
            expect(times.size).toBe(samples.timestamps.length);
            expect(acknowledged.filter((n) => !times.has(n * 1000))).toEqual([]);
          }
        }
        querier.close();
      };
      let n = 1;
      while ((await write(n)) === 'written' && n < 5000) n++;
      expect(n).toBeLessThan(5000);
      expect(await write(++n)).toBe('storage');
      await check();
      await db.maintain();
      await check();
      expect(db.stats().wal.writesFailed).toBeGreaterThan(0);
      // Starts while full, and reads.
      await db.close();
      db = await Database.open(dir, settings);
      await check();
      expect(await write(++n)).toBe('storage');
      // Space comes back: the next write succeeds, and nothing is lost, now or after a restart.
      await rm(join(disk, 'ballast'));
      expect(await write(++n)).toBe('written');
      await db.maintain();
      await check();
      await db.close();
      db = await Database.open(dir, settings);
      await check();
      expect(db.stats().wal.corruptions).toBe(0);
      await db.close();
    }, 60_000);

    test('killed while it is full, and again once space has come back: nothing acknowledged is lost', async () => {
      const disk = await mkdtemp(join(tmpdir(), 'prunella-full-kill-'));
      const release = smallDisk(disk, 6)!;
      onTestFinished(async () => {
        release();
        await rm(disk, { recursive: true, force: true });
      });
      const ballast = join(disk, 'ballast');
      await writeFile(ballast, new Uint8Array(4 << 20));
      const dir = join(disk, 'data');
      const whileFull = await writeThenKill(
        dir,
        1,
        (lines) => lines.filter((it) => it === 'full').length > 20,
      );
      expect(whileFull.length).toBeGreaterThan(10);
      // Started on the full disk; then space comes back, it goes on, and dies without another word.
      let freed: Promise<void> | undefined;
      let from = 0;
      const afterwards = await writeThenKill(dir, whileFull.at(-1)! + 1000, (lines) => {
        if (freed === undefined && lines.includes('full')) {
          from = lines.length;
          freed = rm(ballast);
        }
        return freed !== undefined && lines.slice(from).filter((it) => it !== 'full').length > 50;
      });
      await freed;
      expect(afterwards.length).toBeGreaterThan(40);
      const db = await Database.open(dir, { minBlockMs: 60_000, retentionMs: 0 });
      const querier = db.querier(-Infinity, Infinity);
      let found = 0;
      for await (const batch of querier.select(every)) {
        for (const { labels, samples } of batch) {
          found++;
          const offset = Number(labels.get('series'));
          const values = new Map(Array.from(samples.timestamps, (t, i) => [t, samples.values[i]]));
          expect(values.size, 'each once').toBe(samples.timestamps.length);
          const lost = [...whileFull, ...afterwards].filter(
            (n) => values.get(n * 1000) !== n * 1000 + offset,
          );
          expect(lost).toEqual([]);
        }
      }
      expect(found).toBe(SERIES);
      querier.close();
      await db.close();
    }, 60_000);
  },
);

/** Kills the writer as soon as what it has said satisfies `until`. @returns the batches acknowledged */
async function writeThenKill(
  dir: string,
  first: number,
  until: (lines: readonly string[]) => boolean,
): Promise<number[]> {
  const child = spawn(process.execPath, [join(here, 'tsdb-writer.js'), dir, String(first), String(SERIES)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let output = '';
  const lines = (): string[] => output.split('\n').slice(1, -1);
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
    if (until(lines())) child.kill('SIGKILL');
  });
  await exited;
  return lines()
    .filter((line) => line !== 'full')
    .map(Number);
}
