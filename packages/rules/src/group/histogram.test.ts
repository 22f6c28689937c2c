import { expect, test } from 'vitest';
import {
  Labels,
  METRIC_NAME,
  silentLogger,
  type Appendable,
  type FloatHistogram,
  type Histogram,
  type Queryable,
} from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import type { RuleConfig } from '../config/model.ts';
import { RuleManager } from '../manager.ts';
import { evaluationTime } from './schedule.ts';

const histogram: FloatHistogram = {
  kind: 'float',
  counterResetHint: 'gauge',
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 3,
  sum: 4,
  positiveSpans: [{ offset: 0, length: 1 }],
  negativeSpans: [],
  positiveBuckets: [3],
  negativeBuckets: [],
  customValues: [],
};

test('a recording rule stores histograms as histograms, and floats beside them as floats', async () => {
  const clock = new VirtualClock(evaluationTime('a.yml;g', 60_000, 6_000_000));
  const stored: [string, number | Histogram | FloatHistogram][] = [];
  const storage: Appendable & Queryable = {
    appender: () => ({
      append: (_, labels, _t, v) => stored.push([labels.toString(), v]),
      appendStale: () => 0,
      appendHistogram: (_, labels, _t, h) => stored.push([labels.toString(), h]),
      appendExemplar: () => 0,
      updateMetadata: () => 0,
      commit: async () => {},
      rollback: () => {},
    }),
    querier: () => ({
      async *select() {},
      labelNames: async () => [],
      labelValues: async () => [],
      warnings: [],
      close: () => {},
    }),
  };
  const signals: (AbortSignal | undefined)[] = [];
  const manager = new RuleManager({
    query: async (_expr, time, signal) => {
      signals.push(signal);
      const samples = [
        { labels: Labels.from({ x: 'a' }), time, value: 4, histogram },
        { labels: Labels.from({ x: 'b', [METRIC_NAME]: 'old' }), time, value: 7 },
      ];
      return { value: { type: 'vector', samples }, warnings: [], infos: [] };
    },
    appendable: storage,
    queryable: storage,
    notify: () => {},
    clock,
    logger: silentLogger,
  });
  const rule: RuleConfig = {
    type: 'recording',
    name: 'sizes',
    expr: 'rate(sizes[5m])',
    labels: { team: 'a' },
    line: 1,
  };
  const group = { name: 'g', file: 'a.yml', interval: 60_000, limit: 0, rules: [rule] };
  await manager.apply([{ file: 'a.yml', groups: [group] }], { evaluationInterval: 60_000 });
  manager.start();
  await clock.advance(60_000);
  await manager.stop();
  expect(stored.slice(0, 2)).toEqual([
    ['sizes{team="a", x="a"}', histogram],
    ['sizes{team="a", x="b"}', 7],
  ]);
  // The signal ends evaluations when the manager stops.
  expect(signals[0]?.aborted).toBe(true);
});
