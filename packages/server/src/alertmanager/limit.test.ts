import fastify, { type FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limitRequests } from './limit.ts';

let app: FastifyInstance;
let release: () => void;
const registry = new Registry();

beforeEach(() => {
  registry.clear();
  app = fastify({ forceCloseConnections: true });
});
afterEach(() => {
  release?.();
  return app.close();
});

/** GET /slow answers when `release()` is called. */
async function listen(options: Parameters<typeof limitRequests>[1]): Promise<string> {
  const released = new Promise<void>((resolve) => (release = resolve));
  limitRequests(app, options);
  app.get('/slow', async () => {
    await released;
    return 'done';
  });
  app.post('/', async () => 'taken');
  return app.listen({ host: '127.0.0.1', port: 0 });
}

test('more GETs than there may be are refused, POSTs never, and those that end make room', async () => {
  const url = await listen({ getConcurrency: 2, registry });
  const first = [fetch(`${url}/slow`), fetch(`${url}/slow`)];
  const inFlight = async (): Promise<string | undefined> =>
    /alertmanager_http_requests_in_flight\{method="get"\} (\d)/.exec(await registry.metrics())?.[1];
  await expect.poll(inFlight).toBe('2');
  const refused = await fetch(`${url}/slow`);
  expect(refused.status).toBe(503);
  expect(await refused.text()).toBe('Limit of concurrent GET requests reached (2), try again later.\n');
  expect((await fetch(url, { method: 'POST' })).status).toBe(200);
  release();
  for (const answer of await Promise.all(first)) expect(await answer.text()).toBe('done');
  expect((await fetch(`${url}/slow`)).status).toBe(200);
  expect(await registry.metrics()).toContain(
    'alertmanager_http_concurrency_limit_exceeded_total{method="get"} 1',
  );
});

test('a GET that takes too long is given up', async () => {
  const url = await listen({ timeoutMs: 50 });
  const answer = await fetch(`${url}/slow`);
  expect(answer.status).toBe(503);
  expect(await answer.text()).toBe('Exceeded configured timeout of 0.05s.\n');
});
