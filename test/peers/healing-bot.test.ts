/** `prunella bot` beside a real Prometheus and a real Alertmanager: they watch, alert and prove; it mends. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { command as bot } from '../../packages/cli/src/commands/bot.ts';

const missing = ['prometheus', 'prometheus-alertmanager'].filter(
  (name) => spawnSync(name, ['--version']).error,
);
const title = `a real Prometheus and Alertmanager${missing.length > 0 ? ` (skipped: no ${missing.join(', ')})` : ''}`;

/** A service that is well until it is broken, and well again after a restart. */
const SERVICE = `
let broken = 0;
require('http').createServer((request, response) => {
  if (request.method === 'POST') broken = 1;
  response.end('api_broken ' + broken + '\\n');
}).listen(process.env.PORT, '127.0.0.1');`;

describe.skipIf(missing.length > 0)(title, () => {
  const abort = new AbortController();
  const children: ChildProcess[] = [];
  const lines: string[] = [];
  let dir = '';
  let ports: Record<'api' | 'prometheus' | 'alertmanager' | 'bot', number>;
  let stopped: Promise<number>;

  function file(name: string, text: string): string {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  }

  function start(program: string, ...args: string[]): void {
    children.push(spawn(program, args, { cwd: dir, stdio: 'ignore' }));
  }

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'healing-bot-'));
    const [api, prometheus, alertmanager, own] = (await freePorts(4)) as [number, number, number, number];
    ports = { api, prometheus, alertmanager, bot: own };
    file(
      'rules.yml',
      `
groups:
  - name: api
    interval: 1s
    rules:
      - {alert: APIBroken, expr: api_broken == 1, for: 2s, labels: {severity: critical}}
`,
    );
    file(
      'prometheus.yml',
      `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:${alertmanager}']}]}]}
scrape_configs: [{job_name: api, static_configs: [{targets: ['127.0.0.1:${api}']}]}]
`,
    );
    file(
      'alertmanager.yml',
      `
route: {receiver: bot, group_wait: 1s, group_interval: 1s}
receivers: [{name: bot, webhook_configs: [{url: 'http://127.0.0.1:${own}/alert'}]}]
`,
    );
    file(
      'prunella.yml',
      `
healing: healing.yml
workloads:
  processes:
    - name: api
      command: ['${process.execPath}', service.js]
      env: {PORT: '${api}'}
      health: {url: 'http://127.0.0.1:${api}/', interval: 500ms}
`,
    );
    file(
      'healing.yml',
      `
runbooks:
  - name: restart
    match: [alertname="APIBroken", severity="critical"]
    target: {service: api}
    steps: [{capture: {query: [api_broken]}}, {restart: }, {verify: {for: 3s, timeout: 30s}}]
`,
    );
    file('service.js', SERVICE);
    const io = {
      out: (line: string) => lines.push(line),
      err: () => {},
      env: process.env,
      signal: abort.signal,
    };
    stopped = bot.run(
      [
        `--web.listen-address=127.0.0.1:${own}`,
        `--prunella.config=${join(dir, 'prunella.yml')}`,
        `--query.url=http://127.0.0.1:${prometheus}`,
        `--storage.path=${join(dir, 'bot')}`,
        '--log.level=error',
      ],
      io,
    );
    start(
      'prometheus',
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=p',
      `--web.listen-address=127.0.0.1:${prometheus}`,
    );
    start(
      'prometheus-alertmanager',
      '--config.file=alertmanager.yml',
      '--storage.path=a',
      `--web.listen-address=127.0.0.1:${alertmanager}`,
      '--cluster.listen-address=',
    );
  });

  afterAll(async () => {
    abort.abort();
    for (const child of children.filter((each) => each.exitCode === null)) {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    }
    expect(await stopped).toBe(0);
    rmSync(dir, { recursive: true, force: true });
  });

  const get = async <T>(port: number, path: string): Promise<T> =>
    (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as T;

  async function value(expr: string): Promise<string | undefined> {
    const path = `/api/v1/query?query=${encodeURIComponent(expr)}`;
    const answer = await get<{ data: { result: { value: [number, string] }[] } }>(ports.prometheus, path);
    return answer.data.result[0]?.value[1];
  }

  test(
    'an alert of theirs restarts the service once, their Prometheus proves it, and the end is heard of',
    { timeout: 120_000 },
    async () => {
      await vi.waitFor(async () => expect(await value('api_broken')).toBe('0'), {
        timeout: 30_000,
        interval: 200,
      });
      await vi.waitFor(
        async () => expect((await fetch(`http://127.0.0.1:${ports.alertmanager}/-/ready`)).status).toBe(200),
        { timeout: 30_000, interval: 200 },
      );
      await fetch(`http://127.0.0.1:${ports.api}/`, { method: 'POST' });

      interface Incident {
        id: string;
        state: string;
        outcome?: string;
        timeline: { kind: string; text: string; step?: { kind: string; state: string } }[];
        evidence: { expr?: string; samples?: { value: number }[] }[];
      }
      const incidents = async (): Promise<Incident[]> =>
        (await get<{ incidents: Incident[] }>(ports.bot, '/api/prunella/incidents')).incidents;
      await vi.waitFor(async () => expect((await incidents())[0]?.outcome).toBe('healed'), {
        timeout: 60_000,
        interval: 200,
      });
      const [{ id } = { id: '' }] = await incidents();
      await vi.waitFor(
        async () => {
          const { timeline } = await get<Incident>(ports.bot, `/api/prunella/incidents/${id}`);
          expect(timeline.map((entry) => entry.kind)).toContain('resolved');
        },
        { timeout: 30_000, interval: 200 },
      );

      const incident = await get<Incident>(ports.bot, `/api/prunella/incidents/${id}`);
      expect(incident).toMatchObject({ alertname: 'APIBroken', target: 'api', state: 'closed' });
      expect(incident.evidence).toMatchObject([{ expr: 'api_broken', samples: [{ value: 1 }] }]);
      expect(incident.timeline.find((entry) => entry.kind === 'verified')?.text).toContain(
        'api_broken == 1 returns nothing; api runs',
      );
      expect(await incidents()).toHaveLength(1);
      const [api] = await get<{ restarts: number }[]>(ports.bot, '/api/prunella/workloads');
      expect(api?.restarts).toBe(1);
      const log = readFileSync(join(dir, 'bot', 'prunella', 'incident_log.jsonl'), 'utf8');
      expect(JSON.parse(log)).toMatchObject({ alert: 'APIBroken', action: 'restart api', result: 'healed' });
    },
  );
});

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}
