import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseGameday } from '@prunella/healing';
import { fillPlaceholders } from '@prunella/workloads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { command } from '../commands/gameday.ts';
import { readConfigFile } from '../serve/configuration.ts';

let dir = '';
let server: Server;
let url = '';
let answers: Record<string, () => unknown> = {};
let asked: string[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gameday-'));
  asked = [];
  server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    asked.push(`${request.method} ${path}`);
    const answer = answers[path];
    response.statusCode = answer ? 200 : 404;
    response.end(JSON.stringify(answer?.() ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  rmSync(dir, { recursive: true });
});

async function run(plan: string, ...args: string[]): Promise<{ code: number; out: string[] }> {
  const file = join(dir, 'gameday.yml');
  writeFileSync(file, plan);
  const out: string[] = [];
  const io = {
    out: (line: string) => out.push(line),
    err: () => {},
    env: { SHOP: url },
    signal: new AbortController().signal,
  };
  return { code: await command.run([file, `--url=${url}`, ...args], io), out };
}

const time = (ms: number): string => new Date(ms).toISOString();

test('kills, watches through the API, and reports', async () => {
  const victim = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const killed = once(victim, 'exit');
  let killedAt = 0;
  void killed.then(() => (killedAt = Date.now()));
  answers = {
    '/api/prunella/workloads': () => [{ name: 'api-1', service: 'api', kind: 'process', pid: victim.pid }],
    '/api/v1/query': () => ({ status: 'success', data: { resultType: 'vector', result: [] } }),
    '/api/prunella/incidents': () => {
      const incident = {
        id: 'i1',
        alertname: 'WorkloadCrashed',
        target: 'api',
        state: 'closed',
        outcome: 'healed',
        detectedAt: time(killedAt),
        actedAt: time(killedAt + 500),
        healedAt: time(killedAt + 2500),
        timeline: [{ kind: 'detected' }],
      };
      return { incidents: killedAt === 0 ? [] : [incident] };
    },
  };
  const plan = `
steady: ['up == 0']
scenarios: [{name: kill, inject: {signal: {workload: api}}, expect: {alert: WorkloadCrashed, target: api, detected: 10s, healed: 20s, actions: 1}}]`;
  const { code, out } = await run(plan);
  expect(await killed).toEqual([null, 'SIGKILL']);
  expect(code).toBe(0);
  expect(out.at(-1)).toBe('1 passed, 0 failed');
  expect(out[1]).toMatch(/^kill {6}passed {3}\d\.\d s +- +\d\.\d s +\d\.\d s +1 +healed$/);
});

test('says what cannot be injected; the exit code is 1', async () => {
  answers = { '/api/prunella/incidents': () => ({ incidents: [] }), '/api/prunella/workloads': () => [] };
  const plan = `
scenarios:
  - {name: gone, inject: {signal: {workload: api}}, expect: {alert: A}}
  - {name: refused, inject: {http: {url: '\${SHOP}/fault'}}, expect: {alert: A}}`;
  const { code, out } = await run(plan, '--format=json');
  expect(code).toBe(1);
  expect(JSON.parse(out.join('\n'))).toMatchObject({
    results: [
      { name: 'gone', verdict: 'failed', faults: ['nothing of "api" runs'] },
      { name: 'refused', verdict: 'failed', faults: [`POST ${url}/fault answered 404`] },
    ],
  });
  expect(asked).toContain('POST /fault');
});

test('who is not there is a day without faults', async () => {
  answers = {};
  const { code, out } = await run(
    'patience: 0s\nscenarios: [{name: a, inject: {signal: {workload: api}}, expect: {alert: A}}]',
  );
  expect(code).toBe(1);
  expect(out.join('\n')).toContain('not steady: cannot tell');
  await expect(run('scenarios: [{name: "${UNKNOWN}"}]')).rejects.toThrow('UNKNOWN is not set');
});

test('the demo’s own file is good', async () => {
  const file = fileURLToPath(new URL('../../../../config/gameday.yml', import.meta.url));
  const plan = parseGameday(fillPlaceholders(await readConfigFile(file), {}, 1), file);
  expect(plan.scenarios.map((scenario) => scenario.name)).toEqual([
    'API killed',
    'worker crashes',
    'slow API',
  ]);
});
