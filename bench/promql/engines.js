// The engines that are asked: each a real process with its own copy of the samples, asked through HTTP.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { importLines } from './data.js';
import { freePort } from '../port.js';

const binary = fileURLToPath(new URL('../../packages/cli/bin/prunella.js', import.meta.url));
const agent = new Agent({ keepAlive: true });

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One request on a kept connection. @returns the body's bytes and how long it took until the last of them, ms */
export function ask(url, path, { body, timeout = 120_000 } = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const { hostname, port } = new URL(url);
    const method = body ? 'POST' : 'GET';
    const sent = request({ agent, hostname, port, path, method, timeout }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode, body: Buffer.concat(chunks), ms: performance.now() - start }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error(`${path} took more than ${timeout} ms`)));
    sent.on('error', reject);
    if (body) body.pipe(sent);
    else sent.end();
  });
}

/** Where a query goes; `times` in seconds: `{ time }` or `{ start, end, step }`. */
export function queryPath(expr, times, extra = {}) {
  const params = new URLSearchParams({ query: expr, ...times, ...extra });
  return `/api/v1/${'time' in times ? 'query' : 'query_range'}?${params}`;
}

async function start(name, command, args, cwd, port, env = {}) {
  const child = spawn(command, args, {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  let log = '';
  child.stderr.on('data', (chunk) => (log = (log + chunk).slice(-4000)));
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    const ready = await ask(url, name === 'victoria' ? '/health' : '/-/ready').catch(() => undefined);
    if (ready?.status === 200) break;
    if (i > 600 || child.exitCode !== null) throw new Error(`${name} did not start: ${log}`);
    await sleep(50);
  }
  return {
    name,
    url,
    pid: child.pid,
    /** Resident and peak memory, MB. */
    async memory() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      const mb = (field) =>
        Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
      return { now: mb('VmRSS'), peak: mb('VmHWM') };
    },
    async stop() {
      child.kill();
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}

/** Version of a binary, or undefined where there is none. */
export function versionOf(command) {
  const { error, stdout, stderr } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return error
    ? undefined
    : (/(?:version |victoria-metrics-\D*)(\S+)/.exec(stdout + stderr)?.[1]?.replace(',', '') ?? '?');
}

async function ownCopy(dir, name) {
  const own = join(dir, name);
  if (!existsSync(own)) await cp(join(dir, 'blocks'), own, { recursive: true });
  return own;
}

export async function startPrunella(dir) {
  const data = await ownCopy(dir, 'prunella');
  const port = await freePort();
  await writeFile(join(dir, 'prometheus.yml'), '');
  const args = [
    binary,
    'serve',
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${data}`,
    '--storage.tsdb.retention.time=100y',
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  return start('prunella', process.execPath, ['--max-semi-space-size=4', ...args], dir, port);
}

export async function startPrometheus(dir, command) {
  const data = await ownCopy(dir, 'prometheus');
  const port = await freePort();
  await writeFile(join(dir, 'prometheus.yml'), '');
  const args = [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${data}`,
    '--storage.tsdb.retention.time=100y',
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  return start('prometheus', command, args, dir, port);
}

/** Imports the samples where its directory is new. */
export async function startVictoria(dir, command, series, hours) {
  const data = join(dir, 'victoria');
  const fresh = !existsSync(data);
  await mkdir(data, { recursive: true });
  const port = await freePort();
  const args = [
    `-storageDataPath=${data}`,
    '-retentionPeriod=100y',
    `-httpListenAddr=127.0.0.1:${port}`,
    '-search.disableAutoCacheReset',
    '-search.maxUniqueTimeseries=1000000',
  ];
  const engine = await start('victoria', command, args, dir, port);
  if (fresh) {
    const { status } = await ask(engine.url, '/api/v1/import', {
      body: Readable.from(importLines(series, hours)),
    });
    if (status !== 204) throw new Error(`import: ${status}`);
    await ask(engine.url, '/internal/force_flush');
    await ask(engine.url, '/internal/force_merge');
    await ask(engine.url, '/internal/resetRollupResultCache');
  }
  return engine;
}
