/** `prunella tsdb` and `prunella query` beside `promtool tsdb` and `promtool query`: the same words for the same question. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Labels } from '@prunella/metrics';
import { Database } from '@prunella/tsdb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command as query } from '../../packages/cli/src/commands/query.ts';
import { command as tsdb } from '../../packages/cli/src/commands/tsdb.ts';
import { PROMTOOL, Prometheus, absent, freePort } from './prometheus.ts';

const exec = promisify(execFile);
const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 15, 8);
const END = START + 7 * HOUR;

async function promtool(...args: string[]): Promise<string[]> {
  const { stdout } = await exec(PROMTOOL, args, { maxBuffer: 1 << 26 });
  return stdout.replace(/\n+$/, '').split('\n');
}

async function ours(command: typeof tsdb, ...args: string[]): Promise<string[]> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    env: {},
    signal: new AbortController().signal,
  };
  expect([await command.run(args, io), err]).toEqual([0, []]);
  return out.join('\n').replace(/\n+$/, '').split('\n');
}

describe.skipIf(absent)('beside promtool (skipped where promtool or prometheus is absent)', () => {
  let root: string;
  let data: string;
  let url: string;
  let peer: Prometheus;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'prunella-tool-'));
    data = join(root, 'data');
    const db = await Database.open(data, {
      clock: { now: () => END, setTimeout: () => ({ cancel: () => {} }) },
    });
    for (let t = START, step = 0; t <= END; t += 60_000, step++) {
      const appender = db.appender();
      for (let i = 0; i < 5; i++)
        appender.append(0, Labels.from({ __name__: 'm', i: String(i), zone: 'ü"\\' }), t, step * i * 1.5e5);
      appender.append(
        0,
        Labels.from({ __name__: 'pod', pod: `p${Math.floor(step / 40)}` }),
        t,
        1 / (step + 1),
      );
      await appender.commit();
    }
    await db.maintain();
    await db.close();
    await writeFile(join(root, 'empty.yml'), '');
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    // A copy: it is we who have just written the other.
    await exec('cp', ['-r', data, join(root, 'served')]);
    peer = await Prometheus.start(join(root, 'served'), join(root, 'empty.yml'), [
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
  });

  afterAll(async () => {
    await peer.stop();
    await rm(root, { recursive: true, force: true });
  });

  test.each([[[]], [['-r']], [['--human-readable']]])('list %j', async (flags) => {
    expect(await ours(tsdb, 'list', ...flags, data)).toEqual(await promtool('tsdb', 'list', ...flags, data));
  });

  test.each([[[]], [['--extended']], [['--limit=3']]])('analyze %j', async (flags) => {
    // Of those that are equally many each takes any. From 2.44 on there is a "Total" before the series.
    const counts = (lines: string[]): string[] =>
      lines.map((line) =>
        line
          .replace(/^(\d+) .*$/, '$1')
          .replace('Total Series', 'Series')
          .trimEnd(),
      );
    expect(counts(await ours(tsdb, 'analyze', ...flags, data))).toEqual(
      counts(await promtool('tsdb', 'analyze', ...flags, data)),
    );
  });

  test.each([
    [[]],
    [['--match={__name__="m",i=~"1|2"}']],
    [[`--min-time=${START + HOUR}`, `--max-time=${START + 5 * HOUR}`]],
  ])('dump %j', async (flags) => {
    const there = await promtool('tsdb', 'dump', ...flags, data);
    expect(there.length).toBeGreaterThan(400);
    expect((await ours(tsdb, 'dump', ...flags, data)).sort()).toEqual(there.sort());
  });

  test('create-blocks-from openmetrics', async () => {
    const file = join(root, 'in.om');
    const lines = Array.from(
      { length: 300 },
      (_, i) => `a{x="${i % 3}"} ${i} ${(START + i * 60_000) / 1000}`,
    );
    await writeFile(file, `# TYPE a gauge\n${lines.join('\n')}\n# EOF\n`);
    const args = ['create-blocks-from', 'openmetrics', file];
    const theirs = await promtool('tsdb', ...args, join(root, 'theirs'));
    const own = await ours(tsdb, ...args, join(root, 'own'));
    expect(own).toHaveLength(theirs.length);
    expect(await ours(tsdb, 'dump', join(root, 'own'))).toEqual(
      await ours(tsdb, 'dump', join(root, 'theirs')),
    );
    expect(await promtool('tsdb', 'list', join(root, 'own'))).toEqual(own);
  });

  test('create-blocks-from rules', async () => {
    const rules = join(root, 'rules.yml');
    await writeFile(
      rules,
      `groups:
- name: g
  interval: 5m
  rules:
  - {record: m:sum, expr: sum(m), labels: {from: rules}}
  - {record: 'm:rate', expr: 'rate(m[10m])'}
`,
    );
    const span = [`--start=${START / 1000 + 1}`, `--end=${END / 1000}`];
    const args = ['create-blocks-from', 'rules', ...span, `--url=${url}`];
    await promtool('tsdb', ...args, `--output-dir=${join(root, 'rules-theirs')}`, rules);
    await ours(tsdb, ...args, `--output-dir=${join(root, 'rules-own')}`, rules);
    const theirs = await ours(tsdb, 'dump', join(root, 'rules-theirs'));
    expect(theirs.length).toBeGreaterThan(400);
    const own = await ours(tsdb, 'dump', join(root, 'rules-own'));
    // promtool shifts every group by a hash of its name; ours stand at multiples of the interval.
    const series = (lines: string[]): string[] => lines.map((line) => line.replace(/ \S+ \d+$/, ''));
    expect(series(own)).toEqual(series(theirs));
    const sums = own
      .filter((line) => line.startsWith('{__name__="m:sum"'))
      .map((line) => line.split(' ').slice(-2));
    expect(sums.map(([, t]) => Number(t) - START)).toEqual(
      Array.from({ length: 84 }, (_, i) => (i + 1) * 300_000),
    );
    for (const [value, t] of sums) expect(Number(value)).toBe(10 * 1.5e5 * ((Number(t) - START) / 60_000));
  });

  const time = String(END / 1000 - 7);
  test.each([
    ['instant', ['--time', time, 'URL', 'sum by (i) (m)']],
    ['instant', ['--time', time, 'URL', 'm{i="1"}[3m]']],
    ['instant', ['--time', time, 'URL', 'scalar(count(m)) / 0']],
    ['range', [`--start=${START / 1000}`, `--end=${time}`, '--step=30m', 'URL', 'm{i="4"} + 0.25']],
    ['series', ['--match=m', '--match=pod', `--start=${START / 1000}`, `--end=${time}`, 'URL']],
    ['labels', [`--start=${START / 1000}`, `--end=${time}`, 'URL', 'pod']],
  ])('query %s %j', async (what, args) => {
    const at = args.map((arg) => (arg === 'URL' ? url : arg));
    expect((await ours(query, what, '-o', 'promql', ...at)).sort()).toEqual(
      (await promtool('query', what, ...at)).sort(),
    );
  });
});
