import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@prunella/metrics';
import { Engine } from '@prunella/promql';
import { Database } from '@prunella/tsdb';
import { freePorts } from '../acceptance/demo.ts';
import { queryRoutes } from '../../packages/server/src/query/routes.ts';
import { Server } from '../../packages/server/src/server.ts';
import { BASE, HOURS, writeSamples } from './promql-data.ts';

const program = process.env.PROMETHEUS ?? 'prometheus';

/** The version of the peer, e.g. 2.42 or 3.5; undefined where there is none. */
export const peerVersion: number | undefined = (() => {
  try {
    const text = execFileSync(program, ['--version'], { stdio: 'pipe', encoding: 'utf8' });
    return Number(/version (\d+\.\d+)/.exec(text)?.[1]);
  } catch {
    return undefined;
  }
})();

/** Whether the peer has the language of Prometheus 3: left-open ranges, quoted names, native histograms. */
export const modern = (peerVersion ?? 0) >= 3;

/** What both sides are started with, beyond the defaults. */
export const FEATURES: readonly string[] = modern
  ? ['promql-experimental-functions', ...(process.env.DELAYED_NAMES ? ['promql-delayed-name-removal'] : [])]
  : [];

export interface Sides {
  readonly ours: string;
  readonly theirs: string;
  readonly series: number;
  stop(): Promise<void>;
}

/** Our API and the real Prometheus, each on its own copy of one data directory. */
export async function startSides(): Promise<Sides> {
  const dir = mkdtempSync(join(tmpdir(), 'prunella-promql-'));
  const theirs = join(dir, 'theirs');
  mkdirSync(theirs);
  const written = await Database.open(theirs, { retentionMs: 0 });
  const series = await writeSamples(written, { old: !modern, native: modern });
  await written.close();
  cpSync(theirs, join(dir, 'ours'), { recursive: true });
  const database = await Database.open(join(dir, 'ours'), { retentionMs: 0 });
  const server = await startOurs(database);
  const { url, child } = await startTheirs(dir, theirs);
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await Promise.all([gone, server.close()]);
    await database.close();
    rmSync(dir, { recursive: true, force: true });
  };
  return { ours: server.url, theirs: url, series, stop };
}

async function startOurs(database: Database): Promise<Server> {
  const engine = new Engine({ features: new Set(FEATURES) });
  const now = (): number => BASE + HOURS * 3_600_000;
  const server = await Server.create({ host: '127.0.0.1', port: 0, logger: silentLogger }, [
    (app) => queryRoutes(app, { engine, storage: database, metadata: () => new Map(), now }),
  ]);
  await server.listen();
  return server;
}

async function startTheirs(dir: string, data: string): Promise<{ url: string; child: ChildProcess }> {
  const url = `http://127.0.0.1:${(await freePorts()).prunella}`;
  writeFileSync(join(dir, 'prometheus.yml'), '');
  const features = modern ? FEATURES : ['promql-at-modifier', 'promql-negative-offset'];
  const child = spawn(
    program,
    [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=${url.slice('http://'.length)}`,
      `--enable-feature=${features.join(',')}`,
    ],
    { stdio: 'ignore' },
  );
  for (let i = 0; i < 150; i++) {
    const ready = await fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return { url, child };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  child.kill();
  throw new Error(`${program} does not start`);
}
