import { gunzipSync } from 'node:zlib';
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram } from '@prunella/metrics';
import { Engine, MemoryStorage } from '@prunella/promql';
import fastify, { type FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { queryMetrics } from './metrics.ts';
import { queryRoutes } from './routes.ts';

const histogram: FloatHistogram = {
  kind: 'float',
  counterResetHint: 'gauge',
  schema: CUSTOM_BUCKETS_SCHEMA,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 5,
  sum: 7.5,
  positiveSpans: [{ offset: 0, length: 2 }],
  negativeSpans: [],
  positiveBuckets: [2, 3],
  negativeBuckets: [],
  customValues: [1, 2],
};

let app: FastifyInstance;

beforeAll(() => {
  const storage = new MemoryStorage();
  for (let i = 0; i <= 100; i++) {
    for (const job of ['api', 'worker']) storage.add({ __name__: 'up', job }, i * 1000, 1);
    storage.add({ __name__: 'size' }, i * 1000, histogram);
  }
  app = fastify();
  const metadata = new Map([['up', [{ type: 'gauge' as const, help: 'Whether it is.', unit: '' }]]]);
  queryRoutes(app, { engine: new Engine(), storage, metadata: () => metadata, now: () => 100_000 });
});
afterAll(() => app.close());

interface Answer {
  status: string;
  errorType?: string;
  error?: string;
  warnings?: string[];
  data: { resultType: string; result: { metric: object; values?: unknown[] }[] };
}

async function get(path: string): Promise<{ code: number; body: Answer }> {
  const answer = await app.inject({ url: `/api/v1/${path}` });
  return { code: answer.statusCode, body: answer.json() };
}

describe('/api/v1/query', () => {
  test.each([
    ['query=1%2B1', { resultType: 'scalar', result: [100, '2'] }],
    ['query=%22x%22', { resultType: 'string', result: [100, 'x'] }],
    ['query=%22a%5Cxff%22', { resultType: 'string', result: [100, 'a\ufffd'] }],
    [
      'query=label_replace(up{job="api"},"job","%5Cxff","","")&time=50',
      {
        resultType: 'vector',
        result: [{ metric: { __name__: 'up', job: '\ufffd' }, value: [50, '1'] }],
      },
    ],
    [
      'query=up{job="api"}&time=50.5',
      { resultType: 'vector', result: [{ metric: { __name__: 'up', job: 'api' }, value: [50.5, '1'] }] },
    ],
    [
      'query=up{job="api"}[2s]&time=3',
      {
        resultType: 'matrix',
        result: [
          {
            metric: { __name__: 'up', job: 'api' },
            values: [
              [2, '1'],
              [3, '1'],
            ],
          },
        ],
      },
    ],
    ['query=nothing', { resultType: 'vector', result: [] }],
    [
      'query=size',
      {
        resultType: 'vector',
        result: [
          {
            metric: { __name__: 'size' },
            histogram: [
              100,
              {
                count: '5',
                sum: '7.5',
                buckets: [
                  [3, '-Inf', '1', '2'],
                  [0, '1', '2', '3'],
                ],
              },
            ],
          },
        ],
      },
    ],
  ])('%s', async (params, data) =>
    expect((await get(`query?${params}`)).body).toEqual({ status: 'success', data }),
  );

  test.each([
    ['query?query=up{', 400, 'bad_data', 'invalid parameter "query": 1:4: parse error'],
    ['query?query=up&time=soon', 400, 'bad_data', 'cannot parse "soon" to a valid timestamp'],
    [
      'query_range?query=up&start=0&end=1&step=0',
      400,
      'bad_data',
      'zero or negative query resolution step widths',
    ],
    [
      'query_range?query=up&start=2&end=1&step=1',
      400,
      'bad_data',
      'end timestamp must not be before start time',
    ],
    [
      'query_range?query=up&start=0&end=1000000&step=1',
      400,
      'bad_data',
      'exceeded maximum resolution of 11,000 points',
    ],
    ['query_range?query=up&start=0&end=1', 400, 'bad_data', 'invalid parameter "step"'],
    ['query?query=up%2Bon()up', 422, 'execution', 'many-to-many matching not allowed'],
    ['series', 400, 'bad_data', 'no match[] parameter provided'],
  ])('%s is refused with %d', async (path, code, errorType, error) => {
    const answer = await get(path);
    expect([answer.code, answer.body.errorType]).toEqual([code, errorType]);
    expect(answer.body.error).toContain(error);
  });

  test('takes forms, and truncates to a limit with a warning', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/query',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'query=up&limit=1',
    });
    const body = answer.json<Answer>();
    expect(body.data.result).toHaveLength(1);
    expect(body.warnings).toEqual(['results truncated due to limit']);
  });

  test('compresses what is long, when asked to', async () => {
    const url = '/api/v1/query_range?query=up&start=0&end=100&step=1';
    const plain = (await app.inject({ url })).json<Answer>();
    const packed = await app.inject({ url, headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(packed.rawPayload).toString())).toEqual(plain);
    expect(plain.data.result.map(({ values }) => values?.length)).toEqual([101, 101]);
  });
});

describe('statistics and metrics', () => {
  test('stats tells what a query has looked at', async () => {
    const { body } = await get('query?query=sum_over_time(up[10s])&time=50&stats=1');
    const { stats } = body.data as unknown as { stats: { samples: object; timings: object } };
    expect(stats.samples).toMatchObject({ totalQueryableSamples: 20 });
    expect(Object.keys(stats.timings)).toEqual([
      'evalTotalTime',
      'resultSortTime',
      'queryPreparationTime',
      'innerEvalTime',
      'execQueueTime',
      'execTotalTime',
    ]);
  });

  test('queries are measured under the names that dashboards know', async () => {
    const [registry, engine] = [new Registry(), new Engine({ maxConcurrency: 7 })];
    queryMetrics(registry, engine);
    await engine.instant(new MemoryStorage(), 'up', 0);
    const text = await registry.metrics();
    for (const line of [
      'prometheus_engine_queries 0',
      'prometheus_engine_queries_concurrent_max 7',
      'prometheus_engine_query_samples_total 0',
      'prometheus_engine_query_duration_seconds_count{slice="inner_eval"} 1',
      'prometheus_engine_query_duration_seconds_count{slice="queue_time"} 1',
    ])
      expect(text).toContain(line);
  });
});

describe('the rest of the API', () => {
  test.each([
    ['labels', ['__name__', 'job']],
    ['label/job/values', ['api', 'worker']],
    ['label/__name__/values?match[]=up', ['up']],
    ['series?match[]=up{job="api"}', [{ __name__: 'up', job: 'api' }]],
    ['metadata?metric=up', { up: [{ type: 'gauge', help: 'Whether it is.', unit: '' }] }],
    ['format_query?query=sum(up)by(job)', 'sum by (job) (up)'],
  ])('%s', async (path, data) => expect((await get(path)).body).toEqual({ status: 'success', data }));
});
