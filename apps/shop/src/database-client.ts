import { readFile } from 'node:fs/promises';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import pg, { type QueryResultRow } from 'pg';
import { SettingsError } from './settings.ts';

/** The database cannot be reached at the moment: nothing that the caller did wrong. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable';
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
const CONNECT_TIMEOUT_MS = 2000;
const QUERY_TIMEOUT_MS = 10_000;

export interface DatabaseOptions {
  readonly url: () => string;
  readonly registry: Registry;
  readonly log: (message: string) => void;
  /** @default 5 */
  readonly maxConnections?: number;
}

/** PostgreSQL as the shop's processes use it. It may come up after them, go away and come back. */
export class Database {
  readonly #options: DatabaseOptions;
  readonly #writes: Counter;
  readonly #errors: Counter;
  readonly #duration: Histogram<'operation'>;
  readonly #stopped = new AbortController();
  #pool: pg.Pool | undefined;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    const registers = [options.registry];
    this.#writes = new Counter({
      name: 'app_db_writes_total',
      help: 'Rows inserted, changed or deleted, counted when the transaction is committed.',
      registers,
    });
    this.#errors = new Counter({
      name: 'app_db_errors_total',
      help: 'Database operations that failed.',
      registers,
    });
    this.#duration = new Histogram({
      name: 'app_db_operation_duration_seconds',
      help: 'Time from asking for a connection to the end of the operation.',
      labelNames: ['operation'],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    });
    this.#observePool();
  }

  /** Applies the schema, trying again with growing pauses until it works or {@link close} is called. */
  async start(): Promise<void> {
    const schema = await readFile(new URL('../db/init.sql', import.meta.url), 'utf8');
    const { log } = this.#options;
    for (
      let pause = FIRST_RETRY_MS;
      !this.#stopped.signal.aborted;
      pause = Math.min(pause * 2, LONGEST_RETRY_MS)
    ) {
      try {
        // Statements sent together are one transaction; the lock keeps two starting processes from creating the same
        // table at once, which would fail on its name in the catalogue.
        const text = `SELECT pg_advisory_xact_lock(20260521); ${schema}`;
        await this.#timed('schema', () => this.#pooled().query(text));
        log('the database is ready');
        return;
      } catch (error) {
        log(`waiting for the database: ${(error as Error).message} (next try in ${pause} ms)`);
        await wait(pause, this.#stopped.signal);
      }
    }
  }

  async isUp(): Promise<boolean> {
    try {
      await this.#pooled().query({ text: 'SELECT 1', query_timeout: CONNECT_TIMEOUT_MS } as pg.QueryConfig);
      return true;
    } catch {
      return false;
    }
  }

  /** @throws DatabaseUnavailable */
  async query<Row extends QueryResultRow>(
    operation: string,
    text: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    const result = await this.#timed(operation, () => this.#pooled().query<Row>(text, values));
    return result.rows;
  }

  /** @returns how many rows it changed; they are what `app_db_writes_total` counts. @throws DatabaseUnavailable */
  async write<Row extends QueryResultRow>(
    operation: string,
    text: string,
    values: unknown[] = [],
  ): Promise<{ rows: Row[]; count: number }> {
    const result = await this.#timed(operation, () => this.#pooled().query<Row>(text, values));
    const count = result.rowCount ?? 0;
    this.#writes.inc(count);
    return { rows: result.rows, count };
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#pool?.end();
  }

  #pooled(): pg.Pool {
    if (this.#pool) return this.#pool;
    this.#pool = new pg.Pool({
      connectionString: this.#options.url(),
      max: this.#options.maxConnections ?? 5,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      idleTimeoutMillis: 30_000,
      application_name: 'shop',
    });
    this.#pool.on('error', (error) => this.#options.log(`lost a database connection: ${error.message}`));
    return this.#pool;
  }

  async #timed<T>(operation: string, action: () => Promise<T>): Promise<T> {
    const end = this.#duration.startTimer({ operation });
    try {
      return await action();
    } catch (error) {
      this.#errors.inc();
      throw isUnavailable(error)
        ? new DatabaseUnavailable((error as Error).message, { cause: error })
        : error;
    } finally {
      end();
    }
  }

  #observePool(): void {
    const pool = (): pg.Pool | undefined => this.#pool;
    new Gauge({
      name: 'app_db_pool_connections',
      help: 'Connections that this process holds, by what they do.',
      labelNames: ['state'],
      registers: [this.#options.registry],
      collect(this: Gauge<'state'>) {
        const { totalCount = 0, idleCount = 0, waitingCount = 0 } = pool() ?? {};
        this.set({ state: 'active' }, totalCount - idleCount);
        this.set({ state: 'idle' }, idleCount);
        this.set({ state: 'waiting' }, waitingCount);
      },
    });
  }
}

/** What the server says has an SQLSTATE: classes 08, 53 and 57P are about the connection. A TypeError is a bug of ours. */
function isUnavailable(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(08|53|57P)/.test(error.code ?? '');
  if (error instanceof SettingsError) return true; // the file with the address is not there yet
  return error instanceof Error && (error.name === 'Error' || error.name === 'AggregateError');
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
