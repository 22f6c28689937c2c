import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import express from 'express';
import fastify from 'fastify';
import { Counter, Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { Instrumentation, instrumentExpress, instrumentFastify, instrumentHttp } from './index.ts';

const BUFFER = 'x'.repeat(700);

/** The same three routes in three frameworks; each gives its server and the metrics' address. */
const frameworks: Record<string, () => Promise<Server>> = {
  fastify: async () => {
    const app = fastify();
    instrumentFastify(app, { env: {} });
    app.get('/products/:product_id', async () => BUFFER);
    app.post('/products', async (_request, reply) => reply.code(201).send('made'));
    app.get('/broken', async () => {
      throw new Error('on purpose');
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
  express: async () => {
    const app = express();
    app.use(instrumentExpress({ env: {} }));
    app.use(express.json());
    const products = express.Router();
    products.get('/:product_id', (_req, res) => void res.send(BUFFER));
    app.post('/products', (_req, res) => void res.status(201).send('made'));
    app.use('/products', products);
    app.get('/broken', () => {
      throw new Error('on purpose');
    });
    app.set('env', 'test');
    return listening(app.listen(0, '127.0.0.1'));
  },
  'node:http': async () =>
    listening(
      createServer(
        instrumentHttp(
          (req, res) => {
            req.resume();
            if (req.url?.startsWith('/products/')) res.end(BUFFER);
            else if (req.url === '/products') req.once('end', () => res.writeHead(201).end('made'));
            else if (req.url === '/broken') res.writeHead(500).end();
            else res.writeHead(404).end();
          },
          { env: {}, routes: ['/products/{product_id}', '/products', '/broken'] },
        ),
      ).listen(0, '127.0.0.1'),
    ),
};

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function listening(server: Server): Promise<Server> {
  return new Promise((resolve) => server.once('listening', () => resolve(server)));
}

function url(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function exercise(start: () => Promise<Server>): Promise<string> {
  const server = await start();
  servers.push(server);
  const get = async (path: string, init?: RequestInit): Promise<void> => {
    await (await fetch(url(server) + path, init)).text();
  };
  await get('/products/1');
  await get('/products/2?colour=red');
  await get('/products', {
    method: 'POST',
    body: '{"id":1}',
    headers: { 'content-type': 'application/json' },
  });
  await get('/broken');
  await get('/wp-login.php');
  await get('/wp-admin.php');
  return (await fetch(`${url(server)}/metrics`)).text();
}

/** The lines that do not depend on how long something took, nor on the sizes of a framework's own error pages. */
function comparable(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => /^(app_|flask_|http_)/.test(line))
    .filter((line) => !/_sum|le="(?!\+Inf)/.test(line) || line.startsWith('http_request_size'))
    .sort();
}

describe.each(Object.keys(frameworks))('%s', (name) => {
  test('counts every request once, by route', async () => {
    const text = await exercise(frameworks[name] ?? (() => Promise.reject(new Error(name))));
    for (const line of [
      'app_http_requests_total{method="GET",endpoint="/products/{product_id}"} 2',
      'app_http_requests_total{method="POST",endpoint="/products"} 1',
      'app_http_requests_total{method="GET",endpoint="unmatched"} 2',
      'app_request_latency_seconds_bucket{le="+Inf",endpoint="/products/{product_id}"} 2',
      'app_request_latency_seconds_count{endpoint="/products/{product_id}"} 2',
      'flask_http_request_duration_seconds_bucket{le="+Inf",method="GET",path="/broken",status="500"} 1',
      'flask_http_request_exceptions_total{method="GET",status="500"} 1',
      'flask_http_request_exceptions_total{method="POST",status="500"} 0',
      'http_requests_total{method="GET",endpoint="/products/{product_id}",status_code="200"} 2',
      'http_requests_total{method="GET",endpoint="/products/{product_id}",status_code="500"} 0',
      'http_requests_total{method="POST",endpoint="/products",status_code="201"} 1',
      'http_requests_total{method="GET",endpoint="/broken",status_code="500"} 1',
      'http_requests_total{method="GET",endpoint="unmatched",status_code="404"} 2',
      'http_request_duration_seconds_count{endpoint="/products/{product_id}",method="GET"} 2',
      'http_request_size_bytes_sum{endpoint="/products",method="POST"} 8',
      'http_response_size_bytes_sum{endpoint="/products",method="POST"} 4',
      'http_response_size_bytes_sum{endpoint="/products/{product_id}",method="GET"} 1400',
      'http_response_size_bytes_bucket{le="500",endpoint="/products/{product_id}",method="GET"} 0',
      'http_response_size_bytes_bucket{le="1000",endpoint="/products/{product_id}",method="GET"} 2',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).not.toContain('php');
  });
});

test('the output does not depend on the framework', async () => {
  const outputs = await Promise.all(Object.values(frameworks).map(exercise));
  const [first = '', ...others] = outputs;
  expect(comparable(first).length).toBeGreaterThan(40);
  for (const other of others) expect(comparable(other)).toEqual(comparable(first));
});

test('a body sent in chunks is measured without its length being declared', async () => {
  const server = await frameworks['node:http']?.();
  if (!server) throw new Error('No server');
  servers.push(server);
  const body = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 3; i++) controller.enqueue(new TextEncoder().encode('a'.repeat(100)));
      controller.close();
    },
  });
  await (
    await fetch(`${url(server)}/products`, { method: 'POST', body, duplex: 'half' } as RequestInit)
  ).text();
  const text = await (await fetch(`${url(server)}/metrics`)).text();
  expect(text).toContain('http_request_size_bytes_sum{endpoint="/products",method="POST"} 300');
});

describe('the families', () => {
  const observed = async (
    options: ConstructorParameters<typeof Instrumentation>[0],
    seconds = 0.3,
  ): Promise<string> => {
    const metrics = new Instrumentation({ env: {}, ...options });
    metrics.observe({
      method: 'GET',
      endpoint: '/data',
      status: 200,
      seconds,
      requestBytes: 0,
      responseBytes: 100,
    });
    metrics.close();
    return (await metrics.expose(undefined)).body;
  };

  test('a value on a bound counts under that bound, and there are seven bounds', async () => {
    const text = await observed({});
    const buckets = text
      .split('\n')
      .filter((line) => line.startsWith('http_request_duration_seconds_bucket'));
    expect(buckets.map((line) => [/le="([^"]+)"/.exec(line)?.[1], Number(line.split(' ')[1])])).toEqual([
      ['0.1', 0],
      ['0.3', 1],
      ['0.5', 1],
      ['1', 1],
      ['2', 1],
      ['5', 1],
      ['10', 1],
      ['+Inf', 1],
    ]);
    expect(text).toContain('http_response_size_bytes_bucket{le="100",endpoint="/data",method="GET"} 1');
  });

  test.each([
    {
      profiles: 's2',
      has: ['app_http_requests_total'],
      not: ['flask_', '\nhttp_requests_total{', 'custom_process'],
    },
    { profiles: 's4', has: ['flask_http_request_duration'], not: ['app_', '\nhttp_', 'custom_process'] },
    { profiles: 's5', has: ['\nhttp_requests_total{', 'custom_process_threads'], not: ['app_', 'flask_'] },
    { profiles: '"s2,s4"', has: ['app_', 'flask_'], not: ['\nhttp_'] },
  ])('METRICS_PROFILES=$profiles narrows them', async ({ profiles, has, not }) => {
    const text = await observed({ env: { METRICS_PROFILES: profiles } });
    for (const part of has) expect(text).toContain(part);
    for (const part of not) expect(text).not.toContain(part);
  });

  test('the environment sets the buckets', async () => {
    const text = await observed({
      env: { METRICS_DURATION_BUCKETS: '0.25, 1', METRICS_SIZE_BUCKETS: '10,20' },
    });
    expect(text.match(/^http_request_duration_seconds_bucket/gm)).toHaveLength(3);
    expect(text).toContain('http_response_size_bytes_bucket{le="20"');
  });

  // Byte for byte, but for what the process says of itself. UPDATE_GOLDEN=1 writes them anew: read the difference.
  test.each([
    ['families.prom', undefined],
    ['families.openmetrics', 'application/openmetrics-text'],
  ])('%s is what two requests leave behind', async (name, accept) => {
    const metrics = new Instrumentation({ env: {} });
    const request = { method: 'GET', endpoint: '/data', requestBytes: 0, responseBytes: 432 };
    metrics.observe({ ...request, status: 200, seconds: 0.3 });
    metrics.observe({ ...request, method: 'POST', status: 500, seconds: 1.25, requestBytes: 12_000 });
    const { body } = await metrics.expose(accept);
    metrics.close();
    const own = body
      .split('\n')
      .filter((line) => !/^(# \w+ )?(process|nodejs|custom_process)_/.test(line))
      .join('\n');
    const golden = join(import.meta.dirname, 'testdata', name);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, own);
    expect(own).toBe(readFileSync(golden, 'utf8'));
  });

  test('an endpoint that is not a template cannot grow without bound', async () => {
    const metrics = new Instrumentation({ env: {} });
    const handler = instrumentHttp((_req, res) => res.end(), { instrumentation: metrics, routes: [] });
    const server = await listening(createServer(handler).listen(0, '127.0.0.1'));
    servers.push(server);
    await (await fetch(`${url(server)}/any`)).text();
    expect((await metrics.expose(undefined)).body).toContain('endpoint="unmatched"');
    metrics.close();
  });
});

describe('GET /metrics', () => {
  test.each([
    { accept: undefined, type: 'text/plain; version=0.0.4; charset=utf-8' },
    { accept: '*/*', type: 'text/plain; version=0.0.4; charset=utf-8' },
    { accept: 'text/plain;version=0.0.4', type: 'text/plain; version=0.0.4; charset=utf-8' },
    {
      accept: 'text/plain;version=0.0.4,application/openmetrics-text;q=0.5',
      type: 'text/plain; version=0.0.4; charset=utf-8',
    },
    {
      accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      type: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    },
  ])('Accept: $accept is answered with $type', async ({ accept, type }) => {
    const metrics = new Instrumentation({ env: {} });
    metrics.observe({
      method: 'GET',
      endpoint: '/',
      status: 200,
      seconds: 1,
      requestBytes: 0,
      responseBytes: 0,
    });
    const { contentType, body } = await metrics.expose(accept);
    metrics.close();
    expect(contentType).toBe(type);
    const open = type.startsWith('application');
    expect(body.endsWith('# EOF\n')).toBe(open);
    expect(body).toContain(
      open ? '# TYPE app_http_requests counter' : '# TYPE app_http_requests_total counter',
    );
    expect(body).toContain('app_http_requests_total{method="GET",endpoint="/"} 1');
    expect(/\n\n/.test(body)).toBe(!open);
  });

  test('OpenMetrics does not call a counter what lacks its suffix, and the text format stays as it was', async () => {
    const registry = new Registry();
    new Counter({ name: 'jobs', help: 'Jobs.', registers: [registry] }).inc();
    const metrics = new Instrumentation({ env: {}, registry });
    const before = (await metrics.expose(undefined)).body.split('\n').length;
    const open = (await metrics.expose('application/openmetrics-text')).body;
    metrics.close();
    expect(open).toContain('# HELP jobs Jobs.\n# TYPE jobs unknown\njobs 1\n');
    expect((await metrics.expose(undefined)).body.split('\n')).toHaveLength(before);
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  test.skipIf(!promtool)('promtool check metrics has nothing to say (needs promtool)', async () => {
    const text = await exercise(frameworks['fastify'] ?? (() => Promise.reject(new Error('fastify'))));
    const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    expect(stdout + stderr).toBe('');
    expect(status).toBe(0);
  });
});

describe.skipIf(process.platform !== 'linux')('the process (needs /proc)', () => {
  const value = (text: string, name: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    if (line === undefined) throw new Error(`No ${name}`);
    return Number(line.split(' ')[1]);
  };
  const scrape = async (): Promise<string> => {
    const metrics = new Instrumentation({ env: {} });
    const { body } = await metrics.expose(undefined);
    metrics.close();
    return body;
  };
  const status = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

  test('says what /proc says', async () => {
    const text = await scrape();
    const near = (name: string, expected: number): void =>
      expect(Math.abs(value(text, name) / expected - 1), name).toBeLessThan(0.02);
    near('process_resident_memory_bytes', status('VmRSS') * 1024);
    near('process_virtual_memory_bytes', status('VmSize') * 1024);
    const stat = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
    near('process_cpu_seconds_total', (Number(stat[11]) + Number(stat[12])) / ticks);
    expect(value(text, 'custom_process_threads')).toBe(status('Threads'));
    expect(value(text, 'process_start_time_seconds')).toBeCloseTo(performance.timeOrigin / 1000, 3);
  });

  test('open files are counted at the interval, without a request', async () => {
    const metrics = new Instrumentation({ env: { METRICS_COLLECTION_INTERVAL: '20ms' } });
    const fds = async (): Promise<number> =>
      value((await metrics.expose(undefined)).body, 'custom_process_open_fds');
    // Other tests in this process open and close files meanwhile.
    const listed = (): number => readdirSync('/proc/self/fd').length - 1;
    await expect.poll(async () => Math.abs((await fds()) - listed()), { timeout: 5000 }).toBeLessThan(5);
    const before = await fds();
    const files = Array.from({ length: 200 }, () => openSync('/dev/null', 'r'));
    await expect.poll(fds, { timeout: 5000 }).toBeGreaterThanOrEqual(before + 150);
    for (const file of files) closeSync(file);
    metrics.close();
  });

  test('garbage collections are counted by kind', async () => {
    const metrics = new Instrumentation({ env: {} });
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const sweeps = async (): Promise<number> =>
      value((await metrics.expose(undefined)).body, 'nodejs_gc_runs_total{kind="mark-sweep"}');
    const before = await sweeps();
    collect();
    await expect.poll(sweeps, { timeout: 5000 }).toBeGreaterThan(before);
    metrics.close();
  });
});

test('an error inside a mounted Express router counts for its whole route', async () => {
  const text = await exercise(async () => {
    const app = express();
    app.set('env', 'test');
    app.use(instrumentExpress({ env: {} }));
    const products = express.Router();
    products.get('/:product_id', () => {
      throw new Error('on purpose');
    });
    app.use('/products', products);
    return listening(app.listen(0, '127.0.0.1'));
  });
  expect(text).toContain(
    'http_requests_total{method="GET",endpoint="/products/{product_id}",status_code="500"} 2',
  );
});
