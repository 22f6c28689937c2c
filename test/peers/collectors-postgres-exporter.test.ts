import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { PostgresCollector } from '@prunella/collectors';
import { readExposition, type Exposition } from '@prunella/metrics';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../acceptance/demo.ts';
import { postgresBin, PostgresServer } from './postgres-server.ts';

const hasExporter = spawnSync('prometheus-postgres-exporter', ['--version']).status === 0;

/** About the exporter itself; by columns that newer versions left out; or absent where nothing was ever archived. */
const NOT_OURS =
  /^pg_(exporter_|scrape_collector_|stat_archiver_last_archive_age|stat_database_(active_time$|checksum|idle_in|session|stats_reset)|replication_slots_pg_wal_lsn_diff)/;

describe.skipIf(postgresBin === undefined || !hasExporter)(
  'the postgres collector beside postgres_exporter (needs PostgreSQL and prometheus-postgres-exporter)',
  () => {
    let server: PostgresServer;
    let exporter: ChildProcess;
    let ours: Exposition;
    let theirs: Exposition;

    beforeAll(async () => {
      const ports = await freePorts();
      server = new PostgresServer(ports.database, ['max_connections=60']);
      await server.start();
      const client = new pg.Client(server.dsn);
      await client.connect();
      await client.query(
        "CREATE TABLE t (i int PRIMARY KEY); INSERT INTO t VALUES (1); SELECT pg_create_physical_replication_slot('slot')",
      );
      await client.end();
      const env = { ...process.env, DATA_SOURCE_NAME: `${server.dsn}?sslmode=disable` };
      exporter = spawn('prometheus-postgres-exporter', [`--web.listen-address=127.0.0.1:${ports.prunella}`], {
        env,
        stdio: 'ignore',
      });
      theirs = readExposition(await page(`http://127.0.0.1:${ports.prunella}/metrics`));
      const collector = new PostgresCollector({ name: 'test', dsn: () => server.dsn });
      ours = readExposition(await collector.collect());
      await collector.close();
    });
    afterAll(async () => {
      const exited = new Promise((resolve) => exporter.once('exit', resolve));
      exporter.kill();
      await exited;
      await server.remove();
    });

    const names = ({ samples }: Exposition): Set<string> =>
      new Set(samples.map(({ labels }) => labels.metricName).filter((name) => name.startsWith('pg_')));

    test('has all its families', () => {
      const own = names(ours);
      const missing = [...names(theirs)].filter((name) => !own.has(name) && !NOT_OURS.test(name));
      expect(missing).toEqual([]);
      expect(names(theirs).size).toBeGreaterThan(250);
    });

    test('has their types', () => {
      for (const [name, { type }] of ours.metadata) {
        const other = theirs.metadata.get(name);
        if (other) expect([name, type]).toEqual([name, other.type]);
      }
    });

    // The driver of postgres_exporter sets extra_float_digits for its session.
    test('has all settings, in the same units, with the same values', () => {
      const settings = ({ samples }: Exposition): Record<string, number> =>
        Object.fromEntries(
          samples
            .filter(({ labels }) => /^pg_settings_(?!extra_float_digits)/.test(labels.metricName))
            .map(({ labels, value }) => [labels.toString(), value]),
        );
      expect(settings(ours)).toEqual(settings(theirs));
    });

    test('counts locks and connections under the same labels', () => {
      const keys = (from: Exposition, name: string): string[] =>
        from.samples
          .filter(({ labels }) => labels.metricName === name)
          .map(({ labels }) => labels.drop(new Set(['server'])).toString())
          .sort();
      for (const name of ['pg_locks_count', 'pg_static'])
        expect(keys(ours, name)).toEqual(keys(theirs, name));
      expect(keys(ours, 'pg_database_size_bytes')).toEqual(
        expect.arrayContaining(['pg_database_size_bytes{datname="postgres"}']),
      );
    });
  },
);

async function page(url: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      const text = await (await fetch(url)).text();
      if (/^pg_up 1$/m.test(text)) return text;
    } catch (error) {
      if (attempt > 50) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
