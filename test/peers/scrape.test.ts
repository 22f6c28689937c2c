import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@prunella/metrics';
import { parsePrometheusConfig, ScrapeManager } from '@prunella/scrape';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scrapeRoutes } from '../../packages/server/src/scrape/routes.ts';
import { TestStorage } from '../../packages/scrape/testdata/storage.ts';
import fastify from 'fastify';

const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

const PAGE = `# HELP plain A plain one.
# TYPE plain gauge
plain 1.5
# HELP req_total Requests.
# TYPE req_total counter
req_total{code="200",job="own"} 12
req_total{code="500",instance="own",exported_instance="taken"} 3e2
escaped{v="a\\"b\\\\c\\nd ü"} -0.25
nan NaN
inf +Inf
# TYPE lat histogram
lat_bucket{le="0.1"} 1
lat_bucket{le="+Inf"} 2
lat_sum 0.3
lat_count 2
timed 7 1000
spaced { a = "b" , } 8
dropme 1
`;

function jobs(address: string): string {
  return `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- job_name: plain
  static_configs: [{targets: ['${address}'], labels: {env: test, code: target}}]
- job_name: honor
  honor_labels: true
  honor_timestamps: false
  params: {x: [y]}
  static_configs: [{targets: ['${address}']}]
  relabel_configs:
  - {source_labels: [__address__], regex: '(.*):.*', target_label: host, replacement: 'h-$1'}
  metric_relabel_configs:
  - {source_labels: [__name__], regex: dropme, action: drop}
  - {regex: le, action: labeldrop}
  - {source_labels: [code], regex: '(.)..', target_label: class, replacement: '\${1}xx'}
- job_name: limited
  sample_limit: 3
  static_configs: [{targets: ['${address}']}]
- job_name: down
  static_configs: [{targets: ['127.0.0.1:1']}]
- job_name: dropped
  static_configs: [{targets: ['${address}']}]
  relabel_configs: [{action: drop, source_labels: [job], regex: dropped}]
`;
}

interface ApiTarget {
  scrapePool: string;
  [key: string]: unknown;
}

describe.skipIf(!hasPrometheus)('scraping beside Prometheus (needs prometheus on the PATH)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'prunella-peer-scrape-'));
  const storage = new TestStorage();
  const manager = new ScrapeManager({ storage, registry: new Registry(), logger: silentLogger });
  let page: Server;
  let peer: ChildProcess;
  let peerUrl = '';

  beforeAll(async () => {
    page = createServer((_, response) =>
      response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(PAGE),
    );
    const port = await listen(page);
    const spare = createServer();
    const peerPort = await listen(spare);
    await new Promise((resolve) => spare.close(resolve));
    const config = jobs(`127.0.0.1:${port}`);
    writeFileSync(join(folder, 'prometheus.yml'), config);
    const flags = [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${peerPort}`,
    ];
    peer = spawn('prometheus', flags, { stdio: 'ignore' });
    peerUrl = `http://127.0.0.1:${peerPort}`;
    await manager.apply(parsePrometheusConfig(config, join(folder, 'prometheus.yml')).scrape_configs);
    await manager.start();
    await until(
      async () => (await query('count(up)')) === 4 && (await query('min(count_over_time(up[1m]))')) >= 2,
    );
    await until(async () => storage.values(`up{instance="127.0.0.1:1", job="down"}`).length >= 2);
  });

  afterAll(async () => {
    await manager.stop();
    const exited = new Promise((resolve) => peer.once('exit', resolve));
    peer.kill('SIGTERM');
    await exited;
    page.closeAllConnections();
    page.close();
    rmSync(folder, { recursive: true });
  });

  async function query(expr: string): Promise<number> {
    const answer = (await (
      await fetch(`${peerUrl}/api/v1/query?query=${encodeURIComponent(expr)}`)
    ).json()) as { data: { result: { value: [number, string] }[] } };
    return Number(answer.data.result[0]?.value[1]);
  }

  test('stores the same series with the same values', async () => {
    const path = `/api/v1/query?query=${encodeURIComponent('last_over_time({job=~".+"}[1h])')}`;
    const theirs = new Map<string, number>();
    const body = (await (await fetch(peerUrl + path)).json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    for (const { metric, value } of body.data.result) theirs.set(key(metric), parse(value[1]));
    // A sample at the epoch is out of Prometheus's look-back here.
    const ours = new Map<string, number>();
    for (const labels of storage.labels) {
      const last = storage.values(labels.toString()).findLast((value) => typeof value === 'number') as number;
      if (last !== undefined && labels.metricName !== 'timed') ours.set(key(labels.toObject()), last);
    }
    for (const name of theirs.keys()) if (name.includes('"timed"') && !ours.has(name)) theirs.delete(name);
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [name, value] of theirs)
      if (!name.includes('scrape_duration') && !name.includes('series_added'))
        expect(ours.get(name), name).toBe(value);
  });

  test('shows the same targets', async () => {
    const app = fastify();
    scrapeRoutes(app, {
      targets: () => manager.targets(),
      pools: () => manager.pools(),
      parseMatchers: () => [],
    });
    const ours = (await app.inject('/api/v1/targets')).json<{
      data: { activeTargets: ApiTarget[]; droppedTargets: ApiTarget[] };
    }>().data;
    const theirs = ((await (await fetch(`${peerUrl}/api/v1/targets`)).json()) as { data: typeof ours }).data;
    const byPool = (a: ApiTarget, b: ApiTarget): number => (a.scrapePool < b.scrapePool ? -1 : 1);
    const varying = new Set(['lastScrape', 'lastScrapeDuration', 'lastError', 'globalUrl']);
    const stable = (target: ApiTarget): object => ({
      ...Object.fromEntries(Object.entries(target).filter(([name]) => !varying.has(name))),
      failed: target['lastError'] !== '',
    });
    expect(ours.activeTargets.sort(byPool).map(stable)).toEqual(
      theirs.activeTargets.sort(byPool).map(stable),
    );
    expect(Object.keys(ours.activeTargets[0] ?? {}).sort()).toEqual(
      Object.keys(theirs.activeTargets[0] ?? {}).sort(),
    );
    expect(ours.droppedTargets).toMatchObject(theirs.droppedTargets);
  });
});

describe.skipIf(!hasPromtool)('configurations beside promtool (needs promtool on the PATH)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'prunella-peer-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    jobs('h:1'),
    '',
    'global: {scrape_interval: 5s}',
    'scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]',
    'scrape_configs: [{job_name: a}, {job_name: a}]',
    'scrape_configs: [{job_name: a, bogus: 1}]',
    'scrape_configs: [{}]',
    "scrape_configs: [{job_name: a, static_configs: [{targets: ['http://x']}]}]",
    'scrape_configs: [{job_name: a, relabel_configs: [{action: hashmod, source_labels: [a], target_label: b}]}]',
    'scrape_configs: [{job_name: a, relabel_configs: [{action: keepequal, source_labels: [a], target_label: b, regex: x}]}]',
    'scrape_configs: [{job_name: a, relabel_configs: [{action: labeldrop, regex: x, target_label: y}]}]',
    'scrape_configs: [{job_name: a, relabel_configs: [{action: labelmap, regex: "x("}]}]',
    'scrape_configs: [{job_name: a, basic_auth: {username: x, password: y}, authorization: {credentials: z}}]',
    'scrape_configs: [{job_name: a, authorization: {type: Basic, credentials: z}}]',
    'scrape_configs: [{job_name: a, tls_config: {cert_file: x}}]',
    'scrape_configs: [{job_name: a, dns_sd_configs: [{names: [x], type: A}]}]',
    'scrape_configs: [{job_name: a, dns_sd_configs: [{names: [x], type: a, port: 9}]}]',
    'scrape_configs: [{job_name: a, file_sd_configs: [{files: [x.txt]}]}]',
    'scrape_configs: [{job_name: a, http_sd_configs: [{url: "x"}]}]',
    'scrape_configs: [{job_name: a, http_sd_configs: [{url: "http://x/"}]}]',
    'scrape_configs: [{job_name: a, body_size_limit: 10MB, sample_limit: 5}]',
    'global: {scrape_interval: 1x}',
    'global: {external_labels: {"a b": c}}',
    'remote_write: [{url: "http://x/"}]',
    'remote_write: [{url: "http://x/", queue_config: {bogus: 1}}]',
    'rule_files: [a.yml]',
    'storage: {tsdb: {out_of_order_time_window: 30m}}',
  ])('are judged alike: %j', (text) => {
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, text);
    const theirs = spawnSync('promtool', ['check', 'config', '--syntax-only', file], { encoding: 'utf8' });
    let ours = '';
    try {
      parsePrometheusConfig(text, file);
    } catch (error) {
      ours = (error as Error).message;
    }
    expect(ours === '', `ours: ${ours}; theirs: ${theirs.stderr}`).toBe(theirs.status === 0);
  });
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('not in time');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function key(labels: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parse(text: string): number {
  return text === '+Inf' ? Infinity : Number(text);
}
