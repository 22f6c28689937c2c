import { expect, test } from 'vitest';
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram } from '@prunella/metrics';
import { Engine } from '../engine.ts';
import { MemoryStorage } from '../testing/memory.ts';

const histogram = (custom: boolean, n: number): FloatHistogram => ({
  kind: 'float',
  counterResetHint: 'unknown',
  schema: custom ? CUSTOM_BUCKETS_SCHEMA : 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: n,
  sum: n,
  positiveSpans: [{ offset: 0, length: 1 }],
  negativeSpans: [],
  positiveBuckets: [n],
  negativeBuckets: [],
  customValues: custom ? [1] : [],
});

const storage = new MemoryStorage();
for (let t = 0; t <= 60_000; t += 30_000) {
  storage.add({ __name__: 'gauge' }, t, t);
  storage.add({ __name__: 'counter_total' }, t, t);
  storage.add({ __name__: 'native', kind: 'a' }, t, histogram(false, 1 + t));
  storage.add({ __name__: 'native', kind: 'b' }, t, histogram(true, 1 + t));
  storage.add({ __name__: 'native', kind: 'c' }, t, 5);
  const nans = { ...histogram(false, 1 + t), count: 2 + t, sum: NaN };
  storage.add({ __name__: 'nans' }, t, nans);
}

const info = 'PromQL info: ';
const warning = 'PromQL warning: ';
const doubt = `${info}metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "gauge"`;
const notGauge = `${warning}this native histogram metric is not a gauge: "native"`;
const schemas = `${warning}vector contains a mix of histograms with exponential and custom buckets schemas for metric name "native"`;
const floats = `${warning}encountered a mix of histograms and floats for aggregation`;
const nan = `${info}input to histogram_`;

// The texts and places are those of Prometheus 3.5.
test.each([
  ['rate(counter_total[1m])', []],
  ['1 + rate(gauge[1m])', [`${doubt} (1:10)`]],
  ['irate(gauge[1m])', []],
  ['rate(gauge[20s])', []],
  // A text is told once, with the place where it was met last; the samples of a subquery have no place.
  ['rate(gauge[1m]) + rate(gauge[1m])', [`${doubt} (1:24)`]],
  ['0 + rate(gauge[1m:30s])', [`${doubt} (1:1)`]],
  ['delta(native{kind="a"}[1m])', [`${notGauge} (1:7)`]],
  // What comes behind the first that does not fit is not looked at.
  ['sum(native)', [`${schemas} (1:5)`]],
  ['sum(native{kind!="a"})', [`${floats} (1:5)`]],
  [
    'native{kind="a"} + ignoring(kind) native{kind="b"}',
    [`${warning}incompatible bucket layout encountered for binary operator + (1:1)`],
  ],
  ['quantile_over_time(7, native{kind="a"}[1m])', []],
  ['quantile_over_time(7, gauge[1m])', [`${warning}quantile value should be between 0 and 1, got 7 (1:20)`]],
  ['histogram_quantile(0.5, hour(native{kind="a"}))', []],
  ['min(native{kind="a"})', [`${info}ignored histogram in min aggregation (1:5)`]],
  ['1 - topk(1, native{kind="a"})', [`${info}ignored histogram in topk aggregation (1:5)`]],
  [
    'histogram_quantile(0.1, nans)',
    [`${nan}quantile has NaN observations, result is skewed higher for metric name "" (1:20)`],
  ],
  [
    'histogram_quantile(0.9999999, nans)',
    [`${nan}quantile has NaN observations, result is NaN for metric name "" (1:20)`],
  ],
  [
    'histogram_fraction(0, 1, nans)',
    [`${nan}fraction has NaN observations, which are excluded from all fractions for metric name "" (1:20)`],
  ],
])('%s', async (expr, told) => {
  const { warnings, infos } = await new Engine().instant(storage, expr, 60_000);
  expect([...warnings, ...infos]).toEqual(told);
});
