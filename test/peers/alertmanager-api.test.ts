/** The same requests to the real Alertmanager and to ours, after the same alerts and silences: the same answers. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Alertmanager, loadConfig } from '@prunella/alertmanager';
import fastify from 'fastify';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alertmanagerRoutes } from '../../packages/server/src/alertmanager/routes.ts';
import {
  ALERTMANAGER,
  AMTOOL,
  MODERN,
  request,
  startOurs,
  startReal,
  type Peer,
} from './alertmanager-support.ts';

const CONFIG = `
global: {resolve_timeout: 1h}
route:
  receiver: web
  group_by: [alertname]
  group_wait: 0s
  routes:
    - {receiver: team.x, matchers: ['team="x"'], continue: true, group_by: [host]}
    - {receiver: db, matchers: ['team=~"x|y"']${MODERN ? ', mute_time_intervals: [always]' : ''}}
time_intervals: [{name: always, time_intervals: [{}]}]
inhibit_rules:
  - {source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [host]}
receivers: [{name: web}, {name: team.x}, {name: db}]
`;

const from = new Date(Date.now() - 60_000).toISOString();
const to = new Date(Date.now() + 3_600_000).toISOString();
const alert = (labels: Record<string, string>, more: object = {}): object => ({
  labels,
  startsAt: from,
  endsAt: to,
  ...more,
});

const ALERTS = [
  alert({ alertname: 'A' }, { annotations: { summary: 's', empty: '' }, generatorURL: 'http://p/graph?a=b' }),
  alert({ alertname: 'B', severity: 'critical', host: 'h' }),
  alert({ alertname: 'C', severity: 'warning', host: 'h' }),
  alert({ alertname: 'D', team: 'x', host: 'g' }),
  alert({ alertname: 'E', team: 'y' }),
  alert({ alertname: 'F', team: 'x', host: 'h' }),
  alert({ alertname: 'G' }, { startsAt: from, endsAt: from }),
];

const silence = (value: string, changes: object = {}): object => ({
  matchers: [{ name: 'alertname', value, isRegex: value.includes('|') }],
  startsAt: to,
  endsAt: new Date(Date.parse(to) + 60_000).toISOString(),
  createdBy: 'ada',
  comment: 'c',
  ...changes,
});

/** What two processes cannot agree on. */
function stable(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => stable(item));
    return key === 'receivers'
      ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : items;
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(
      ([name]) =>
        // New in 0.34, which these peers are not.
        name !== 'routeLabels' &&
        (MODERN ||
          (name !== 'mutedBy' && !(name === 'labels' && 'name' in value && Object.keys(value).length === 2))),
    );
    return Object.fromEntries(entries.map(([name, inner]) => [name, stable(inner, name)]));
  }
  // A silence that began in the past begins when it was taken.
  const justNow = typeof value === 'string' && Math.abs(Date.parse(value) - Date.now()) < 30_000;
  if (typeof value === 'string' && value.startsWith('method '))
    return value.replace('[POST,GET]', '[GET,POST]');
  if (key === 'updatedAt' || (key === 'startsAt' && justNow)) return '';
  return typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(value) ? 'uuid' : value;
}

describe.skipIf(ALERTMANAGER === undefined)(
  'API v2 (skipped where prometheus-alertmanager is not installed)',
  () => {
    let peers: [Peer, Peer];
    beforeAll(async () => {
      peers = await Promise.all([startReal(CONFIG), startOurs(CONFIG)]);
      for (const { url } of peers) {
        await request(`${url}/api/v2/alerts`, 'POST', ALERTS);
        await request(`${url}/api/v2/silences`, 'POST', silence('A', { startsAt: from, endsAt: to }));
        await request(`${url}/api/v2/silences`, 'POST', silence('X|Y'));
        await request(
          `${url}/api/v2/silences`,
          'POST',
          silence('Z', { endsAt: new Date(Date.parse(to) + 1000).toISOString() }),
        );
      }
    });
    afterAll(async () => {
      for (const peer of peers) await peer.stop();
    });

    const both = async (method: string, path: string, body?: unknown): Promise<void> => {
      const [real, ours] = await Promise.all(
        peers.map(({ url }) => request(`${url}/api/v2${path}`, method, body)),
      );
      expect(stable(ours)).toEqual(stable(real));
    };

    test.each([
      '/alerts',
      '/alerts?active=false',
      '/alerts?silenced=false',
      '/alerts?inhibited=false',
      '/alerts?unprocessed=false',
      '/alerts?active=no&silenced=yes',
      '/alerts?filter=alertname%3DA',
      '/alerts?filter=alertname%3D~%22A%7CB%22&filter=severity%3D%22critical%22',
      '/alerts?filter=team!%3D%22x%22',
      '/alerts?filter=team%3D%22%22',
      '/alerts?filter=nonsense',
      '/alerts?receiver=web',
      '/alerts?receiver=team.*',
      '/alerts?receiver=w',
      '/alerts/groups',
      '/alerts/groups?active=false',
      '/alerts/groups?silenced=false',
      '/alerts/groups?inhibited=false',
      '/alerts/groups?receiver=db',
      '/alerts/groups?filter=host%3D%22h%22',
      '/silences',
      '/silences?filter=alertname%3DA',
      '/silences?filter=alertname%3D~%22X%7CY%22',
      '/silences?filter=other%3DA',
      '/silence/nonsense',
      '/silence/00000000-0000-4000-8000-000000000000',
      '/receivers',
      '/nonsense',
    ])('GET %s', async (path) => {
      await both('GET', path);
    });

    test
      .skipIf(!MODERN)
      .each([
        '/alerts?filter=%7Balertname%3D%22A%22%7D',
        '/receivers?receiver_matchers=name%3Dweb',
        '/alerts?receiver_matchers=name%3D~%22d.%2A%22',
        '/alerts/groups?muted=false',
      ])('GET %s (newer releases)', async (path) => {
      await both('GET', path);
    });

    test.each<[string, string, unknown]>([
      ['POST', '/alerts', [{ labels: {} }]],
      ['POST', '/alerts', [{ annotations: {} }]],
      ['POST', '/alerts', [{ labels: { a: 'b' }, generatorURL: '::' }]],
      ['POST', '/alerts', [{ labels: { a: 'b' }, startsAt: to, endsAt: from }]],
      ['POST', '/silences', {}],
      ['POST', '/silences', { comment: 'c', createdBy: 'b', endsAt: to, matchers: [], startsAt: from }],
      ['POST', '/silences', silence('A', { matchers: [{ name: 'a', value: 'b' }] })],
      ['POST', '/silences', silence('A', { startsAt: to, endsAt: from })],
      ['POST', '/silences', silence('A', { startsAt: from, endsAt: from })],
      ['POST', '/silences', silence('A', { id: 'unknown' })],
      ['DELETE', '/silence/nonsense', undefined],
      ...(MODERN
        ? [
            ['DELETE', '/silence/00000000-0000-4000-8000-000000000000', undefined] as [
              string,
              string,
              unknown,
            ],
          ]
        : []),
      ['PUT', '/alerts', undefined],
    ])('%s %s %j is refused alike', async (method, path, body) => {
      await both(method, path, body);
    });
  },
);

/** What is ours, or what releases before 0.28 do not have. */
const OUR_METRICS = new Set(['alertmanager_nflog_state_size']);

describe.skipIf(ALERTMANAGER === undefined)(
  'metrics (skipped where prometheus-alertmanager is not installed)',
  () => {
    const typesOf = (text: string): Map<string, string> =>
      new Map(
        [...text.matchAll(/^# TYPE (alertmanager_\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [
          name,
          type,
        ]),
      );

    test('have the names and the types that those of the real one have', async () => {
      const real = await startReal(CONFIG);
      const registry = new Registry();
      const am = await Alertmanager.open({ externalUrl: 'http://prunella.test', registry });
      try {
        await am.apply(loadConfig(CONFIG, 'alertmanager.yml'));
        const app = fastify();
        alertmanagerRoutes(app, { alertmanager: am, limits: { registry } });
        await app.ready();
        const theirs = typesOf((await request(`${real.url}/metrics`, 'GET')).body as string);
        const ours = typesOf(await registry.metrics());
        expect(ours.size).toBeGreaterThan(25);
        for (const [name, type] of ours) {
          if (theirs.has(name)) expect(`${name} ${type}`).toBe(`${name} ${theirs.get(name)}`);
        }
        // Some appear only once they count something.
        const late = /_(limited|suppressed)_total$|_processing_/;
        const unknown = [...ours.keys()].filter((name) => !theirs.has(name) && !late.test(name));
        if (MODERN) expect(unknown.filter((name) => !OUR_METRICS.has(name))).toEqual([]);
        await app.close();
      } finally {
        await am.stop();
        await real.stop();
      }
    });
  },
);

const GOOD = { route: 'route: {receiver: a}', receivers: 'receivers: [{name: a}]', rest: '' };

/** Configurations that amtool takes or refuses, and so must we. */
const CONFIGS: readonly (readonly [string, Partial<typeof GOOD>])[] = [
  ['good', {}],
  ['empty', { route: '', receivers: '' }],
  ['no route', { route: '' }],
  ['no default receiver', { route: 'route: {}' }],
  ['root with matchers', { route: "route: {receiver: a, matchers: ['a=b']}" }],
  ['root with continue', { route: 'route: {receiver: a, continue: true}' }],
  ['unknown receiver', { route: 'route: {receiver: b}' }],
  ['unknown receiver below', { route: 'route: {receiver: a, routes: [{receiver: b}]}' }],
  ['receiver twice', { receivers: 'receivers: [{name: a}, {name: a}]' }],
  [
    'receiver without a name',
    { receivers: "receivers: [{name: a}, {webhook_configs: [{url: 'http://x'}]}]" },
  ],
  ['zero group_interval', { route: 'route: {receiver: a, group_interval: 0s}' }],
  ['zero repeat_interval', { route: 'route: {receiver: a, repeat_interval: 0s}' }],
  ['zero group_wait', { route: 'route: {receiver: a, group_wait: 0s}' }],
  ['bad duration', { route: 'route: {receiver: a, group_wait: 1x}' }],
  ['duration with a fraction', { route: 'route: {receiver: a, group_wait: 1.5s}' }],
  ['long duration', { route: 'route: {receiver: a, group_wait: 1d12h30m5s100ms}' }],
  ['group_by twice', { route: 'route: {receiver: a, group_by: [x, x]}' }],
  ['group_by ... and more', { route: "route: {receiver: a, group_by: ['...', x]}" }],
  ['unknown interval', { route: 'route: {receiver: a, routes: [{mute_time_intervals: [x]}]}' }],
  [
    'root with mute intervals',
    { route: 'route: {receiver: a, mute_time_intervals: [x]}', rest: 'time_intervals: [{name: x}]' },
  ],
  [
    'root with active intervals',
    { route: 'route: {receiver: a, active_time_intervals: [x]}', rest: 'time_intervals: [{name: x}]' },
  ],
  [
    'interval of old',
    {
      route: 'route: {receiver: a, routes: [{mute_time_intervals: [x]}]}',
      rest: 'mute_time_intervals: [{name: x, time_intervals: [{}]}]',
    },
  ],
  ['interval twice', { rest: 'time_intervals: [{name: x}, {name: x}]' }],
  ['interval twice, old and new', { rest: 'time_intervals: [{name: x}]\nmute_time_intervals: [{name: x}]' }],
  ['interval without a name', { rest: 'time_intervals: [{time_intervals: []}]' }],
  ...[
    "times: [{start_time: '09:00', end_time: '17:00'}]",
    "times: [{start_time: '09:00', end_time: '24:00'}]",
    "times: [{start_time: '17:00', end_time: '09:00'}]",
    "times: [{start_time: '9:00', end_time: '10:00'}]",
    "times: [{start_time: '09:00'}]",
    "weekdays: ['monday:friday', 'Sunday']",
    "weekdays: ['friday:monday']",
    'weekdays: [mon]',
    "days_of_month: ['1:5', '-3:-1', '10:-5']",
    "days_of_month: ['0']",
    "days_of_month: ['-1:5']",
    "days_of_month: ['32']",
    "days_of_month: ['5:-31']",
    "months: ['january:march', '5:6', December]",
    "months: ['march:january']",
    "years: ['2020:2022', '2030']",
    "years: ['2022:2020']",
    'location: Australia/Sydney',
    'location: Nowhere/Else',
    'unknown: [x]',
  ].map(
    (period) =>
      [
        `interval {${period}}`,
        { rest: `time_intervals: [{name: x, time_intervals: [{${period}}]}]` },
      ] as const,
  ),
  ...[
    'foo',
    'foo=bar',
    'foo="bar"',
    '{foo="bar",}',
    'foo=~"("',
    '=bar',
    'foo="bar',
    'foo!~bar',
    '',
    'a b=c',
  ].map(
    (matcher) =>
      [
        `matcher ${matcher}`,
        { route: `route: {receiver: a, routes: [{matchers: [${JSON.stringify(matcher)}]}]}` },
      ] as const,
  ),
  ['match with a bad name', { route: "route: {receiver: a, routes: [{match: {'': b}}]}" }],
  ['match_re with a bad pattern', { route: "route: {receiver: a, routes: [{match_re: {a: '('}}]}" }],
  [
    'inhibit rule',
    { rest: "inhibit_rules: [{source_matchers: ['a=b'], target_matchers: ['c=d'], equal: [e]}]" },
  ],
  ['inhibit rule with a bad pattern', { rest: "inhibit_rules: [{source_match_re: {a: '('}}]" }],
  ['unknown key at the top', { rest: 'rotue: {}' }],
  ['unknown key in global', { rest: 'global: {resolve_timout: 5m}' }],
  ['unknown key in a route', { route: 'route: {receiver: a, group_wiat: 1s}' }],
  ['templates', { rest: "templates: ['*.nothing']" }],
  ...[
    "webhook_configs: [{url: 'http://x'}]",
    'webhook_configs: [{}]',
    "webhook_configs: [{url: 'ftp://x'}]",
    "webhook_configs: [{url: 'http://x', url_file: y}]",
    "webhook_configs: [{url: 'http://x', uri: y}]",
    "webhook_configs: [{url: 'http://x', max_alerts: -1}]",
    "webhook_configs: [{url: 'http://x', http_config: {basic_auth: {username: u, password: p}, bearer_token: t}}]",
    "webhook_configs: [{url: 'http://x', http_config: {proxy_url: 'http://p'}}]",
    'slack_configs: [{channel: c}]',
    "slack_configs: [{api_url: 'http://x'}]",
    "slack_configs: [{api_url: 'http://x', api_url_file: y}]",
    "slack_configs: [{api_url: 'http://x', fields: [{title: t}]}]",
    "email_configs: [{to: 'a@x'}]",
    "email_configs: [{to: 'a@x', from: 'b@x', smarthost: 'h:25'}]",
    "email_configs: [{to: 'a@x', from: 'b@x', smarthost: 'h'}]",
    "email_configs: [{from: 'b@x', smarthost: 'h:25'}]",
    "email_configs: [{to: 'a@x', from: 'b@x', smarthost: 'h:25', headers: {subject: a, Subject: b}}]",
    'pagerduty_configs: [{routing_key: k}]',
    'pagerduty_configs: [{service_key: k}]',
    'pagerduty_configs: [{}]',
    'opsgenie_configs: [{api_key: k}]',
    'opsgenie_configs: [{}]',
    'opsgenie_configs: [{api_key: k, responders: [{type: team}]}]',
    'telegram_configs: [{bot_token: t, chat_id: 42}]',
    'telegram_configs: [{bot_token: t}]',
    'telegram_configs: [{chat_id: 42}]',
    'telegram_configs: [{bot_token: t, chat_id: 42, parse_mode: Word}]',
    "sns_configs: [{topic_arn: 'arn:aws:sns:us-east-2:1:t', sigv4: {}}]",
    "sns_configs: [{topic_arn: t, phone_number: '1', sigv4: {}}]",
    'sns_configs: [{sigv4: {}}]',
    "discord_configs: [{webhook_url: 'http://x'}]",
    'discord_configs: [{}]',
    'nonsense_configs: [{}]',
    'pushover_configs: [{user_key: u, token: t}]',
    'webex_configs: [{room_id: r, http_config: {authorization: {credentials: c}}}]',
  ].map((receiver) => [receiver, { receivers: `receivers: [{name: a, ${receiver}}]` }] as const),
];

describe.skipIf(AMTOOL === undefined)(
  'amtool check-config and ours agree (skipped where amtool is not installed)',
  () => {
    let directory: string;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'prunella-am-config-'));
    });
    afterAll(() => rm(directory, { recursive: true }));

    /** What releases before 0.27 did not know or judged otherwise. */
    const newer = new Set(['interval twice, old and new']);

    test.each(CONFIGS)('%s', async (name, changes) => {
      if (!MODERN && newer.has(name)) return;
      const text = Object.values({ ...GOOD, ...changes }).join('\n');
      const file = join(directory, 'alertmanager.yml');
      await writeFile(file, text);
      const { status, stdout, stderr } = spawnSync(AMTOOL ?? '', ['check-config', file], {
        encoding: 'utf8',
      });
      const ours = refusal(text, file);
      expect(ours === undefined ? 'taken' : 'refused', `amtool: ${stdout}${stderr}\nours: ${ours}`).toBe(
        status === 0 ? 'taken' : 'refused',
      );
    });
  },
);

function refusal(text: string, file: string): string | undefined {
  try {
    loadConfig(text, file);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
