import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root: string = join(import.meta.dirname, '../..');
export const program: string = join(root, 'packages/cli/bin/prunella.js');

/** The ports that the shipped configuration names; a test replaces each by a free one. */
const SHIPPED_PORTS = { prunella: 9090, shop: 8000, shop2: 8080, worker: 8002, database: 54329 } as const;

export type Ports = Readonly<Record<keyof typeof SHIPPED_PORTS, number>>;

/** The built demo on free ports, with a folder of its own. */
export class Demo {
  readonly ports: Ports;
  readonly folder: string;
  readonly #process: ChildProcess;
  #output = '';

  private constructor(ports: Ports, folder: string, child: ChildProcess) {
    this.ports = ports;
    this.folder = folder;
    this.#process = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
  }

  static async start(edit: (file: string, text: string) => string = (_file, text) => text): Promise<Demo> {
    const folder = mkdtempSync(join(tmpdir(), 'prunella demo ä-'));
    const ports = await freePorts();
    cpSync(join(root, 'config'), join(folder, 'config'), { recursive: true });
    for (const name of readdirSync(join(folder, 'config'), { recursive: true, encoding: 'utf8' })) {
      if (!/\.ya?ml$/.test(name)) continue;
      const file = join(folder, 'config', name);
      writeFileSync(file, edit(name, withPorts(readFileSync(file, 'utf8'), ports)));
    }
    return Demo.launch(ports, folder);
  }

  /** Starts the program on a folder that `start` has made. */
  static async launch(ports: Ports, folder: string): Promise<Demo> {
    const args = [
      'demo',
      `--prunella.config=${join(folder, 'config/prunella.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${ports.prunella}`,
    ];
    const { DATABASE_URL: _, ...inherited } = process.env;
    const env = {
      ...inherited,
      PORT: String(ports.shop),
      PORT2: String(ports.shop2),
      WORKER_PORT: String(ports.worker),
      SHOP_DATABASE_PORT: String(ports.database),
    };
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const demo = new Demo(ports, folder, child);
    try {
      await demo.until('ready', 60_000, async () => (await fetch(`${demo.url}/-/ready`)).ok);
    } catch (error) {
      await demo.stop();
      throw new Error(`the demo does not start:\n${demo.output}`, { cause: error });
    }
    return demo;
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.prunella}`;
  }

  get shop(): string {
    return `http://127.0.0.1:${this.ports.shop}`;
  }

  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(this.url + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** The samples of an instant query. */
  async query(expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
    const path = `/api/v1/query?query=${encodeURIComponent(expr)}`;
    return (
      await this.get<{ data: { result: { metric: Record<string, string>; value: [number, string] }[] } }>(
        path,
      )
    ).data.result;
  }

  /** Polls until `condition` holds. @throws Error that names `what` and the last failure */
  async until(what: string, timeoutMs: number, condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let last: unknown;
    while (performance.now() < deadline) {
      if (this.#process.exitCode !== null) throw new Error(`the demo has ended: ${this.#output}`);
      try {
        if (await condition()) return;
      } catch (error) {
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: last });
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** @returns the exit code */
  async exited(): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      await new Promise((resolve) => this.#process.once('exit', resolve));
    }
    return this.#process.exitCode;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.kill(signal);
    const late = setTimeout(() => this.kill('SIGKILL'), 30_000);
    const code = await this.exited();
    clearTimeout(late);
    return code;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function withPorts(text: string, ports: Ports): string {
  return Object.entries(SHIPPED_PORTS).reduce(
    (result, [name, shipped]) =>
      result.replace(new RegExp(`(?<![\\d.])${shipped}(?!\\d)`, 'g'), String(ports[name as keyof Ports])),
    text,
  );
}

/** Ports that are free now, all different. */
export async function freePorts(): Promise<Ports> {
  const servers = Object.keys(SHIPPED_PORTS).map(() => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
  );
  const numbers = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(Object.keys(SHIPPED_PORTS).map((name, i) => [name, numbers[i]])) as Ports;
}

/** Whether something answers on a port of the loopback interface. */
export async function isListening(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  await new Promise((resolve) => server.close(resolve));
  return !free;
}
