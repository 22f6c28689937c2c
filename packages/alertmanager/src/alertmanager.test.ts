import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels } from '@prunella/metrics';
import { describe, expect, test, vi } from 'vitest';
import { loadConfig } from './config/load.ts';
import { harness, START } from './testing/harness.ts';
import { openSink } from './testing/sink.ts';

const receivers = (...names: string[]): string =>
  `receivers: [${names.map((name) => `{name: ${name}, inbox_configs: [{}]}`).join(', ')}]`;

const BASIC = `
route: {receiver: ops, group_by: [alertname], group_wait: 10s, group_interval: 60s, repeat_interval: 1h}
${receivers('ops')}
`;

describe('grouping and timers', () => {
  test('nothing before group_wait, one message at it, with all of the group', async () => {
    const h = await harness(BASIC);
    await h.fire({ alertname: 'A', instance: '1' });
    await h.at(4);
    await h.fire({ alertname: 'A', instance: '2' });
    await h.at(9.999);
    expect(h.told).toEqual([]);
    await h.at(10);
    expect(h.told).toEqual(['10 ops firing A,A']);
  });

  test('one that joins is told of exactly one group_interval after the last look', async () => {
    const h = await harness(BASIC);
    await h.fire({ alertname: 'A', instance: '1' });
    await h.at(20);
    await h.fire({ alertname: 'A', instance: '2' });
    await h.at(69.999);
    expect(h.told).toHaveLength(1);
    await h.at(70);
    expect(h.told.at(-1)).toBe('70 ops firing A,A');
  });

  test('what does not change is repeated at the first look after repeat_interval', async () => {
    const h = await harness(BASIC);
    await h.fire({ alertname: 'A' });
    await h.at(2 * 3600);
    // 10 + 3600 is not yet "after" 1 h, so the repeat falls on the next tick, as with Alertmanager.
    expect(h.told).toEqual(['10 ops firing A', '3670 ops firing A']);
  });

  test('a look that finds all resolved tells so once, and the group ends', async () => {
    const h = await harness(BASIC);
    await h.fire({ alertname: 'A' });
    await h.at(30);
    await h.resolve({ alertname: 'A' });
    await h.at(7200);
    expect(h.told).toEqual(['10 ops firing A', '70 ops resolved -A']);
    expect([...h.am.groups()]).toHaveLength(0);
  });

  test('what resolves before the first look is not told of', async () => {
    const h = await harness(BASIC);
    await h.fire({ alertname: 'A' });
    await h.at(5);
    await h.resolve({ alertname: 'A' });
    await h.at(600);
    expect(h.told).toEqual([]);
  });

  test('fired and resolved inside one interval of a live group: shown once, as resolved', async () => {
    const h = await harness(BASIC);
    await h.fire({ alertname: 'A', instance: '1' });
    await h.at(20);
    await h.fire({ alertname: 'A', instance: '2' });
    await h.at(30);
    await h.resolve({ alertname: 'A', instance: '2' });
    await h.at(200);
    expect(h.told).toEqual(['10 ops firing A', '70 ops firing A,-A']);
  });

  test('an alert that already waited elsewhere does not wait again', async () => {
    const h = await harness(BASIC);
    await h.fire({ alertname: 'A' }, { startsAt: START - 60_000 });
    await h.at(0);
    expect(h.told).toEqual(['0 ops firing A']);
  });

  test('without an end it resolves resolve_timeout after the last post', async () => {
    const h = await harness(BASIC);
    await h.fire({ alertname: 'A' }, { endsAt: undefined });
    await h.at(200);
    await h.fire({ alertname: 'A' }, { endsAt: undefined });
    await h.at(1000);
    expect(h.told).toEqual(['10 ops firing A', '550 ops resolved -A']);
  });

  test("group_by: ['...'] makes every alert its own group; [] one of all", async () => {
    const h = await harness(`
route:
  receiver: ops
  group_wait: 1s
  routes:
    - {matchers: [team=a], group_by: ['...']}
    - {matchers: [team=b], group_by: []}
${receivers('ops')}`);
    for (const team of ['a', 'b']) {
      await h.fire({ alertname: 'X', team });
      await h.fire({ alertname: 'Y', team });
    }
    await h.at(1);
    expect(h.told).toEqual(['1 ops firing X', '1 ops firing Y', '1 ops firing X,Y']);
  });
});

describe('muting', () => {
  const INHIBIT = `${BASIC}
inhibit_rules:
  - {source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [host]}
`;

  test('a firing source mutes targets that share the equal labels, until it resolves', async () => {
    const h = await harness(INHIBIT);
    await h.fire({ alertname: 'Down', severity: 'critical', host: 'a' });
    await h.fire({ alertname: 'Slow', severity: 'warning', host: 'a' });
    await h.fire({ alertname: 'Slow', severity: 'warning', host: 'b' });
    await h.at(10);
    expect(h.told).toEqual(['10 ops firing Down', '10 ops firing Slow']);
    expect(h.messages[1]?.alerts[0]?.labels['host']).toBe('b');
    await h.resolve({ alertname: 'Down', severity: 'critical', host: 'a' });
    await h.at(70);
    expect(h.told.slice(2).sort()).toEqual(['70 ops firing Slow,Slow', '70 ops resolved -Down']);
  });

  test('an alert that is source and target is not muted by another such one', async () => {
    const h = await harness(`${BASIC}
inhibit_rules: [{source_matchers: [alertname=~"A|B"], target_matchers: [alertname=~"A|B|C"]}]`);
    for (const alertname of ['A', 'B', 'C']) await h.fire({ alertname });
    await h.at(10);
    expect(h.told).toEqual(['10 ops firing A', '10 ops firing B']);
  });

  test('a silence mutes; without resolve_muted what ends silently is not told of, with it it is', async () => {
    for (const resolveMuted of [false, true]) {
      const h = await harness(
        BASIC.replace('receiver: ops', `receiver: ops, resolve_muted: ${resolveMuted}`),
      );
      await h.fire({ alertname: 'A' });
      await h.at(20);
      await h.am.silences.set({
        matchers: [{ name: 'alertname', value: 'A', isRegex: false, isEqual: true }],
        startsAt: START,
        endsAt: START + 86_400_000,
        createdBy: 'me',
        comment: '',
      });
      await h.resolve({ alertname: 'A' });
      await h.at(300);
      expect(h.told).toEqual(['10 ops firing A', ...(resolveMuted ? ['70 ops resolved -A'] : [])]);
    }
  });

  test('mute and active time intervals, and a muted route still ends matching', async () => {
    const h = await harness(`
route:
  receiver: ops
  group_wait: 10s
  group_interval: 60s
  routes:
    - {matchers: [team=a], receiver: night, mute_time_intervals: [noon]}
    - {matchers: [team=b], receiver: night, active_time_intervals: [noon]}
time_intervals:
  - {name: noon, time_intervals: [{times: [{start_time: '12:00', end_time: '12:02'}]}]}
${receivers('ops', 'night')}`);
    await h.fire({ alertname: 'A', team: 'a' });
    await h.fire({ alertname: 'B', team: 'b' });
    await h.at(150);
    expect(h.told).toEqual(['10 night firing B', '130 night firing A']);
  });
});

test('an acknowledged alert is not repeated, and messages say who takes care', async () => {
  const h = await harness(BASIC);
  await h.fire({ alertname: 'A' });
  await h.at(20);
  const [alert] = h.am.alerts();
  expect(await h.am.acknowledge(alert?.fingerprint ?? '', 'ada', 'on it')).toBe(true);
  await h.at(9 * 3600);
  expect(h.told).toEqual(['10 ops firing A']);
  await h.fire({ alertname: 'A', instance: 'new' });
  await h.at(9 * 3600 + 60);
  expect(h.told).toHaveLength(2);
  expect(h.messages[1]?.text).toContain('Acknowledged by ada: on it');
  await h.resolve({ alertname: 'A' });
  expect(h.am.acknowledgement(alert?.fingerprint ?? '')).toBeUndefined();
});

test('a reload routes anew and tells nobody twice', async () => {
  const h = await harness(BASIC);
  await h.fire({ alertname: 'A' });
  await h.at(10);
  const configuration = h.am.configuration;
  expect(configuration).toBeDefined();
  if (configuration) await h.am.apply(configuration);
  await h.at(300);
  expect(h.told).toEqual(['10 ops firing A']);
});

test('what is posted while a reload waits for deliveries is told of once, by the new configuration', async () => {
  const h = await harness(BASIC);
  await h.fire({ alertname: 'A' });
  await h.at(5);
  const applied = h.am.apply(
    loadConfig(BASIC.replace('group_wait: 10s', 'group_wait: 20s'), 'alertmanager.yml'),
  );
  await h.fire({ alertname: 'B' });
  await applied;
  await h.at(300);
  expect(h.told).toEqual(['25 ops firing A', '25 ops firing B']);
});

test('a template that fails is told in the history, and tried again only at the next look', async () => {
  const h = await harness(`
route: {receiver: ops, group_wait: 10s, group_interval: 60s}
receivers: [{name: ops, inbox_configs: [{}], bale_configs: [{bot_token: t, chat_id: 1, message: '{{ .Nope }}'}]}]`);
  await h.fire({ alertname: 'A' });
  await h.at(71);
  const failed = h.am.history.find({ limit: 10, outcome: 'failed' });
  expect(failed.map(({ attempts, error }) => [attempts.length, error])).toEqual([
    [1, expect.stringContaining("can't evaluate field Nope")],
    [1, expect.stringContaining("can't evaluate field Nope")],
  ]);
  expect(h.told).toEqual(['10 ops firing A']);
});

describe('labels of routes', () => {
  test("are templates over the message, add to the parent's, and are known everywhere in a template", async () => {
    const directory = await mkdtemp(join(tmpdir(), 'prunella-labels-'));
    await writeFile(
      join(directory, 'a.tmpl'),
      '{{ define "each" }}{{ range . }}{{ .Labels.alertname }} {{ routeLabels.team }};{{ end }}{{ end }}',
    );
    const sink = await openSink();
    const h = await harness(`
templates: [${directory}/*.tmpl]
route:
  receiver: ops
  group_wait: 10s
  labels: {team: '{{ .CommonLabels.squad | toUpper }}', tier: '1', size: '{{ len .Alerts }}'}
  routes: [{matchers: [db="1"], labels: {tier: db}}]
receivers:
  - name: ops
    webhook_configs:
      - url: ${sink.url}
        payload: {route: '{{ .RouteLabels.SortedPairs }}', text: '{{ template "each" .Alerts }}', lost: '{{ .RouteLabels.x }}'}`);
    await h.fire({ alertname: 'A', squad: 'x', db: '1' });
    await h.fire({ alertname: 'B', squad: 'x', db: '1' });
    const [group] = h.am.groups();
    expect(group && h.am.routeLabels(group)).toEqual(Labels.from({ team: 'X', tier: 'db', size: '2' }));
    await h.at(10);
    await vi.waitFor(() => expect(sink.requests).toHaveLength(1));
    expect(sink.requests[0]?.json).toEqual({
      route: 'size=2, team=X, tier=db',
      text: 'A X;B X;',
      lost: '',
    });
    sink.close();
    await h.am.stop();
    await rm(directory, { recursive: true });
  });

  test('one that fails says so, and everybody is told', async () => {
    const h = await harness(`
route: {receiver: ops, group_wait: 10s, routes: [{matchers: [x="1"], labels: {l: '{{ .Nope }}', m: 'ok'}}]}
${receivers('ops')}`);
    await h.fire({ alertname: 'A', x: '1' });
    await h.fire({ alertname: 'B' });
    const labels = Array.from(h.am.groups(), (group) => h.am.routeLabels(group));
    expect(labels[0]?.get('l')).toMatch(/^<error expanding template: .*can't evaluate field Nope/);
    expect(labels[0]?.get('m')).toBe('ok');
    expect(labels[1]).toEqual(Labels.empty);
    await h.at(10);
    expect(h.told.sort()).toEqual(['10 ops firing A', '10 ops firing B']);
  });
});

describe('limits', () => {
  test('of one name no more alerts are taken than there may be, and those that end make room', async () => {
    const h = await harness(BASIC, { perAlertnameLimit: 2 });
    for (const instance of ['1', '2', '3']) await h.fire({ alertname: 'A', instance });
    await h.fire({ alertname: 'B' });
    await h.fire({ alertname: 'A', instance: '1' });
    const instances = (): string[] => Array.from(h.am.alerts(), (alert) => alert.labels.get('instance'));
    expect(instances()).toEqual(['1', '2', '']);
    await h.resolve({ alertname: 'A', instance: '1' });
    await h.at(120);
    await h.fire({ alertname: 'A', instance: '3' });
    expect(instances()).toEqual(['2', '', '3']);
  });

  test('nobody is told of anything before the delay after the start', async () => {
    const h = await harness(BASIC, { startDelay: 30_000 });
    await h.fire({ alertname: 'Old' }, { startsAt: START - 3600_000 });
    await h.at(25);
    await h.fire({ alertname: 'New' });
    await h.at(40);
    expect(h.told).toEqual(['30 ops firing Old', '35 ops firing New']);
  });
});

describe('health()', () => {
  const FAILING = `
route: {receiver: ops, group_by: [alertname], group_wait: 1s, group_interval: 60s}
receivers: [{name: ops, file_configs: [{path: /dev/null/nope}]}]`;

  test('names receivers that keep failing, which is no fault of the process', async () => {
    const h = await harness(FAILING);
    for (const alertname of ['A', 'B', 'C']) await h.fire({ alertname });
    await h.at(2);
    // Real disks do not heed the virtual clock.
    for (let seconds = 10; seconds < 130; seconds += 10) await h.at(seconds);
    await expect
      .poll(() => h.am.health())
      .toMatchObject({
        ok: true,
        problems: [expect.stringContaining('ops/file/0 failed 3 times in a row')],
      });
    await h.am.stop();
  });
});
