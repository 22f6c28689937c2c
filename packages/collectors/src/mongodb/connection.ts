/** A server that hangs must not make the scrape hang: connecting may happen twice, and a command follows. */
const CONNECT_TIMEOUT_MS = 1500;
const COMMAND_TIMEOUT_MS = 3000;

/** A document of the server, with 64-bit numbers as numbers. */
export type Document = Readonly<Record<string, unknown>>;

/** What is needed of the package `mongodb`, which is loaded only where a MongoDB server is watched. */
interface Driver {
  MongoClient: new (dsn: string, options: object) => Client;
}

interface Client {
  connect(): Promise<unknown>;
  close(): Promise<void>;
  db(name: string): { command(command: object, options?: object): Promise<Document> };
}

/** One connection that is opened when it is needed and thrown away as soon as anything is wrong with it. */
export class MongodbConnection {
  readonly #dsn: () => string;
  #client: Promise<Client> | undefined;

  constructor(dsn: () => string) {
    this.#dsn = dsn;
  }

  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  /** @throws Error where the server cannot be reached or refuses */
  async command(database: string, command: object): Promise<Document> {
    this.#client ??= connect(this.#dsn);
    try {
      return await (await this.#client).db(database).command(command, { timeoutMS: COMMAND_TIMEOUT_MS });
    } catch (error) {
      // The server's own refusal has a code; anything else means that the connection is of no use.
      if (typeof (error as { code?: unknown }).code !== 'number') await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.then((each) => each.close()).catch(() => {});
  }
}

async function connect(dsn: () => string): Promise<Client> {
  const { MongoClient } = await loadDriver();
  const client = new MongoClient(dsn(), {
    // This server, not the replica set that it belongs to.
    directConnection: true,
    appName: 'prunella',
    maxPoolSize: 1,
    serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    socketTimeoutMS: COMMAND_TIMEOUT_MS,
  });
  try {
    await client.connect();
  } catch (error) {
    await client.close().catch(() => {});
    throw error;
  }
  return client;
}

async function loadDriver(): Promise<Driver> {
  // Not a literal: nobody who watches no MongoDB needs the package.
  const name = 'mongodb';
  try {
    return (await import(name)) as Driver;
  } catch (cause) {
    throw new Error('watching MongoDB needs the package mongodb: npm install mongodb', { cause });
  }
}
