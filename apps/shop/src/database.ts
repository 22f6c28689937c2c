import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { run } from './lifecycle.ts';
import { answers, startPostgres } from './postgres/server.ts';
import { secret, SettingsError, type Environment } from './settings.ts';

const DEFAULT_PORT = '54329';

/**
 * The demo's database: a real PostgreSQL in the foreground. `SHOP_DATABASE_DIR` says where it lives; `DATABASE_URL`,
 * when set, says under which name, password, port and database; else a password is made up, and the address is left
 * for the others in `SHOP_DATABASE_DIR/url`, readable by us alone.
 */
await run(
  'db',
  async (log) => {
    const env = process.env;
    const dir = resolve(env['SHOP_DATABASE_DIR'] || 'data/shop-database');
    const url = await address(env, dir);
    if (!isLocal(url)) {
      log(`DATABASE_URL names ${url.hostname}: there is nothing to start here`);
      return async () => {};
    }
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
  10_000,
);

/** A server that an earlier run of ours left behind ends with us; a stranger's does not. */
async function stopLeftOver(dir: string): Promise<void> {
  const text = await readFile(join(dir, 'data', 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (pid > 1) process.kill(pid, 'SIGINT');
}

async function address(env: Environment, dir: string): Promise<URL> {
  const given = env['DATABASE_URL'] ?? '';
  if (given !== '') return parse(given);
  const file = env['DATABASE_URL_FILE'] || join(dir, 'url'); // Compose hands over what is not set as empty
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return parse(secret({ DATABASE_URL_FILE: file }, 'DATABASE_URL') ?? known);
  const password = randomBytes(24).toString('base64url');
  const text = `postgresql://shop:${password}@127.0.0.1:${env['SHOP_DATABASE_PORT'] || DEFAULT_PORT}/shop`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${text}\n`, { mode: 0o600 });
  return parse(text);
}

function parse(text: string): URL {
  try {
    const url = new URL(text.trim());
    if (url.port === '') url.port = '5432';
    return url;
  } catch {
    throw new SettingsError('DATABASE_URL: expected postgresql://user:password@host:port/database');
  }
}

function isLocal(url: URL): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
}
