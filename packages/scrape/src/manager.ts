import {
  Labels,
  systemClock,
  type Appendable,
  type Clock,
  type Logger,
  type Metadata,
} from '@prunella/metrics';
import type { Registry } from 'prom-client';
import type { ScrapeConfig } from './config/scrape.ts';
import type { DiscoveryConfigs } from './config/discovery.ts';
import type { Discovery } from './discovery/discovery.ts';
import type { DnsResolver } from './discovery/dns.ts';
import { fingerprint } from '@prunella/metrics/config';
import { ScrapeLoop, type LoopState } from './loop.ts';
import { createScrapeMetrics } from './metrics.ts';
import { InProcessPageSource, type InProcessTarget } from './page.ts';
import { discoveriesOf, ScrapePool, type DroppedTarget, type PoolParts } from './pool.ts';
import { PLAIN_RULES, SampleRules } from './rules.ts';

export interface ScrapeManagerOptions {
  readonly storage: Appendable;
  readonly logger: Logger;
  readonly registry: Registry;
  /** @default systemClock */
  readonly clock?: Clock;
  /** Differs between servers that scrape the same targets, e.g. the host's name and the external labels. @default '' */
  readonly offsetSeed?: string;
  /** For dns_sd_configs. @default the system's servers */
  readonly resolver?: DnsResolver;
}

/** A target that is scraped, and how that goes. */
export interface ActiveTarget extends LoopState {
  readonly pool: string;
  readonly labels: Labels;
  readonly discovered: Labels;
  /** Of a target in this process that gives none: `in-process:JOB`. */
  readonly url: string;
  /** ms */
  readonly interval: number;
  /** ms */
  readonly timeout: number;
  readonly metadata: ReadonlyMap<string, Metadata>;
}

export interface Targets {
  /** By pool, then by labels. */
  readonly active: readonly ActiveTarget[];
  readonly dropped: readonly DroppedTarget[];
  /** Also counts those beyond `keep_dropped_targets`. */
  readonly droppedCounts: Readonly<Record<string, number>>;
}

interface LocalEntry {
  readonly target: InProcessTarget;
  readonly labels: Labels;
  readonly fingerprint: string;
  readonly loop: ScrapeLoop;
}

/** Scrapes what it is told to: jobs of prometheus.yml, and targets inside this process. */
export class ScrapeManager {
  readonly #parts: PoolParts;
  readonly #pools = new Map<string, ScrapePool>();
  #locals: LocalEntry[] = [];
  #jobs: readonly ScrapeConfig[] = [];
  #inProcess: readonly InProcessTarget[] = [];
  #running = false;
  #changing: Promise<void> = Promise.resolve();

  constructor(options: ScrapeManagerOptions) {
    const { storage, logger, registry, clock = systemClock, offsetSeed = '', resolver } = options;
    const metrics = createScrapeMetrics(registry, () => this.#familiesByJob());
    this.#parts = { storage, logger, clock, offsetSeed, metrics, ...(resolver && { resolver }) };
  }

  /** Replaces what is scraped. Jobs and targets that have not changed go on undisturbed. */
  apply(jobs: readonly ScrapeConfig[], inProcess: readonly InProcessTarget[] = []): Promise<void> {
    this.#jobs = jobs;
    this.#inProcess = inProcess;
    return this.#change();
  }

  start(): Promise<void> {
    this.#running = true;
    return this.#change();
  }

  /** Resolves when nothing runs any more. */
  stop(): Promise<void> {
    this.#running = false;
    return this.#change();
  }

  targets(): Targets {
    const pools = [...this.#pools.values()];
    const active = pools.flatMap((pool) =>
      pool.entries().map(({ target, state, loop }) => ({
        ...state,
        ...target,
        pool: pool.name,
        metadata: loop.metadata,
      })),
    );
    const order = (a: ActiveTarget, b: ActiveTarget): number =>
      a.pool === b.pool ? Labels.compare(a.labels, b.labels) : a.pool < b.pool ? -1 : 1;
    const dropped = pools.map((pool) => ({ name: pool.name, ...pool.dropped() }));
    return {
      active: [...active, ...this.#locals.map(describeLocal)].sort(order),
      dropped: dropped.flatMap(({ targets }) => targets),
      droppedCounts: Object.fromEntries(dropped.map(({ name, count }) => [name, count])),
    };
  }

  #familiesByJob(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { pool, metadata } of this.targets().active)
      counts.set(pool, (counts.get(pool) ?? 0) + metadata.size);
    return counts;
  }

  /** What finds the hosts that a section like `alerting.alertmanagers` means; counted with those of the jobs. */
  discoveries(config: DiscoveryConfigs, directory: string): Discovery[] {
    return discoveriesOf(config, directory, this.#parts, this.#parts.metrics);
  }

  /** Names of the jobs, sorted. */
  pools(): string[] {
    return [...new Set([...this.#pools.keys(), ...this.#locals.map(({ target }) => target.job)])].sort();
  }

  /** One change after the other: a reload may come while another one still runs. */
  #change(): Promise<void> {
    this.#changing = this.#changing.then(async () => {
      if (!this.#running) return this.#stopAll();
      await Promise.all([this.#changePools(), this.#changeLocals()]);
    });
    return this.#changing;
  }

  async #stopAll(): Promise<void> {
    const pools = [...this.#pools.values()];
    const locals = this.#locals;
    this.#pools.clear();
    this.#locals = [];
    await Promise.all([...pools.map((pool) => pool.stop()), ...locals.map(({ loop }) => loop.stop())]);
  }

  async #changePools(): Promise<void> {
    const wanted = new Set(this.#jobs.map(({ job_name }) => job_name));
    const gone = [...this.#pools.values()].filter(({ name }) => !wanted.has(name));
    for (const { name } of gone) this.#pools.delete(name);
    await Promise.all(gone.map((pool) => pool.retire()));
    await Promise.all(this.#jobs.map((config) => this.#changePool(config)));
  }

  async #changePool(config: ScrapeConfig): Promise<void> {
    const { metrics, logger } = this.#parts;
    const known = this.#pools.get(config.job_name);
    try {
      if (known) return await known.reload(config);
      metrics.pools.inc();
      const pool = new ScrapePool(config, this.#parts);
      this.#pools.set(config.job_name, pool);
      pool.start();
    } catch (error) {
      (known ? metrics.poolReloadsFailed : metrics.poolsFailed).inc();
      logger.error({ job: config.job_name, err: error }, 'a job could not be set up');
    }
  }

  async #changeLocals(): Promise<void> {
    const before = new Map(this.#locals.map((entry) => [entry.fingerprint, entry]));
    const next = this.#inProcess.map((target) => {
      const key = fingerprint([target.job, target.labels, target.interval, target.timeout]);
      const known = before.get(key);
      // A reload makes new collectors; the series go on.
      if (known?.target === target) {
        before.delete(key);
        return known;
      }
      return this.#makeLocal(target, key);
    });
    for (const entry of next) {
      const old = before.get(entry.fingerprint);
      if (!old || old === entry) continue;
      before.delete(entry.fingerprint);
      entry.loop.inherit(await old.loop.handOver());
    }
    const kept = new Set(this.#locals);
    this.#locals = next;
    for (const entry of next) if (!kept.has(entry)) entry.loop.start();
    await Promise.all([...before.values()].map(({ loop }) => loop.retire()));
  }

  #makeLocal(target: InProcessTarget, key: string): LocalEntry {
    const labels = Labels.from({ ...target.labels, job: target.job });
    const { interval, timeout } = target;
    const source = new InProcessPageSource(target);
    const loop = new ScrapeLoop(
      { labels, key: labels.key, interval, timeout },
      source,
      new SampleRules(PLAIN_RULES),
      this.#parts,
    );
    return { target, labels, fingerprint: key, loop };
  }
}

function describeLocal({ target, labels, loop }: LocalEntry): ActiveTarget {
  const { job, interval, timeout } = target;
  const url = target.url ?? `in-process:${job}`;
  return {
    ...loop.state,
    pool: job,
    labels,
    discovered: labels,
    url,
    interval,
    timeout,
    metadata: loop.metadata,
  };
}
