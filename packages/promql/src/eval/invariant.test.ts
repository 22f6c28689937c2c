import { expect, test } from 'vitest';
import { Engine } from '../engine.ts';
import type { Expr } from '../parser/ast.ts';
import { parse } from '../parser/parse.ts';
import { print } from '../parser/print.ts';
import { MemoryStorage } from '../testing/memory.ts';
import { invariantParts } from './invariant.ts';

const partsOf = (expr: string): string[] => {
  const root: Expr = parse(expr);
  return [...invariantParts(root)].map(print);
};

test.each([
  ['a @ 10', ['a @ 10.000']],
  ['rate(a[1m] @ 10) + a', ['rate(a[1m] @ 10.000)']],
  ['sum(a @ end()) / sum(a)', ['a @ end()', 'sum(a @ end())']],
  ['max_over_time((1 + a @ 10)[1h:1m])', ['a @ 10.000', '1 + a @ 10.000', '(1 + a @ 10.000)']],
  ['max_over_time(a[1h:1m] @ 10)', ['max_over_time(a[1h:1m] @ 10.000)']],
  ['a', []],
  ['predict_linear(a[1m] @ 10, 60)', []],
  ['time() + vector(1)', ['vector(1)']],
])('%s', (expr, parts) => expect(partsOf(expr)).toEqual(parts));

const storage = new MemoryStorage();
for (let t = 0; t <= 600_000; t += 30_000)
  for (const x of ['1', '2', '3']) storage.add({ __name__: 'a', x }, t, Number(x) * t);

// Each step of a range query has to say what an instant query says there, of as many samples.
test.each([
  'a @ 300',
  'sum(a @ 300) + sum(a)',
  'topk(2, a @ 300)',
  'sum(rate(a[1m] @ 300)) * 2 + a',
  'max_over_time(sum(a @ 300)[2m:30s]) - a offset 1m',
  'sum_over_time(a[2m:30s] @ 300) / on (x) a',
  'a + scalar(a{x="1"} @ 300)',
  'predict_linear(a[1m] @ 300, 60)',
  'timestamp(a @ 300) + timestamp(sum(a @ 300))',
  'absent(b @ 300)',
])('%s', async (expr) => {
  const options = { stats: true };
  const whole = await new Engine().range(storage, expr, 120_000, 480_000, 60_000, options);
  const points: unknown[] = [];
  const counts: unknown[] = [];
  for (let t = 120_000; t <= 480_000; t += 60_000) {
    const { value, stats } = await new Engine().instant(storage, expr, t, options);
    if (value.type === 'vector')
      for (const each of value.samples) points.push([each.labels.key, each.time, each.value]);
    counts.push(...(stats?.samplesPerStep ?? []));
  }
  const seen: [string, number, number][] = [];
  if (whole.value.type === 'matrix')
    for (const { labels, samples } of whole.value.series)
      for (const [i, t] of samples.timestamps.entries())
        seen.push([labels.key, t, samples.values[i] as number]);
  expect(new Set(seen.map(String))).toEqual(new Set(points.map(String)));
  expect(whole.stats?.samplesPerStep).toEqual(counts);
});

test('what stands still is looked at once', async () => {
  const { value, stats } = await new Engine().range(storage, 'count(a @ 300)', 0, 600_000, 1000, {
    stats: true,
  });
  expect(value.type === 'matrix' && value.series[0]?.samples.values).toEqual(new Float64Array(601).fill(3));
  // The steps of three series would be 1,803.
  expect(stats?.peakSamples).toBeLessThan(700);
});
