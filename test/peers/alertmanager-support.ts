/** Real Alertmanagers, ours on a real port, and a sink that writes down what webhooks it gets. */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Alertmanager, loadConfig } from '@prunella/alertmanager';
import { alertmanagerRoutes } from '../../packages/server/src/alertmanager/routes.ts';
import fastify, { type FastifyInstance } from 'fastify';

/** Another release than the installed one: `ALERTMANAGER=… AMTOOL=… npx vitest run test/peers/alertmanager`. */
export const ALERTMANAGER: string | undefined = found(
  process.env['ALERTMANAGER'] ?? 'prometheus-alertmanager',
);
export const AMTOOL: string | undefined = found(process.env['AMTOOL'] ?? 'amtool');

function found(command: string): string | undefined {
  return spawnSync(command, ['--version']).error === undefined ? command : undefined;
}

/** Whether the real one is at least 0.27, which brought UTF-8 matchers and dropped some quirks. */
export const MODERN: boolean = ALERTMANAGER !== undefined && minorOf(ALERTMANAGER) >= 27;

function minorOf(command: string): number {
  const { stdout, stderr } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return Number(/version 0\.(\d+)/.exec(stdout + stderr)?.[1]);
}

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** No child outlives this process, also where a test fails or is ended before its time. */
export function endWithUs(child: ChildProcess): void {
  children.add(child);
  child.once('exit', () => children.delete(child));
}

/** An Alertmanager, real or ours. */
export interface Peer {
  readonly name: string;
  readonly url: string;
  readonly directory: string;
  /** Ends it and starts it again on the same state. `kill`: as SIGKILL does. */
  readonly restart: (options?: { kill?: boolean }) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export type Start = (config: string) => Promise<Peer>;

export const startReal: Start = async (config) => {
  const directory = await mkdtemp(join(tmpdir(), 'prunella-am-real-'));
  await writeFile(join(directory, 'alertmanager.yml'), config);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const started = spawn(
      ALERTMANAGER ?? '',
      [
        '--config.file=alertmanager.yml',
        '--storage.path=data',
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
        '--log.level=warn',
      ],
      { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    endWithUs(started);
    let log = '';
    started.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    child = started;
    await untilReady(`${url}/-/ready`, () => (started.exitCode === null ? undefined : log));
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child?.once('exit', resolve));
    child.kill(signal);
    await exited;
  };
  await start();
  return {
    name: 'real',
    url,
    directory,
    restart: async ({ kill = false } = {}) => {
      await end(kill ? 'SIGKILL' : 'SIGTERM');
      await start();
    },
    stop: async () => {
      await end('SIGTERM');
      await rm(directory, { recursive: true });
    },
  };
};

export const startOurs: Start = async (config) => {
  const directory = await mkdtemp(join(tmpdir(), 'prunella-am-ours-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let am: Alertmanager;
  let app: FastifyInstance;
  const start = async (): Promise<void> => {
    am = await Alertmanager.open({ directory: join(directory, 'data'), externalUrl: url });
    await am.apply(loadConfig(config, join(directory, 'alertmanager.yml')));
    am.start();
    app = fastify({ forceCloseConnections: true });
    alertmanagerRoutes(app, { alertmanager: am });
    await app.listen({ host: '127.0.0.1', port });
  };
  const end = async (): Promise<void> => {
    await app.close();
    await am.stop();
  };
  await start();
  return {
    name: 'ours',
    url,
    directory,
    restart: async () => {
      await end();
      await start();
    },
    stop: async () => {
      await end();
      await rm(directory, { recursive: true });
    },
  };
};

export interface Received {
  /** ms since the sink's `since`. */
  readonly at: number;
  readonly path: string;
  readonly body: WebhookBody;
}

export interface WebhookBody {
  readonly receiver: string;
  readonly status: string;
  readonly groupKey: string;
  readonly truncatedAlerts: number;
  readonly groupLabels: Record<string, string>;
  readonly commonLabels: Record<string, string>;
  readonly commonAnnotations: Record<string, string>;
  readonly notification_reason?: string;
  readonly alerts: readonly {
    readonly status: string;
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly generatorURL: string;
    readonly fingerprint: string;
  }[];
}

/** Answers 200, unless `answer` does otherwise. */
export class Sink {
  readonly received: Received[] = [];
  since = 0;
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = /^\s*[[{]/.test(text);
        const body = (
          isJson ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text))
        ) as WebhookBody;
        this.received.push({ at: Date.now() - this.since, path: request.url ?? '', body });
        this.answer(request, response);
      });
    });
  }

  static async open(): Promise<Sink> {
    const sink = new Sink();
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export async function request(
  url: string,
  method: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(url, {
    method,
    ...(body !== undefined && {
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
  return { status: answer.status, body: isJson ? JSON.parse(text) : text };
}

const run = promisify(execFile);

/** Runs amtool against a peer. @returns its exit code and what it printed */
export async function amtool(url: string, ...args: string[]): Promise<{ code: number; out: string }> {
  try {
    const { stdout } = await run(AMTOOL ?? '', [`--alertmanager.url=${url}`, '--no-version-check', ...args], {
      timeout: 20_000,
    });
    // Warnings of its own (of matcher syntax, say) go to stderr.
    return { code: 0, out: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout + stderr };
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function untilReady(url: string, failed: () => string | undefined): Promise<void> {
  const end = Date.now() + 15_000;
  while (Date.now() < end) {
    const log = failed();
    if (log !== undefined) throw new Error(`did not start: ${log}`);
    if (
      await fetch(url)
        .then((answer) => answer.ok)
        .catch(() => false)
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error(`${url} does not answer`);
}
