import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels, silentLogger, systemClock, type Appendable, type Queryable } from '@prunella/metrics';
import type { QueryResult } from '@prunella/promql';
import { parseRuleFile, RuleManager } from '@prunella/rules';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command as checkRules } from '../../packages/cli/src/commands/check-rules.ts';
import { command as testRules } from '../../packages/cli/src/commands/test-rules.ts';
import type { Command } from '../../packages/cli/src/command.ts';
import { rulesRoutes } from '../../packages/server/src/rules/routes.ts';

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const conformance = join(import.meta.dirname, '../../../shared/conformance/rules');

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'prunella-rules-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function ours(command: Command, args: string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const add = (line: string): void => void lines.push(line);
  const code = await command.run(args, { out: add, err: add, env: {}, signal: new AbortController().signal });
  return { code, text: lines.join('\n') };
}

function theirs(args: string[]): { code: number; text: string } {
  const run = spawnSync('promtool', args, { encoding: 'utf8' });
  return { code: run.status ?? -1, text: run.stdout + run.stderr };
}

const rule = (text: string): string => `groups:\n  - name: g\n    rules:\n      - ${text}\n`;
const files: string[] = [
  '',
  'groups:\n',
  'groups: []\n',
  'group: []\n',
  'groups:\n  - name: a\n',
  'groups:\n  - rules: []\n',
  'groups:\n  - name: a\n  - name: a\n',
  'groups:\n  - name: a\n    interval: 1m30s\n    limit: 5\n',
  'groups:\n  - name: a\n    interval: soon\n',
  'groups:\n  - name: a\n    limit: x\n',
  'groups:\n  - name: a\n    nope: x\n',
  rule('{record: a, expr: 1}'),
  rule('{record: a, expr: up, for: 5m}'),
  rule('{record: a, expr: up, for: 0s}'),
  rule('{record: a, expr: up, keep_firing_for: 5m}'),
  rule('{record: a, expr: up, annotations: {a: b}}'),
  rule('{record: a, expr: up, annotations: {}}'),
  rule('{record: a, expr: up, labels: {a: 1.50, b: yes, c: ~}}'),
  rule('{record: "a b", expr: up}'),
  rule('{record: "1a", expr: up}'),
  rule('{record: "a:b", expr: up}'),
  rule('{record: a, alert: b, expr: up}'),
  rule('{expr: up}'),
  rule('{alert: a}'),
  rule('{record: a}'),
  rule('{alert: a, expr: "up ="}'),
  rule('{alert: a, expr: "rate(up)"}'),
  rule('{alert: a, expr: "sum(up"}'),
  rule('{alert: a, expr: "1 > 2"}'),
  rule('{alert: a, expr: "foo(up)"}'),
  rule('{alert: a, expr: "up offset 5m > 0", for: 5m, keep_firing_for: 1h}'),
  rule('{alert: a, expr: up, for: 1x}'),
  rule('{alert: a, expr: up, for: 5}'),
  rule('{alert: "a b", expr: up}'),
  rule('{alert: a, expr: up, labels: {a: "{{ $labels.x }}"}}'),
  rule('{alert: a, expr: up, labels: {"a-b": c}}'),
  rule('{alert: a, expr: up, labels: {__name__: c}}'),
  rule('{alert: a, expr: up, annotations: {"a.b": c}}'),
  rule('{alert: a, expr: up, annotations: {a: "{{ $nope }}"}}'),
  rule('{alert: a, expr: up, annotations: {a: "{{ $value | nope }}"}}'),
  rule('{alert: a, expr: up, annotations: {a: "{{ if }}"}}'),
  rule('{alert: a, expr: up, annotations: {a: "{{ query \\"up\\" | first | value | humanize }}"}}'),
  rule('{alert: a, expr: up, annotations: {a: 5, b: true}}'),
  rule('{alert: a, expr: up, labelz: {}}'),
  rule('{alert: a, expr: up, labels: []}'),
  rule('{alert: a, expr: up'),
  `${rule('{alert: a, expr: "up +"}')}      - {alert: b, expr: "foo(up)", labels: {"x-y": z}}\n`,
];

describe.skipIf(!has('promtool'))('check rules agrees with promtool (skipped without promtool)', () => {
  test.each(files)('%j', async (text) => {
    const file = join(dir, 'check.yml');
    writeFileSync(file, text);
    const [mine, peer] = [
      await ours(checkRules, ['--no-lint', file]),
      theirs(['check', 'rules', '--lint=none', file]),
    ];
    expect(mine.code, `${mine.text}\n${peer.text}`).toBe(peer.code);
    // What promtool says of a rule, we say in the same words.
    // Releases differ in the column that a parse error names.
    const plain = (text: string): string => text.replaceAll(/\d+:\d+: parse error/g, 'parse error');
    for (const [said] of plain(peer.text).matchAll(/group "[^"]*", rule \d+, .*/g))
      expect(plain(mine.text)).toContain(said);
  });
});

const unitTests = existsSync(conformance)
  ? readdirSync(conformance).filter(
      (name) =>
        /^(?!.*(?:extrafields|fuzzy|long|rules(?:_extrafields)?\.yml$|alerts|unittest|at-modifier\.yml|bad-rules-syntax\.yml))/.test(
          name,
        ) && name.endsWith('.yml'),
    )
  : [];

describe.skipIf(!has('promtool') || unitTests.length === 0)(
  'test rules says what promtool says (skipped without promtool or ../shared/conformance)',
  () => {
    test.each(unitTests)('%s', async (name) => {
      const file = join(conformance, name);
      const [mine, peer] = [await ours(testRules, [file]), theirs(['test', 'rules', file])];
      expect(mine.code, mine.text).toBe(peer.code);
      const failures = (text: string): string[] =>
        text.split('\n').filter((line) => /^ {4,}\S/.test(line) && !line.includes('err:'));
      expect(failures(mine.text)).toEqual(failures(peer.text));
    });
  },
);

describe.skipIf(!has('prometheus'))(
  'the rules API beside the real Prometheus (skipped without prometheus)',
  () => {
    let exporter: Server;
    let page = '';
    let prometheus: ChildProcess;
    let address: string;
    let manager: RuleManager;
    const app = fastify();

    const rules = `
groups:
  - name: recording
    interval: 1s
    rules:
      - record: shop:requests:sum
        expr: sum   by (path) (requests)
        labels: {team: "a", empty: ""}
      - record: clash
        expr: label_replace(requests, "path", "x", "", "")
      - record: text
        expr: '"a"'
  - name: alerting
    interval: 1s
    limit: 2
    rules:
      - alert: Pending
        expr: requests > 5
        for: 1h
        labels: {severity: "{{ if gt $value 8.0 }}critical{{ else }}warning{{ end }}", gone: ""}
        annotations: {summary: 'path {{ $labels.path }} has {{ $value | humanize }} of {{ with query "sum(requests)" }}{{ . | first | value }}{{ end }}', broken: "{{ $labels.a.b }}"}
      - alert: Firing
        expr: sum(requests) > 1
        keep_firing_for: 1h
        labels: {severity: page}
      - alert: Quiet
        expr: requests > 1000
        for: 5m30s
      - alert: TooMany
        expr: 'requests >= 0'
      - alert: Clash
        expr: '{__name__=~"requests|errors"}'
      - alert: Down
        expr: absent(nonexistent{job="a"}) or up == 0
  - name: empty
`;

    beforeAll(async () => {
      exporter = createServer((_, response) => {
        response.setHeader('content-type', 'text/plain; version=0.0.4').end(page);
      });
      await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
      const target = `127.0.0.1:${(exporter.address() as AddressInfo).port}`;
      page = 'requests{path="/a"} 7\nrequests{path="/b"} 9\nrequests{path="/c"} 1\nerrors{path="/a"} 1\n';
      const ruleFile = join(dir, 'rules.yml');
      writeFileSync(ruleFile, rules);
      writeFileSync(
        join(dir, 'prometheus.yml'),
        `global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [${ruleFile}]\nscrape_configs: [{job_name: shop, static_configs: [{targets: ['${target}']}]}]\n`,
      );
      const port = await freePort();
      address = `http://127.0.0.1:${port}`;
      const flags = [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`];
      prometheus = spawn('prometheus', [...flags, `--web.listen-address=127.0.0.1:${port}`], {
        stdio: 'ignore',
      });
      await until(async () => (await fetch(`${address}/-/ready`)).ok);
      manager = new RuleManager({
        query: (expr, time) => instant(address, expr, time),
        appendable: nothing,
        queryable: nothing,
        notify: () => {},
        clock: systemClock,
        logger: silentLogger,
        externalURL: address,
      });
      await manager.apply([parseRuleFile(rules, ruleFile)], { evaluationInterval: 1000 });
      rulesRoutes(app, {
        rules: manager,
        parseSelector: () => {
          throw new Error('not asked');
        },
      });
      manager.start();
      await until(async () => JSON.stringify(await rulesOf('')).includes('"state":"pending"'));
      // Both have evaluated everything a few times by then.
      await new Promise((resolve) => setTimeout(resolve, 4000));
    }, 60_000);

    afterAll(async () => {
      await manager?.stop();
      await app.close();
      if (prometheus) {
        const gone = new Promise((resolve) => prometheus.once('exit', resolve));
        prometheus.kill('SIGTERM');
        await gone;
      }
      exporter?.close();
    });

    const rulesOf = async (query: string): Promise<unknown> => {
      const answer = await fetch(`${address}/api/v1/rules${query}`);
      return answer.json();
    };

    test.each(['', '?type=alert', '?type=record', '?type=nope'])(
      '/api/v1/rules%s is identical but for the times',
      async (query) => {
        const mine = (await app.inject(`/api/v1/rules${query}`)).json() as unknown;
        const peer = await rulesOf(query);
        expect(normal(mine)).toEqual(normal(peer));
      },
    );

    test('/api/v1/alerts is identical but for the times', async () => {
      const mine = (await app.inject('/api/v1/alerts')).json() as unknown;
      const peer = await (await fetch(`${address}/api/v1/alerts`)).json();
      expect(normal(mine)).toEqual(normal(peer));
      expect(JSON.stringify(mine)).toContain('"state":"pending"');
    });

    test('both keep firing for as long as they are told', async () => {
      page = 'requests{path="/a"} 0\n';
      const quiet = (text: unknown): boolean => !JSON.stringify(text).includes('"state":"pending"');
      await until(async () => quiet(await rulesOf('')) && quiet((await app.inject('/api/v1/rules')).json()));
      // The two evaluate at moments of their own, so they come to agree, but not in step.
      let mine: unknown;
      let peer: unknown;
      const agree = async (): Promise<boolean> => {
        [mine, peer] = [normal((await app.inject('/api/v1/rules')).json()), normal(await rulesOf(''))];
        return JSON.stringify(mine) === JSON.stringify(peer);
      };
      await until(agree).catch(() => undefined);
      expect(mine).toEqual(peer);
      expect(JSON.stringify(mine)).toContain('"name":"Firing"');
    });
  },
);

const reference = join(import.meta.dirname, '../../../shared/reference/rules');
const inUse = [reference, join(import.meta.dirname, '../../config/rules')]
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.yml'));

describe.skipIf(!has('prometheus'))(
  'rule files in use read as Prometheus reads them (skipped without prometheus)',
  () => {
    let prometheus: ChildProcess;
    let theirs: unknown;

    beforeAll(async () => {
      writeFileSync(
        join(dir, 'static.yml'),
        `global: {evaluation_interval: 1h}\nrule_files: ${JSON.stringify(inUse)}\n`,
      );
      const port = await freePort();
      const flags = [`--config.file=${dir}/static.yml`, `--storage.tsdb.path=${dir}/static`];
      prometheus = spawn('prometheus', [...flags, `--web.listen-address=127.0.0.1:${port}`], {
        stdio: 'ignore',
      });
      await until(async () => {
        theirs = await (await fetch(`http://127.0.0.1:${port}/api/v1/rules`)).json();
        return (theirs as { data: { groups: unknown[] } }).data.groups.length > 0;
      });
    }, 60_000);

    afterAll(async () => {
      const gone = new Promise((resolve) => prometheus.once('exit', resolve));
      prometheus.kill('SIGTERM');
      await gone;
    });

    test(`${inUse.length} files: names, expressions, durations, labels, annotations`, async () => {
      const manager = new RuleManager({
        query: async () => Promise.reject(new Error('not asked')),
        appendable: nothing,
        queryable: nothing,
        notify: () => {},
        clock: systemClock,
        logger: silentLogger,
      });
      await manager.apply(
        inUse.map((path) => parseRuleFile(readFileSync(path, 'utf8'), path)),
        { evaluationInterval: 3_600_000 },
      );
      const app = fastify();
      rulesRoutes(app, { rules: manager, parseSelector: () => [] });
      const mine = (await app.inject('/api/v1/rules')).json() as unknown;
      expect(written(mine)).toEqual(written(theirs));
      await app.close();
    });
  },
);

/** What stands in the files, of `/api/v1/rules`. */
function written(answer: unknown): unknown {
  const { data } = answer as { data: { groups: { rules: Record<string, unknown>[] }[] } };
  return data.groups.map(({ rules, ...group }) => ({
    ...(normal(group) as object),
    rules: rules.map(({ type, name, query, duration, keepFiringFor, labels, annotations }) =>
      normal({
        type,
        name,
        query: query ?? '',
        duration,
        keepFiringFor,
        labels,
        annotations,
      }),
    ),
  }));
}

const nothing: Appendable & Queryable = {
  appender: () => ({
    append: () => 0,
    appendStale: () => 0,
    appendHistogram: () => 0,
    appendExemplar: () => 0,
    updateMetadata: () => 0,
    commit: async () => {},
    rollback: () => {},
  }),
  querier: () => ({
    async *select() {},
    labelNames: async () => [],
    labelValues: async () => [],
    warnings: [],
    close: () => {},
  }),
};

/** Asks Prometheus, so that both judge the same data. */
async function instant(address: string, expr: string, time: number): Promise<QueryResult> {
  const url = `${address}/api/v1/query?query=${encodeURIComponent(expr)}&time=${time / 1000}`;
  const answer = (await (await fetch(url)).json()) as {
    status: string;
    error?: string;
    data: { resultType: string; result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  if (answer.status !== 'success') throw new Error(answer.error);
  if (answer.data.resultType === 'string')
    return { value: { type: 'string', time, value: '' }, warnings: [], infos: [] };
  const samples = answer.data.result.map(({ metric, value }) => ({
    labels: Labels.from(metric),
    time,
    value: Number(value[1]),
  }));
  return { value: { type: 'vector', samples }, warnings: [], infos: [] };
}

/** Without times, alerts sorted, without what only newer releases tell or only older ones show. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) {
    // Releases before 3 show groups without rules.
    const items = value.map(normal).filter((item) => !isEmptyGroup(item));
    return items.every((item) => typeof item === 'object' && item !== null && 'activeAt' in item)
      ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => key !== 'keepFiringSince')
    .map(([key, item]): [string, unknown] => {
      if (['lastEvaluation', 'activeAt'].includes(key))
        return [key, /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(item as string)];
      return [key, key === 'evaluationTime' ? typeof item : normal(item)];
    });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isEmptyGroup(item: unknown): boolean {
  const { rules } = item as { rules?: unknown };
  return Array.isArray(rules) && rules.length === 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error('timed out');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
