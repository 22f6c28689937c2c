import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels } from '@prunella/metrics';
import { createHttpClient } from '@prunella/metrics/http';
import { VirtualClock } from '@prunella/metrics/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { command as bot } from '../commands/bot.ts';
import { command as checkHealing } from '../commands/check-healing.ts';
import { RemotePrometheus } from './prometheus.ts';

const SEED = '{"alerts":[{"labels":{"alertname":"APIHighLatency","severity":"critical"}}]}';

let dir = '';
let lines: string[] = [];
let abort: AbortController;
let servers: Server[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bot-'));
  lines = [];
  abort = new AbortController();
  servers = [];
});
afterEach(async () => {
  abort.abort();
  for (const server of servers) server.close();
  await vi.waitFor(() => expect(running).toBe(0), { timeout: 10_000 });
  rmSync(dir, { recursive: true, force: true });
});

let running = 0;

function io(env: Record<string, string | undefined> = {}): Parameters<typeof bot.run>[1] {
  return { out: (line) => lines.push(line), err: (line) => lines.push(line), env, signal: abort.signal };
}

async function start(...args: string[]): Promise<{ url: string; done: Promise<number> }> {
  running++;
  const done = bot
    .run(
      [
        '--web.listen-address=127.0.0.1:0',
        `--storage.path=${join(dir, 'data')}`,
        '--log.level=error',
        ...args,
      ],
      io(process.env),
    )
    .finally(() => running--);
  let url = '';
  await vi.waitFor(
    () => {
      url = /http:\/\/127\.0\.0\.1:\d+/.exec(lines.join('\n'))?.[0] ?? '';
      expect(url).not.toBe('');
    },
    { timeout: 10_000 },
  );
  return { url, done };
}

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

async function listen(answer: (path: string, body: string) => unknown): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => response.end(JSON.stringify(answer(request.url ?? '', body))));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Line {
  alert: string;
  action: string;
  result: string;
}

function log(): Line[] {
  const path = join(dir, 'data', 'prunella', 'incident_log.jsonl');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('prunella bot', () => {
  test('takes the seeds’ example without any configuration, and logs it', async () => {
    const { url, done } = await start();
    const answer = await fetch(`${url}/alert`, {
      method: 'POST',
      body: SEED,
      headers: { 'Content-Type': 'application/json' },
    });
    expect([answer.status, await answer.json()]).toEqual([200, { accepted: 1 }]);
    expect(log()).toMatchObject([{ alert: 'APIHighLatency', action: 'none', result: 'no_runbook' }]);
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
    abort.abort();
    expect(await done).toBe(0);
  });

  test('restarts what its runbook names, and leaves nothing behind', async () => {
    file(
      'prunella.yml',
      `
healing: healing.yml
workloads: {processes: [{name: api, command: ['${process.execPath}', -e, 'setInterval(() => {}, 1000)']}]}
`,
    );
    file(
      'healing.yml',
      `
runbooks:
  - name: restart
    match: [alertname="APIHighLatency"]
    target: {service: api}
    steps: [{restart: }, {verify: {for: 100ms, timeout: 10s}}]
`,
    );
    const { url, done } = await start(`--prunella.config=${join(dir, 'prunella.yml')}`);
    const api = async (): Promise<{ pid: number; restarts: number }> =>
      (
        (await (await fetch(`${url}/api/prunella/workloads`)).json()) as { pid: number; restarts: number }[]
      )[0] as never;
    await vi.waitFor(async () => expect((await api()).pid).toBeGreaterThan(0));
    const { pid } = await api();
    await fetch(`${url}/alert`, { method: 'POST', body: SEED });
    await vi.waitFor(() => expect(log()).toMatchObject([{ action: 'restart api', result: 'healed' }]), {
      timeout: 10_000,
    });
    const after = await api();
    expect(after).toMatchObject({ restarts: 1 });
    expect(after.pid).not.toBe(pid);
    abort.abort();
    expect(await done).toBe(0);
    expect(() => process.kill(after.pid, 0)).toThrow('ESRCH');
  });

  test('hands what comes to a hook to the receiver of that name, and escalates through one', async () => {
    const bodies: string[] = [];
    const hook = await listen((_, body) => bodies.push(body));
    const alertmanager = file(
      'alertmanager.yml',
      `
route: {receiver: web}
receivers: [{name: web, webhook_configs: [{url: '${hook}/'}]}]
`,
    );
    const healing = file(
      'healing.yml',
      `
global: {receiver: web}
runbooks:
  - name: restart
    match: [alertname="APIHighLatency"]
    target: {service: api}
    steps: [{restart: }]
`,
    );
    const { url } = await start(`--alertmanager.config=${alertmanager}`, `--healing.config=${healing}`);
    const other = '{"alerts":[{"labels":{"alertname":"Other"}}]}';
    expect((await fetch(`${url}/hooks/web`, { method: 'POST', body: other })).status).toBe(200);
    expect(bodies.map((body) => JSON.parse(body) as object)).toMatchObject([
      { receiver: 'web', alerts: [{ labels: { alertname: 'Other' } }] },
    ]);
    expect((await fetch(`${url}/hooks/nobody`, { method: 'POST', body: other })).status).toBe(404);
    await fetch(`${url}/alert`, { method: 'POST', body: SEED });
    await vi.waitFor(() => expect(bodies).toHaveLength(2), { timeout: 10_000 });
    expect(JSON.parse(bodies[1] as string)).toMatchObject({
      alerts: [{ labels: { alertname: 'HealingNeedsAPerson', for_alert: 'APIHighLatency', service: 'api' } }],
    });
  });

  test('one clear line when the port is taken, or a file is not there', async () => {
    const { url } = await start();
    lines.length = 0;
    const port = new URL(url).port;
    expect(
      await bot.run([`--web.listen-address=127.0.0.1:${port}`, `--storage.path=${join(dir, 'other')}`], io()),
    ).toBe(1);
    expect(lines).toEqual([`prunella bot: cannot listen on 127.0.0.1:${port}: the port is in use`]);
    await expect(bot.run([`--healing.config=${join(dir, 'none.yml')}`], io())).rejects.toThrow(
      'none.yml: no such file',
    );
    const healing = file('healing.yml', 'global: {receiver: tem}');
    const alertmanager = file('alertmanager.yml', 'route: {receiver: team}\nreceivers: [{name: team}]');
    const args = [
      `--healing.config=${healing}`,
      `--alertmanager.config=${alertmanager}`,
      `--storage.path=${join(dir, 'third')}`,
    ];
    await expect(bot.run(args, io())).rejects.toThrow('healing.yml: there is no receiver "tem"');
    await expect(bot.run(['--web.listen-address=here'], io())).rejects.toThrow('expected HOST:PORT');
  });
});

describe('RemotePrometheus', () => {
  const rule = (name: string, query: string, labels: object): object => ({
    type: 'alerting',
    name,
    query,
    labels,
  });

  test('evaluates, and finds the rule behind an alert', async () => {
    const asked: string[] = [];
    const url = await listen((path) => {
      asked.push(path);
      if (path.startsWith('/p/api/v1/query?')) {
        const result = [{ metric: { __name__: 'up', job: 'x' }, value: [1, '+Inf'] }];
        return { status: 'success', data: { resultType: 'vector', result } };
      }
      const rules = [
        rule('A', 'a > 1', { severity: 'page' }),
        rule('A', 'a > 9', { severity: 'low', x: '{{ $value }}' }),
        rule('B', 'b', {}),
      ];
      return { status: 'success', data: { groups: [{ rules }] } };
    });
    const client = createHttpClient();
    const clock = new VirtualClock(0);
    const prometheus = new RemotePrometheus(`${url}/p/`, client, clock);
    const { value } = await prometheus.query('up == 1', 1500);
    expect(value).toMatchObject({ type: 'vector', samples: [{ value: Infinity }] });
    expect(asked).toEqual(['/p/api/v1/query?query=up+%3D%3D+1&time=1.5']);
    const of = (labels: Record<string, string>, link?: string): unknown =>
      prometheus.expressionOf(Labels.from(labels), link);
    expect(await of({ alertname: 'A', severity: 'low', x: '7' })).toEqual({
      expr: 'a > 9',
      ruleLabels: ['severity', 'x'],
    });
    expect(await of({ alertname: 'A' })).toEqual({ expr: 'a > 1', ruleLabels: ['severity'] });
    expect(await of({ alertname: 'C' })).toBeUndefined();
    expect(await of({ alertname: 'C' }, 'http://p/graph?g0.expr=c+%3E+1&g0.tab=1')).toEqual({
      expr: 'c > 1',
    });
    expect(asked).toHaveLength(2);
    client.close();
  });

  test('says why it cannot', async () => {
    const url = await listen(() => ({ status: 'error', errorType: 'bad_data', error: 'parse error: no' }));
    const client = createHttpClient();
    const prometheus = new RemotePrometheus(url, client);
    await expect(prometheus.query('(', 0)).rejects.toThrow('parse error: no');
    await expect(prometheus.expressionOf(Labels.from({ alertname: 'A' }))).rejects.toThrow('parse error: no');
    client.close();
  });
});

describe('prunella check healing', () => {
  test('tells what is good and what is not', async () => {
    const good = file(
      'good.yml',
      'runbooks: [{name: r, match: [a="b"], target: {service: x}, steps: [{restart: }]}]',
    );
    expect(await checkHealing.run([good], io())).toBe(0);
    expect(lines).toEqual([`${good}: 1 runbook, all good`, '  r (auto): a="b" → restart, verify, escalate']);
    lines.length = 0;
    const bad = file('bad.yml', 'runbooks:\n  - name: r\n    match: [a="b"]\n    steps: [{restrat: }]\n');
    expect(await checkHealing.run([bad, good, join(dir, 'none.yml')], io())).toBe(1);
    expect(lines[0]).toMatch(/bad\.yml:4:\d+: .*unknown step "restrat": did you mean "restart"\?/);
    expect(lines.at(-1)).toContain('none.yml: no such file');
    await expect(checkHealing.run([], io())).rejects.toThrow('which file?');
  });

  test('finds nothing wrong with the demo’s', async () => {
    const demo = new URL('../../../../config/healing.yml', import.meta.url).pathname;
    expect(await checkHealing.run([demo], io())).toBe(0);
  });
});
