import * as v from 'valibot';
import type { Database } from './database-client.ts';

/** Ids that are chosen by hand leave room above them for those that are given. */
const id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000_000_000));
const fields = {
  name: v.pipe(v.string(), v.trim(), v.minLength(1, 'a product needs a name'), v.maxLength(200)),
  price: v.pipe(v.number(), v.minValue(0), v.maxValue(9_999_999_999)),
  amount: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2_147_483_647)),
};

const newProduct = v.object({ id: v.optional(id), ...fields });
export const productSchema: v.GenericSchema<unknown, NewProduct> = newProduct;
/** One product or several; nothing of several is stored unless all are good. */
export const productsSchema: v.GenericSchema<unknown, NewProduct[]> = v.pipe(
  v.unknown(),
  v.transform((body) => (Array.isArray(body) ? body : [body])),
  v.array(newProduct),
  v.minLength(1, 'an empty list has nothing to store'),
  v.maxLength(1000, 'at most 1000 products at once'),
);

export interface NewProduct {
  readonly id?: number | undefined;
  readonly name: string;
  readonly price: number;
  readonly amount: number;
}

export interface Product extends NewProduct {
  readonly id: number;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly price: string;
  readonly amount: number;
}

/** bigint and numeric come as text, because they can hold more than a JavaScript number; ours cannot. */
function product(row: Row): Product {
  return { id: Number(row.id), name: row.name, price: Number(row.price), amount: row.amount };
}

const COLUMNS = 'id, name, price, amount';
const LIST_LIMIT = 10_000;

export class Products {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(): Promise<Product[]> {
    const text = `SELECT ${COLUMNS} FROM products ORDER BY id LIMIT ${LIST_LIMIT}`;
    return (await this.#database.query<Row>('list_products', text)).map(product);
  }

  async get(id: number): Promise<Product | undefined> {
    const rows = await this.#database.query<Row>(
      'get_product',
      `SELECT ${COLUMNS} FROM products WHERE id = $1`,
      [id],
    );
    return rows.map(product)[0];
  }

  /** One statement, so all or none. @throws a DatabaseError 23505 when an id is taken */
  async add(products: readonly NewProduct[]): Promise<Product[]> {
    // Ids that are given go on after the highest that was chosen, or they would meet it one day.
    const highest = Math.max(0, ...products.map(({ id }) => id ?? 0));
    await this.#database.query(
      'reserve_ids',
      "SELECT setval('products_id_seq', $1) FROM products_id_seq WHERE last_value <= $1",
      [highest],
    );
    const { rows } = await this.#database.write<Row>(
      'add_products',
      `INSERT INTO products (id, name, price, amount)
       SELECT coalesce(id, nextval(pg_get_serial_sequence('products', 'id'))), name, price, amount
       FROM jsonb_to_recordset($1) AS given (id bigint, name text, price numeric, amount integer)
       RETURNING ${COLUMNS}`,
      [JSON.stringify(products)],
    );
    return rows.map(product);
  }

  async replace(id: number, { name, price, amount }: NewProduct): Promise<Product | undefined> {
    const { rows } = await this.#database.write<Row>(
      'replace_product',
      `UPDATE products SET name = $2, price = $3, amount = $4 WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, name, price, amount],
    );
    return rows.map(product)[0];
  }

  async remove(id: number): Promise<boolean> {
    const { count } = await this.#database.write('remove_product', 'DELETE FROM products WHERE id = $1', [
      id,
    ]);
    return count > 0;
  }
}
