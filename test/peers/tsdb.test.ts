/**
 * Our data directory in the hands of the real Prometheus, and the reverse: Debian's `prometheus` and `promtool`, or
 * those that PROMETHEUS and PROMTOOL name.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  Labels,
  Matcher,
  isStaleAt,
  toFloatHistogram,
  wordsOf,
  type Clock,
  type Queryable,
  type Series,
} from '@prunella/metrics';
import { Database, DatabaseReader, createBlocks } from '@prunella/tsdb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROMTOOL, Prometheus, absent, freePort, prometheusVersion, type Answer } from './prometheus.ts';
import { STEP, nativeHistogram } from './tsdb-load.ts';

const run = promisify(execFile);
const HOUR = 3_600_000;
/** Two series each. The large directory is in tsdb-realistic.test.ts. */
const INSTANCES = 20;

/** Fires nothing: the test says when blocks are looked after. */
const stillClock: Clock = { now: () => Date.now(), setTimeout: () => ({ cancel: () => {} }) };

/** Our samples as Prometheus's API shows them: stale markers left out. */
async function ours(db: Queryable, matchers: Matcher[], start: number, end: number): Promise<Answer> {
  const querier = db.querier(start + 1, end);
  const answer: Answer = {};
  for await (const batch of querier.select(matchers)) {
    for (const { labels, samples } of batch) {
      const words = wordsOf(samples.values);
      const list: [number, string][] = [];
      for (let i = 0; i < samples.timestamps.length; i++) {
        if (!isStaleAt(words, i)) list.push([samples.timestamps[i]!, goFloat(samples.values[i]!)]);
      }
      if (list.length > 0) answer[labels.toString()] = list;
    }
  }
  querier.close();
  expect(querier.warnings).toEqual([]);
  return answer;
}

function goFloat(v: number): string {
  if (v === Infinity) return '+Inf';
  if (Object.is(v, -0)) return '-0';
  return v === -Infinity ? '-Inf' : String(v);
}

/** Both as numbers: Go and JavaScript print exponents differently. */
function normal(answer: Answer): Record<string, [number, number][]> {
  return Object.fromEntries(
    Object.entries(answer).map(([name, list]) => [
      name,
      list.map(([t, v]) => [t, v === '+Inf' ? Infinity : v === '-Inf' ? -Infinity : Number(v)]),
    ]),
  );
}

describe.skipIf(absent)('with the real Prometheus (skipped where prometheus or promtool is absent)', () => {
  let root: string;
  let config: string;
  let ourDir: string;
  const end = Math.floor(Date.now() / STEP) * STEP - 60_000;
  const start = end - 9 * HOUR;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'prunella-peers-'));
    config = join(root, 'empty.yml');
    await writeFile(config, 'global: {scrape_interval: 15s}\n');
    ourDir = join(root, 'ours');
    await writeRealistic(ourDir, start, end);
  }, 600_000);

  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  // No sample lies on a border: Prometheus 2 includes the left one, Prometheus 3 does not.
  const ranges = [
    [start - 7000, end + 7000],
    [end - HOUR - 7000, end + 7000],
    [start + HOUR - 7000, start + 3 * HOUR - 7000],
  ] as const;
  const selectors: [string, Matcher[]][] = [
    ['{__name__="requests_total"}', [new Matcher('=', '__name__', 'requests_total')]],
    [
      '{__name__="temperature",instance=~"i1.*"}',
      [new Matcher('=', '__name__', 'temperature'), new Matcher('=~', 'instance', 'i1.*')],
    ],
    [
      '{instance!~"i.+",__name__!~"latency.*",__name__!=""}',
      [new Matcher('!~', 'instance', 'i.+'), new Matcher('!~', '__name__', 'latency.*')],
    ],
    ['{pod=~"p1|p2|p3"}', [new Matcher('=~', 'pod', 'p1|p2|p3')]],
    ['odd', [new Matcher('=', '__name__', 'odd')]],
  ];

  test('promtool lists and analyses what we wrote', async () => {
    const { stdout: list } = await run(PROMTOOL, ['tsdb', 'list', ourDir]);
    expect(list.trim().split('\n').length).toBeGreaterThan(2);
    const { stdout: analysis } = await run(PROMTOOL, ['tsdb', 'analyze', ourDir]);
    expect(analysis).toContain(`${INSTANCES} requests_total`);
  }, 60_000);

  test('Prometheus reads our blocks and our log as we do', async () => {
    const dir = join(root, 'copy');
    await cp(ourDir, dir, { recursive: true });
    const db = await Database.open(ourDir, { clock: stillClock });
    const peer = await Prometheus.start(dir, config);
    try {
      for (const [selector, matchers] of selectors) {
        for (const [from, to] of ranges) {
          const there = normal(await peer.samples(selector, from, to));
          expect(Object.keys(there).length, selector).toBeGreaterThan(0);
          expect(normal(await ours(db, matchers, from, to))).toEqual(there);
        }
      }
      const stale = await peer.query(
        { query: 'count(temperature{gone="yes"})', time: String((end - 8.5 * HOUR) / 1000) },
        'query',
      );
      expect(stale).toEqual([]);
      expect(peer.log).not.toMatch(/corrupt|err=/i);
    } finally {
      await peer.stop();
      await db.close();
    }
    // What Prometheus leaves behind (its own segment, head chunks, checkpoint) is read by us again.
    const back = await Database.open(dir, { clock: stillClock });
    const before = await Database.open(ourDir, { clock: stillClock });
    for (const [, matchers] of selectors) {
      expect(await ours(back, matchers, start, end)).toEqual(await ours(before, matchers, start, end));
    }
    await back.close();
    await before.close();
  }, 120_000);

  test('Prometheus sees our native histograms, in blocks and in the log', async () => {
    const dir = join(root, 'histograms');
    await cp(ourDir, dir, { recursive: true });
    const peer = await Prometheus.start(dir, config);
    try {
      for (const name of ['latency', 'latency_float']) {
        for (const back of [8 * HOUR, 3 * HOUR, 15 * 60_000]) {
          const time = end - back;
          const h = nativeHistogram(Math.floor((time - start) / STEP));
          const ask = async (query: string): Promise<number> => {
            const result = await peer.query({ query, time: String(time / 1000) }, 'query');
            return Number((result as { value: [number, string] }[])[0]?.value[1]);
          };
          expect(await ask(`histogram_count(${name})`), name).toBe(h.count);
          expect(await ask(`histogram_sum(${name})`), name).toBe(h.sum);
          // Every bucket: 0.001 < 2^(0.5) ...
          expect(await ask(`histogram_fraction(-1, 0.001, ${name})`)).toBeCloseTo(h.zeroCount / h.count, 9);
        }
        const rate = await peer.query(
          { query: `histogram_count(increase(${name}[8h]))`, time: String((end + 7000) / 1000) },
          'query',
        );
        const value = Number((rate as { value: [number, string] }[])[0]?.value[1]);
        // 1920 steps, of which one begins anew: about what was observed, never a negative jump.
        expect(value).toBeGreaterThan(4000);
        expect(value).toBeLessThan(12_000);
      }
    } finally {
      await peer.stop();
    }
    const back = await Database.open(dir, { clock: stillClock });
    const querier = back.querier(start, end);
    for await (const batch of querier.select([new Matcher('=~', '__name__', 'latency.*')])) {
      for (const { samples } of batch) {
        expect(samples.timestamps.length).toBe(Math.round((end - start) / STEP) + 1);
        for (const [i, t] of samples.timestamps.entries()) {
          const h = nativeHistogram(Math.round((t - start) / STEP));
          expect([samples.histograms?.[i]?.count, samples.histograms?.[i]?.zeroCount]).toEqual([
            h.count,
            h.zeroCount,
          ]);
        }
      }
    }
    querier.close();
    await back.close();
  }, 60_000);

  test('we read what a Prometheus left that was killed while it scraped', async () => {
    const dir = join(root, 'killed');
    const scraping = join(root, 'self.yml');
    const port = await freePort();
    await writeFile(
      scraping,
      `global: {scrape_interval: 250ms, scrape_timeout: 250ms}
scrape_configs: [{job_name: self, static_configs: [{targets: ['127.0.0.1:${port}']}]}]
`,
    );
    const peer = await Prometheus.start(dir, scraping, [`--web.listen-address=127.0.0.1:${port}`]);
    let seen: unknown[] = [];
    for (let i = 0; i < 100 && seen.length === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      seen = (await peer.query({ query: 'count_over_time(up[1m]) > 3' }, 'query')) as unknown[];
    }
    const there = await peer.samples(
      '{__name__=~"up|go_goroutines|prometheus_tsdb_head_series"}',
      Date.now() - 600_000,
      Date.now(),
    );
    // Read while it is in use: nothing there is changed by us.
    const names = await readdir(dir);
    const reader = await DatabaseReader.open(dir);
    const beside = await ours(reader, [new Matcher('=', '__name__', 'up')], 0, Date.now() + 60_000);
    expect(Object.values(beside).flat().length).toBeGreaterThan(3);
    expect(reader.warnings).toEqual([]);
    reader.close();
    expect(await readdir(dir)).toEqual(names);
    await peer.stop('SIGKILL');
    const db = await Database.open(dir, { clock: stillClock });
    const here = await ours(
      db,
      [new Matcher('=~', '__name__', 'up|go_goroutines|prometheus_tsdb_head_series')],
      0,
      Date.now() + 60_000,
    );
    expect(Object.keys(there)).toHaveLength(3);
    for (const [name, samples] of Object.entries(there))
      expect(here[name]!.slice(0, samples.length)).toEqual(samples);
    expect(db.metadata().size + db.stats().head.series).toBeGreaterThan(200);
    await db.close();
  }, 60_000);

  test('samples out of order are read there too', async () => {
    const dir = join(root, 'late');
    const late = join(root, 'late.yml');
    await writeFile(late, 'storage: {tsdb: {out_of_order_time_window: 2h}}\n');
    const db = await Database.open(dir, { clock: stillClock, outOfOrderWindowMs: 2 * HOUR });
    for (const t of [end - 60_000, end - 3_000_000, end, end - 1000, end - 3_000_001]) {
      const appender = db.appender();
      appender.append(0, Labels.from({ __name__: 'late' }), t, t % 1000);
      await appender.commit();
    }
    for (const [i, t] of [end - 60_000, end - 3_000_000].entries()) {
      const appender = db.appender();
      appender.appendHistogram(0, Labels.from({ __name__: 'late_native' }), t, nativeHistogram(i + 7));
      await appender.commit();
    }
    await db.close();
    const peer = await Prometheus.start(dir, late);
    const there = normal(await peer.samples('late', end - HOUR - 7000, end + 7000));
    // Prometheus 2 has no histograms out of order.
    if (!prometheusVersion!.startsWith('2.')) {
      const time = String((end - 3_000_000) / 1000);
      const counted = await peer.query({ query: 'histogram_count(late_native)', time }, 'query');
      expect(counted).toMatchObject([{ value: [Number(time), String(nativeHistogram(8).count)] }]);
    }
    await peer.stop();
    const back = await Database.open(dir, { clock: stillClock, outOfOrderWindowMs: 2 * HOUR });
    expect(normal(await ours(back, [new Matcher('=', '__name__', 'late')], end - HOUR, end))).toEqual(there);
    expect(there['late']).toHaveLength(5);
    await back.close();
  }, 60_000);

  test('we read blocks that promtool made', async () => {
    // At another moment bytes may differ: Prometheus 2 puts a zero behind a chunk whose bits fill its last byte.
    const first = Date.UTC(2026, 0, 15, 6, 13, 0);
    const file = join(root, 'in.om');
    const lines: string[] = ['# TYPE made gauge'];
    for (let i = 0; i < 1000; i++)
      lines.push(`made{n="${i % 7}"} ${Math.sqrt(i)} ${(first + i * STEP) / 1000}`);
    await writeFile(file, `${lines.join('\n')}\n# EOF\n`);
    const dir = join(root, 'made');
    await run(PROMTOOL, ['tsdb', 'create-blocks-from', 'openmetrics', file, dir]);
    // The same samples from us are the same bytes.
    const columns = (n: number): Series => {
      const indices = Array.from({ length: 1000 }, (_, i) => i).filter((i) => i % 7 === n);
      const timestamps = Float64Array.from(indices, (i) => first + i * STEP);
      const values = Float64Array.from(indices, (i) => Math.sqrt(i));
      return { labels: Labels.from({ __name__: 'made', n: String(n) }), samples: { timestamps, values } };
    };
    const twin = join(root, 'twin');
    await createBlocks(
      twin,
      Array.from({ length: 7 }, (_, n) => columns(n)),
    );
    const blockNames = async (path: string): Promise<string[]> => {
      const names = (await readdir(path)).filter((name) => /^[0-9A-Z]{26}$/.test(name));
      const starts = await Promise.all(
        names.map(
          async (name) => JSON.parse(await readFile(join(path, name, 'meta.json'), 'utf8')).minTime as number,
        ),
      );
      return names.sort((a, b) => starts[names.indexOf(a)]! - starts[names.indexOf(b)]!);
    };
    const [made, copied] = [await blockNames(dir), await blockNames(twin)];
    expect(copied).toHaveLength(made.length);
    for (const [i, name] of made.entries()) {
      for (const part of ['chunks/000001', 'index', 'tombstones']) {
        const [a, b] = await Promise.all([
          readFile(join(dir, name, part)),
          readFile(join(twin, copied[i]!, part)),
        ]);
        expect(b.equals(a), `${part} of block ${i}`).toBe(true);
      }
    }
    const db = await Database.open(dir, { clock: stillClock });
    const answer = await ours(db, [new Matcher('=', '__name__', 'made')], first - 1, first + 24 * HOUR);
    expect(Object.values(answer).flat()).toHaveLength(1000);
    for (const [name, list] of Object.entries(answer)) {
      for (const [t, v] of list) {
        const i = (t - first) / STEP;
        expect([name, Number(v)]).toEqual([`made{n="${i % 7}"}`, Math.sqrt(i)]);
      }
    }
    await db.close();
  }, 60_000);
});

/** Counters, gauges, odd values, series that end with a stale marker, pods that come and go. */
async function writeRealistic(dir: string, start: number, end: number): Promise<void> {
  const db = await Database.open(dir, { clock: stillClock });
  let step = 0;
  for (let t = start; t <= end; t += STEP, step++) {
    const appender = db.appender();
    const put = (labels: Record<string, string>, v: number): void =>
      void appender.append(0, Labels.from(labels), t + Math.round(Math.sin(step) * 3), v);
    for (let i = 0; i < INSTANCES; i++) {
      put(
        { __name__: 'requests_total', instance: `i${i}`, job: 'api' },
        step * i + Math.floor(i * Math.sin(step)),
      );
      put(
        { __name__: 'temperature', instance: `i${i}`, zone: i % 2 === 0 ? 'a' : 'ü"\\' },
        20 + Math.sin(step / 100) * i,
      );
    }
    for (const name of ['latency', 'latency_float']) {
      const h = nativeHistogram(step);
      appender.appendHistogram(
        0,
        Labels.from({ __name__: name }),
        t,
        name === 'latency' ? h : toFloatHistogram(h),
      );
    }
    const pod = `p${Math.floor(step / 700)}`;
    put({ __name__: 'pod_info', pod, job: 'k8s' }, 1);
    if (step % 700 === 0 && step > 0) {
      appender.appendStale(
        0,
        Labels.from({ __name__: 'pod_info', pod: `p${Math.floor(step / 700) - 1}`, job: 'k8s' }),
        t,
      );
    }
    put(
      { __name__: 'odd', kind: 'mixed' },
      [0, -0, Infinity, -Infinity, 1e-300, 5e-324, 1.7976931348623157e308, 0.1][step % 8]!,
    );
    if (step < 50) put({ __name__: 'temperature', gone: 'yes' }, step);
    if (step === 50) appender.appendStale(0, Labels.from({ __name__: 'temperature', gone: 'yes' }), t);
    await appender.commit();
    if (step % 240 === 0) await db.maintain();
  }
  await db.close();
}
