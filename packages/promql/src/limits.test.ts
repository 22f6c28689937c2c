import { expect, test } from 'vitest';
import type { Queryable } from '@prunella/metrics';
import { Engine } from './engine.ts';
import { MemoryStorage } from './testing/memory.ts';

const storage = new MemoryStorage();
for (let t = 0; t <= 600_000; t += 15_000)
  for (const x of ['a', 'b']) storage.add({ __name__: 'm_total', x }, t, t);

/** A storage that answers when it is told to. */
function slow(): { queryable: Queryable; answer: () => void } {
  let answer = (): void => {};
  const told = new Promise<void>((resolve) => (answer = resolve));
  const queryable: Queryable = {
    querier: (mint, maxt) => {
      const querier = storage.querier(mint, maxt);
      return {
        ...querier,
        async *select(matchers, hints) {
          await told;
          yield* querier.select(matchers, hints);
        },
      };
    },
  };
  return { queryable, answer };
}

// The counts are those of Prometheus 3.5 (`stats=all`).
test.each([
  ['m_total', 0, [2]],
  ['sum(rate(m_total[5m]))', 0, [40]],
  ['m_total + m_total', 0, [4]],
  ['m_total[1m]', 0, [8]],
  ['max_over_time(m_total[5m:1m])', 0, [10]],
  ['1', 0, [0]],
  ['sum(rate(m_total[1m]))', 60_000, [8, 8, 8]],
])('%s looks at %j samples', async (expr, step, counts) => {
  const engine = new Engine();
  const options = { stats: true };
  const { stats } = await (step === 0
    ? engine.instant(storage, expr, 480_000, options)
    : engine.range(storage, expr, 480_000, 600_000, step, options));
  expect(stats?.samplesPerStep).toEqual(counts.map((count, i) => [480_000 + i * step, count]));
  expect(stats?.samples).toBe(counts.reduce((a, b) => a + b));
});

test('who waits for a turn may give up', async () => {
  const engine = new Engine({ maxConcurrency: 1 });
  const { queryable, answer } = slow();
  const costs: number[] = [];
  engine.onQuery(({ samples }) => costs.push(samples));
  const first = engine.instant(queryable, 'm_total', 600_000);
  await expect(engine.instant(storage, 'm_total', 0, { timeoutMs: 5 })).rejects.toMatchObject({
    type: 'timeout',
    message: 'query timed out in query queue',
  });
  const abort = new AbortController();
  const second = engine.instant(storage, 'm_total', 0, { signal: abort.signal });
  const third = engine.instant(storage, 'm_total', 0);
  expect(engine.concurrency).toEqual({ queries: 3, most: 1 });
  abort.abort();
  await expect(second).rejects.toMatchObject({
    type: 'canceled',
    message: 'query was canceled in query queue',
  });
  answer();
  expect((await first).value).toMatchObject({ samples: [{ value: 600_000 }, { value: 600_000 }] });
  expect((await third).value).toMatchObject({ samples: [{ value: 0 }, { value: 0 }] });
  expect(engine.concurrency).toEqual({ queries: 0, most: 1 });
  expect(costs).toHaveLength(2);
});

test('what is under way ends when nobody waits for it, or too much is read', async () => {
  const { queryable, answer } = slow();
  const abort = new AbortController();
  const query = new Engine().instant(queryable, 'm_total', 600_000, { signal: abort.signal });
  abort.abort();
  answer();
  await expect(query).rejects.toMatchObject({
    type: 'canceled',
    message: 'query was canceled in expression evaluation',
  });
  await expect(
    new Engine({ maxSamples: 10 }).instant(storage, 'sum_over_time(m_total[10m])', 600_000),
  ).rejects.toMatchObject({
    type: 'execution',
    message: 'query processing would load too many samples into memory in query execution',
  });
});
