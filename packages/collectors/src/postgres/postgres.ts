import type { Collector } from '../collector.ts';
import { Exposition } from '../exposition.ts';
import { PostgresConnection, type Row } from './connection.ts';
import { POSTGRES_QUERIES } from './queries.ts';

/** For the whole scrape: less than a scraper usually waits, so that `pg_up 0` is told in time. */
const BUDGET_MS = 3500;

export interface PostgresTarget {
  /** The label `instance` of what is collected. */
  readonly name: string;
  /**
   * Gives `postgresql://user:password@host:port/database`. Asked at every attempt to connect, for the file that holds it may
   * appear later; that it throws means that the server cannot be reached.
   */
  readonly dsn: () => string;
}

/** One PostgreSQL server, under postgres_exporter's names. Without the server `pg_up` is 0 and the rest is absent. */
export class PostgresCollector implements Collector {
  readonly name = 'postgres';
  readonly #connection: PostgresConnection;
  #scrapes = 0;

  constructor(target: PostgresTarget) {
    this.#connection = new PostgresConnection(target.dsn);
  }

  async collect(): Promise<string> {
    const out = new Exposition();
    const started = performance.now();
    const deadline = started + BUDGET_MS;
    const version = await this.#version(deadline);
    const failures = version === undefined ? undefined : await this.#runQueries(out, version, deadline);
    out.gauge('pg_up', '1 when the server answered.', failures === undefined ? 0 : 1);
    out.gauge('pg_exporter_last_scrape_error', '1 when any query failed.', failures === 0 ? 0 : 1);
    out.gauge(
      'pg_exporter_last_scrape_duration_seconds',
      'How long the queries took.',
      (performance.now() - started) / 1000,
    );
    out.counter('pg_exporter_scrapes_total', 'How often the server was asked.', ++this.#scrapes);
    return out.toString();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** @returns `server_version_num`, or undefined where the server does not answer */
  async #version(deadline: number): Promise<number | undefined> {
    // A connection that is still open may have died since the last scrape: then another try opens a new one.
    for (let tries = this.#connection.isOpen ? 2 : 1; tries > 0; tries--) {
      const rows = await this.#query('SHOW server_version_num', deadline);
      if (rows) return Number(rows[0]?.['server_version_num']);
    }
    return undefined;
  }

  /** @returns undefined where the query failed or came too late */
  async #query(sql: string, deadline: number): Promise<readonly Row[] | undefined> {
    return this.#connection.query(sql, deadline - performance.now()).catch(() => undefined);
  }

  /** @returns how many queries failed; one that this version or role does not allow costs only its own families */
  async #runQueries(out: Exposition, version: number, deadline: number): Promise<number> {
    const server = { server: this.#connection.server };
    let failures = 0;
    for (const query of POSTGRES_QUERIES) {
      const sql = query.sql(version);
      if (sql === undefined) continue;
      const started = performance.now();
      const rows = await this.#query(sql, deadline);
      for (const row of rows ?? []) query.add(row, out, server);
      if (!rows) failures++;
      const seconds = (performance.now() - started) / 1000;
      out.gauge('pg_scrape_collector_success', '1 when the query worked.', rows ? 1 : 0, {
        collector: query.name,
      });
      out.gauge('pg_scrape_collector_duration_seconds', 'How long the query took.', seconds, {
        collector: query.name,
      });
    }
    return failures;
  }
}
