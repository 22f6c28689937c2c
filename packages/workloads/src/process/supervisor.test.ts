import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLogger, systemClock } from '@prunella/metrics';
import { parseConfig } from '@prunella/metrics/config';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { workloadsSchema, type ProcessConfig } from '../config.ts';
import type { Workload, WorkloadEvent } from '../workload.ts';
import { Workloads } from '../workloads.ts';
import { isGroupAlive } from './kill.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

let dir = '';
let open: Supervisor[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'supervisor-'));
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()));
  rmSync(dir, { recursive: true, force: true });
});

const built = existsSync(fileURLToPath(new URL('../../dist/index.js', import.meta.url)));
const FOREVER = 'setInterval(() => {}, 1000)';

function script(code: string, rest: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: 'a', command: [process.execPath, '-e', code], stop_timeout: '2s', ...rest };
}

function configs(...processes: Record<string, unknown>[]): readonly ProcessConfig[] {
  return parseConfig(JSON.stringify({ processes }), 'p.yml', workloadsSchema).processes;
}

async function supervise(
  processes: readonly ProcessConfig[],
  options: Partial<SupervisorOptions> = {},
): Promise<Supervisor> {
  const backoff = { first: 10, longest: 80, resetAfter: 60_000 };
  const supervisor = new Supervisor({
    dir,
    base: dir,
    env: process.env,
    logger: silentLogger,
    backoff,
    ...options,
  });
  open.push(supervisor);
  await supervisor.open();
  await supervisor.apply(processes);
  return supervisor;
}

async function find(supervisor: Supervisor, name = 'a'): Promise<Workload> {
  const found = (await supervisor.list()).find((each) => each.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

const eventually = (check: () => unknown): Promise<unknown> =>
  vi.waitFor(check, { timeout: 8000, interval: 20 });

async function lines(supervisor: Supervisor, name = 'a'): Promise<string[]> {
  return (await supervisor.logs(name, 100)).map((line) => `${line.stream} ${line.text}`);
}

describe('Supervisor', () => {
  test('runs a process, fills in placeholders and keeps its output', async () => {
    const code = `console.log(process.argv[1], process.env.MODE, process.env.REPLICA, process.env.FILE);
      console.error('oops'); ${FOREVER}`;
    const config = script(code, { env: { MODE: 'm-${WHO}' }, ports: ['{replica+9000}'] });
    (config['command'] as string[]).push('port={replica+9000}');
    const supervisor = await supervise(configs(config), { env: { ...process.env, WHO: 'me', FILE: 'f' } });
    await eventually(async () =>
      expect((await lines(supervisor)).sort()).toEqual(['stderr oops', 'stdout port=9001 m-me 1 f']),
    );
    expect(await find(supervisor)).toMatchObject({
      state: 'running',
      service: 'a',
      ports: [9001],
      restarts: 0,
    });
    await supervisor.close();
    expect(readFileSync(join(dir, 'logs', 'a.log'), 'utf8')).toMatch(/^\d{4}-.*Z std(out|err) /);
  });

  test.each([
    ['exit code 3', 'process.exit(3)', { code: 3, signal: null }],
    ['SIGKILL', "process.kill(process.pid, 'SIGKILL')", { code: null, signal: 'SIGKILL' }],
  ])('restarts after an unexpected end by %s, and says so', async (_, code, exit) => {
    const supervisor = await supervise([]);
    const events: WorkloadEvent[] = [];
    supervisor.onEvent((event) => events.push(event));
    await supervisor.apply(configs(script(code)));
    await eventually(async () => expect((await find(supervisor)).restarts).toBeGreaterThanOrEqual(3));
    expect((await find(supervisor)).exit).toMatchObject({ ...exit, expected: false });
    expect(events.slice(0, 4).map((event) => event.type)).toEqual(['added', 'started', 'exited', 'started']);
  });

  test('backs off exponentially', async () => {
    const supervisor = await supervise([]);
    const delays: number[] = [];
    let endedAt = 0;
    supervisor.onEvent(({ type, time }) => {
      if (type === 'exited') endedAt = time;
      if (type === 'started' && endedAt > 0) delays.push(time - endedAt);
    });
    await supervisor.apply(configs({ name: 'a', command: ['false'] }));
    await eventually(() => expect(delays.length).toBeGreaterThanOrEqual(5));
    for (const [i, least] of [10, 20, 40, 80, 80].entries()) {
      expect(delays[i]).toBeGreaterThanOrEqual(least - 1);
      expect(delays[i]).toBeLessThan(least + 300);
    }
  });

  test.each([
    ['never', 'process.exit(1)', 'failed', false],
    ['never', 'process.exit(0)', 'stopped', true],
    ['on-failure', 'process.exit(0)', 'stopped', true],
  ])('restart: %s leaves %s %s; expected: %s', async (restart, code, state, expected) => {
    const supervisor = await supervise(configs(script(code, { restart })));
    await eventually(async () => expect((await find(supervisor)).exit).toBeDefined());
    expect(await find(supervisor)).toMatchObject({ state, restarts: 0, exit: { expected } });
  });

  test('a program that does not exist is a failure to be told, not a crash', async () => {
    const supervisor = await supervise(configs({ name: 'a', command: ['./there-is-no-such-program'] }));
    await eventually(async () => expect((await find(supervisor)).exit?.error).toContain('ENOENT'));
    expect((await find(supervisor)).state).toMatch(/restarting|starting/);
  });

  test('stop is expected and lasts; start brings it back', async () => {
    const supervisor = await supervise(configs(script(FOREVER)));
    await eventually(async () => expect((await find(supervisor)).pid).toBeDefined());
    await supervisor.stop('a');
    expect(await find(supervisor)).toMatchObject({
      state: 'stopped',
      exit: { signal: 'SIGTERM', expected: true },
    });
    expect((await find(supervisor)).pid).toBeUndefined();
    await supervisor.start('a');
    expect(await find(supervisor)).toMatchObject({ state: 'running', restarts: 1 });
  });

  test('can be closed and opened again', async () => {
    const supervisor = await supervise(configs(script(FOREVER)));
    await supervisor.close();
    expect(await supervisor.list()).toEqual([]);
    await supervisor.open();
    await supervisor.apply(configs(script(FOREVER)));
    await eventually(async () => expect((await find(supervisor)).state).toBe('running'));
  });

  test('restart gives a new process exactly once', async () => {
    const supervisor = await supervise(configs(script(FOREVER)));
    await eventually(async () => expect((await find(supervisor)).pid).toBeDefined());
    const { pid } = await find(supervisor);
    await supervisor.restart('a');
    const after = await find(supervisor);
    expect(after.pid).not.toBe(pid);
    expect(after).toMatchObject({ restarts: 1, exit: { expected: true } });
  });

  test('who does not listen to the stop signal is killed with everything it started', async () => {
    const grandchild = `process.on('SIGTERM', () => {}); console.log('up'); ${FOREVER}`;
    const code = `process.on('SIGTERM', () => {});
      require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], {stdio: 'inherit'});
      ${FOREVER}`;
    const supervisor = await supervise(configs(script(code, { stop_timeout: '300ms' })));
    await eventually(async () => expect(await lines(supervisor)).toEqual(['stdout up']));
    const { pid } = await find(supervisor);
    const stats = await supervisor.stats('a');
    expect(stats).toMatchObject({ processes: 2 });
    await supervisor.stop('a');
    expect((await find(supervisor)).exit?.signal).toBe('SIGKILL');
    await eventually(async () => expect(await isGroupAlive(pid as number)).toBe(false));
  });

  test('what a shell started gets its grace although the shell is gone', async () => {
    const code = `process.on('SIGTERM', () => setTimeout(() => { console.log('tidied up'); process.exit() }, 200));
      console.log('up'); ${FOREVER}`;
    const command = ['sh', '-c', `${process.execPath} -e "${code.replaceAll('\n', ' ')}"; true`];
    const supervisor = await supervise(configs({ name: 'a', command, stop_timeout: '5s' }));
    await eventually(async () => expect(await lines(supervisor)).toEqual(['stdout up']));
    await supervisor.stop('a');
    await eventually(async () => expect(await lines(supervisor)).toEqual(['stdout up', 'stdout tidied up']));
  });

  test('replicas are numbered, and scaling leaves the first ones alone', async () => {
    const supervisor = await supervise(configs(script(FOREVER, { name: 'w', replicas: 2 })));
    const names = async (): Promise<string[]> => (await supervisor.list()).map((each) => each.name);
    expect(await names()).toEqual(['w-1', 'w-2']);
    await eventually(async () => expect((await find(supervisor, 'w-1')).pid).toBeDefined());
    const { pid } = await find(supervisor, 'w-1');
    const workloads = new Workloads({ sources: [supervisor], logger: silentLogger });
    await workloads.scale('w', 3);
    expect(await names()).toEqual(['w-1', 'w-2', 'w-3']);
    await workloads.scale('w-3', 1);
    expect(await names()).toEqual(['w-1']);
    expect((await find(supervisor, 'w-1')).pid).toBe(pid);
    await workloads.scale('w', 0);
    expect(await names()).toEqual([]);
    await workloads.scale('w', 1);
    expect(await names()).toEqual(['w-1']);
    await expect(workloads.scale('nobody', 1)).rejects.toThrow('there is no service "nobody"');
  });

  test('what comes after another starts when that one is healthy', async () => {
    const socket = createServer().listen(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address() as AddressInfo;
    socket.close();
    const server = `setTimeout(() => require('http').createServer((q, s) => s.end()).listen(${port}, '127.0.0.1'), 400)`;
    const health = { url: `http://127.0.0.1:${port}/`, interval: '50ms' };
    const supervisor = await supervise([]);
    const seen: string[] = [];
    supervisor.onEvent(({ type, workload }) => seen.push(`${workload.name} ${type}`));
    await supervisor.apply(configs(script(FOREVER, { name: 'b', after: ['a'] }), script(server, { health })));
    expect((await find(supervisor, 'b')).state).toBe('starting');
    await eventually(() => expect(seen).toContain('b started'));
    expect(await find(supervisor)).toMatchObject({ state: 'running', healthy: true });
    expect(seen.indexOf('b started')).toBeGreaterThan(seen.lastIndexOf('a health'));
    expect(seen.indexOf('b started')).toBeGreaterThan(seen.indexOf('a started'));
  });

  test('a new configuration touches only what it changes', async () => {
    const supervisor = await supervise(
      configs(script(FOREVER), script(FOREVER, { name: 'b' }), script(FOREVER, { name: 'c' })),
    );
    await eventually(async () => expect((await supervisor.list()).every((each) => each.pid)).toBe(true));
    const before = new Map((await supervisor.list()).map((each) => [each.name, each.pid]));
    await supervisor.apply(configs(script(FOREVER), script(`1;${FOREVER}`, { name: 'b' })));
    await eventually(async () => expect((await supervisor.list()).every((each) => each.pid)).toBe(true));
    const after = new Map((await supervisor.list()).map((each) => [each.name, each.pid]));
    expect([...after.keys()].sort()).toEqual(['a', 'b']);
    expect(after.get('a')).toBe(before.get('a'));
    expect(after.get('b')).not.toBe(before.get('b'));
    await expect(supervisor.apply(configs(script(FOREVER, { cwd: '${NOT_SET}' })))).rejects.toThrow(
      'process a: environment',
    );
    expect((await find(supervisor)).pid).toBe(before.get('a'));
  });

  test('uses are shown as a share of one core', async () => {
    const supervisor = await supervise(configs(script('for (;;);')));
    const workloads = new Workloads({ sources: [supervisor], logger: silentLogger });
    await eventually(async () => expect((await find(supervisor)).pid).toBeDefined());
    expect((await workloads.listWithUse())[0]?.cpuPercent).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const [use] = await workloads.listWithUse();
    expect(use?.cpuPercent).toBeGreaterThan(10);
    expect(use?.cpuPercent).toBeLessThan(130);
    expect(use?.memoryBytes).toBeGreaterThan(5e6);
  });
});

describe('after SIGKILL of Prunella itself', () => {
  /** A Prunella that starts one process that ignores that its parent is gone, and tells its pid. */
  async function orphan(): Promise<number> {
    const code = `process.on('SIGTERM', () => {}); ${FOREVER}`;
    const parent = spawn(process.execPath, [
      '-e',
      `
      const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(code)}], {detached: true});
      console.log(child.pid); ${FOREVER}`,
    ]);
    const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    return Number(pid);
  }

  test.skipIf(process.platform !== 'linux')('the next start stops what was left, and only that', async () => {
    const { PidFiles } = await import('./pidfile.ts');
    const files = new PidFiles(join(dir, 'processes'), silentLogger);
    const [left, stranger] = [await orphan(), await orphan()];
    files.write('left', left);
    files.write('stranger', stranger);
    // A pid that is used by another process by now: the start time differs.
    const path = join(dir, 'processes', 'stranger.json');
    const record = JSON.parse(readFileSync(path, 'utf8')) as { startTicks: number };
    const { writeFileSync } = await import('node:fs');
    writeFileSync(path, JSON.stringify({ ...record, startTicks: record.startTicks - 1 }));
    writeFileSync(join(dir, 'processes', 'torn.json'), '{"pid": 1');
    expect(await files.stopLeftovers(systemClock, 300)).toEqual(['left']);
    await eventually(async () => expect(await isGroupAlive(left)).toBe(false));
    expect(await isGroupAlive(stranger)).toBe(true);
    process.kill(-stranger, 'SIGKILL');
    expect(existsSync(path)).toBe(false);
  });

  test.skipIf(process.platform !== 'linux' || !built)(
    'a whole Prunella that is killed leaves nothing for ever (needs the built package)',
    async () => {
      const script = fileURLToPath(new URL('../../testdata/supervise.js', import.meta.url));
      const prunella = spawn(process.execPath, [script, dir], { stdio: 'ignore' });
      const path = join(dir, 'processes', 'stubborn.json');
      await eventually(() => expect(existsSync(path)).toBe(true));
      const { pid } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number };
      // Until it has said that it does not listen to SIGTERM, it does.
      await eventually(() =>
        expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^SigCgt:\t.*[4-7c-f]...$/m),
      );
      prunella.kill('SIGKILL');
      await once(prunella, 'exit');
      expect(await isGroupAlive(pid)).toBe(true);
      await supervise([]);
      await eventually(async () => expect(await isGroupAlive(pid)).toBe(false));
      expect(existsSync(path)).toBe(false);
    },
  );

  test('a process can notice through its standard input', async () => {
    const code = `process.stdin.on('end', () => process.exit(7)).resume(); console.log(process.env.PRUNELLA_SUPERVISED)`;
    const supervisor = await supervise(configs(script(code)));
    await eventually(async () => expect(await lines(supervisor)).toEqual(['stdout 1']));
    expect((await find(supervisor)).exit).toBeUndefined();
  });
});
