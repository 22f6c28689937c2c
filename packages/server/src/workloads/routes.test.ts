import { silentLogger } from '@prunella/metrics';
import { WorkloadError, Workloads, type Workload, type WorkloadSource } from '@prunella/workloads';
import fastify, { type FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, test } from 'vitest';
import { workloadsRoutes } from './routes.ts';

const api: Workload = {
  name: 'api-1',
  service: 'api',
  kind: 'process',
  state: 'restarting',
  pid: 7,
  startedAt: 1000,
  exit: { time: 2500, code: null, signal: 'SIGKILL', expected: false },
  restarts: 2,
  ports: [8000],
  healthUrl: 'http://127.0.0.1:8000/health',
  healthy: true,
};

let calls: string[] = [];
let app: FastifyInstance;

const source: WorkloadSource = {
  list: () => Promise.resolve([api]),
  stats: () => Promise.resolve(undefined),
  logs: (name, tail) => Promise.resolve([{ time: 5, stream: 'stderr', text: `${name} ${tail}` }]),
  start: async (name) => void calls.push(`start ${name}`),
  stop: async (name) => void calls.push(`stop ${name}`),
  restart: async (name) => void calls.push(`restart ${name}`),
  scale: async (service, replicas) => {
    if (replicas === 99) throw new WorkloadError('engine', 'no room');
    calls.push(`scale ${service} ${replicas}`);
  },
  onEvent: () => () => {},
};

beforeEach(() => {
  calls = [];
  app = fastify();
  workloadsRoutes(app, { workloads: new Workloads({ sources: [source], logger: silentLogger }) });
});

describe('workloads over HTTP', () => {
  test('are listed as docs/api.md says', async () => {
    const answer = await app.inject('/api/prunella/workloads');
    expect(answer.json()).toEqual([
      {
        name: 'api-1',
        service: 'api',
        kind: 'process',
        state: 'restarting',
        pid: 7,
        startedAt: '1970-01-01T00:00:01.000Z',
        exit: { time: '1970-01-01T00:00:02.500Z', code: null, signal: 'SIGKILL', expected: false },
        restarts: 2,
        ports: [8000],
        healthUrl: 'http://127.0.0.1:8000/health',
      },
    ]);
  });

  test.each([
    [
      'GET',
      'api-1/logs',
      undefined,
      200,
      { lines: [{ time: '1970-01-01T00:00:00.005Z', stream: 'stderr', text: 'api-1 200' }] },
    ],
    ['GET', 'api/logs?tail=5', undefined, 200, { lines: [expect.objectContaining({ text: 'api-1 5' })] }],
    [
      'GET',
      'api-1/logs?tail=all',
      undefined,
      400,
      { error: 'tail must be a number from 1 to 10000', code: 'bad_request' },
    ],
    [
      'GET',
      'who/logs',
      undefined,
      404,
      { error: 'there is no workload or service "who"', code: 'not_found' },
    ],
    ['POST', 'api-1/restart', undefined, 200, {}],
    [
      'POST',
      'who/stop',
      undefined,
      404,
      { error: 'there is no workload or service "who"', code: 'not_found' },
    ],
    ['POST', 'api/scale', { replicas: 3 }, 200, {}],
    ['POST', 'api/scale', { replicas: 99 }, 502, { error: 'no room', code: 'engine' }],
    [
      'POST',
      'api/scale',
      { replicas: -1 },
      400,
      { error: 'the body must be {"replicas": 0..100}', code: 'bad_request' },
    ],
    ['POST', 'api/scale', { replicas: 1, force: 1 }, 400, expect.objectContaining({ code: 'bad_request' })],
    ['POST', 'api/scale', undefined, 400, expect.objectContaining({ code: 'bad_request' })],
  ] as const)('%s %s %j gives %i', async (method, path, body, status, expected) => {
    const answer = await app.inject({
      method,
      url: `/api/prunella/workloads/${path}`,
      ...(body && { payload: body }),
    });
    expect([answer.statusCode, answer.json()]).toEqual([status, expected]);
  });

  test('verbs reach the source', async () => {
    for (const verb of ['start', 'stop', 'restart'])
      await app.inject({ method: 'POST', url: `/api/prunella/workloads/api-1/${verb}` });
    await app.inject({
      method: 'POST',
      url: '/api/prunella/workloads/api-1/scale',
      payload: { replicas: 2 },
    });
    expect(calls).toEqual(['start api-1', 'stop api-1', 'restart api-1', 'scale api 2']);
  });
});
