import { DEFAULT_MODULES, parseProbeModules, type Collector } from '@prunella/collectors';
import fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { collectorRoutes } from './routes.ts';

const collector = (name: string, text: string): Collector => ({ name, collect: () => Promise.resolve(text) });
const probes: [string, string, number | undefined][] = [];

async function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ code: number; type: string; body: string }> {
  const app = fastify();
  const modules = parseProbeModules(DEFAULT_MODULES, 'blackbox.yml');
  collectorRoutes(app, {
    collectors: () => [
      collector('node', 'node_load1 1\n'),
      collector('postgres', 'pg_up 1\n'),
      collector('postgres', 'pg_up 0\n'),
    ],
    modules: () => modules,
    probe: async (module, target, timeoutMs) => {
      probes.push([module.prober, target, timeoutMs]);
      return 'probe_success 1\n';
    },
  });
  const answer = await app.inject({ url: path, headers });
  return { code: answer.statusCode, type: String(answer.headers['content-type']), body: answer.body };
}

describe('/collectors/NAME/metrics', () => {
  test('is an exporter', async () => {
    const answer = await get('/collectors/node/metrics');
    expect(answer).toEqual({
      code: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: 'node_load1 1\n',
    });
  });

  test('joins collectors of the same name', async () => {
    expect((await get('/collectors/postgres/metrics')).body).toBe('pg_up 1\npg_up 0\n');
  });

  test('says which there are', async () => {
    const answer = await get('/collectors/gpu/metrics');
    expect([answer.code, answer.body]).toEqual([
      404,
      expect.stringContaining('no collector gpu; there are: node, postgres'),
    ]);
  });
});

describe('/probe', () => {
  test.each([
    ['?target=a.example', 'http', undefined],
    ['?module=tcp_connect&target=a.example:22', 'tcp', undefined],
  ])('%s runs the %s prober', async (query, prober, timeout) => {
    expect((await get(`/probe${query}`)).body).toBe('probe_success 1\n');
    expect(probes.at(-1)).toEqual([prober, new URLSearchParams(query).get('target'), timeout]);
  });

  test.each([
    ['5', 4500],
    ['0.4', 200],
    ['x', undefined],
  ])('a scraper with %s seconds of patience leaves %s ms', async (seconds, expected) => {
    await get('/probe?target=a', { 'x-prometheus-scrape-timeout-seconds': seconds });
    expect(probes.at(-1)?.[2]).toBe(expected);
  });

  test.each([
    ['', 'Target parameter is missing'],
    ['?target=a&module=gopher', 'Unknown module "gopher"'],
  ])('/probe%s is refused', async (query, message) => {
    const answer = await get(`/probe${query}`);
    expect([answer.code, answer.body]).toEqual([400, `${message}\n`]);
  });
});
