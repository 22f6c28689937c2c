import { Labels } from '@prunella/metrics';
import { expect, test } from 'vitest';
import { loadConfig } from './config/load.ts';
import { explainRoute } from './explain.ts';

const CONFIG = loadConfig(
  `
route:
  receiver: ops
  group_by: [alertname]
  routes:
    - {matchers: [team="db"], receiver: db, group_wait: 5s}
    - {matchers: [severity="critical"], receiver: page, continue: true, mute_time_intervals: [always], routes: [{matchers: [zone="x"]}]}
    - {matchers: [severity=~"c.*"], receiver: late}
    - {receiver: never}
time_intervals: [{name: always, time_intervals: [{}]}]
receivers: [{name: ops}, {name: db}, {name: page}, {name: late}, {name: never}]
`,
  'alertmanager.yml',
);

test('explainRoute() names every node looked at, why not, and what follows', () => {
  const { steps, taken } = explainRoute(CONFIG, Labels.from({ alertname: 'A', severity: 'critical' }), 0);
  expect(
    steps.map(({ depth, matchers, refusal }) => `${'  '.repeat(depth)}${matchers} ${refusal ?? 'yes'}`),
  ).toEqual([
    '{} yes',
    '  {team="db"} team="db", but team is ""',
    '  {severity="critical"} yes',
    '    {zone="x"} zone="x", but zone is ""',
    '  {severity=~"c.*"} yes',
  ]);
  expect(taken).toEqual([
    {
      receiver: 'page',
      groupLabels: Labels.from({ alertname: 'A' }),
      groupWait: 30_000,
      groupInterval: 300_000,
      repeatInterval: 14_400_000,
      mutedBy: ['always'],
    },
    expect.objectContaining({ receiver: 'late', mutedBy: [] }),
  ]);
});
