import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hash } from '@node-rs/bcrypt';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '@prunella/metrics';
import { dashboardRoutes, lifecycleRoutes, Server, type ServerOptions } from './index.ts';

const html = '<!doctype html><title>Prunella</title>';

function pagesFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'prunella-pages-'));
  writeFileSync(join(folder, 'index.html'), html);
  writeFileSync(join(folder, 'app.js'), 'export {};');
  return folder;
}

async function server(
  options: Partial<ServerOptions> = {},
  reload: () => Promise<void> = async () => {},
): Promise<Server> {
  const lifecycle = { ready: () => true, reload, quit: () => {}, enabled: true, registry: new Registry() };
  return Server.create({ host: '127.0.0.1', port: 0, logger: silentLogger, ...options }, [
    (app) => lifecycleRoutes(app, lifecycle),
    (app) => void app.get('/api/boom', () => Promise.reject(new Error('password=hunter2'))),
  ]);
}

describe('the server', () => {
  test.each([
    ['GET', '/', 200, html],
    ['GET', '/incidents/17', 200, html],
    ['GET', '/alerts', 200, html],
    ['GET', '/app.js', 200, 'export {};'],
    ['GET', '/alert', 404, 'no GET /alert here'],
    ['GET', '/api/v1/nothing', 404, 'no GET /api/v1/nothing here'],
    ['POST', '/incidents', 404, 'no POST /incidents here'],
    ['GET', '/../package.json', 200, html],
    ['GET', '/%2e%2e/%2e%2e/package.json', 200, html],
    ['GET', '/-/healthy', 200, 'Prunella is healthy.'],
    ['GET', '/-/ready', 200, 'Prunella is ready.'],
    ['POST', '/-/reload', 200, ''],
  ] as const)('%s %s answers %d', async (method, url, status, text) => {
    const app = await server({ pages: pagesFolder() });
    const answer = await app.inject({ method, url });
    expect(answer.statusCode).toBe(status);
    expect(answer.body).toContain(text);
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
    await app.close();
  });

  test.each([
    [{ ok: true, problems: [] }, 200, 'Prunella is healthy.\n'],
    [
      { ok: true, problems: ['ops/webhook/0 failed 3 times in a row: no route'] },
      200,
      'Prunella is healthy.\nops/webhook/0 failed 3 times in a row: no route\n',
    ],
    [{ ok: false, problems: ['the disk is full'] }, 503, 'Prunella is not healthy.\nthe disk is full\n'],
  ])('%j is told by /-/healthy', async (health, status, text) => {
    const parts = { ready: () => true, reload: async () => {}, quit: () => {}, enabled: false };
    const app = await Server.create({ host: '127.0.0.1', port: 0, logger: silentLogger }, [
      (scope) => lifecycleRoutes(scope, { ...parts, registry: new Registry(), health: () => health }),
    ]);
    const answer = await app.inject({ method: 'GET', url: '/-/healthy' });
    expect({ status: answer.statusCode, text: answer.body }).toEqual({ status, text });
    await app.close();
  });

  test('tells the reason of a failed reload, and keeps internal errors to the log', async () => {
    const app = await server({}, () => Promise.reject(new Error('a.yml:3:1: unknown key "x"')));
    expect((await app.inject({ method: 'POST', url: '/-/reload' })).body).toContain(
      'a.yml:3:1: unknown key "x"',
    );
    const boom = await app.inject({ method: 'GET', url: '/api/boom' });
    expect(boom.statusCode).toBe(500);
    expect(boom.body).not.toContain('hunter2');
    await app.close();
  });
});

describe('requests from other origins', () => {
  test.each([
    ['a program', {}, 200],
    ['our own page', { origin: 'http://127.0.0.1:9090', host: '127.0.0.1:9090' }, 200],
    ['our own page on localhost', { origin: 'http://localhost:9090', host: 'localhost:9090' }, 200],
    ['a foreign page', { origin: 'http://evil.example', host: '127.0.0.1:9090' }, 403],
    ['a sandboxed page', { origin: 'null', host: '127.0.0.1:9090' }, 403],
    ['a page after DNS rebinding', { origin: 'http://evil.example:9090', host: 'evil.example:9090' }, 403],
    ['a form of another site', { 'sec-fetch-site': 'cross-site', host: '127.0.0.1:9090' }, 403],
    ['our page behind a proxy', { origin: 'https://watch.example', host: '127.0.0.1:9090' }, 200],
  ] as const)('%s', async (_, headers, status) => {
    const app = await server({ externalUrl: new URL('https://watch.example/') });
    expect((await app.inject({ method: 'POST', url: '/-/reload', headers })).statusCode).toBe(status);
    await app.close();
  });
});

describe('basic authentication', () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  test('guards every route', async () => {
    const users = new Map([['ann', await hash('right', { cost: 4 })]]);
    const app = await server({ webConfig: { users }, pages: pagesFolder() });
    for (const url of ['/', '/-/healthy', '/metrics', '/app.js', '/nothing']) {
      expect((await app.inject({ url })).statusCode, url).toBe(401);
    }
    const status = async (text: string): Promise<number> =>
      (await app.inject({ url: '/-/healthy', headers: { authorization: basic(text) } })).statusCode;
    expect(await status('ann:right')).toBe(200);
    expect(await status('ann:wrong')).toBe(401);
    expect(await status('bob:right')).toBe(401);
    expect(await status('ann:right')).toBe(200);
    await app.close();
  });
});

test('measures requests by their route', async () => {
  const registry = new Registry();
  const options = { host: '127.0.0.1', port: 0, logger: silentLogger, registry };
  const app = await Server.create(options, [(scope) => void scope.get('/things/:name', async () => 'thing')]);
  for (const url of ['/things/a', '/things/b', '/made-up']) await app.inject({ url });
  const text = await registry.metrics();
  for (const line of [
    'prometheus_http_requests_total{handler="/things/:name",code="200"} 2',
    'prometheus_http_requests_total{handler="/",code="404"} 1',
    'prometheus_http_request_duration_seconds_count{handler="/things/:name"} 2',
    'prometheus_http_response_size_bytes_sum{handler="/things/:name"} 10',
  ])
    expect(text).toContain(line);
  await app.close();
});

describe('dashboards', () => {
  test('are listed from their folder; broken files and doubles do not get in the way', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prunella-dashboards-'));
    writeFileSync(join(folder, 'a.json'), JSON.stringify({ uid: 'a', title: 'Alpha', panels: [] }));
    writeFileSync(join(folder, 'b.json'), '{');
    writeFileSync(join(folder, 'c.json'), JSON.stringify({ uid: 'a', title: 'Again' }));
    writeFileSync(
      join(folder, 'd.json'),
      JSON.stringify({ dashboard: { uid: null, title: 'Delta', tags: ['x'] } }),
    );
    const app = await Server.create({ host: '127.0.0.1', port: 0, logger: silentLogger }, [
      (scope) => dashboardRoutes(scope, () => [folder, join(folder, 'missing')]),
    ]);
    const list = (await app.inject('/api/prunella/dashboards')).json();
    expect(list).toMatchObject([
      { uid: 'a', title: 'Alpha' },
      { uid: 'd', title: 'Delta', tags: ['x'] },
    ]);
    expect((await app.inject('/api/prunella/dashboards/a')).json()).toMatchObject({ panels: [] });
    expect((await app.inject('/api/prunella/dashboards/zzz')).statusCode).toBe(404);
    await app.close();
  });
});
