import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/** The folder of Debian's PostgreSQL server programs, newest version; undefined where there is none. */
export const postgresBin: string | undefined = existsSync(DEBIAN)
  ? readdirSync(DEBIAN)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(DEBIAN, version, 'bin'))
      .find((folder) => existsSync(join(folder, 'initdb')))
  : undefined;

/** PostgreSQL refuses to run as root: Debian's package has made a user for it. */
function owner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const fields = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith('postgres:'))
    ?.split(':');
  return { uid: Number(fields?.[2]), gid: Number(fields?.[3]) };
}

/** A real server with an empty database, on a port of the loopback interface. */
export class PostgresServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'prunella-pg-'));
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  constructor(port: number, settings: readonly string[] = []) {
    this.port = port;
    this.#settings = settings;
    const { uid, gid } = owner();
    if (uid !== undefined && gid !== undefined) chownSync(this.#folder, uid, gid);
    const args = ['-D', join(this.#folder, 'db'), '-U', 'postgres', '--auth=trust', '--no-sync'];
    execFileSync(join(postgresBin as string, 'initdb'), args, {
      ...owner(),
      stdio: 'pipe',
      cwd: this.#folder,
    });
  }

  get dsn(): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/postgres`;
  }

  async start(): Promise<void> {
    const settings = [
      'listen_addresses=127.0.0.1',
      `port=${this.port}`,
      `unix_socket_directories=${this.#folder}`,
      'fsync=off',
      ...this.#settings,
    ];
    const args = ['-D', join(this.#folder, 'db'), ...settings.flatMap((setting) => ['-c', setting])];
    const child = spawn(join(postgresBin as string, 'postgres'), args, {
      ...owner(),
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error('postgres has ended')));
      child.stderr?.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('ready to accept connections')) resolve();
      });
    });
  }

  /** To the server and to all of its processes. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process ?? {};
    if (pid === undefined) return;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean);
    for (const each of [pid, ...children.map(Number)]) process.kill(each, signal);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    // SIGQUIT is PostgreSQL's immediate shutdown: connections are cut, as by a crash.
    child.kill('SIGQUIT');
    await new Promise((resolve) => child.once('exit', resolve));
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
