import type { Collector } from '../collector.ts';
import { Exposition } from '../exposition.ts';
import { MongodbConnection, type Document } from './connection.ts';
import { addDatabaseStats, addOplog, addReplicaSet, addServerStatus } from './families.ts';

export interface MongodbTarget {
  readonly name: string;
  /** Gives `mongodb://user:password@host:port`. Asked at every attempt to connect. */
  readonly dsn: () => string;
}

/** A server with very many databases must not drown the storage. */
const MOST_DATABASES = 200;

/** One MongoDB server, under mongodb_exporter's names. Without the server `mongodb_up` is 0 and the rest is absent. */
export class MongodbCollector implements Collector {
  readonly name = 'mongodb';
  readonly #connection: MongodbConnection;

  constructor(target: MongodbTarget) {
    this.#connection = new MongodbConnection(target.dsn);
  }

  async collect(): Promise<string> {
    const out = new Exposition();
    const status = await this.#serverStatus();
    out.gauge('mongodb_up', '1 when the server answered.', status ? 1 : 0);
    if (status) {
      addServerStatus(out, status);
      // What this server or role does not have costs only its own families.
      const parts = [
        this.#databases(out),
        ...('repl' in status ? [this.#replicaSet(out), this.#oplog(out)] : []),
      ];
      const results = await Promise.allSettled(parts);
      const failed = results.filter(({ status: outcome }) => outcome === 'rejected').length;
      out.gauge(
        'mongodb_exporter_last_scrape_error',
        '1 when anything could not be read.',
        failed > 0 ? 1 : 0,
      );
    }
    return out.toString();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #serverStatus(): Promise<Document | undefined> {
    // A connection that is still open may have died since the last scrape: then another try opens a new one.
    for (let tries = this.#connection.isOpen ? 2 : 1; tries > 0; tries--) {
      const status = await this.#connection.command('admin', { serverStatus: 1 }).catch(() => undefined);
      if (status) return status;
    }
    return undefined;
  }

  async #databases(out: Exposition): Promise<void> {
    const { databases } = await this.#connection.command('admin', { listDatabases: 1, nameOnly: true });
    for (const { name } of (databases as { name: string }[]).slice(0, MOST_DATABASES))
      addDatabaseStats(out, await this.#connection.command(name, { dbStats: 1 }));
  }

  async #replicaSet(out: Exposition): Promise<void> {
    addReplicaSet(out, await this.#connection.command('admin', { replSetGetStatus: 1 }));
  }

  async #oplog(out: Exposition): Promise<void> {
    addOplog(out, await this.#connection.command('local', { collStats: 'oplog.rs' }));
  }
}
