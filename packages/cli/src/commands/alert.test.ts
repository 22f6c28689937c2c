import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Command } from '../command.ts';
import { UsageError } from '../flags.ts';
import { command as alert } from './alert.ts';
import { command as check } from './check-alertmanager.ts';

const GOOD = `
route:
  receiver: ops
  group_by: [alertname]
  routes: [{matchers: [team="db"], receiver: db, group_wait: 5s}]
receivers:
  - name: ops
  - name: db
    file_configs: [{path: alerts.log}, {path: /dev/null/no}]
`;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'prunella-alert-'));
  writeFileSync(join(dir, 'good.yml'), GOOD);
  writeFileSync(join(dir, 'bad.yml'), 'route:\n  receiver: nobody\nreceivers: []\n');
  writeFileSync(join(dir, 'templates.yml'), `${GOOD}\ntemplates: ['*.tmpl']`);
  writeFileSync(join(dir, 'broken.tmpl'), '{{ define "x" }}');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function run(command: Command, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await command.run(
    args.map((arg) => arg.replace('DIR', dir)),
    {
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      env: {},
      signal: new AbortController().signal,
    },
  );
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('check alertmanager', () => {
  test('counts what is good, and names what only we know', async () => {
    const { code, out } = await run(check, 'DIR/good.yml');
    expect(code).toBe(0);
    expect(out).toContain('2 routes, 2 receivers, 0 inhibit rules, 0 time intervals, all good');
    expect(out).toContain("good.yml:9:20: file_configs is Prunella's");
  });

  test.each([
    [['DIR/bad.yml'], 'bad.yml:2:3: undefined receiver "nobody" used in route'],
    [['--portable', 'DIR/good.yml'], "file_configs is Prunella's"],
    [['DIR/templates.yml'], 'broken.tmpl'],
    [['DIR/nope.yml'], 'no such file'],
  ])('%j is refused', async (args, message) => {
    const { code, err } = await run(check, ...args);
    expect([code, err]).toEqual([1, expect.stringContaining(message)]);
  });
});

describe('alert', () => {
  test('route explains', async () => {
    const { code, out } = await run(alert, 'route', '--config=DIR/good.yml', 'alertname=Down', 'team="db"');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^\{\} yes\n {2}\{team="db"\} yes\n→ db, in the group \{alertname="Down"\}\n {2}first message after 5s/,
    );
    const other = await run(alert, 'route', '--config=DIR/good.yml', 'team=web');
    expect(other.out).toContain('{team="db"} no: team="db", but team is "web"');
  });

  test('a trial delivers, and fails where one integration does', async () => {
    const { code, out } = await run(alert, 'test', '--config=DIR/good.yml', 'db');
    expect(code).toBe(1);
    expect(out).toMatch(/delivered file\[0\] in \d+ ms: 1 line\nFAILED {4}file\[1\] in \d+ ms: /);
    expect((await run(alert, 'test', '--config=DIR/good.yml', 'ops')).out).toBe('ops tells nobody');
    expect((await run(alert, 'test', '--config=DIR/good.yml', 'nobody')).err).toContain(
      'no receiver "nobody"',
    );
    await expect(run(alert, 'test', '--url=http://127.0.0.1:1', 'ops')).rejects.toThrow('does not answer');
  });

  test.each([
    [[]],
    [['nonsense']],
    [['route', 'a=b']],
    [['route', '--config=DIR/good.yml', 'x']],
    [['test']],
  ])('wrong usage: %j', async (args) => {
    await expect(run(alert, ...args)).rejects.toThrow(UsageError);
  });
});
