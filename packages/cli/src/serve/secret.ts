import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DatabaseEntry } from './configuration.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the connection string of a database is: in the entry, in a file, or in a variable `NAME`, for which, as for every
 * secret, `NAME_FILE` may name a file that holds it.
 * @throws Error that names the place, never the value
 */
export function connectionString(entry: DatabaseEntry, base: string, env: Environment): string {
  if (entry.dsn !== undefined) return entry.dsn;
  if (entry.dsn_file !== undefined) return readFileSync(resolve(base, entry.dsn_file), 'utf8').trim();
  const name = entry.dsn_env ?? '';
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  const file = env[`${name}_FILE`];
  if (file === undefined) throw new Error(`neither ${name} nor ${name}_FILE is set`);
  return readFileSync(file, 'utf8').trim();
}
