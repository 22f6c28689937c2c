/** Containers of a real Docker engine: seen, measured, restarted, scaled and mended. */
import { createServer, request } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FileIncidentLog,
  FileJournal,
  Healing,
  maskFor,
  parseHealing,
  parseWebhook,
} from '@prunella/healing';
import { silentLogger } from '@prunella/metrics';
import { Docker, Workloads, type Workload, type WorkloadEvent } from '@prunella/workloads';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { Dockerd, startedAt } from './dockerd.ts';

const started = await Dockerd.start();
const missing = typeof started === 'string' ? started : '';
// The first process of a container ignores SIGTERM unless it says otherwise.
const FOREVER = "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000)";
const WAIT = { timeout: 20_000, interval: 50 };

describe.skipIf(missing !== '')(`a Docker engine${missing && ` (skipped: ${missing})`}`, () => {
  const daemon = started as Dockerd;
  const open: Docker[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
    await daemon.clear();
  });
  afterAll(() => daemon.stop());

  function connect(host?: string): { docker: Docker; workloads: Workloads } {
    const docker = new Docker(host === undefined ? { socket: daemon.socket } : { host }, {
      logger: silentLogger,
    });
    open.push(docker);
    return { docker, workloads: new Workloads({ sources: [docker], logger: silentLogger }) };
  }

  async function find(workloads: Workloads, name: string): Promise<Workload> {
    const found = (await workloads.list()).find((each) => each.name === name);
    if (!found) throw new Error(`no ${name}`);
    return found;
  }

  /** Labels as Compose sets them, for one container of a service. */
  function compose(service: string, number: number): string[] {
    const labels = { project: 'shop', service, 'container-number': number, oneoff: 'False' };
    return Object.entries(labels).flatMap(([name, value]) => [
      '--label',
      `com.docker.compose.${name}=${value}`,
    ]);
  }

  test('lists what runs and what does not, with logs of both streams in order', async () => {
    const script = `console.log('one'); setTimeout(() => console.error('two'), 50); setTimeout(() => console.log('three'), 100); ${FOREVER}`;
    await daemon.run('flask_api', script, ...compose('api', 1));
    await daemon.run('done', 'process.exitCode = 4');
    const { workloads } = connect();
    await vi.waitFor(async () => expect((await find(workloads, 'done')).state).toBe('failed'), WAIT);
    expect(await find(workloads, 'done')).toMatchObject({
      kind: 'container',
      service: 'done',
      exit: { code: 4 },
    });
    const api = await find(workloads, 'flask_api');
    expect(api).toMatchObject({ service: 'api', state: 'running', image: 'prunella-peer:1', restarts: 0 });
    expect(api.pid).toBeGreaterThan(0);
    expect(Math.abs((api.startedAt ?? 0) - Date.now())).toBeLessThan(60_000);
    await vi.waitFor(async () => {
      const lines = await workloads.logs('flask_api', 10);
      expect(lines.map((line) => `${line.stream} ${line.text}`)).toEqual([
        'stdout one',
        'stdout up',
        'stderr two',
        'stdout three',
      ]);
    }, WAIT);
    expect((await workloads.logs('flask_api', 1)).map((line) => line.text)).toEqual(['three']);
  });

  test('measures CPU and memory as `docker stats` does', { retry: 2 }, async () => {
    await daemon.run(
      'busy',
      'const b = Buffer.alloc(50e6, 1); let t; console.log("up"); for (;;) { t = Date.now() + 50; while (Date.now() < t); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50); }',
    );
    const { workloads } = connect();
    await workloads.listWithUse();
    const theirs = new Promise<string>((resolve) => {
      setTimeout(
        () =>
          resolve(daemon.docker('stats', '--no-stream', '--format', '{{.CPUPerc}} {{.MemUsage}}', 'busy')),
        500,
      );
    });
    const [cpu, memory] = (await theirs).split(' ') as [string, string];
    const use = (await workloads.listWithUse())[0];
    expect(Math.abs((use?.cpuPercent ?? 0) - Number.parseFloat(cpu))).toBeLessThan(5);
    expect(use?.cpuPercent).toBeGreaterThan(10);
    expect(memory).toContain('MiB');
    expect(Math.abs((use?.memoryBytes ?? 0) / 2 ** 20 - Number.parseFloat(memory))).toBeLessThan(5);
  });

  test('stops, starts and restarts; the tile turns at once', async () => {
    await daemon.run('one', FOREVER);
    const { workloads } = connect();
    const first = await startedAt(daemon, 'one');
    await workloads.restart('one');
    const second = await startedAt(daemon, 'one');
    expect(second).not.toBe(first);
    await daemon.begun('one', 2);
    await workloads.stop('one');
    expect((await find(workloads, 'one')).state).toBe('stopped');
    await workloads.start('one');
    expect((await find(workloads, 'one')).state).toBe('running');
    await expect(workloads.restart('two')).rejects.toThrow('there is no workload or service "two"');
  });

  test('tells an accident from a stop that somebody wanted', async () => {
    await daemon.run('one', FOREVER);
    const { docker } = connect();
    const events: WorkloadEvent[] = [];
    docker.onEvent((event) => events.push(event));
    docker.open();
    let begun = 1;
    await vi.waitFor(async () => {
      await daemon.docker('restart', 'one');
      await daemon.begun('one', ++begun);
      expect(events.length).toBeGreaterThan(0);
    }, WAIT);
    const exits = (): { code: number | null; expected: boolean }[] =>
      events.flatMap(({ type, workload: { exit } }) =>
        type === 'exited' && exit ? [{ code: exit.code, expected: exit.expected }] : [],
      );
    await vi.waitFor(() => expect(events.at(-1)?.type).toBe('started'), WAIT);
    events.length = 0;
    await daemon.docker('kill', 'one');
    await vi.waitFor(() => expect(exits()).toEqual([{ code: 137, expected: false }]), WAIT);
    await daemon.docker('start', 'one');
    await vi.waitFor(
      () =>
        expect(events.at(-1)).toMatchObject({ type: 'started', workload: { restarts: expect.any(Number) } }),
      WAIT,
    );
    events.length = 0;
    await daemon.begun('one', ++begun);
    await daemon.docker('stop', 'one');
    await vi.waitFor(() => expect(exits()).toEqual([{ code: 0, expected: true }]), WAIT);
    await daemon.docker('rm', 'one');
    await vi.waitFor(
      () =>
        expect(events.at(-1)).toMatchObject({ type: 'removed', workload: { name: 'one', service: 'one' } }),
      WAIT,
    );
  });

  test('scales a Compose service to three and back, and leaves the first one alone', async () => {
    await daemon.run('shop-worker-1', FOREVER, '-e', 'COLOR=green', ...compose('worker', 1));
    const { workloads } = connect();
    const first = await startedAt(daemon, 'shop-worker-1');
    await workloads.scale('worker', 3);
    const names = async (): Promise<string[]> => (await workloads.list()).map((each) => each.name);
    expect(await names()).toEqual(['shop-worker-1', 'shop-worker-2', 'shop-worker-3']);
    expect(
      (await workloads.list()).every((each) => each.state === 'running' && each.service === 'worker'),
    ).toBe(true);
    expect(await startedAt(daemon, 'shop-worker-1')).toBe(first);
    expect(
      await daemon.docker('inspect', '-f', '{{.Config.Env}} {{.HostConfig.NetworkMode}}', 'shop-worker-3'),
    ).toContain('COLOR=green');
    expect(
      await daemon.docker(
        'inspect',
        '-f',
        '{{index .Config.Labels "com.docker.compose.container-number"}}',
        'shop-worker-3',
      ),
    ).toBe('3');
    await workloads.scale('worker', 1);
    expect(await names()).toEqual(['shop-worker-1']);
    expect(await startedAt(daemon, 'shop-worker-1')).toBe(first);
    await daemon.run('alone', FOREVER);
    await expect(workloads.scale('alone', 2)).rejects.toThrow('not a Compose service');
  });

  test('an alert restarts the container flask_api exactly once', async () => {
    await daemon.run('flask_api', FOREVER, ...compose('api', 1));
    const { docker, workloads } = connect();
    docker.open();
    const dir = mkdtempSync(join(tmpdir(), 'docker-heal-'));
    const healing = new Healing({
      journal: new FileJournal(join(dir, 'incidents'), silentLogger),
      log: new FileIncidentLog(join(dir, 'incident_log.jsonl')),
      mask: maskFor({}),
      workloads,
    });
    healing.apply(
      parseHealing(
        'runbooks: [{name: r, match: [alertname="APIHighLatency"], target: {service: flask_api}, steps: [{restart: }, {verify: {for: 500ms, timeout: 20s}}]}]',
        'healing.yml',
      ),
    );
    await healing.start();
    let starts = 0;
    docker.onEvent(({ type }) => void (starts += type === 'started' ? 1 : 0));
    const first = await startedAt(daemon, 'flask_api');
    const body = { alerts: [{ labels: { alertname: 'APIHighLatency', severity: 'critical' } }] };
    for (let i = 0; i < 3; i++) await healing.alertsChanged(parseWebhook(body, Date.now()), 'webhook');
    await vi.waitFor(() => expect(healing.incidents()[0]?.outcome).toBe('healed'), WAIT);
    await healing.stop();
    expect(await startedAt(daemon, 'flask_api')).not.toBe(first);
    await vi.waitFor(() => expect(starts).toBe(1), WAIT);
    expect(healing.incidents()).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(dir, 'incident_log.jsonl'), 'utf8'))).toMatchObject({
      action: 'restart flask_api',
      result: 'healed',
    });
    rmSync(dir, { recursive: true });
  });

  test('works through a proxy that allows restarts only, and is refused the rest', async () => {
    await daemon.run('one', FOREVER);
    const refused: string[] = [];
    const proxy = createServer((incoming, answer) => {
      const { method = '', url = '' } = incoming;
      if (method !== 'GET' && !/^\/v[\d.]+\/containers\/[0-9a-f]+\/restart/.test(url)) {
        refused.push(`${method} ${url}`);
        answer.writeHead(403).end('forbidden by the proxy');
        return;
      }
      const forwarded = request(
        { socketPath: daemon.socket, method, path: url, headers: incoming.headers },
        (reply) => {
          answer.writeHead(reply.statusCode ?? 500, reply.headers);
          reply.pipe(answer);
        },
      );
      incoming.pipe(forwarded);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { workloads } = connect(`tcp://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const first = await startedAt(daemon, 'one');
    await workloads.restart('one');
    expect(await startedAt(daemon, 'one')).not.toBe(first);
    await expect(workloads.stop('one')).rejects.toThrow('403 forbidden by the proxy');
    expect(refused).toHaveLength(1);
    proxy.close();
  });

  test('an engine that is not there is an empty list, and a clear error', async () => {
    const docker = new Docker({ socket: join(tmpdir(), 'no-such-docker.sock') }, { logger: silentLogger });
    open.push(docker);
    docker.open();
    const workloads = new Workloads({ sources: [docker], logger: silentLogger });
    expect(await workloads.list()).toEqual([]);
    await expect(docker.logs('one', 1)).rejects.toThrow('Docker does not answer');
  });
});
