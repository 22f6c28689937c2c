import os from 'node:os';
import type { FastifyInstance } from 'fastify';
import { formatDuration } from '@prunella/metrics';
import { maskSecrets, maskUrlPassword } from '@prunella/metrics/config';

export interface StatusApiParts {
  readonly version: string;
  /** ms */
  readonly startedAt: number;
  /** Flags as given or by default. */
  readonly flags: Readonly<Record<string, string>>;
  /** The text of prometheus.yml as it is in force. */
  readonly config: () => string;
  readonly lastReload: () => { readonly ok: boolean; readonly time: number };
  /** ms; 0 = for ever */
  readonly retentionMs: number;
  /** What the storage's head holds, and how often the log was damaged at the start. */
  readonly storage: () => { readonly series: number; readonly corruptions: number };
  readonly now: () => number;
}

/** Prometheus's /api/v1/status: what is running, since when, with which settings. */
export function statusApiRoutes(app: FastifyInstance, parts: StatusApiParts): void {
  const get = (path: string, data: () => unknown): void => {
    app.get(`/api/v1/status/${path}`, () => ({ status: 'success', data: data() }));
  };
  get('buildinfo', () => ({
    version: parts.version,
    revision: '',
    branch: '',
    buildUser: '',
    buildDate: '',
    goVersion: `node ${process.version}`,
  }));
  get('config', () => ({ yaml: maskSecrets(parts.config()) }));
  get('flags', () =>
    Object.fromEntries(Object.entries(parts.flags).map(([name, value]) => [name, maskUrlPassword(value)])),
  );
  get('walreplay', () => ({ min: 0, max: 0, current: 0 }));
  get('runtimeinfo', () => {
    const reload = parts.lastReload();
    const { series, corruptions } = parts.storage();
    return {
      startTime: new Date(parts.startedAt).toISOString(),
      CWD: process.cwd(),
      hostname: os.hostname(),
      serverTime: new Date(parts.now()).toISOString(),
      reloadConfigSuccess: reload.ok,
      lastConfigTime: new Date(reload.time).toISOString(),
      // Only Prometheus 2 tells the first; /api/v1/status/tsdb of both does.
      timeSeriesCount: series,
      corruptionCount: corruptions,
      goroutineCount: 1,
      GOMAXPROCS: os.availableParallelism(),
      GOMEMLIMIT: 0,
      GOGC: '',
      GODEBUG: '',
      storageRetention: parts.retentionMs === 0 ? '0s' : formatDuration(parts.retentionMs),
    };
  });
}
