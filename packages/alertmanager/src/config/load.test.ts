import { describe, expect, test } from 'vitest';
import { loadConfig } from './load.ts';

const valid = `
global: {resolve_timeout: 1m, slack_api_url: 'https://hooks.example/secret-path'}
route:
  receiver: ops
  group_by: [alertname]
  routes:
    - receiver: dev
      match: {team: dev}
      match_re: {service: 'a|b'}
      matchers: ['severity="critical"', 'x!=1']
      routes:
        - matchers: ['{env="prod",zone=~"z.*"}']
inhibit_rules:
receivers:
  - name: ops
    webhook_configs: [{url: 'http://user:pw@127.0.0.1:9/hook?token=hush'}]
  - name: dev
    file_configs: [{path: dev.log}]
`;

describe('loadConfig()', () => {
  test('builds the routing tree; children inherit what they leave unsaid', () => {
    const { route } = loadConfig(valid, 'am.yml');
    expect([...route.walk()].map((each) => `${each.id} ${each.options.receiver} ${each.key}`)).toEqual([
      '0 ops {}',
      '0/0 dev {}/{service=~"^(?:a|b)$",severity="critical",team="dev",x!="1"}',
      '0/0/0 dev {}/{service=~"^(?:a|b)$",severity="critical",team="dev",x!="1"}/{env="prod",zone=~"z.*"}',
    ]);
  });

  test('shows no secret, and names what Alertmanager would not take', () => {
    const { original, extensions } = loadConfig(valid, 'am.yml');
    expect(original).not.toMatch(/hush|pw|secret-path/);
    expect(original).toContain('slack_api_url: <secret>');
    expect(extensions.map((each) => `${each.line}: ${each.message}`)).toEqual([
      "18: file_configs is Prunella's",
    ]);
  });

  test('names the secrets that stand in the environment, and takes no label for one', () => {
    const { extensions } = loadConfig(
      `
global: {bale_api_url: 'https://bale.example', smtp_auth_password_env: PW}
route: {receiver: a, routes: [{match: {app_env: prod}, labels: {x_env: y}}]}
receivers:
  - name: a
    labels: {team_env: z}
    webhook_configs: [{url_env: HOOK, http_config: {authorization: {credentials_env: TOKEN}}}]
    telegram_configs: [{bot_token: t, chat_id: -100}, {bot_token: t, chat_id: '@ops'}]`,
      'f.yml',
    );
    expect(extensions.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      "2: bale_api_url is Prunella's",
      "2: smtp_auth_password_env is Prunella's",
      "7: url_env is Prunella's",
      "7: credentials_env is Prunella's",
      "8: chat_id is Prunella's",
    ]);
  });

  const good = { route: 'route: {receiver: a}', receivers: 'receivers: [{name: a}]', rest: '' };
  test.each<[string, Partial<typeof good>, string]>([
    ['no route', { route: '' }, 'f.yml:1:1: no route provided in config'],
    ['no receiver', { route: 'route: {}' }, 'f.yml:1:1: root route must specify a default receiver'],
    [
      'root matchers',
      { route: 'route: {receiver: a, match: {a: b}}' },
      'root route must not have any matchers',
    ],
    [
      'root continue',
      { route: 'route: {receiver: a, continue: true}' },
      'cannot have continue in root route',
    ],
    [
      'unknown receiver',
      { route: 'route:\n  receiver: b' },
      'f.yml:2:3: undefined receiver "b" used in route',
    ],
    ['same receiver twice', { receivers: 'receivers: [{name: a}, {name: a}]' }, '"a" is not unique'],
    ['zero interval', { route: 'route: {receiver: a, group_interval: 0s}' }, 'group_interval cannot be zero'],
    [
      'group_by twice',
      { route: 'route: {receiver: a, group_by: [x, x]}' },
      'duplicated label "x" in group_by',
    ],
    ['... and more', { route: "route: {receiver: a, group_by: ['...', x]}" }, 'wildcard group_by'],
    [
      'no such interval',
      { route: 'route: {receiver: a, routes: [{mute_time_intervals: [x]}]}' },
      'undefined time interval "x"',
    ],
    [
      'root muted',
      { route: 'route: {receiver: a, mute_time_intervals: [x]}' },
      'must not have any mute time intervals',
    ],
    [
      'bad matcher',
      { route: 'route: {receiver: a, routes: [{matchers: [foo]}]}' },
      'bad matcher format: foo',
    ],
    [
      'bad regex',
      { route: 'route: {receiver: a, routes: [{match_re: {a: "("}}]}' },
      'invalid regular expression',
    ],
    ['unknown key', { rest: 'rotue: {}' }, 'f.yml:3:1: unknown key "rotue"'],
    [
      'unknown key deep',
      { receivers: 'receivers: [{name: a, webhook_configs: [{url: "http://x", uri: 1}]}]' },
      'unknown key "uri"',
    ],
    [
      'no URL',
      { receivers: 'receivers: [{name: a, webhook_configs: [{}]}]' },
      'one of url or url_file must be configured',
    ],
    [
      'two URLs',
      { receivers: 'receivers: [{name: a, webhook_configs: [{url: "http://x", url_file: y}]}]' },
      'at most one of url & url_file must be configured',
    ],
    [
      'bad URL',
      { receivers: 'receivers: [{name: a, webhook_configs: [{url: "ftp://x"}]}]' },
      'expected an http or https URL',
    ],
    [
      'same interval twice',
      { rest: 'time_intervals: [{name: x, time_intervals: []}, {name: x, time_intervals: []}]' },
      'time interval "x" is not unique',
    ],
    [
      'bad interval',
      { rest: 'time_intervals: [{name: x, time_intervals: [{weekdays: [mon]}]}]' },
      'mon is not a valid weekday',
    ],
    [
      'unknown fallback',
      { receivers: 'receivers: [{name: a, fallback: b}]' },
      'undefined receiver "b" used as fallback',
    ],
  ])('refuses %s', (_, changes, message) => {
    const text = Object.values({ ...good, ...changes }).join('\n');
    expect(() => loadConfig(text, 'f.yml')).toThrow(message);
  });
});
