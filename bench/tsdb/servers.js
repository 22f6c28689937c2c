// The two that are compared: each a process of its own, written to and asked through HTTP.
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../port.js';

const binary = fileURLToPath(new URL('../../packages/cli/bin/prunella.js', import.meta.url));
export const PROMETHEUS = process.env.PROMETHEUS ?? 'prometheus';
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Such as `3.5.3`; undefined where there is none. */
export function prometheusVersion() {
  const { error, stdout } = spawnSync(PROMETHEUS, ['--version'], { encoding: 'utf8' });
  return error ? undefined : /version ([\d.]+)/.exec(stdout)?.[1];
}

/** A server's process on a data directory. */
export class Server {
  #agent = new Agent({ keepAlive: true });

  constructor(name, child, port) {
    this.name = name;
    this.child = child;
    this.port = port;
  }

  static async start(name, command, args, port, cwd) {
    const begun = performance.now();
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.on('data', (chunk) => (log = (log + chunk).slice(-4000)));
    const server = new Server(name, child, port);
    for (;;) {
      const ready = await server.send('GET', '/-/ready').catch(() => undefined);
      if (ready?.status === 200) break;
      if (child.exitCode !== null || performance.now() - begun > 120_000)
        throw new Error(`${name} did not start: ${log}`);
      await sleep(10);
    }
    server.startMs = performance.now() - begun;
    return server;
  }

  /** @returns the answer's status and body, and how long it took until its last byte, ms */
  send(method, path, body) {
    return new Promise((resolve, reject) => {
      const begun = performance.now();
      const options = { agent: this.#agent, host: '127.0.0.1', port: this.port, method, path };
      const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
      const sent = request({ ...options, ...(body && { headers }) }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            body: Buffer.concat(chunks),
            ms: performance.now() - begun,
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** A remote write request. @returns ms */
  async write(body) {
    const { status, body: answer, ms } = await this.send('POST', '/api/v1/write', body);
    if (status >= 300) throw new Error(`${this.name}: ${status} ${answer}`);
    return ms;
  }

  /** @returns the answer's `data` and ms */
  async api(path, params = {}) {
    const { body, ms } = await this.send('GET', `/api/v1/${path}?${new URLSearchParams(params)}`);
    const { status, error, data } = JSON.parse(body);
    if (status !== 'success') throw new Error(`${this.name}: ${error}`);
    return { data, ms };
  }

  /** User and system time so far, ms. */
  async cpu() {
    const stat = await readFile(`/proc/${this.child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Resident memory now and at most, bytes. */
  async memory() {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8');
    const of = (field) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)[1]) * 1024;
    return { now: of('VmRSS'), peak: of('VmHWM') };
  }

  async stop() {
    this.#agent.destroy();
    if (this.child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill();
    await exited;
  }
}

const COMMON = ['--storage.tsdb.retention.time=100y', '--web.enable-remote-write-receiver'];

async function prepared(data) {
  await mkdir(data, { recursive: true });
  const config = `${data}.yml`;
  // Neither scrapes itself meanwhile: the samples written are of yesterday, and must not be too old.
  await writeFile(config, 'global: {scrape_interval: 1000d, scrape_timeout: 10s}\n');
  const port = await freePort();
  return {
    port,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...COMMON,
    ],
  };
}

/** As `npm start` runs it. */
export async function startPrunella(data) {
  const { port, args } = await prepared(data);
  const node = ['--max-semi-space-size=4', binary, 'serve', ...args];
  return Server.start('Prunella', process.execPath, node, port, join(data, '..'));
}

export async function startPrometheus(data) {
  const { port, args } = await prepared(data);
  return Server.start('Prometheus', PROMETHEUS, args, port, join(data, '..'));
}

/** Ours, and the peer where it is there. */
export async function startBoth(root) {
  const servers = [await startPrunella(join(root, 'prunella'))];
  if (prometheusVersion() !== undefined) servers.push(await startPrometheus(join(root, 'prometheus')));
  return servers;
}
