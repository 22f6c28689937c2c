import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findBinaries } from './postgres/binaries.ts';

const dist = join(import.meta.dirname, '../dist');
let runnable = existsSync(join(dist, 'api.js')) && process.platform !== 'win32';
if (runnable) {
  runnable = false;
  for await (const _ of findBinaries(process.env)) {
    runnable = true;
    break;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const children = new Set<ChildProcess>();

/** A process of the shop, with what it says. */
function start(name: string, env: Record<string, string>): { child: ChildProcess; said: () => string } {
  const { DATABASE_URL: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [join(dist, `${name}.js`)], {
    env: { ...inherited, ...env },
    stdio: 'pipe',
  });
  children.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, said: () => text };
}

async function exitOf(child: ChildProcess): Promise<{ code: unknown; ms: number }> {
  const begin = performance.now();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return { code: child.exitCode ?? child.signalCode, ms: performance.now() - begin };
}

const isUp = async (url: string): Promise<number> => (await fetch(url).catch(() => undefined))?.status ?? 0;
const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    await exitOf(child);
  }
  children.clear();
});

describe.skipIf(!runnable)('the processes (need a build and a PostgreSQL)', () => {
  let dir: string;
  let databaseEnv: Record<string, string>;
  let clientEnv: Record<string, string>;
  let api: number;
  let worker: number;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'shop processes-'));
    databaseEnv = { SHOP_DATABASE_DIR: dir, SHOP_DATABASE_PORT: String(await freePort()) };
    clientEnv = { DATABASE_URL_FILE: join(dir, 'url') };
    [api, worker] = [await freePort(), await freePort()];
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('in whatever order they start, they find each other; SIGTERM ends each of them within two seconds', async () => {
    const ports = { PORT: String(api), PORT2: String(await freePort()), WORKER_PORT: String(worker) };
    const first = start('worker', { ...clientEnv, ...ports });
    const second = start('api', { ...clientEnv, ...ports });
    await expect.poll(() => isUp(`http://127.0.0.1:${api}/health`), { timeout: 10_000 }).toBe(503);
    expect(await isUp(`http://127.0.0.1:${ports.PORT2}/health`)).toBe(503);

    const database = start('database', databaseEnv);
    await expect.poll(() => isUp(`http://127.0.0.1:${api}/health`), { timeout: 30_000 }).toBe(200);
    expect(database.said()).toContain(`ready on 127.0.0.1:${databaseEnv['SHOP_DATABASE_PORT']}`);
    const booked = async (): Promise<string> => (await fetch(`http://127.0.0.1:${worker}/metrics`)).text();
    await expect.poll(booked, { timeout: 20_000 }).toMatch(/^worker_orders_total [1-9]/m);
    expect([first.child.exitCode, second.child.exitCode]).toEqual([null, null]);

    // The password that was made up is for us alone, and nobody says it.
    expect(statSync(join(dir, 'url')).mode & 0o777).toBe(0o600);
    const password = new URL(readFileSync(join(dir, 'url'), 'utf8')).password;
    for (const { said } of [first, second, database]) expect(said()).not.toContain(password);

    for (const { child } of [first, second]) {
      child.kill('SIGTERM');
      const { code, ms } = await exitOf(child);
      expect(code).toBe(0);
      expect(ms).toBeLessThan(2000);
    }
    database.child.kill('SIGTERM');
    expect((await exitOf(database.child)).code).toBe(0);
    expect(existsSync(join(dir, 'data/postmaster.pid'))).toBe(false);
  }, 90_000);

  test.runIf(process.platform === 'linux')(
    'a killed launcher takes its server with it, and the next one recovers',
    async () => {
      const one = start('database', databaseEnv);
      await expect.poll(one.said, { timeout: 30_000 }).toContain('ready on');
      const pid = Number.parseInt(readFileSync(join(dir, 'data/postmaster.pid'), 'utf8'), 10);
      one.child.kill('SIGKILL');
      await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
      const two = start('database', databaseEnv);
      await expect.poll(two.said, { timeout: 30_000 }).toContain('ready on');
      // A second one of the same finds it running and leaves it alone.
      const three = start('database', databaseEnv);
      await expect.poll(three.said, { timeout: 10_000 }).toContain('answers on port');
      two.child.kill('SIGINT');
      expect((await exitOf(two.child)).code).toBe(0);
    },
    90_000,
  );

  test('the port may change; who has a database gets none', async () => {
    const port = String(await freePort());
    const moved = start('database', { ...databaseEnv, SHOP_DATABASE_PORT: port });
    await expect.poll(moved.said, { timeout: 30_000 }).toContain(`ready on 127.0.0.1:${port}`);
    expect(new URL(readFileSync(join(dir, 'url'), 'utf8')).port).toBe(port);
    moved.child.kill('SIGTERM');
    await exitOf(moved.child);
    const idle = start('database', { ...databaseEnv, DATABASE_URL: 'postgresql://a:b@127.0.0.1:1/c' });
    await expect.poll(idle.said, { timeout: 10_000 }).toContain('nothing to start here');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(idle.child.exitCode).toBeNull();
    idle.child.kill('SIGTERM');
    expect((await exitOf(idle.child)).code).toBe(0);
    expect(existsSync(join(dir, 'data/postmaster.pid'))).toBe(false);
  }, 60_000);

  test('a supervised process ends when its supervisor is gone', async () => {
    const { child } = start('worker', {
      ...clientEnv,
      WORKER_PORT: String(worker),
      PRUNELLA_SUPERVISED: '1',
    });
    await expect.poll(() => isUp(`http://127.0.0.1:${worker}/metrics`), { timeout: 10_000 }).toBe(200);
    child.stdin?.end();
    expect(await exitOf(child)).toMatchObject({ code: 0 });
  });

  test.each([
    ['api', { PORT: 'eighty' }, 'api: PORT: expected a port\n'],
    ['api', {}, 'api: DATABASE_URL: not set (nor DATABASE_URL_FILE, a file that holds it)\n'],
    ['worker', { NODE_ENV: 'production' }, /^worker: SECRET_KEY: needed in production .*\n$/],
    [
      'traffic',
      { TRAFFIC_RATE: 'much' },
      'traffic: TRAFFIC_RATE: expected requests per second, up to 1000\n',
    ],
    [
      'database',
      { POSTGRES_BIN: '/nowhere', SHOP_DATABASE_DIR: '/nowhere/db' },
      /no PostgreSQL found|EACCES|ENOENT/,
    ],
  ])('%s with %j says so in one line and exits', async (name, env, message) => {
    const { child, said } = start(name, env);
    expect((await exitOf(child)).code).toBe(1);
    await expect.poll(said).toMatch(message);
    expect(said().trim().split('\n')).toHaveLength(1);
  });

  test('a port in use is one line', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { child, said } = start('api', { ...clientEnv, PORT: String(port) });
    expect((await exitOf(child)).code).toBe(1);
    await expect.poll(said).toBe(`api: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`);
    server.close();
  });
});
