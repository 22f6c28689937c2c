import { describe, expect, test } from 'vitest';
import { Engine, MemoryStorage, QueryError, type QueryResult } from './index.ts';

const MINUTE = 60_000;

/** Counters and gauges over ten minutes, a sample every 30 s. */
function storage(): MemoryStorage {
  const memory = new MemoryStorage();
  for (let i = 0; i <= 20; i++) {
    const t = i * 30_000;
    for (const [job, slope] of [
      ['api', 3],
      ['worker', 6],
    ] as const) {
      memory.add({ __name__: 'requests_total', job }, t, i * slope);
      memory.add({ __name__: 'memory_bytes', job, instance: `${job}:1` }, t, 100 + i);
    }
    for (const [le, count] of [
      ['0.1', 5],
      ['0.5', 9],
      ['+Inf', 10],
    ] as const) {
      memory.add({ __name__: 'duration_seconds_bucket', le }, t, i * count);
    }
  }
  return memory;
}

async function instant(
  expr: string,
  at = 10 * MINUTE,
  memory = storage(),
): Promise<Record<string, number> | number | string> {
  return shown(await new Engine().instant(memory, expr, at));
}

function shown({ value }: QueryResult): Record<string, number> | number | string {
  switch (value.type) {
    case 'scalar':
    case 'string':
      return value.value;
    case 'vector':
      return Object.fromEntries(
        value.samples.map(({ labels, value: number }) => [labels.toString(), Number(number.toPrecision(12))]),
      );
    case 'matrix':
      return Object.fromEntries(
        value.series.map(({ labels, samples }) => [labels.toString(), samples.values.length]),
      );
  }
}

describe('Engine.instant()', () => {
  test.each<[string, Record<string, number> | number | string]>([
    ['1 + 2 * 3', 7],
    ['"hello"', 'hello'],
    ['requests_total', { 'requests_total{job="api"}': 60, 'requests_total{job="worker"}': 120 }],
    ['rate(requests_total[5m])', { '{job="api"}': 0.1, '{job="worker"}': 0.2 }],
    ['increase(requests_total{job="api"}[5m])', { '{job="api"}': 30 }],
    ['sum(rate(requests_total[5m]))', { '{}': 0.3 }],
    ['sum by (job) (memory_bytes)', { '{job="api"}': 120, '{job="worker"}': 120 }],
    ['histogram_quantile(0.9, rate(duration_seconds_bucket[5m]))', { '{}': 0.5 }],
    ['histogram_quantile(0.25, sum by (le) (rate(duration_seconds_bucket[5m])))', { '{}': 0.05 }],
    ['requests_total > 100', { 'requests_total{job="worker"}': 120 }],
    ['requests_total > bool 100', { '{job="api"}': 0, '{job="worker"}': 1 }],
    ['memory_bytes / on(job) requests_total', { '{job="api"}': 2, '{job="worker"}': 1 }],
    [
      'memory_bytes * on(job) group_left requests_total',
      { '{instance="api:1", job="api"}': 7200, '{instance="worker:1", job="worker"}': 14400 },
    ],
    ['topk(1, requests_total)', { 'requests_total{job="worker"}': 120 }],
    ['count_values("v", memory_bytes)', { '{v="120"}': 2 }],
    ['absent(nothing{a="b"})', { '{a="b"}': 1 }],
    ['absent(requests_total)', {}],
    ['max_over_time(rate(requests_total{job="api"}[1m])[5m:1m])', { '{job="api"}': 0.1 }],
    ['requests_total{job="api"} offset 5m', { 'requests_total{job="api"}': 30 }],
    ['requests_total{job="api"} @ 60', { 'requests_total{job="api"}': 6 }],
    ['requests_total{job="api"}[1m]', { 'requests_total{job="api"}': 2 }],
    [
      'label_replace(requests_total{job="api"}, "x", "$1!", "job", "(a.*)")',
      { 'requests_total{job="api", x="api!"}': 60 },
    ],
    ['predict_linear(memory_bytes{job="api"}[5m], 60)', { '{instance="api:1", job="api"}': 122 }],
    ['requests_total and on(job) memory_bytes{job="api"}', { 'requests_total{job="api"}': 60 }],
    ['requests_total unless on(job) memory_bytes{job="api"}', { 'requests_total{job="worker"}': 120 }],
    ['time() - 600', 0],
    ['scalar(requests_total)', NaN],
    ['sum(rate(errors_total[5m])) / sum(rate(requests_total[5m])) > 0.05', {}],
  ])('%s', async (expr, expected) => expect(await instant(expr)).toEqual(expected));

  test('a stale marker ends a series at once', async () => {
    const memory = storage();
    memory.add({ __name__: 'requests_total', job: 'api' }, 10 * MINUTE + 1, 'stale');
    expect(await instant('requests_total{job="api"}', 10 * MINUTE + 2, memory)).toEqual({});
    expect(await instant('count_over_time(requests_total{job="api"}[1m])', 10 * MINUTE + 2, memory)).toEqual({
      '{job="api"}': 2,
    });
  });

  test.each([
    ['sum(', 'bad_data', 'parse error'],
    ['requests_total + on() memory_bytes', 'execution', 'many-to-many matching not allowed'],
    ['label_replace(requests_total, "job", "", "", "")', 'execution', 'same labelset'],
    ['memory_bytes[5m:1ms] == 1', 'bad_data', 'binary expression must contain only'],
  ])('%s is an error of type %s', async (expr, type, message) => {
    const failure = await instant(expr).then(
      () => undefined,
      (error: unknown) => error as QueryError,
    );
    expect(failure).toBeInstanceOf(QueryError);
    expect(failure?.type).toBe(type);
    expect(failure?.message).toContain(message);
  });
});

describe('Engine.range()', () => {
  test('evaluates at every step', async () => {
    const { value } = await new Engine().range(
      storage(),
      'rate(requests_total{job="api"}[2m])',
      2 * MINUTE,
      10 * MINUTE,
      MINUTE,
    );
    expect(
      value.type === 'matrix' &&
        [...(value.series[0]?.samples.values ?? [])].map((each) => Number(each.toFixed(6))),
    ).toEqual(Array(9).fill(0.1));
  });

  test('@ end() is the end that was asked for, not the last step', async () => {
    const { value } = await new Engine().range(
      storage(),
      'requests_total{job="api"} @ end()',
      0,
      10 * MINUTE,
      9 * MINUTE,
    );
    expect(value.type === 'matrix' && [...(value.series[0]?.samples.values ?? [])]).toEqual([60, 60]);
  });

  test('sides of "or" that take turns are one series', async () => {
    const memory = new MemoryStorage();
    for (const t of [0, 1, 2]) memory.add({ __name__: 'a' }, t * MINUTE, 1);
    memory.add({ __name__: 'a' }, 2 * MINUTE + 1, 'stale');
    const { value } = await new Engine().range(memory, 'count(a) or vector(0)', 0, 4 * MINUTE, MINUTE);
    expect(value.type === 'matrix' && value.series.map(({ samples }) => [...samples.values])).toEqual([
      [1, 1, 1, 0, 0],
    ]);
  });

  test.each([
    ['zero steps', '1', 0, 1, 0, 'zero or negative query resolution step'],
    ['end before start', '1', 2, 1, 1, 'end timestamp must not be before start time'],
    [
      'a range vector',
      'requests_total[5m]',
      0,
      1,
      1,
      'invalid expression type "range vector" for range query',
    ],
  ])('refuses %s', async (_, expr, start, end, step, message) => {
    await expect(new Engine().range(storage(), expr, start, end, step)).rejects.toThrow(message);
  });
});

describe('limits', () => {
  test('too many samples', async () => {
    await expect(
      new Engine({ maxSamples: 10 }).instant(storage(), 'rate(requests_total[10m])', 10 * MINUTE),
    ).rejects.toMatchObject({ type: 'execution' });
  });

  test('too many steps of a subquery', async () => {
    await expect(
      new Engine().instant(storage(), 'max_over_time(vector(1)[10y:1ms])', 0),
    ).rejects.toMatchObject({ type: 'execution' });
  });

  test('a query that takes too long', async () => {
    const query = new Engine({ timeoutMs: 1 }).range(
      storage(),
      'sum(requests_total) + sum(requests_total)',
      0,
      10 * MINUTE,
      1,
    );
    await expect(query).rejects.toMatchObject({ type: 'timeout' });
  });

  test('a client that has gone', async () => {
    await expect(
      new Engine().instant(storage(), '1', 0, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ type: 'canceled' });
  });

  test('more queries than may run at once wait for their turn', async () => {
    const engine = new Engine({ maxConcurrency: 1 });
    const results = await Promise.all([1, 2, 3].map(async (i) => engine.instant(storage(), `${i}`, 0)));
    expect(results.map(shown)).toEqual([1, 2, 3]);
  });
});
