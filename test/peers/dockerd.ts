/** A Docker daemon of the test's own, and an image that holds nothing but Node.js: no registry is asked. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export const IMAGE = 'prunella-peer:1';

const START_MS = 20_000;
const execute = promisify(execFile);

export class Dockerd {
  readonly socket: string;
  readonly #dir: string;
  readonly #stop: () => Promise<void>;

  private constructor(dir: string, stop: () => Promise<void>) {
    this.#dir = dir;
    this.socket = join(dir, 'docker.sock');
    this.#stop = stop;
  }

  /** @returns why there is none, where there is none: no dockerd, no root, no cgroups … */
  static async start(): Promise<Dockerd | string> {
    if (process.getuid?.() !== 0) return 'dockerd needs root';
    try {
      execFileSync('dockerd', ['--version'], { stdio: 'pipe' });
      execFileSync('docker', ['--version'], { stdio: 'pipe' });
    } catch {
      return 'docker and dockerd are not on the PATH';
    }
    const dir = mkdtempSync(join(tmpdir(), 'dockerd-'));
    const args = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '-p', join(dir, 'pid')];
    const isolated = ['-H', `unix://${join(dir, 'docker.sock')}`, '--iptables=false', '--bridge=none'];
    const child = spawn('dockerd', [...args, ...isolated], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-2000)));
    const exited = once(child, 'exit');
    const daemon = new Dockerd(dir, async () => {
      if (child.exitCode === null) child.kill('SIGTERM');
      await exited;
    });
    const end = Date.now() + START_MS;
    while (child.exitCode === null && Date.now() < end) {
      if (existsSync(daemon.socket) && (await daemon.#answers())) {
        await daemon.#importImage();
        return daemon;
      }
      await sleep(100);
    }
    await daemon.stop();
    return `dockerd did not start: ${log.trimEnd().split('\n').at(-1)}`;
  }

  /** The `docker` command against this daemon. @returns what it printed */
  async docker(...args: string[]): Promise<string> {
    const { stdout } = await execute('docker', ['-H', `unix://${this.socket}`, ...args]);
    return stdout.trim();
  }

  /** Runs a container of Node.js with this script, and waits until the script has begun. */
  async run(name: string, script: string, ...options: string[]): Promise<void> {
    const first = `${script}; console.log('up')`;
    await this.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      name,
      ...options,
      IMAGE,
      '/bin/node',
      '-e',
      first,
    );
    await this.begun(name, 1);
  }

  /** Waits until the container's script has begun for the `times`-th time, and listens to signals. */
  async begun(name: string, times: number): Promise<void> {
    const end = Date.now() + START_MS;
    while ((await this.docker('logs', name)).split('\n').filter((line) => line === 'up').length < times) {
      if (Date.now() > end) throw new Error(`${name} does not begin`);
      await sleep(50);
    }
  }

  /** Removes every container. */
  async clear(): Promise<void> {
    const all = await this.docker('ps', '-aq');
    if (all !== '') await this.docker('rm', '-f', ...all.split('\n'));
  }

  async stop(): Promise<void> {
    if (existsSync(this.socket)) await this.clear().catch(() => {});
    await this.#stop();
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }

  #answers(): Promise<boolean> {
    return this.docker('version').then(
      () => true,
      () => false,
    );
  }

  async #importImage(): Promise<void> {
    const root = join(this.#dir, 'rootfs');
    const node = realpathSync(process.execPath);
    mkdirSync(join(root, 'bin'), { recursive: true });
    cpSync(node, join(root, 'bin', 'node'));
    for (const library of execFileSync('ldd', [node], { encoding: 'utf8' }).match(/\/\S+/g) ?? []) {
      mkdirSync(join(root, dirname(library)), { recursive: true });
      cpSync(library, join(root, library), { dereference: true });
    }
    const tar = join(this.#dir, 'image.tar');
    execFileSync('tar', ['-C', root, '-cf', tar, '.']);
    await this.docker('import', tar, IMAGE);
    for (const path of [root, tar]) rmSync(path, { recursive: true });
  }
}

/** When a container was started last, to the nanosecond. */
export function startedAt(daemon: Dockerd, name: string): Promise<string> {
  return daemon.docker('inspect', '-f', '{{.State.StartedAt}}', name);
}
