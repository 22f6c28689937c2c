import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AMTOOL, amtool, startOurs, type Peer } from './alertmanager-support.ts';

const CONFIG = `
global: {resolve_timeout: 10m, slack_api_url: 'https://hooks.example/hush'}
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 1s
  routes:
    - {receiver: db, matchers: ['team="db"'], continue: true}
    - {receiver: night, matchers: ['team=~"db|web"'], mute_time_intervals: [weekend]}
time_intervals: [{name: weekend, time_intervals: [{weekdays: [saturday, sunday]}]}]
receivers:
  - name: ops
    webhook_configs: [{url: 'http://user:hush@127.0.0.1:9/hush?token=hush'}]
  - name: db
    slack_configs: [{channel: '#db'}]
  - name: night
`;

describe.skipIf(AMTOOL === undefined)(
  'amtool works against ours (skipped where amtool is not installed)',
  () => {
    let ours: Peer;
    beforeAll(async () => {
      ours = await startOurs(CONFIG);
    });
    afterAll(() => ours.stop());
    const tool = (...args: string[]): Promise<{ code: number; out: string }> => amtool(ours.url, ...args);

    test('alert add and query', async () => {
      expect(
        await tool('alert', 'add', 'alertname=Foo', 'node=bar', '--annotation=summary="it broke"'),
      ).toEqual({ code: 0, out: '' });
      expect((await tool('alert', 'add', 'Second', 'team=db')).code).toBe(0);
      const { out } = await tool('alert', 'query');
      expect(out).toMatch(/Foo\s+\S+ \S+ UTC\s+it broke\s+active/);
      expect((await tool('-o', 'extended', 'alert', 'query', 'team=~"d.*"')).out).toContain(
        'alertname="Second" team="db"',
      );
      expect(JSON.parse((await tool('-o', 'json', 'alert', 'query', 'alertname=Foo')).out)).toMatchObject([
        { labels: { alertname: 'Foo', node: 'bar' }, receivers: [{ name: 'ops' }] },
      ]);
      expect((await tool('alert', 'query', '--receiver=db')).out).toContain('Second');
    });

    test('silence add, query, update, expire, import', async () => {
      const { out } = await tool(
        'silence',
        'add',
        'alertname=Foo',
        '--comment=c',
        '--author=ada',
        '--duration=1h',
      );
      const id = out.trim();
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect((await tool('silence', 'query', '-q')).out.trim()).toBe(id);
      expect((await tool('silence', 'query', 'alertname=Foo')).out).toMatch(
        new RegExp(`${id}\\s+alertname="?Foo"?\\s+.*ada\\s+c`),
      );
      expect((await tool('alert', 'query', '--silenced')).out).toContain('suppressed');
      expect((await tool('silence', 'update', id, '--duration=2h', '--comment=longer', '-q')).code).toBe(0);
      const exported = (await tool('-o', 'json', 'silence', 'query')).out;
      expect(JSON.parse(exported)).toMatchObject([{ id, comment: 'longer', status: { state: 'active' } }]);
      expect((await tool('silence', 'expire', id)).code).toBe(0);
      expect((await tool('silence', 'query', '-q')).out.trim()).toBe('');
      expect((await tool('silence', 'query', '--expired', '-q')).out.trim()).toBe(id);

      const file = join(ours.directory, 'silences.json');
      await writeFile(file, exported);
      expect((await tool('silence', 'import', '--force', file)).code).toBe(0);
      expect(JSON.parse((await tool('-o', 'json', 'silence', 'query')).out)).toMatchObject([
        { comment: 'longer' },
      ]);
      expect((await tool('silence', 'expire', '00000000-0000-4000-8000-000000000000')).code).not.toBe(0);
    });

    test('config show, routes show, routes test: the shown configuration is one that amtool takes', async () => {
      const shown = (await tool('config', 'show')).out;
      expect(shown).toContain('resolve_timeout: 10m');
      expect(shown).not.toContain('hush');
      expect((await tool('config', 'routes', 'show')).out).toContain('{team=~"db|web"}');
      for (const [label, receivers] of [
        ['team=db', 'db,night'],
        ['team=web', 'night'],
        ['team=x', 'ops'],
      ] as const) {
        const { code, out } = await tool(
          'config',
          'routes',
          'test',
          `--verify.receivers=${receivers}`,
          label,
        );
        expect({ label, code, out: out.split('\n')[0] }).toEqual({ label, code: 0, out: receivers });
      }
    });

    test('cluster show', async () => {
      expect((await tool('cluster', 'show')).out).toContain('disabled');
    });
  },
);
