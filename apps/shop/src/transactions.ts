import * as v from 'valibot';
import type { Database } from './database-client.ts';

export const transactionSchema: v.GenericSchema<unknown, NewTransaction> = v.object({
  product_id: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  quantity: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)), 1),
  total: v.pipe(v.number(), v.minValue(0), v.maxValue(99_999_999_999)),
});

export interface NewTransaction {
  readonly product_id?: number | undefined;
  readonly quantity: number;
  readonly total: number;
}

export interface Transaction {
  readonly id: number;
  readonly product_id: number | null;
  readonly quantity: number;
  readonly total: number;
  readonly source: string;
  readonly created_at: string;
}

interface Row {
  readonly id: string;
  readonly product_id: string | null;
  readonly quantity: number;
  readonly total: string;
  readonly source: string;
  readonly created_at: Date;
}

function transaction(row: Row): Transaction {
  return {
    id: Number(row.id),
    product_id: row.product_id === null ? null : Number(row.product_id),
    quantity: row.quantity,
    total: Number(row.total),
    source: row.source,
    created_at: row.created_at.toISOString(),
  };
}

export interface Summary {
  readonly products: number;
  readonly transactions: number;
  readonly revenue: number;
}

export class Transactions {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The newest first. */
  async list(limit: number): Promise<Transaction[]> {
    const rows = await this.#database.query<Row>(
      'list_transactions',
      'SELECT id, product_id, quantity, total, source, created_at FROM transactions ORDER BY id DESC LIMIT $1',
      [limit],
    );
    return rows.map(transaction);
  }

  /** One statement, so all or none. @param source who books: `api` or `worker` */
  async add(transactions: readonly NewTransaction[], source: string): Promise<Transaction[]> {
    const { rows } = await this.#database.write<Row>(
      'add_transactions',
      `INSERT INTO transactions (product_id, quantity, total, source)
       SELECT product_id, quantity, total, $2
       FROM jsonb_to_recordset($1) AS given (product_id bigint, quantity integer, total numeric)
       RETURNING id, product_id, quantity, total, source, created_at`,
      [JSON.stringify(transactions), source],
    );
    return rows.map(transaction);
  }

  /** Keeps the table of a long demo from growing for ever. @returns how many it deleted */
  async forget(olderThanSeconds: number): Promise<number> {
    const { count } = await this.#database.write(
      'forget_transactions',
      'DELETE FROM transactions WHERE created_at < now() - make_interval(secs => $1)',
      [olderThanSeconds],
    );
    return count;
  }

  /** What `/data` shows: the last hour in three numbers. */
  async summary(): Promise<Summary> {
    const [row] = await this.#database.query<{ products: string; transactions: string; revenue: string }>(
      'summary',
      `SELECT (SELECT count(*) FROM products) AS products, count(*) AS transactions, coalesce(sum(total), 0) AS revenue
       FROM transactions WHERE created_at > now() - interval '1 hour'`,
    );
    return {
      products: Number(row?.products),
      transactions: Number(row?.transactions),
      revenue: Number(row?.revenue),
    };
  }
}
