import { describe, expect, test } from 'vitest';
import { Engine, FEATURES, MemoryStorage, parse } from './index.ts';

const MINUTE = 60_000;

function storage(): MemoryStorage {
  const memory = new MemoryStorage();
  for (let i = 0; i <= 20; i++) {
    memory.add({ __name__: 'g', job: 'x' }, i * 15_000, i);
    for (const [le, count] of [
      ['1', 2],
      ['2', 1],
      ['x', 3],
      ['+Inf', 4],
    ] as const)
      memory.add({ __name__: 'h_bucket', le }, i * 15_000, i * count);
  }
  return memory;
}

const COUNTER =
  'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "g"';
const LE =
  'PromQL warning: bucket label "le" is missing or has a malformed value of "x" for metric name "h_bucket"';
const MONOTONIC =
  'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "h_bucket"';

const CASES: readonly (readonly [query: string, told: readonly string[]])[] = [
  ['g', []],
  ['sum by (job) (\n  rate(g[1m])\n)', [`${COUNTER} (2:8)`]],
  // What a subquery gives has no place of its own.
  ['rate(g[1m:15s])', [`${COUNTER} (1:1)`]],
  ['quantile(2, g)', ['PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)']],
  [
    'quantile_over_time(-1, g[1m])',
    ['PromQL warning: quantile value should be between 0 and 1, got -1 (1:20)'],
  ],
  ['histogram_quantile(0.9, h_bucket)', [`${LE} (1:25)`, `${MONOTONIC} (1:25)`]],
  [
    'limit_ratio(-3, g)',
    ['PromQL warning: ratio value should be between -1 and 1, got -3, capping to -1 (1:13)'],
  ],
  [
    'g </ 5',
    ['PromQL info: incompatible sample types encountered for binary operator "</": float </ float (1:1)'],
  ],
];

describe('what is told beside an answer, with its place', () => {
  test.each(CASES)('%j', async (query, told) => {
    const engine = new Engine({ features: FEATURES });
    const expr = parse(query, { features: FEATURES });
    for (const asked of [query, expr]) {
      const { warnings, infos } = await engine.instant(storage(), asked, 5 * MINUTE);
      expect([...warnings, ...infos]).toEqual(told);
    }
  });

  test('a tree that was made otherwise has no places', async () => {
    const { infos } = await new Engine().instant(storage(), { ...parse('rate(g[1m])') }, 5 * MINUTE);
    expect(infos).toEqual([COUNTER]);
  });
});

test.each([
  ['g[1m - 2m]', '1:3: duration must be greater than 0'],
  ['g[5m:1m-1m]', '1:6: duration must be greater than 0'],
  ['g offset (1m / step())', '1:10: duration out of range'],
])('a duration that comes to nothing: %s', async (query, message) => {
  const engine = new Engine({ features: FEATURES });
  await expect(engine.instant(storage(), query, 0)).rejects.toMatchObject({ type: 'bad_data', message });
});
