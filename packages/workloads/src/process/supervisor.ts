import { join } from 'node:path';
import { sleep, systemClock, type Clock, type Logger } from '@prunella/metrics';
import type { ProcessConfig } from '../config.ts';
import { Listeners } from '../listeners.ts';
import type { Environment } from '../placeholder.ts';
import {
  WorkloadError,
  type LogLine,
  type Workload,
  type WorkloadEvent,
  type WorkloadListener,
  type WorkloadSource,
  type WorkloadStats,
} from '../workload.ts';
import { httpProbe, type Probe } from './health.ts';
import { PidFiles } from './pidfile.ts';
import { familyOf, familyStats, readProcessTable, type ProcStat } from './proc.ts';
import { DEFAULT_BACKOFF, Replica, type Backoff } from './replica.ts';
import { replicaName, replicaSpec, type ReplicaSpec } from './spec.ts';

export interface SupervisorOptions {
  /** `DATA/prunella`: pid files go to `processes/`, logs to `logs/`. */
  readonly dir: string;
  /** Relative paths of the configuration start here. */
  readonly base: string;
  readonly env: Environment;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly probe?: Probe;
  readonly backoff?: Backoff;
}

// How old a reading of the process table may be that several workloads share.
const TABLE_AGE = 200;

/** The supervised processes: starts them in order, keeps them running, stops them in reverse order. */
export class Supervisor implements WorkloadSource {
  readonly #options: Required<SupervisorOptions>;
  readonly #pidFiles: PidFiles;
  readonly #listeners: Listeners;
  readonly #replicas = new Map<string, Replica>();
  readonly #counts = new Map<string, number>();
  #configs: readonly ProcessConfig[] = [];
  #waiting = new Map<string, AbortController>();
  #table: { time: number; rows: Promise<ProcStat[]> } | undefined;
  readonly #onExit = (): void => {
    for (const replica of this.#replicas.values()) replica.abandon();
  };

  constructor(options: SupervisorOptions) {
    this.#options = { clock: systemClock, probe: httpProbe, backoff: DEFAULT_BACKOFF, ...options };
    this.#pidFiles = new PidFiles(join(options.dir, 'processes'), options.logger);
    this.#listeners = new Listeners(options.logger);
  }

  /** Stops what an earlier run left behind. Call it once, before `apply`. */
  async open(): Promise<void> {
    const { clock, logger } = this.#options;
    const left = await this.#pidFiles.stopLeftovers(clock, 5000);
    if (left.length > 0)
      logger.warn({ processes: left }, 'stopped processes that an earlier run left behind');
    process.on('exit', this.#onExit);
  }

  /**
   * Makes what runs match the configuration: new processes are started, missing ones stopped, changed ones restarted,
   * the others left alone. A service scaled by hand keeps its size unless its `replicas` changed.
   * @throws Error, before anything is touched, for a placeholder that cannot be filled in
   */
  async apply(configs: readonly ProcessConfig[]): Promise<void> {
    const counts = new Map(configs.map((config) => [config.name, this.#countFor(config)]));
    const wanted = new Map(
      configs
        .flatMap((config) => this.#specs(config, counts.get(config.name) as number))
        .map((s) => [s.name, s]),
    );
    this.#configs = configs;
    this.#counts.clear();
    for (const [service, count] of counts) this.#counts.set(service, count);
    const stale = [...this.#replicas.values()].filter(
      (replica) => !sameSpec(replica.spec, wanted.get(replica.spec.name)),
    );
    await Promise.all(stale.map((replica) => this.#remove(replica)));
    this.#addMissing([...wanted.values()]);
  }

  list(): Promise<Workload[]> {
    return Promise.resolve([...this.#replicas.values()].map((replica) => replica.describe()));
  }

  async stats(name: string): Promise<WorkloadStats | undefined> {
    const { pid } = this.#replica(name);
    if (pid === undefined) return undefined;
    const { clock } = this.#options;
    if (!this.#table || Math.abs(clock.now() - this.#table.time) > TABLE_AGE) {
      this.#table = { time: clock.now(), rows: readProcessTable() };
    }
    const { rows, time } = this.#table;
    const family = familyOf(pid, await rows);
    return family.length === 0 ? undefined : familyStats(family, time);
  }

  logs(name: string, tail: number): Promise<LogLine[]> {
    return Promise.resolve(this.#replica(name).ring.tail(tail));
  }

  start(name: string): Promise<void> {
    this.#cancelWait(name);
    return this.#replica(name).start();
  }

  stop(name: string): Promise<void> {
    this.#cancelWait(name);
    return this.#replica(name).stop();
  }

  restart(name: string): Promise<void> {
    this.#cancelWait(name);
    return this.#replica(name).restart();
  }

  async scale(service: string, replicas: number): Promise<void> {
    const config = this.#configs.find((each) => each.name === service);
    if (!config) throw new WorkloadError('not_found', `there is no service ${JSON.stringify(service)}`);
    const specs = this.#specs(config, replicas);
    this.#counts.set(service, replicas);
    const names = new Set(specs.map((spec) => spec.name));
    const surplus = [...this.#replicas.values()].filter(
      (r) => r.spec.service === service && !names.has(r.spec.name),
    );
    await Promise.all(surplus.map((replica) => this.#remove(replica)));
    this.#addMissing(specs);
  }

  onEvent(listener: WorkloadListener): () => void {
    return this.#listeners.add(listener);
  }

  /** Stops everything: each service only after the ones that come after it. */
  async close(): Promise<void> {
    const left = new Set(this.#configs.map((config) => config.name));
    while (left.size > 0) {
      const needed = new Set(
        this.#configs.filter((config) => left.has(config.name)).flatMap((config) => config.after),
      );
      const next = [...left].filter((service) => !needed.has(service));
      for (const service of next) left.delete(service);
      const replicas = [...this.#replicas.values()].filter((replica) => next.includes(replica.spec.service));
      for (const { spec } of replicas) this.#cancelWait(spec.name);
      await Promise.all(replicas.map((replica) => replica.close()));
    }
    process.off('exit', this.#onExit);
    this.#replicas.clear();
    this.#configs = [];
  }

  #countFor(config: ProcessConfig): number {
    const before = this.#configs.find((each) => each.name === config.name);
    const changed = before === undefined || before.replicas !== config.replicas;
    return (changed ? undefined : this.#counts.get(config.name)) ?? config.replicas ?? 1;
  }

  #specs(config: ProcessConfig, count: number): ReplicaSpec[] {
    const { base, env } = this.#options;
    return Array.from({ length: count }, (_, i) => {
      try {
        return replicaSpec(config, i + 1, base, env);
      } catch (error) {
        throw new Error(`process ${replicaName(config, i + 1)}: ${(error as Error).message}`, {
          cause: error,
        });
      }
    });
  }

  #addMissing(specs: readonly ReplicaSpec[]): void {
    const added = specs.filter((spec) => !this.#replicas.has(spec.name)).map((spec) => this.#add(spec));
    // Only when all are there, so that one that comes after another knows of it.
    for (const replica of added) {
      const abort = new AbortController();
      this.#waiting.set(replica.spec.name, abort);
      void this.#startAfter(replica, abort.signal);
    }
  }

  #add(spec: ReplicaSpec): Replica {
    const { clock, logger, probe, backoff, dir } = this.#options;
    const emit = (event: WorkloadEvent): void => this.#listeners.emit(event);
    const logFile = join(dir, 'logs', `${spec.name}.log`);
    const replica = new Replica(spec, {
      clock,
      logger,
      probe,
      pidFiles: this.#pidFiles,
      logFile,
      backoff,
      emit,
    });
    this.#replicas.set(spec.name, replica);
    replica.await();
    emit({ type: 'added', time: clock.now(), workload: replica.describe() });
    return replica;
  }

  async #startAfter(replica: Replica, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !replica.spec.after.every((service) => this.#isReady(service))) {
      await sleep(this.#options.clock, 50, signal);
    }
    if (signal.aborted) return;
    this.#waiting.delete(replica.spec.name);
    await replica.start();
  }

  #isReady(service: string): boolean {
    const replicas = [...this.#replicas.values()].filter((replica) => replica.spec.service === service);
    return replicas.some((replica) => replica.ready) || replicas.length === 0;
  }

  async #remove(replica: Replica): Promise<void> {
    this.#cancelWait(replica.spec.name);
    this.#replicas.delete(replica.spec.name);
    await replica.close();
    const { clock } = this.#options;
    this.#listeners.emit({ type: 'removed', time: clock.now(), workload: replica.describe() });
  }

  #cancelWait(name: string): void {
    this.#waiting.get(name)?.abort();
    this.#waiting.delete(name);
  }

  #replica(name: string): Replica {
    const replica = this.#replicas.get(name);
    if (!replica) throw new WorkloadError('not_found', `there is no workload ${JSON.stringify(name)}`);
    return replica;
  }
}

function sameSpec(a: ReplicaSpec, b: ReplicaSpec | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
