import { systemClock, type Clock, type Logger } from '@prunella/metrics';
import {
  WorkloadError,
  type LogLine,
  type Workload,
  type WorkloadListener,
  type WorkloadSource,
  type WorkloadStats,
  type WorkloadUse,
} from './workload.ts';

export interface WorkloadsOptions {
  readonly sources: readonly WorkloadSource[];
  readonly logger: Logger;
  readonly clock?: Clock;
}

// Over less than a second, CPU times that advance in ticks of 10 ms say little.
const SHORTEST_READING = 1000;

interface Reading {
  readonly stats: WorkloadStats;
  readonly startedAt: number | undefined;
  readonly cpuPercent?: number;
}

/**
 * Everything that can be watched and mended, wherever it runs. A name is either one workload's (`worker-2`) or that of a
 * service, which means all of its replicas, one after the other.
 */
export class Workloads {
  readonly #sources: readonly WorkloadSource[];
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #readings = new Map<string, Promise<Reading | undefined>>();
  readonly #readAt = new Map<string, number>();

  constructor(options: WorkloadsOptions) {
    this.#sources = options.sources;
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
  }

  /** Without what they use. A source that does not answer is left out and logged. */
  async list(): Promise<Workload[]> {
    return (await this.#located()).map(({ workload }) => workload);
  }

  /** With CPU and memory; the CPU's share needs two calls that are at least a second apart. */
  async listWithUse(): Promise<WorkloadUse[]> {
    const located = await this.#located();
    const names = new Set(located.map(({ workload }) => workload.name));
    for (const name of this.#readings.keys()) if (!names.has(name)) this.#forget(name);
    return Promise.all(
      located.map(async ({ workload, source }) => {
        const reading = await this.#reading(workload, source);
        if (!reading) return workload;
        const { stats, cpuPercent } = reading;
        return {
          ...workload,
          ...(cpuPercent !== undefined && { cpuPercent }),
          memoryBytes: stats.memoryWorkingSetBytes,
          ...(stats.memoryLimitBytes !== undefined && { memoryLimitBytes: stats.memoryLimitBytes }),
        };
      }),
    );
  }

  /** @returns undefined for what does not run. @throws WorkloadError */
  async stats(name: string): Promise<WorkloadStats | undefined> {
    const { workload, source } = await this.#one(name);
    return source.stats(workload.name);
  }

  /** The last lines of a workload, or of all replicas of a service, oldest first. @throws WorkloadError */
  async logs(name: string, tail: number): Promise<LogLine[]> {
    const located = await this.#find(name);
    const lines = await Promise.all(located.map(({ workload, source }) => source.logs(workload.name, tail)));
    if (lines.length === 1) return lines[0] as LogLine[];
    return lines
      .flat()
      .sort((a, b) => a.time - b.time)
      .slice(-tail);
  }

  /** @throws WorkloadError */
  async start(name: string): Promise<void> {
    for (const { workload, source } of await this.#find(name)) await source.start(workload.name);
  }

  /** Resolves once nothing of it runs any more. @throws WorkloadError */
  async stop(name: string): Promise<void> {
    await Promise.all((await this.#find(name)).map(({ workload, source }) => source.stop(workload.name)));
  }

  /** One replica after the other, so that a service of several keeps answering. @throws WorkloadError */
  async restart(name: string): Promise<void> {
    for (const { workload, source } of await this.#find(name)) await source.restart(workload.name);
  }

  /** @param name a service, or one of its workloads. @throws WorkloadError */
  async scale(name: string, replicas: number): Promise<void> {
    const [first] = await this.#find(name).catch(() => []);
    if (first) return first.source.scale(first.workload.service, replicas);
    // A service scaled down to nothing has no workload left to find it by.
    for (const source of this.#sources) {
      try {
        return await source.scale(name, replicas);
      } catch (error) {
        if (!(error instanceof WorkloadError && error.code === 'not_found')) throw error;
      }
    }
    throw new WorkloadError('not_found', `there is no service ${JSON.stringify(name)}`);
  }

  /** @returns what ends the listening */
  onEvent(listener: WorkloadListener): () => void {
    const ends = this.#sources.map((source) => source.onEvent(listener));
    return () => ends.forEach((end) => end());
  }

  async #located(): Promise<Located[]> {
    const lists = await Promise.all(
      this.#sources.map(async (source) => {
        try {
          return (await source.list()).map((workload) => ({ workload, source }));
        } catch (error) {
          this.#logger.warn({ err: error }, 'cannot list workloads');
          return [];
        }
      }),
    );
    return lists
      .flat()
      .sort((a, b) => a.workload.name.localeCompare(b.workload.name, 'en', { numeric: true }));
  }

  async #one(name: string): Promise<Located> {
    const [first] = await this.#find(name);
    return first as Located;
  }

  async #find(name: string): Promise<Located[]> {
    const located = await this.#located();
    const exact = located.find(({ workload }) => workload.name === name && workload.service !== name);
    if (exact) return [exact];
    const replicas = located.filter(({ workload }) => workload.service === name);
    if (replicas.length > 0) return replicas;
    throw new WorkloadError('not_found', `there is no workload or service ${JSON.stringify(name)}`);
  }

  #reading(workload: Workload, source: WorkloadSource): Promise<Reading | undefined> {
    const now = this.#clock.now();
    const known = this.#readings.get(workload.name);
    if (known && now - (this.#readAt.get(workload.name) ?? 0) < SHORTEST_READING) return known;
    const next = this.#read(workload, source, known);
    this.#readings.set(workload.name, next);
    this.#readAt.set(workload.name, now);
    return next;
  }

  async #read(
    workload: Workload,
    source: WorkloadSource,
    known?: Promise<Reading | undefined>,
  ): Promise<Reading | undefined> {
    try {
      const [before, stats] = await Promise.all([known, source.stats(workload.name)]);
      if (!stats) return undefined;
      const { startedAt } = workload;
      if (!before || before.startedAt !== startedAt || stats.time <= before.stats.time)
        return { stats, startedAt };
      const used = cpuSeconds(stats) - cpuSeconds(before.stats);
      const cpuPercent = Math.max(0, (used / ((stats.time - before.stats.time) / 1000)) * 100);
      return { stats, startedAt, cpuPercent };
    } catch (error) {
      this.#logger.debug({ err: error, workload: workload.name }, 'cannot read what it uses');
      return undefined;
    }
  }

  #forget(name: string): void {
    this.#readings.delete(name);
    this.#readAt.delete(name);
  }
}

interface Located {
  readonly workload: Workload;
  readonly source: WorkloadSource;
}

function cpuSeconds(stats: WorkloadStats): number {
  return stats.cpuUserSeconds + stats.cpuSystemSeconds;
}
