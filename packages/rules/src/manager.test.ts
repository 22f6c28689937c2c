import {
  AppendError,
  Labels,
  METRIC_NAME,
  silentLogger,
  STALE_NAN_BITS,
  type Appendable,
  type Appender,
  type Queryable,
} from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import type { QueryResult, VectorSample } from '@prunella/promql';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import type { AlertingRuleConfig, RecordingRuleConfig, RuleConfig, RuleFile } from './config/model.ts';
import { evaluationTime } from './group/schedule.ts';
import { RuleManager, type RuleAlert, type RuleManagerOptions } from './manager.ts';

const MINUTE = 60_000;

interface Stored {
  series: string;
  time: number;
  value: number | 'stale';
}

/** Remembers what was committed; refuses samples that are not newer than the series's last. */
class FakeStorage implements Appendable, Queryable {
  readonly samples: Stored[] = [];
  readonly #labels = new Map<string, Labels>();

  appender(): Appender {
    const batch: Stored[] = [];
    const add = (labels: Labels, time: number, value: number | 'stale'): number => {
      const series = labels.toString();
      const newest = Math.max(
        ...[...this.samples, ...batch].filter((s) => s.series === series).map((s) => s.time),
      );
      if (time <= newest) throw new AppendError('out_of_order', 'out of order sample');
      this.#labels.set(series, labels);
      batch.push({ series, time, value });
      return 0;
    };
    return {
      append: (_, labels, t, v) => add(labels, t, v),
      appendStale: (_, labels, t) => add(labels, t, 'stale'),
      appendHistogram: (_, labels, t) => add(labels, t, 0),
      appendExemplar: () => 0,
      updateMetadata: () => 0,
      commit: async () => void this.samples.push(...batch),
      rollback: () => {},
    };
  }

  querier(mint: number, maxt: number): ReturnType<Queryable['querier']> {
    const all = this.samples.filter(({ time }) => time >= mint && time <= maxt);
    const labels = this.#labels;
    return {
      async *select(matchers) {
        for (const [series, set] of labels) {
          const own = all.filter((sample) => sample.series === series);
          if (own.length === 0 || !matchers.every((matcher) => matcher.matchesLabels(set))) continue;
          const values = new Float64Array(own.length);
          const bits = new BigUint64Array(values.buffer);
          own.forEach(({ value }, i) =>
            value === 'stale' ? (bits[i] = STALE_NAN_BITS) : (values[i] = value),
          );
          yield [{ labels: set, samples: { timestamps: Float64Array.from(own, (s) => s.time), values } }];
        }
      },
      labelNames: async () => [],
      labelValues: async () => [],
      warnings: [],
      close: () => {},
    };
  }

  /** `time value` of one series, from `from` on. */
  of(series: string): string[] {
    return this.samples.filter((s) => s.series === series).map((s) => `${s.time / MINUTE} ${s.value}`);
  }
}

const vector = (...samples: [Record<string, string>, number][]): QueryResult => ({
  value: {
    type: 'vector',
    samples: samples.map(([labels, value]): VectorSample => ({
      labels: Labels.from(labels),
      time: 0,
      value,
    })),
  },
  warnings: [],
  infos: [],
});

const alertRule = (changes: Partial<AlertingRuleConfig> = {}): AlertingRuleConfig => ({
  type: 'alerting',
  name: 'Down',
  expr: 'up == 0',
  for: 0,
  keepFiringFor: 0,
  labels: { severity: 'page' },
  annotations: { summary: '{{ $labels.instance }} is {{ $value }}' },
  line: 1,
  ...changes,
});

const recordRule = (changes: Partial<RecordingRuleConfig> = {}): RecordingRuleConfig => ({
  type: 'recording',
  name: 'job:up:sum',
  expr: 'sum by (job) (up)',
  labels: {},
  line: 1,
  ...changes,
});

const file = (rules: RuleConfig[], changes: object = {}): RuleFile => ({
  file: 'a.yml',
  groups: [{ name: 'g', file: 'a.yml', interval: MINUTE, limit: 0, rules, ...changes }],
});

/** A manager whose queries a table answers: by expression, what holds at a minute. */
function setUp(
  answers: (expr: string, minute: number) => QueryResult | Promise<QueryResult>,
  more: Partial<RuleManagerOptions> = {},
) {
  // Group "a.yml;g" is evaluated at whole minutes from here.
  const clock = new VirtualClock(evaluationTime('a.yml;g', MINUTE, 100 * MINUTE));
  const zero = clock.now();
  const storage = new FakeStorage();
  const sent: RuleAlert[] = [];
  const registry = new Registry();
  const manager = new RuleManager({
    query: async (expr, time) => answers(expr, (time - zero) / MINUTE),
    appendable: storage,
    queryable: storage,
    notify: (alerts) => void sent.push(...alerts),
    clock,
    logger: silentLogger,
    registry,
    externalURL: 'http://prunella',
    ...more,
  });
  const series = (name: string, labels: Record<string, string>): string[] => {
    const shown = Labels.from({ ...labels, [METRIC_NAME]: name }).toString();
    return storage.samples
      .filter((s) => s.series === shown)
      .map(
        (s) =>
          `${Math.round((s.time - zero) / MINUTE)} ${s.value === 'stale' ? 'stale' : s.value > 1000 ? `@${Math.round((s.value * 1000 - zero) / MINUTE)}` : s.value}`,
      );
  };
  const minute = (ms: number): number => Math.round((ms - zero) / MINUTE);
  return { clock, zero, storage, sent, registry, manager, series, minute };
}

const down = (from: number, to: number) => (_: string, minute: number) =>
  minute >= from && minute <= to ? vector([{ [METRIC_NAME]: 'up', instance: 'a' }, 0]) : vector();

const A = { alertname: 'Down', instance: 'a', severity: 'page' };

describe('an alerting rule', () => {
  test('pends for its `for`, fires, and resolves; ALERTS tells each step and ends each series', async () => {
    const { clock, manager, series, sent, minute } = setUp(down(2, 6));
    await manager.apply([file([alertRule({ for: 3 * MINUTE })])]);
    manager.start();
    await clock.advance(9 * MINUTE);
    // ALERTS starts with the third evaluation: before that the state of an earlier process may still be read.
    expect(series('ALERTS', { ...A, alertstate: 'pending' })).toEqual(['3 1', '4 1', '5 stale']);
    expect(series('ALERTS', { ...A, alertstate: 'firing' })).toEqual(['5 1', '6 1', '7 stale']);
    expect(series('ALERTS_FOR_STATE', A)).toEqual(['3 @2', '4 @2', '5 @2', '6 @2', '7 stale']);
    expect(
      sent.map((alert) => [minute(alert.startsAt), minute(alert.endsAt), alert.annotations.get('summary')]),
    ).toEqual([
      [5, 9, 'a is 0'],
      [5, 7, 'a is 0'],
      [5, 7, 'a is 0'],
    ]);
    await manager.stop();
  });

  test('is sent again after the resend delay while it fires, valid for four intervals, and for 15 m after it resolved', async () => {
    const { clock, manager, sent, minute } = setUp(down(1, 4), { resendDelay: 90_000 });
    await manager.apply([file([alertRule()])]);
    manager.start();
    await clock.advance(30 * MINUTE);
    expect(sent.map((alert) => minute(alert.endsAt))).toEqual([7, 9, 5, 5, 5, 5, 5, 5, 5, 5]);
    expect(sent[0]?.labels.toObject()).toEqual(A);
    expect(sent[0]?.generatorURL).toBe('http://prunella/graph?g0.expr=up+%3D%3D+0&g0.tab=1');
    expect(manager.alerts()).toEqual([]);
    await manager.stop();
  });

  test('keeps firing for keep_firing_for after the expression stopped holding', async () => {
    const { clock, manager, series } = setUp((e, m) => (m === 5 ? vector() : down(3, 6)(e, m)));
    await manager.apply([file([alertRule({ keepFiringFor: 3 * MINUTE })])]);
    manager.start();
    await clock.advance(12 * MINUTE);
    expect(series('ALERTS', { ...A, alertstate: 'firing' })).toEqual([
      '3 1',
      '4 1',
      '5 1',
      '6 1',
      '7 1',
      '8 1',
      '9 1',
      '10 stale',
    ]);
    await manager.stop();
  });

  test('that stops holding while it pends is forgotten', async () => {
    const { clock, manager, sent } = setUp(down(2, 3));
    await manager.apply([file([alertRule({ for: 5 * MINUTE })])]);
    manager.start();
    await clock.advance(3 * MINUTE);
    expect(manager.alerts().map(({ state }) => state)).toEqual(['pending']);
    await clock.advance(MINUTE);
    expect(manager.alerts()).toEqual([]);
    expect(sent).toEqual([]);
    await manager.stop();
  });

  test.each([
    [
      'two samples that differ only in the name',
      vector([{ [METRIC_NAME]: 'a', x: '1' }, 1], [{ [METRIC_NAME]: 'b', x: '1' }, 1]),
      0,
      'vector contains metrics with the same labelset after applying alert labels',
    ],
    [
      'more alerts than the limit',
      vector([{ x: '1' }, 1], [{ x: '2' }, 1]),
      1,
      'exceeded limit of 1 with 2 alerts',
    ],
    [
      'a range vector',
      { value: { type: 'matrix', series: [] }, warnings: [], infos: [] } as QueryResult,
      0,
      'rule result is not a vector or scalar',
    ],
  ])('fails for %s', async (_, result, limit, message) => {
    const { clock, manager } = setUp(() => result);
    await manager.apply([file([alertRule()], { limit })]);
    manager.start();
    await clock.advance(MINUTE);
    const status = manager.groups()[0]?.rules[0]?.status;
    expect(status).toMatchObject({ health: 'err', lastError: message });
    expect(manager.alerts()).toEqual([]);
    await manager.stop();
  });

  test('carries external labels to receivers only', async () => {
    const { clock, manager, sent } = setUp(down(1, 9));
    await manager.apply([file([alertRule()])], {
      externalLabels: Labels.from({ region: 'eu', severity: 'x' }),
    });
    manager.start();
    await clock.advance(MINUTE);
    expect(sent[0]?.labels.toObject()).toEqual({ ...A, region: 'eu' });
    expect(manager.alerts()[0]?.labels.toObject()).toEqual(A);
    expect(manager.expressionOf(sent[0]?.labels ?? Labels.empty)).toMatchObject({ expr: 'up == 0' });
    expect(manager.expressionOf(Labels.from({ alertname: 'Other' }))).toBeUndefined();
    await manager.stop();
  });

  test('a template that fails gives its error as text, and one may query', async () => {
    const annotations = {
      a: '{{ $labels.nope.x }}',
      b: '{{ with query "q" }}{{ . | first | value }}{{ end }}',
    };
    const { clock, manager } = setUp((expr) =>
      expr === 'q' ? vector([{}, 7]) : vector([{ instance: 'a' }, 0]),
    );
    await manager.apply([file([alertRule({ annotations })])]);
    manager.start();
    await clock.advance(MINUTE);
    expect(manager.alerts()[0]?.annotations.toObject()).toEqual({
      a: '<error expanding template: error executing template __alert_Down: template: __alert_Down:1:122: executing "__alert_Down" at <$labels.nope.x>: can\'t evaluate field x in type string>',
      b: '7',
    });
    await manager.stop();
  });
});

describe('a recording rule', () => {
  test('writes its series, and ends those that it no longer yields', async () => {
    const { clock, manager, series } = setUp((_, m) =>
      m < 3 ? vector([{ job: 'a', gone: '1' }, m], [{ job: 'b' }, 1]) : vector([{ job: 'a' }, m]),
    );
    await manager.apply([file([recordRule({ labels: { team: 'x', gone: '' } })])]);
    manager.start();
    await clock.advance(4 * MINUTE);
    expect(series('job:up:sum', { job: 'a', team: 'x' })).toEqual(['1 1', '2 2', '3 3', '4 4']);
    expect(series('job:up:sum', { job: 'b', team: 'x' })).toEqual(['1 1', '2 1', '3 stale']);
    await manager.stop();
  });

  test('sees what an earlier rule of the group wrote, and does not suffer from one that fails', async () => {
    const seen: number[] = [];
    const { clock, manager, storage } = setUp((expr) => {
      if (expr === 'bad') throw new Error('no');
      seen.push(storage.samples.length);
      return vector([{}, 1]);
    });
    await manager.apply([
      file([recordRule({ name: 'a' }), recordRule({ name: 'x', expr: 'bad' }), recordRule({ name: 'b' })]),
    ]);
    manager.start();
    await clock.advance(MINUTE);
    expect(seen).toEqual([0, 1]);
    expect(manager.groups()[0]?.rules.map(({ status }) => status.health)).toEqual(['ok', 'err', 'ok']);
    await manager.stop();
  });

  test('whose samples somebody else has written says so, and writes the others', async () => {
    const { clock, manager, series, storage, zero } = setUp(() =>
      vector([{ job: 'a' }, 1], [{ job: 'b' }, 1]),
    );
    const appender = storage.appender();
    appender.append(0, Labels.from({ [METRIC_NAME]: 'r', job: 'a' }), zero + 10 * MINUTE, 5);
    await appender.commit();
    await manager.apply([file([recordRule({ name: 'r' })])]);
    manager.start();
    await clock.advance(MINUTE);
    expect(manager.groups()[0]?.rules[0]?.status).toMatchObject({
      health: 'err',
      lastError: 'out of order sample',
    });
    expect(series('r', { job: 'b' })).toEqual(['1 1']);
    await manager.stop();
  });

  test('queries earlier by the query offset and stamps its samples so', async () => {
    const { clock, manager, series } = setUp((_, m) => vector([{}, m]));
    await manager.apply([file([recordRule({ name: 'r' })], { queryOffset: 2 * MINUTE })]);
    manager.start();
    await clock.advance(2 * MINUTE);
    expect(series('r', {})).toEqual(['-1 -1', '0 0']);
    await manager.stop();
  });
});

describe('the schedule', () => {
  test('evaluations do not overlap; those missed are counted', async () => {
    let running = 0;
    let most = 0;
    const { clock, manager, registry } = setUp(async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 150_000));
      running--;
      return vector();
    });
    await manager.apply([file([recordRule()])]);
    manager.start();
    await clock.advance(10 * MINUTE);
    expect(most).toBe(1);
    const text = await registry.metrics();
    expect(text).toContain('prometheus_rule_group_iterations_missed_total{rule_group="a.yml;g"} 6');
    expect(text).toContain('prometheus_rule_group_iterations_total{rule_group="a.yml;g"} 9');
    const stopped = manager.stop();
    await clock.advance(3 * MINUTE);
    await stopped;
  });

  test('a slow group does not delay another', async () => {
    const { clock, manager, series } = setUp(async (expr) => {
      if (expr === 'slow') await new Promise<void>((resolve) => clock.setTimeout(resolve, 5 * MINUTE));
      return vector([{}, 1]);
    });
    const slow = {
      name: 'slow',
      file: 'a.yml',
      interval: MINUTE,
      limit: 0,
      rules: [recordRule({ name: 's', expr: 'slow' })],
    };
    await manager.apply([{ file: 'a.yml', groups: [slow, ...file([recordRule({ name: 'fast' })]).groups] }]);
    manager.start();
    await clock.advance(3 * MINUTE);
    expect(series('fast', {})).toHaveLength(3);
    const stopped = manager.stop();
    await clock.advance(6 * MINUTE);
    await stopped;
  });

  test('groups keep their place and spread over the interval', () => {
    const at = (key: string, now: number): number => evaluationTime(key, MINUTE, now);
    expect(at('a', 1e12) % MINUTE).toBe(at('a', 1e12 + 5e9 + 123) % MINUTE);
    expect(new Set(Array.from({ length: 50 }, (_, i) => at(`f;${i}`, 1e12) % MINUTE)).size).toBeGreaterThan(
      45,
    );
    for (let i = 0; i < 200; i++) {
      const time = at(`f;${i}`, 1e12);
      expect(time).toBeLessThanOrEqual(1e12);
      expect(time).toBeGreaterThan(1e12 - MINUTE);
    }
  });
});

describe('apply()', () => {
  test('keeps the alerts of a rule that stays while its group changes', async () => {
    const { clock, manager, minute } = setUp(down(1, 99));
    await manager.apply([file([alertRule({ for: 5 * MINUTE })])]);
    manager.start();
    await clock.advance(2 * MINUTE);
    await manager.apply([file([recordRule({ name: 'new' }), alertRule({ for: 5 * MINUTE })])]);
    await clock.advance(4 * MINUTE);
    const [alert] = manager.alerts();
    expect([alert?.state, minute(alert?.activeAt ?? 0)]).toEqual(['firing', 1]);
    await manager.stop();
  });

  test('ends the series of a rule and of a group that are gone', async () => {
    const { clock, manager, series } = setUp(() => vector([{}, 1]));
    await manager.apply([file([recordRule({ name: 'a' }), recordRule({ name: 'b' })])]);
    manager.start();
    await clock.advance(MINUTE);
    await manager.apply([file([recordRule({ name: 'a' })])]);
    await clock.advance(MINUTE);
    expect(series('b', {})).toEqual(['1 1', '2 stale']);
    await manager.apply([]);
    await clock.advance(3 * MINUTE);
    expect(series('a', {})).toEqual(['1 1', '2 1', '4 stale']);
    await manager.stop();
  });
});

describe('a restart', () => {
  // The first process sees the alert from minute 1 to `until`; the second starts at `start`.
  async function restart(hold: number, until: number, start: number) {
    const first = setUp(down(1, 999));
    await first.manager.apply([file([alertRule({ for: hold * MINUTE })])]);
    first.manager.start();
    await first.clock.advance(until * MINUTE);
    await first.manager.stop();
    await first.clock.advance((start - until) * MINUTE);
    const sent: RuleAlert[] = [];
    const second = new RuleManager({
      query: async () => vector([{ [METRIC_NAME]: 'up', instance: 'a' }, 0]),
      appendable: first.storage,
      queryable: first.storage,
      notify: (alerts) => void sent.push(...alerts),
      clock: first.clock,
      logger: silentLogger,
    });
    await second.apply([file([alertRule({ for: hold * MINUTE })])]);
    second.start();
    return { ...first, manager: second, sent };
  }

  test.each([
    ['an alert that was firing fires at once', 30, 40, 45, 1],
    ['an alert that was firing fires at once, also with a short `for`', 5, 20, 25, 1],
    ['a pending alert is not punished for the outage but waits the grace period at least', 30, 25, 30, 12],
    ['a pending alert goes on where it was', 60, 30, 40, 42],
    ['a pending alert with a short `for` starts again', 5, 4, 6, 2],
    ['an outage of more than an hour is a new beginning', 30, 40, 110, 1],
  ])('%s', async (_, hold, until, start, activeAt) => {
    const { clock, manager, minute } = await restart(hold, until, start);
    await clock.advance(2 * MINUTE);
    const [alert] = manager.alerts();
    const expected: Record<string, number> = {
      'a pending alert is not punished for the outage but waits the grace period at least':
        start + 2 + 10 - hold,
      'a pending alert goes on where it was': 1 + (start + 2 - until),
      'a pending alert with a short `for` starts again': start + 1,
      'an outage of more than an hour is a new beginning': start + 1,
    };
    expect(minute(alert?.activeAt ?? 0)).toBe(expected[_] ?? activeAt);
    await clock.advance(MINUTE);
    const wasFiring = until - 1 >= hold && start - until < 60;
    expect(manager.alerts()[0]?.state).toBe(wasFiring ? 'firing' : 'pending');
    await manager.stop();
  });
});
