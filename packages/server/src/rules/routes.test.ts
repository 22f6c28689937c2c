import {
  Labels,
  Matcher,
  METRIC_NAME,
  silentLogger,
  type Appendable,
  type Queryable,
} from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import type { QueryResult } from '@prunella/promql';
import { evaluationTime, RuleManager, type RuleFile } from '@prunella/rules';
import fastify, { type FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, test } from 'vitest';
import { rulesRoutes } from './routes.ts';

const nothing: Appendable & Queryable = {
  appender: () => ({
    append: () => 0,
    appendStale: () => 0,
    appendHistogram: () => 0,
    appendExemplar: () => 0,
    updateMetadata: () => 0,
    commit: async () => {},
    rollback: () => {},
  }),
  querier: () => {
    throw new Error('not asked');
  },
};

const rule = (name: string, labels: Record<string, string> = {}) =>
  ({
    type: 'alerting',
    name,
    expr: 'up == 0',
    for: 90_000,
    keepFiringFor: 60_000,
    labels,
    annotations: { summary: '{{ $labels.instance }} <down>' },
    line: 1,
  }) as const;
const record = (name: string, expr = 'sum(up)') =>
  ({ type: 'recording', name, expr, labels: {}, line: 1 }) as const;

const files: RuleFile[] = [
  {
    file: '/r/b.yml',
    groups: [{ name: 'g2', file: '/r/b.yml', limit: 7, rules: [record('ok'), record('bad', 'bad')] }],
  },
  {
    file: '/r/a.yml',
    groups: [
      {
        name: 'g1',
        file: '/r/a.yml',
        interval: 30_000,
        limit: 0,
        rules: [rule('Down', { severity: 'page' }), record('x')],
      },
      { name: 'none', file: '/r/a.yml', limit: 0, rules: [] },
    ],
  },
];

let app: FastifyInstance;
let clock: VirtualClock;

beforeEach(async () => {
  // A whole interval before the first evaluation of g1.
  clock = new VirtualClock(evaluationTime('/r/a.yml;g1', 30_000, Date.UTC(2026, 0, 1)));
  const vector = (labels: Record<string, string>): QueryResult => ({
    value: { type: 'vector', samples: [{ labels: Labels.from(labels), time: 0, value: 0 }] },
    warnings: [],
    infos: [],
  });
  const manager = new RuleManager({
    query: async (expr) => {
      if (expr === 'bad') throw new Error('no such thing');
      return vector({ [METRIC_NAME]: 'up', instance: 'a' });
    },
    appendable: nothing,
    queryable: nothing,
    notify: () => {},
    clock,
    logger: silentLogger,
  });
  await manager.apply(files);
  manager.start();
  await clock.advance(30_000);
  app = fastify();
  const parseSelector = (text: string): Matcher[] => {
    const match = /^\{(\w+)="(\w+)"\}$/.exec(text);
    if (!match) throw new Error('1:1: parse error: unexpected character');
    return [new Matcher('=', match[1] ?? '', match[2] ?? '')];
  };
  rulesRoutes(app, {
    rules: manager,
    parseSelector,
    notifier: { urls: () => ['http://am:9093/api/v2/alerts'] },
  });
  return () => {
    // The loops wait on a clock that nobody moves any more.
    void manager.stop();
  };
});

const names = async (query: string): Promise<unknown> => {
  const answer = (await app.inject(`/api/v1/rules${query}`)).json() as {
    data: { groups: { name: string; rules: { name: string }[] }[] };
  };
  return answer.data.groups.map((group) => [group.name, ...group.rules.map((each) => each.name)].join(' '));
};

describe('/api/v1/rules', () => {
  test('gives groups in the order of files and names, as Prometheus does', async () => {
    const answer = (await app.inject('/api/v1/rules')).json() as {
      status: string;
      data: { groups: object[] };
    };
    expect(answer.status).toBe('success');
    expect(answer.data.groups[0]).toEqual({
      name: 'g1',
      file: '/r/a.yml',
      interval: 30,
      limit: 0,
      evaluationTime: 0,
      lastEvaluation: isoOf(clock.now()),
      rules: [
        {
          state: 'pending',
          name: 'Down',
          query: 'up == 0',
          duration: 90,
          keepFiringFor: 60,
          labels: { severity: 'page' },
          annotations: { summary: '{{ $labels.instance }} <down>' },
          alerts: [
            {
              labels: { alertname: 'Down', instance: 'a', severity: 'page' },
              annotations: { summary: 'a <down>' },
              state: 'pending',
              activeAt: isoOf(clock.now()),
              value: '0e+00',
            },
          ],
          health: 'ok',
          evaluationTime: 0,
          lastEvaluation: isoOf(clock.now()),
          type: 'alerting',
        },
        {
          name: 'x',
          query: 'sum(up)',
          health: 'ok',
          evaluationTime: 0,
          lastEvaluation: isoOf(clock.now()),
          type: 'recording',
        },
      ],
    });
  });

  test('tells why a rule fails', async () => {
    await clock.advance(60_000);
    const answer = (await app.inject('/api/v1/rules?rule_name[]=bad')).json() as {
      data: { groups: { limit: number; rules: object[] }[] };
    };
    expect(answer.data.groups[0]).toMatchObject({
      limit: 7,
      rules: [{ health: 'err', lastError: 'no such thing' }],
    });
  });

  test.each([
    ['', ['g1 Down x', 'g2 ok bad']],
    ['?type=alert', ['g1 Down']],
    ['?type=record', ['g1 x', 'g2 ok bad']],
    ['?rule_name[]=x&rule_name[]=ok', ['g1 x', 'g2 ok']],
    ['?rule_group[]=g2', ['g2 ok bad']],
    ['?rule_group[]=nope', []],
    ['?file[]=/r/a.yml', ['g1 Down x']],
    ['?file[]=/r/a.yml&rule_name[]=ok', []],
    ['?match[]={severity="page"}', ['g1 Down']],
    ['?group_limit=1', ['g1 Down x']],
  ])('%s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  test('goes through the groups page by page', async () => {
    const one = (await app.inject('/api/v1/rules?group_limit=1')).json() as {
      data: { groupNextToken: string };
    };
    expect(await names(`?group_limit=1&group_next_token=${one.data.groupNextToken}`)).toEqual(['g2 ok bad']);
    const all = (await app.inject('/api/v1/rules?group_limit=2')).json() as { data: object };
    expect(all.data).not.toHaveProperty('groupNextToken');
  });

  test('exclude_alerts leaves them out', async () => {
    const answer = (await app.inject('/api/v1/rules?exclude_alerts=true&type=alert')).json() as {
      data: { groups: { rules: object[] }[] };
    };
    expect(answer.data.groups[0]?.rules[0]).toMatchObject({ state: 'pending', alerts: [] });
  });

  test.each([
    ['?type=foo', 'invalid parameter "type": not supported value "foo"'],
    [
      '?exclude_alerts=x',
      'invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "x": invalid syntax',
    ],
    ['?match[]=', 'invalid parameter "match[]": 1:1: parse error: unexpected character'],
    ['?group_limit=0', 'invalid parameter "group_limit": group_limit needs to be greater than 0'],
    [
      '?group_next_token=x',
      'invalid parameter "group_limit": group_limit needs to be present in order to paginate over the groups',
    ],
    [
      '?group_limit=1&group_next_token=x',
      'invalid parameter "group_next_token": invalid group_next_token. were rule groups changed?',
    ],
  ])('refuses %s', async (query, error) => {
    const answer = await app.inject(`/api/v1/rules${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual({ status: 'error', errorType: 'bad_data', error });
  });
});

test('/api/v1/alerts gives the active alerts of all rules', async () => {
  const answer = await app.inject('/api/v1/alerts');
  expect(answer.json()).toMatchObject({
    status: 'success',
    data: { alerts: [{ state: 'pending', value: '0e+00' }] },
  });
});

test('/api/v1/alertmanagers tells where alerts go', async () => {
  const answer = await app.inject('/api/v1/alertmanagers');
  expect(answer.json()).toEqual({
    status: 'success',
    data: { activeAlertmanagers: [{ url: 'http://am:9093/api/v2/alerts' }], droppedAlertmanagers: [] },
  });
});

function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0+Z$/, 'Z');
}
