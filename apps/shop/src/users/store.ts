import type { Database } from '../database-client.ts';
import { DatabaseUnavailable } from '../database-client.ts';

export interface StoredUser {
  readonly username: string;
  readonly passwordHash: string;
}

/** Where users are kept. A username that is there already gets the new hash. */
export interface UserStore {
  readonly kind: 'postgres' | 'mongodb';
  /** All or none of them. @throws DatabaseUnavailable */
  save(users: readonly StoredUser[]): Promise<void>;
  /** In alphabetical order, without hashes. @throws DatabaseUnavailable */
  list(limit: number): Promise<string[]>;
  count(): Promise<number>;
  close(): Promise<void>;
}

export class PostgresUsers implements UserStore {
  readonly kind = 'postgres';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async save(users: readonly StoredUser[]): Promise<void> {
    await this.#database.write(
      'save_users',
      `INSERT INTO users (username, password_hash)
       SELECT username, hash FROM unnest($1::text[], $2::text[]) AS given (username, hash)
       ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash, updated_at = now()`,
      [users.map((user) => user.username), users.map((user) => user.passwordHash)],
    );
  }

  async list(limit: number): Promise<string[]> {
    const text = 'SELECT username FROM users ORDER BY username LIMIT $1';
    const rows = await this.#database.query<{ username: string }>('list_users', text, [limit]);
    return rows.map((row) => row.username);
  }

  async count(): Promise<number> {
    const [row] = await this.#database.query<{ count: string }>('count_users', 'SELECT count(*) FROM users');
    return Number(row?.count);
  }

  async close(): Promise<void> {}
}

interface UserDocument {
  readonly _id: string;
  readonly passwordHash: string;
  readonly updatedAt: Date;
}

/**
 * The same in MongoDB, in `users` of the database that the URL names. The driver is optional and only loaded here.
 * @throws Error when the package mongodb is not installed
 */
export async function mongoUsers(url: string): Promise<UserStore> {
  const { MongoClient } = await import('mongodb');
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 2000, maxPoolSize: 5, appName: 'shop' });
  const users = client
    .db(new URL(url).pathname.length > 1 ? undefined : 'shop')
    .collection<UserDocument>('users');
  const reached = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw new DatabaseUnavailable(`MongoDB: ${(error as Error).message}`, { cause: error });
    }
  };
  return {
    kind: 'mongodb',
    save: (list) =>
      reached(async () => {
        const updatedAt = new Date();
        await users.bulkWrite(
          list.map(({ username, passwordHash }) => ({
            replaceOne: { filter: { _id: username }, replacement: { passwordHash, updatedAt }, upsert: true },
          })),
        );
      }),
    list: (limit) =>
      reached(async () => {
        const documents = await users.find({}, { projection: { _id: 1 }, sort: { _id: 1 }, limit }).toArray();
        return documents.map((document) => document._id);
      }),
    count: () => reached(() => users.countDocuments()),
    close: () => client.close(),
  };
}
