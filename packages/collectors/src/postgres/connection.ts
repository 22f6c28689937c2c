import pg from 'pg';

/** For connecting and for each query; a server that hangs must not make the scrape hang. */
const TIMEOUT_MS = 4000;

export type Row = Readonly<Record<string, unknown>>;

/** One connection that is opened when it is needed and thrown away as soon as anything is wrong with it. */
export class PostgresConnection {
  readonly #dsn: () => string;
  #client: pg.Client | undefined;

  constructor(dsn: () => string) {
    this.#dsn = dsn;
  }

  /** `host:port` of the server: postgres_exporter's label `server`. Never the password. */
  get server(): string {
    const dsn = this.#dsn();
    const url = URL.canParse(dsn) ? new URL(dsn) : undefined;
    return url ? `${url.hostname || 'localhost'}:${url.port || '5432'}` : 'unknown';
  }

  /** @throws Error where the server cannot be reached or refuses */
  async query(sql: string): Promise<readonly Row[]> {
    const client = (this.#client ??= await this.#connect());
    try {
      const result = await client.query<Record<string, unknown>>(sql);
      return result.rows;
    } catch (error) {
      // An error of the query itself has a SQLSTATE; anything else means that the connection is gone.
      if ((error as { code?: string }).code?.length !== 5) await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#dsn(),
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
      application_name: 'prunella',
    });
    client.on('error', () => {
      // The server closed the connection between two scrapes; the next one opens another.
      if (this.#client === client) this.#client = undefined;
    });
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    return client;
  }
}
