import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PostgresCollector } from '@prunella/collectors';
import { freePorts } from '../acceptance/demo.ts';
import { postgresBin, PostgresServer } from './postgres-server.ts';

describe.skipIf(postgresBin === undefined)(
  'the postgres collector and a real server (skipped without PostgreSQL)',
  () => {
    let server: PostgresServer;
    let collector: PostgresCollector;
    let client: pg.Client;

    beforeAll(async () => {
      server = new PostgresServer((await freePorts()).database, ['max_connections=60']);
      await server.start();
      collector = new PostgresCollector({ name: 'test', dsn: () => server.dsn });
      client = new pg.Client(server.dsn);
      client.on('error', () => {});
      await client.connect();
    });
    afterAll(async () => {
      await collector?.close();
      await client?.end().catch(() => {});
      await server?.remove();
    });

    async function samples(): Promise<Map<string, number>> {
      const lines = (await collector.collect())
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
      return new Map(
        lines.map((line) => [
          line.slice(0, line.lastIndexOf(' ')),
          Number(line.slice(line.lastIndexOf(' ') + 1)),
        ]),
      );
    }
    const sum = (all: Map<string, number>, name: string): number =>
      [...all]
        .filter(([series]) => series.startsWith(`${name}{`))
        .reduce((total, [, value]) => total + value, 0);

    test('every query works on this version', async () => {
      const all = await samples();
      expect(all.get('pg_up')).toBe(1);
      expect(
        [...all].filter(([series, value]) => series.startsWith('pg_scrape_collector_success') && value !== 1),
      ).toEqual([]);
      expect(all.get('pg_exporter_last_scrape_error')).toBe(0);
    });

    test('counts connections and settings as the server does', async () => {
      const all = await samples();
      const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM pg_stat_activity');
      expect(Math.abs(sum(all, 'pg_stat_activity_count') - Number(rows[0]?.count))).toBeLessThanOrEqual(1);
      expect(sum(all, 'pg_settings_max_connections')).toBe(60);
    });

    test('counts commits, rollbacks and rows', async () => {
      const before = await samples();
      await client.query('CREATE TABLE t (i int)');
      for (let i = 0; i < 5; i++) await client.query('INSERT INTO t VALUES (1)');
      await client.query('BEGIN');
      await client.query('ROLLBACK');
      await client.query('SELECT pg_stat_force_next_flush()').catch(() => {});
      await client.query('SELECT 1');
      const after = await samples();
      const grown = (name: string): number => sum(after, name) - sum(before, name);
      expect(grown('pg_stat_database_xact_commit')).toBeGreaterThanOrEqual(6);
      expect(grown('pg_stat_database_xact_rollback')).toBeGreaterThanOrEqual(1);
      expect(after.has('pg_stat_database_deadlocks{datid="5",datname="postgres"}')).toBe(true);
      expect(grown('pg_stat_user_tables_n_tup_ins')).toBe(5);
    });

    test('tells that the server is gone, and that it is back', async () => {
      await server.stop();
      expect((await samples()).get('pg_up')).toBe(0);
      await server.start();
      expect((await samples()).get('pg_up')).toBe(1);
    });

    test('does not wait for a server that hangs, whether it is connected or not', async () => {
      server.signal('SIGSTOP');
      try {
        for (let i = 0; i < 2; i++) {
          const started = performance.now();
          expect((await samples()).get('pg_up')).toBe(0);
          expect(performance.now() - started).toBeLessThan(4400);
        }
      } finally {
        server.signal('SIGCONT');
      }
      expect((await samples()).get('pg_up')).toBe(1);
    });
  },
);
