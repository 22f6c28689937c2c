import type { Socket } from 'node:net';
import pg from 'pg';

export type Row = Readonly<Record<string, unknown>>;

/**
 * One connection that is opened when it is needed and thrown away as soon as anything is wrong with it. Nothing here
 * takes longer than it is allowed to: a server that hangs must not make the scrape hang.
 */
export class PostgresConnection {
  readonly #dsn: () => string;
  #client: Promise<pg.Client> | undefined;

  constructor(dsn: () => string) {
    this.#dsn = dsn;
  }

  /** `host:port` of the server: postgres_exporter's label `server`. Never the password. */
  get server(): string {
    const dsn = this.#dsn();
    const url = URL.canParse(dsn) ? new URL(dsn) : undefined;
    return url ? `${url.hostname || 'localhost'}:${url.port || '5432'}` : 'unknown';
  }

  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  /**
   * @param timeoutMs for connecting and for the answer
   * @throws Error where the server cannot be reached, does not answer in time, or refuses
   */
  async query(sql: string, timeoutMs: number): Promise<readonly Row[]> {
    if (timeoutMs <= 0) throw new Error('there is no time left');
    const opening = (this.#client ??= this.#open(timeoutMs));
    try {
      const client = await opening;
      const config = { text: sql, query_timeout: timeoutMs };
      return (await client.query<Record<string, unknown>>(config)).rows;
    } catch (error) {
      // An error of the query itself has a SQLSTATE; anything else means that the connection is of no use.
      if ((error as { code?: string }).code?.length !== 5) this.#discard(opening);
      throw error;
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    if (!client) return;
    const ended = client.end().catch(() => {});
    const late = setTimeout(() => destroy(client), 1000);
    await Promise.race([ended, new Promise((resolve) => socketOf(client).once('close', resolve))]);
    clearTimeout(late);
  }

  /** Without a farewell, for which a server that hangs would let us wait. */
  #discard(opening: Promise<pg.Client>): void {
    if (this.#client === opening) this.#client = undefined;
    opening.then(destroy, () => {});
  }

  #open(timeoutMs: number): Promise<pg.Client> {
    // The server may close the connection between two scrapes; the next one then opens another.
    const opening = this.#connect(timeoutMs, () => {
      if (this.#client === opening) this.#client = undefined;
    });
    return opening;
  }

  async #connect(timeoutMs: number, lost: () => void): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#dsn(),
      connectionTimeoutMillis: timeoutMs,
      application_name: 'prunella',
    });
    client.on('error', lost);
    try {
      await client.connect();
    } catch (error) {
      destroy(client);
      throw error;
    }
    return client;
  }
}

function destroy(client: pg.Client): void {
  socketOf(client).destroy();
}

/** The driver keeps it to itself, but offers no other way to hang up at once. */
function socketOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
