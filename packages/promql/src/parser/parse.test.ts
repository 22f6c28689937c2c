import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, describe } from 'vitest';
import { parse, print } from './index.ts';
test.each([
  ['sum(rate(a{b="c"}[5m])) by (le)', 'sum by (le) (rate(a{b="c"}[5m]))'],
  ['-2^2', '-2 ^ 2'],
  ['a offset 5m', 'a offset 5m'],
  ['a[5m] offset -1h @ 5', 'a[5m] @ 5.000 offset -1h'],
  ['a * on(x) group_left(y) b', 'a * on (x) group_left (y) b'],
  [
    '100 - avg(rate(node_cpu_seconds_total{mode="idle"}[1m]))*100',
    '100 - avg(rate(node_cpu_seconds_total{mode="idle"}[1m])) * 100',
  ],
  ['max_over_time(rate(a[1m])[10m:30s] offset 1m)', 'max_over_time(rate(a[1m])[10m:30s] offset 1m)'],
  ['{"my.metric", a="b"}', '{"my.metric",a="b"}'],
  ['a and b or c unless d', 'a and b or c unless d'],
])('%s', (a, b) => {
  expect(print(parse(a))).toBe(b);
  expect(print(parse(print(parse(a))))).toBe(b);
});
