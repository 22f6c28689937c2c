import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { silentLogger, writeProtobuf } from '@prunella/metrics';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { TestStorage } from '../testdata/storage.ts';
import { parsePrometheusConfig } from './config/prometheus.ts';
import type { DnsResolver } from './discovery/dns.ts';
import { ScrapeManager } from './manager.ts';

const servers: Server[] = [];
const managers: ScrapeManager[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(managers.splice(0).map((manager) => manager.stop()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

type Answer = { status?: number; type?: string; body: string | Uint8Array; headers?: Record<string, string> };

async function serve(answer: (request: IncomingMessage) => Answer): Promise<string> {
  const server = createServer((request, response) => {
    const { status = 200, type = 'text/plain; version=0.0.4', body, headers = {} } = answer(request);
    response.writeHead(status, { 'Content-Type': type, ...headers }).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Scene {
  storage: TestStorage;
  manager: ScrapeManager;
  registry: Registry;
  reload: (yaml: string) => Promise<void>;
}

const INTERVAL = 'scrape_interval: 50ms, scrape_timeout: 50ms';

async function scene(yaml: string, directory = '.', resolver?: DnsResolver): Promise<Scene> {
  const storage = new TestStorage();
  const registry = new Registry();
  const manager = new ScrapeManager({
    storage,
    registry,
    logger: silentLogger,
    ...(resolver && { resolver }),
  });
  managers.push(manager);
  const reload = (text: string): Promise<void> =>
    manager.apply(parsePrometheusConfig(text, join(directory, 'prometheus.yml')).scrape_configs);
  await reload(yaml);
  await manager.start();
  return { storage, manager, registry, reload };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const staticJob = (address: string, rest = ''): string =>
  `scrape_configs: [{job_name: j, ${INTERVAL}, static_configs: [{targets: ['${address}']}]${rest}}]`;

describe('over HTTP', () => {
  test('asks as Prometheus asks, and takes text, OpenMetrics and protobuf', async () => {
    const pages: Answer[] = [
      { body: 'a 1\n' },
      { body: 'a 2\n# EOF\n', type: 'application/openmetrics-text; version=1.0.0; charset=utf-8' },
      {
        body: writeProtobuf([{ name: 'a', type: 'gauge', metrics: [{ value: 3 }] }]).slice(),
        type: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
      },
      { body: gzipSync('a 4\n'), headers: { 'Content-Encoding': 'gzip' } },
    ];
    const seen: IncomingMessage['headers'][] = [];
    let n = 0;
    const address = await serve((request) => {
      seen.push(request.headers);
      return pages[n++ % 4] as Answer;
    });
    const { storage } = await scene(staticJob(address));
    const series = `a{instance="${address}", job="j"}`;
    await until(() => storage.values(series).length >= 4, 'four scrapes');
    expect(storage.values(series).slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(storage.values(`up{instance="${address}", job="j"}`)).not.toContain(0);
    expect(seen[0]).toMatchObject({
      'x-prometheus-scrape-timeout-seconds': '0.05',
      'accept-encoding': 'gzip',
    });
    expect(seen[0]?.accept).toMatch(/^application\/openmetrics-text;version=1.0.0/);
  });

  test.each<[string, Answer, string, string]>([
    ['an error status', { status: 500, body: '' }, '', 'server returned HTTP status 500'],
    [
      'a content type of no use',
      { body: 'a 1\n', type: 'text/html' },
      '',
      'received unsupported Content-Type "text/html"',
    ],
    [
      'a page too large',
      { body: `a{b="${'x'.repeat(2000)}"} 1\n` },
      ', body_size_limit: 1KB',
      'body size limit exceeded',
    ],
    [
      'too many samples',
      { body: 'a 1\nb 1\nc 1\n' },
      ', sample_limit: 2',
      'sample limit exceeded: 3 samples, limit 2',
    ],
    [
      'too many labels',
      { body: 'a{b="c"} 1\n' },
      ', label_limit: 3',
      'label_limit exceeded: 4 labels, limit 3 (metric: a)',
    ],
    [
      'a long label name',
      { body: 'a{bbbbbbbbb="c"} 1\n' },
      ', label_name_length_limit: 8',
      'label_name_length_limit exceeded: bbbbbbbbb',
    ],
    [
      'a long label value',
      { body: 'a{b="ccccccccccccccccccccccccc"} 1\n' },
      ', label_value_length_limit: 20',
      'label_value_length_limit exceeded: b',
    ],
    [
      'too many targets',
      { body: 'a 1\n' },
      ', target_limit: 1, file_sd_configs: [], dns_sd_configs: [{names: [x], type: A, port: 1}]',
      'target_limit exceeded (number of targets: 2, limit: 1)',
    ],
  ])('%s is said', async (_, answer, rest, expected) => {
    const address = await serve(() => answer);
    const resolver = { cancel: () => {}, resolve4: async () => ['127.0.0.1'] } as unknown as DnsResolver;
    const { manager, storage } = await scene(staticJob(address, rest), '.', resolver);
    const target = (): unknown => manager.targets().active.find(({ url }) => url.includes(address));
    await until(() => (target() as { lastError: string } | undefined)?.lastError !== '', 'a scrape');
    expect(target()).toMatchObject({ health: 'down', lastError: expect.stringContaining(expected) });
    await until(() => storage.values(`up{instance="${address}", job="j"}`).length > 0, 'a report');
    expect(storage.values(`a{instance="${address}", job="j"}`)).toEqual([]);
  });

  test('stores exemplars, and native histograms where the job wants them', async () => {
    const openMetrics = 'lat_bucket{le="1.0"} 1 # {trace="x"} 0.5 1.5\n# EOF\n';
    const text = await serve(() => ({
      body: openMetrics,
      type: 'application/openmetrics-text; version=1.0.0',
    }));
    const first = await scene(staticJob(text));
    await until(() => first.storage.exemplars.length > 0, 'an exemplar');
    expect(first.storage.exemplars[0]).toMatchObject({
      value: 0.5,
      timestamp: 1500,
      labels: { pairs: ['trace', 'x'] },
    });

    const histogram = {
      kind: 'integer',
      counterResetHint: 'unknown',
      schema: 3,
      zeroThreshold: 0.001,
      zeroCount: 1,
      count: 4,
      sum: 2.5,
      customValues: [],
      positiveSpans: [{ offset: 0, length: 2 }],
      positiveDeltas: [1, 1],
      negativeSpans: [],
      negativeDeltas: [],
    } as const;
    const family = {
      name: 'lat',
      type: 'histogram',
      metrics: [
        { value: 0, histogram },
        { suffix: '_bucket', value: 4, labels: { le: '1' } },
      ],
    } as const;
    let accept: string | undefined;
    const protobuf = await serve((request) => {
      accept = request.headers.accept;
      return {
        body: writeProtobuf([family]).slice(),
        type: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
      };
    });
    const native = await scene(staticJob(protobuf, ', scrape_native_histograms: true'));
    await until(
      () => native.storage.values(`lat{instance="${protobuf}", job="j"}`).length > 0,
      'a histogram',
    );
    expect(native.storage.values(`lat{instance="${protobuf}", job="j"}`)[0]).toEqual(histogram);
    expect(native.storage.names().some((name) => name.startsWith('lat_bucket'))).toBe(false);
    expect(accept).toMatch(/^application\/vnd.google.protobuf/);
    const classic = await scene(staticJob(protobuf));
    await until(
      () => classic.storage.values(`lat_bucket{instance="${protobuf}", job="j", le="1.0"}`).length > 0,
      'a bucket',
    );
    expect(classic.storage.names().some((name) => name.startsWith('lat{'))).toBe(false);
  });

  test('fallback_scrape_protocol reads what no Content-Type names', async () => {
    const address = await serve(() => ({ body: 'a 1\n', type: 'application/octet-stream' }));
    const { storage } = await scene(staticJob(address, ', fallback_scrape_protocol: PrometheusText0.0.4'));
    await until(() => storage.values(`a{instance="${address}", job="j"}`).length > 0, 'a sample');
  });

  test('metric_relabel_configs drops and renames, honor_labels keeps', async () => {
    const address = await serve(() => ({ body: 'a{job="x"} 1\nb 1\nc 1\n' }));
    const rest = `, honor_labels: true, metric_relabel_configs: [{source_labels: [__name__], regex: b, action: drop}, {source_labels: [__name__], regex: c, target_label: __name__, replacement: d}]`;
    const { storage } = await scene(staticJob(address, rest));
    await until(() => storage.values(`up{instance="${address}", job="j"}`).length > 1, 'two scrapes');
    expect(storage.names().filter((name) => /^[a-d]\{/.test(name))).toEqual([
      `a{instance="${address}", job="x"}`,
      `d{instance="${address}", job="j"}`,
    ]);
    expect(storage.values(`scrape_samples_scraped{instance="${address}", job="j"}`)[0]).toBe(3);
    expect(storage.values(`scrape_samples_post_metric_relabeling{instance="${address}", job="j"}`)[0]).toBe(
      2,
    );
  });

  test('the name of a host that does not exist is in the error', async () => {
    const { manager } = await scene(staticJob('no-such-host.invalid:80'));
    await until(() => manager.targets().active[0]?.health === 'down', 'a scrape');
    expect(manager.targets().active[0]?.lastError).toMatch(/no-such-host\.invalid|did not answer/);
  });
});

describe('reload', () => {
  test('leaves unchanged jobs alone, ends vanished ones and goes on with changed ones', async () => {
    const hits: string[] = [];
    const address = await serve((request) => {
      hits.push(request.url ?? '');
      return { body: 'a 1\nb 1\n' };
    });
    const job = (name: string, rest = ''): string =>
      `{job_name: ${name}, ${INTERVAL}, static_configs: [{targets: ['${address}']}]${rest}}`;
    const { storage, manager, reload } = await scene(
      `scrape_configs: [${job('same')}, ${job('gone')}, ${job('new')}]`,
    );
    const of = (metric: string, name: string): unknown[] =>
      storage.values(`${metric}{instance="${address}", job="${name}"}`);
    await until(() => ['same', 'gone', 'new'].every((name) => of('a', name).length > 1), 'all jobs');
    const drop = ', metric_relabel_configs: [{source_labels: [__name__], regex: b, action: drop}]';
    await reload(`scrape_configs: [${job('same')}, ${job('new', drop)}]`);
    expect(of('a', 'gone').at(-1)).toBe('stale');
    expect(of('up', 'gone').at(-1)).toBe('stale');
    await until(() => of('b', 'new').at(-1) === 'stale', 'the dropped series to end');
    expect(of('a', 'new')).not.toContain('stale');
    expect(of('a', 'same')).not.toContain('stale');
    expect(manager.pools()).toEqual(['new', 'same']);
    expect(manager.targets().active).toHaveLength(2);
  });

  test('a changed secret is a change', async () => {
    const seen = new Set<string | undefined>();
    const address = await serve((request) => {
      seen.add(request.headers.authorization);
      return { body: 'a 1\n' };
    });
    const { reload } = await scene(staticJob(address, ', bearer_token: one'));
    await until(() => seen.has('Bearer one'), 'the first');
    await reload(staticJob(address, ', bearer_token: two'));
    await until(() => seen.has('Bearer two'), 'the second');
  });
});

describe('discovery', () => {
  const addresses = (manager: ScrapeManager): string[] =>
    manager
      .targets()
      .active.map(({ url }) => new URL(url).host)
      .sort();

  test('by files, which may change, break and go', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prunella-sd-'));
    folders.push(folder);
    const put = (name: string, text: string): void => {
      writeFileSync(join(folder, `${name}.tmp`), text);
      renameSync(join(folder, `${name}.tmp`), join(folder, name));
    };
    put('a.json', '[{"targets": ["127.0.0.1:1"], "labels": {"x": "y"}}, {"targets": ["127.0.0.1:2"]}]');
    put('b.yml', '- targets: ["127.0.0.1:3"]\n');
    const { manager } = await scene(
      `scrape_configs: [{job_name: j, file_sd_configs: [{files: ['*.json', b.yml]}]}]`,
      folder,
    );
    await until(() => addresses(manager).length === 3, 'three targets');
    expect(manager.targets().active.find(({ url }) => url.includes(':1/'))).toMatchObject({
      labels: { pairs: ['instance', '127.0.0.1:1', 'job', 'j', 'x', 'y'] },
    });
    expect(manager.targets().active[0]?.discovered.get('__meta_filepath')).toBe(join(folder, 'a.json'));
    put('a.json', '[{"targets": ["127.0.0.1:4"]}]');
    await until(() => addresses(manager).join() === '127.0.0.1:3,127.0.0.1:4', 'the change');
    put('a.json', '[{"targets"');
    put('c.json', '[{"targets": ["127.0.0.1:5"]}]');
    await until(() => addresses(manager).length === 3, 'the third file');
    expect(addresses(manager)).toContain('127.0.0.1:4');
    rmSync(join(folder, 'b.yml'));
    await until(() => !addresses(manager).includes('127.0.0.1:3'), 'the removal');
  });

  test('by DNS records', async () => {
    const resolver = {
      cancel: () => {},
      resolveSrv: async () => [{ name: 'a.example', port: 81, priority: 1, weight: 1 }],
      resolve4: async () => ['10.0.0.1', '10.0.0.2'],
      resolve6: async () => ['::1'],
      resolveMx: async () => [{ exchange: 'mx.example', priority: 1 }],
      resolveNs: () => Promise.reject(new Error('ENOTFOUND')),
    } as unknown as DnsResolver;
    const types = ['SRV', 'A', 'AAAA', 'MX', 'NS'].map(
      (type) => `{names: [n.example], type: ${type}, port: 80}`,
    );
    const { manager, registry } = await scene(
      `scrape_configs: [{job_name: j, dns_sd_configs: [${types.join()}]}]`,
      '.',
      resolver,
    );
    await until(() => addresses(manager).length === 5, 'five targets');
    expect(addresses(manager)).toEqual(['10.0.0.1', '10.0.0.2', '[::1]', 'a.example:81', 'mx.example']);
    const srv = manager.targets().active.find(({ url }) => url.includes('a.example'));
    expect(srv?.discovered.get('__meta_dns_srv_record_target')).toBe('a.example.');
    expect(await registry.getSingleMetricAsString('prometheus_sd_dns_lookup_failures_total')).toContain(
      'total 1',
    );
  });

  test('by a URL', async () => {
    let body = '[{"targets": ["127.0.0.1:1", "127.0.0.1:2"]}]';
    const sd = await serve(() => ({ body, type: 'application/json' }));
    const { manager } = await scene(
      `scrape_configs: [{job_name: j, http_sd_configs: [{url: 'http://${sd}/', refresh_interval: 50ms}]}]`,
    );
    await until(() => addresses(manager).length === 2, 'two targets');
    body = 'broken';
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(addresses(manager)).toHaveLength(2);
    body = '[{"targets": ["127.0.0.1:2"]}]';
    await until(() => addresses(manager).length === 1, 'one target');
    expect(manager.targets().active[0]?.discovered.get('__meta_url')).toBe(`http://${sd}/`);
  });

  test('shows what relabelling dropped, as much of it as allowed', async () => {
    const rest =
      ", keep_dropped_targets: 1, relabel_configs: [{action: drop, source_labels: [__address__], regex: '.*:[12]'}]";
    const { manager } = await scene(
      `scrape_configs: [{job_name: j, static_configs: [{targets: ['h:1', 'h:2', 'h:3']}]${rest}}]`,
    );
    await until(() => manager.targets().active.length === 1, 'a target');
    expect(manager.targets().dropped).toHaveLength(1);
    expect(manager.targets().droppedCounts).toEqual({ j: 2 });
  });
});
