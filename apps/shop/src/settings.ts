import { readFileSync } from 'node:fs';
import * as v from 'valibot';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that a person got wrong. The message names the variable and is all that is printed. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/** Compose's list form `- NAME="value"` hands the quotes over as part of the value; an empty value means not set. */
function unquoted(env: Environment): Record<string, string> {
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(env)) {
    const text = value?.replace(/^(["'])(.*)\1$/s, '$2');
    if (text) entries.push([name, text]);
  }
  return Object.fromEntries(entries);
}

const port = v.pipe(v.string(), v.regex(/^\d+$/, 'expected a port'), v.transform(Number), v.maxValue(65_535));
const number = v.pipe(v.string(), v.transform(Number), v.number('expected a number'), v.minValue(0));
const flag = v.pipe(
  v.picklist(['0', '1', 'false', 'true'], 'expected 0 or 1'),
  v.transform((value) => value === '1' || value === 'true'),
);

const schema = v.object({
  HOST: v.optional(v.string(), '127.0.0.1'),
  PORT: v.optional(port, '8000'),
  /** The second address of the same service; 0 leaves it out. */
  PORT2: v.optional(port, '8080'),
  WORKER_PORT: v.optional(port, '8002'),
  /** Which of several like processes this is, from 1 on, as the supervisor counts. */
  REPLICA: v.optional(port, '1'),
  NODE_ENV: v.optional(v.string(), 'development'),
  SHOP_DEMO: v.optional(flag, '0'),
  WORKER_INTERVAL_SECONDS: v.optional(number, '5'),
  WORKER_BATCH_SIZE: v.optional(number, '20'),
  WORKER_KEEP_SECONDS: v.optional(number, '3600'),
});

export interface Settings {
  readonly host: string;
  readonly port: number;
  /** 0: none */
  readonly secondPort: number;
  /** Of this replica: the first has WORKER_PORT, the others the ports above it. */
  readonly workerPort: number;
  readonly production: boolean;
  /** Allows faults to be injected. */
  readonly demo: boolean;
  readonly worker: { readonly intervalMs: number; readonly batchSize: number; readonly keepSeconds: number };
  /** Mixed into every password hash; demanded in production. */
  readonly secretKey: string | undefined;
  readonly databaseUrl: () => string;
  readonly mongodbUrl: string | undefined;
  readonly env: Environment;
}

/** @throws SettingsError */
export function readSettings(environment: Environment): Settings {
  const env = unquoted(environment);
  const result = v.safeParse(schema, env);
  if (!result.success) {
    const [issue] = result.issues;
    throw new SettingsError(`${v.getDotPath(issue) ?? 'environment'}: ${issue.message}`);
  }
  const values = result.output;
  const production = values.NODE_ENV === 'production';
  const secretKey = secret(env, 'SECRET_KEY');
  if (production && secretKey === undefined) {
    throw new SettingsError('SECRET_KEY: needed in production (or SECRET_KEY_FILE, the file that holds it)');
  }
  return {
    host: values.HOST,
    port: values.PORT,
    secondPort: values.PORT2,
    workerPort: values.WORKER_PORT + Math.max(0, values.REPLICA - 1),
    production,
    demo: values.SHOP_DEMO,
    worker: {
      intervalMs: values.WORKER_INTERVAL_SECONDS * 1000,
      batchSize: values.WORKER_BATCH_SIZE,
      keepSeconds: values.WORKER_KEEP_SECONDS,
    },
    secretKey,
    databaseUrl: () => databaseUrl(env),
    mongodbUrl: secret(env, 'MONGODB_URL'),
    env,
  };
}

/** A process that needs a database says at its start that nobody told it where. @throws SettingsError */
export function demandDatabase({ env }: Settings): void {
  if (env['DATABASE_URL'] === undefined && env['DATABASE_URL_FILE'] === undefined) {
    throw new SettingsError('DATABASE_URL: not set (nor DATABASE_URL_FILE, a file that holds it)');
  }
}

/** Asked at every attempt to connect: the file appears when the database has been set up, maybe after us. */
function databaseUrl(env: Environment): string {
  const url = secret(env, 'DATABASE_URL');
  if (url === undefined) throw new SettingsError('DATABASE_URL: not set');
  return url;
}

/** `NAME`, or what the file that `NAME_FILE` names holds: Docker's and systemd's way to hand over secrets. */
export function secret(env: Environment, name: string): string | undefined {
  if (env[name] !== undefined) return env[name];
  const file = env[`${name}_FILE`];
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new SettingsError(`${name}_FILE: cannot read ${file}`);
  }
}
