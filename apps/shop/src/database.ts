import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { run } from './lifecycle.ts';
import { answers, startPostgres } from './postgres/server.ts';
import { SettingsError, type Environment } from './settings.ts';

const DEFAULT_PORT = '54329';
/** PostgreSQL writes everything down before it ends. */
const STOP_TIMEOUT_MS = 10_000;

/**
 * The demo's database: a real PostgreSQL in the foreground, below `SHOP_DATABASE_DIR`. A password is made up, and the
 * address is left for the others in `SHOP_DATABASE_DIR/url` (or where `DATABASE_URL_FILE` says), readable by us alone.
 * Who sets `DATABASE_URL` has a database, so nothing is started.
 */
await run(
  'db',
  async (log) => {
    const env = process.env;
    if (env['DATABASE_URL']) {
      log('DATABASE_URL is set: there is nothing to start here');
      return async () => {};
    }
    const dir = resolve(env['SHOP_DATABASE_DIR'] || 'data/shop-database'); // Compose hands over what is not set as empty
    const url = await address(env, dir);
    if (await answers(url)) {
      log(`a PostgreSQL answers on port ${url.port} already: using it`);
      return () => stopLeftOver(dir);
    }
    const server = await startPostgres({ dir, url, env, log });
    log(`ready on 127.0.0.1:${url.port}`);
    void server.ended.then((reason) => {
      process.stderr.write(`db: ${reason}\n`);
      process.exit(1);
    });
    return () => server.stop();
  },
  STOP_TIMEOUT_MS,
);

/** A server that an earlier run of ours left behind ends with us; a stranger's does not. */
async function stopLeftOver(dir: string): Promise<void> {
  const text = await readFile(join(dir, 'data', 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (pid > 1) process.kill(pid, 'SIGINT');
}

/** The address of this folder's server: the one that was written down when it was set up, or a new one. */
async function address(env: Environment, dir: string): Promise<URL> {
  const file = env['DATABASE_URL_FILE'] || join(dir, 'url');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return withPort(parse(known, file), env['SHOP_DATABASE_PORT'], file);
  const password = randomBytes(24).toString('base64url');
  const text = `postgresql://shop:${password}@127.0.0.1:${env['SHOP_DATABASE_PORT'] || DEFAULT_PORT}/shop`;
  await write(file, text);
  return parse(text, file);
}

/** The port may change from one start to the next; name and password stay with the data. */
async function withPort(url: URL, port: string | undefined, file: string): Promise<URL> {
  if (!port || url.port === port) return url;
  url.port = port;
  await write(file, url.href);
  return url;
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${text}\n`, { mode: 0o600 });
}

function parse(text: string, file: string): URL {
  if (!URL.canParse(text.trim()))
    throw new SettingsError(`${file}: expected postgresql://user:password@host:port/database`);
  return new URL(text.trim());
}
