import { Labels, Matcher } from '@prunella/metrics';
import type { ActiveTarget, Targets } from '@prunella/scrape';
import fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { scrapeRoutes } from './routes.ts';

const labels = Labels.from({ instance: '127.0.0.1:1', job: 'a' });
const up: ActiveTarget = {
  pool: 'a',
  labels,
  discovered: Labels.from({ __address__: '127.0.0.1:1', job: 'a' }),
  url: 'http://127.0.0.1:1/metrics',
  interval: 15_000,
  timeout: 10_000,
  health: 'up',
  lastError: '',
  lastScrape: 1_700_000_000_123,
  lastDuration: 12.5,
  metadata: new Map([
    ['x_total', { type: 'counter', help: 'X', unit: '' }],
    ['y', { type: 'gauge', help: 'Y', unit: '' }],
  ]),
};
const fresh: ActiveTarget = {
  ...up,
  pool: 'b',
  labels: labels.with({ job: 'b' }),
  health: 'unknown',
  lastScrape: undefined,
  lastDuration: 0,
  metadata: new Map(),
};
const all: Targets = {
  active: [up, fresh],
  dropped: [{ pool: 'b', discovered: Labels.from({ __address__: 'c' }) }],
  droppedCounts: { a: 0, b: 1 },
};

async function get(path: string): Promise<{ code: number; body: { data: never; error?: string } }> {
  const app = fastify();
  scrapeRoutes(app, {
    targets: () => all,
    pools: () => ['a', 'b'],
    parseMatchers: (text) => {
      if (text !== '{job="a"}') throw new Error('1:1: parse error');
      return [new Matcher('=', 'job', 'a')];
    },
    externalHost: 'monitor.example',
  });
  const answer = await app.inject(path);
  return { code: answer.statusCode, body: answer.json() };
}

describe('/api/v1/targets', () => {
  test('has the form of Prometheus', async () => {
    expect((await get('/api/v1/targets')).body).toEqual({
      status: 'success',
      data: {
        activeTargets: [
          {
            discoveredLabels: { __address__: '127.0.0.1:1', job: 'a' },
            labels: { instance: '127.0.0.1:1', job: 'a' },
            scrapePool: 'a',
            scrapeUrl: 'http://127.0.0.1:1/metrics',
            globalUrl: 'http://monitor.example:1/metrics',
            lastError: '',
            lastScrape: '2023-11-14T22:13:20.123Z',
            lastScrapeDuration: 0.0125,
            health: 'up',
            scrapeInterval: '15s',
            scrapeTimeout: '10s',
          },
          expect.objectContaining({ scrapePool: 'b', health: 'unknown', lastScrape: '0001-01-01T00:00:00Z' }),
        ],
        droppedTargets: [{ discoveredLabels: { __address__: 'c' }, scrapePool: 'b' }],
        droppedTargetCounts: { a: 0, b: 1 },
      },
    });
  });

  test.each([
    ['?state=active', 2, 0, null],
    ['?state=dropped', 0, 1, { a: 0, b: 1 }],
    ['?scrapePool=a', 1, 0, { a: 0, b: 1 }],
  ])('%s', async (query, active, dropped, counts) => {
    const { data } = (await get(`/api/v1/targets${query}`)).body as unknown as {
      data: { activeTargets: []; droppedTargets: []; droppedTargetCounts: unknown };
    };
    expect([data.activeTargets.length, data.droppedTargets.length, data.droppedTargetCounts]).toEqual([
      active,
      dropped,
      counts,
    ]);
  });
});

describe('/api/v1/targets/metadata', () => {
  test.each([
    [
      '',
      [
        { target: labels.toObject(), metric: 'x_total', type: 'counter', help: 'X', unit: '' },
        { target: labels.toObject(), metric: 'y', type: 'gauge', help: 'Y', unit: '' },
      ],
    ],
    ['?metric=y', [{ target: labels.toObject(), type: 'gauge', help: 'Y', unit: '' }]],
    [
      '?match_target={job="a"}&limit=1',
      [{ target: labels.toObject(), metric: 'x_total', type: 'counter', help: 'X', unit: '' }],
    ],
  ])('%s', async (query, expected) => {
    expect((await get(`/api/v1/targets/metadata${query}`)).body.data).toEqual(expected);
  });

  test.each([
    ['?metric=zzz', 404, 'specified metadata not found'],
    ['?match_target={', 400, '1:1: parse error'],
    ['?limit=x', 400, 'limit must be a number'],
  ])('%s is refused', async (query, code, error) => {
    const answer = await get(`/api/v1/targets/metadata${query}`);
    expect([answer.code, answer.body.error]).toEqual([code, error]);
  });
});

test('/api/v1/scrape_pools', async () => {
  expect((await get('/api/v1/scrape_pools')).body.data).toEqual({ scrapePools: ['a', 'b'] });
});
