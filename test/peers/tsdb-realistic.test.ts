/**
 * The same realistic load given to us and to the real Prometheus; then each opens the directory that the other wrote,
 * blocks and log, and is asked the same queries. Debian's `prometheus` and `promtool`, or PROMETHEUS and PROMTOOL.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '@prunella/metrics';
import { Database } from '@prunella/tsdb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROMTOOL, Prometheus, absent, prometheusVersion } from './prometheus.ts';
import { END, HOURS, STEPS, WINDOW, loadSeries, requests, windows, type WindowSeries } from './tsdb-load.ts';
import { QUERIES, askOurs, askPeer, differences, type Matrix } from './tsdb-queries.ts';

const run = promisify(execFile);
/** Fires nothing: the test says when blocks are looked after. */
const stillClock: Clock = { now: () => END, setTimeout: () => ({ cancel: () => {} }) };
const SEGMENT = 10 * 1024 * 1024;

async function namesIn(dir: string, pattern: RegExp): Promise<string[]> {
  return (await readdir(dir)).filter((name) => pattern.test(name));
}

describe.skipIf(absent)(
  `a realistic directory, with Prometheus ${prometheusVersion} (skipped where prometheus or promtool is absent)`,
  () => {
    const series = loadSeries();
    const answers = new Map<string, Matrix>();
    let root: string;
    let config: string;
    let ours: string;
    let theirs: string;
    let samples = 0;

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'prunella-realistic-'));
      config = join(root, 'empty.yml');
      ours = join(root, 'ours');
      theirs = join(root, 'theirs');
      await writeFile(config, 'global: {scrape_interval: 15s}\n');
      await writeBoth();
    }, 600_000);

    afterAll(async () => {
      await rm(root, { recursive: true, force: true });
    });

    /** Both writers take a window at the same time; the peer is asked before it stops. */
    async function writeBoth(): Promise<void> {
      const peer = await Prometheus.start(theirs, config, [
        '--web.enable-remote-write-receiver',
        '--storage.tsdb.wal-segment-size=10MB',
      ]);
      try {
        const db = await Database.open(ours, { clock: stillClock, walSegmentBytes: SEGMENT });
        const refs = series.map(() => 0);
        let n = 0;
        for (const window of windows(series)) {
          const sent = send(peer, window);
          await append(db, refs, window);
          if (n++ % 12 === 0) await db.maintain();
          await sent;
        }
        await db.close();
        for (const query of QUERIES) answers.set(query, await askPeer(peer, query));
      } finally {
        await peer.stop();
      }
    }

    async function send(peer: Prometheus, window: readonly WindowSeries[]): Promise<void> {
      const queue = [...requests(window)];
      const sender = async (): Promise<void> => {
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) await peer.write(next);
      };
      await Promise.all([sender(), sender()]);
    }

    /** Step by step and in pieces, as scrapes come. */
    async function append(db: Database, refs: number[], window: readonly WindowSeries[]): Promise<void> {
      for (let k = 0; k < WINDOW; k++) {
        for (let from = 0; from < window.length; from += 1000) {
          const appender = db.appender();
          for (const { index, labels, samples: own } of window.slice(from, from + 1000)) {
            const sample = own[k];
            if (sample === undefined) continue;
            samples++;
            const { time, value, stale, histogram } = sample;
            const ref = refs[index]!;
            if (histogram) refs[index] = appender.appendHistogram(ref, labels, time, histogram);
            else if (stale) refs[index] = appender.appendStale(ref, labels, time);
            else refs[index] = appender.append(ref, labels, time, value);
          }
          await appender.commit();
        }
      }
    }

    test('the load is what a directory of some size holds', async () => {
      expect(HOURS).toBeGreaterThanOrEqual(6);
      expect(series.length).toBeGreaterThan(10_000);
      expect(samples).toBeGreaterThan(0.95 * 10_000 * STEPS);
      for (const dir of [ours, theirs]) {
        expect(await namesIn(dir, /^[0-9A-Z]{26}$/), dir).not.toEqual([]);
        expect(await namesIn(join(dir, 'wal'), /^\d{8}$/), dir).not.toEqual([]);
        expect(await namesIn(join(dir, 'wal'), /^checkpoint\.\d{8}$/), dir).toHaveLength(1);
      }
      expect(await namesIn(join(theirs, 'chunks_head'), /^\d{6}$/)).not.toEqual([]);
    });

    test('promtool lists and analyses what we wrote', async () => {
      const { stdout: list } = await run(PROMTOOL, ['tsdb', 'list', ours]);
      expect(list.trim().split('\n').length).toBeGreaterThan(2);
      const { stdout: analysis } = await run(PROMTOOL, ['tsdb', 'analyze', ours]);
      expect(analysis).toMatch(/Series: 1\d{4}$/m);
      expect(analysis).toMatch(/\d{4} cpu_seconds_total/);
    });

    test('Prometheus answers from our directory as we do, and as from its own', async () => {
      const copy = join(root, 'ours-copy');
      await cp(ours, copy, { recursive: true });
      const peer = await Prometheus.start(copy, config);
      const db = await Database.open(ours, { clock: stillClock });
      try {
        expect(QUERIES.length).toBeGreaterThanOrEqual(50);
        for (const query of QUERIES) {
          const there = await askPeer(peer, query);
          expect(there.size, query).toBeGreaterThan(0);
          expect(differences(there, await askOurs(db, query)), query).toEqual([]);
          expect(differences(answers.get(query)!, there), query).toEqual([]);
        }
        expect(peer.log).not.toMatch(/corrupt|err=/i);
      } finally {
        await peer.stop();
        await db.close();
      }
    }, 300_000);

    test('we answer from its directory as it does', async () => {
      const db = await Database.open(theirs, { clock: stillClock });
      try {
        expect(db.stats().damages).toEqual([]);
        for (const query of QUERIES)
          expect(differences(answers.get(query)!, await askOurs(db, query)), query).toEqual([]);
      } finally {
        await db.close();
      }
    }, 300_000);
  },
);
