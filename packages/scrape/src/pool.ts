import type { Labels } from '@prunella/metrics';
import { createHttpClient, type HttpClient } from '@prunella/metrics/http';
import type { DiscoveryConfigs } from './config/discovery.ts';
import type { ScrapeConfig } from './config/scrape.ts';
import { DnsDiscovery, type DnsResolver } from './discovery/dns.ts';
import type { Discovery } from './discovery/discovery.ts';
import { FileDiscovery } from './discovery/file.ts';
import { HttpDiscovery } from './discovery/http.ts';
import { StaticDiscovery } from './discovery/static.ts';
import { fingerprint } from '@prunella/metrics/config';
import { ScrapeLoop, type LoopParts, type LoopState } from './loop.ts';
import type { DiscoveryMetrics } from './metrics.ts';
import { HttpPageSource } from './page.ts';
import { SampleRules } from './rules.ts';
import { TargetFactory, type Target } from './target.ts';

export interface DroppedTarget {
  readonly pool: string;
  readonly discovered: Labels;
}

export interface PoolParts extends LoopParts {
  readonly resolver?: DnsResolver;
}

interface Entry {
  readonly target: Target;
  readonly loop: ScrapeLoop;
  /** Which configuration made the loop. */
  readonly generation: number;
}

/** Everything of one job: its discoveries, and a loop for each of its targets. */
export class ScrapePool {
  readonly #parts: PoolParts;
  #config: ScrapeConfig;
  #fingerprint: string;
  #generation = 0;
  #client: HttpClient;
  #factory: TargetFactory;
  #rules: SampleRules;
  #discoveries: Discovery[] = [];
  #groups = new Map<string, readonly Labels[]>();
  readonly #entries = new Map<string, Entry>();
  #dropped: Labels[] = [];
  #droppedCount = 0;
  #limitError = '';
  #syncing: Promise<void> = Promise.resolve();
  #syncWanted = false;
  /** While a changed configuration looks for its targets for the first time, the old targets stay. */
  #settling = false;
  #failed = false;

  constructor(config: ScrapeConfig, parts: PoolParts) {
    this.#config = config;
    this.#fingerprint = fingerprint(config);
    this.#parts = parts;
    this.#client = createHttpClient(config, { directory: config.directory, clock: parts.clock });
    this.#factory = new TargetFactory(config);
    this.#rules = new SampleRules(config);
  }

  get name(): string {
    return this.#config.job_name;
  }

  /** Every target with its loop. */
  entries(): readonly { readonly target: Target; readonly state: LoopState; readonly loop: ScrapeLoop }[] {
    return [...this.#entries.values()].map(({ target, loop }) => ({
      target,
      loop,
      state: this.#stateOf(loop),
    }));
  }

  /** Targets that relabelling has dropped: the first `keep_dropped_targets`, and how many in all. */
  dropped(): { readonly targets: readonly DroppedTarget[]; readonly count: number } {
    const targets = this.#dropped.map((discovered) => ({ pool: this.name, discovered }));
    return { targets, count: this.#droppedCount };
  }

  start(): void {
    void this.#discover(this.#generation);
  }

  async #discover(generation: number): Promise<void> {
    try {
      await this.#lookForTargets(generation);
      this.#setFailed(false);
    } catch (error) {
      this.#setFailed(true);
      this.#parts.logger.error({ job: this.name, err: error }, 'looking for targets could not be started');
    }
  }

  #setFailed(failed: boolean): void {
    const { failedConfigs } = this.#parts.metrics;
    failedConfigs.inc({ name: 'scrape' }, Number(failed) - Number(this.#failed));
    this.#failed = failed;
  }

  /** Goes over to a changed configuration; an equal one changes nothing. */
  async reload(config: ScrapeConfig): Promise<void> {
    const changed = fingerprint(config);
    if (changed === this.#fingerprint) return;
    this.#parts.metrics.poolReloads.inc();
    await this.#stopDiscoveries();
    const oldClient = this.#client;
    this.#config = config;
    this.#fingerprint = changed;
    this.#generation += 1;
    this.#client = createHttpClient(config, { directory: config.directory, clock: this.#parts.clock });
    this.#factory = new TargetFactory(config);
    this.#rules = new SampleRules(config);
    this.#groups = new Map();
    this.#settling = true;
    void this.#discover(this.#generation).then(() => oldClient.close());
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    await this.#end((loop) => loop.stop());
  }

  /** Stops for good: the job is no longer configured. */
  async retire(): Promise<void> {
    await this.#end((loop) => loop.retire());
  }

  async #end(how: (loop: ScrapeLoop) => Promise<void>): Promise<void> {
    this.#generation += 1;
    await this.#stopDiscoveries();
    await this.#syncing;
    await Promise.all([...this.#entries.values()].map(({ loop }) => how(loop)));
    this.#entries.clear();
    this.#setFailed(false);
    this.#client.close();
    this.#parts.metrics.poolTargets.remove(this.name);
    this.#parts.metrics.discovered.remove('scrape', this.name);
  }

  async #stopDiscoveries(): Promise<void> {
    await Promise.all(this.#discoveries.map((each) => each.stop()));
    this.#discoveries = [];
  }

  async #lookForTargets(generation: number): Promise<void> {
    this.#discoveries = discoveriesOf(this.#config, this.#config.directory, this.#parts, this.#parts.metrics);
    const starts = this.#discoveries.map((discovery, i) =>
      discovery.start(({ source, targets }) => {
        if (generation !== this.#generation) return;
        if (targets.length === 0) this.#groups.delete(`${i}/${source}`);
        else this.#groups.set(`${i}/${source}`, targets);
        this.#parts.metrics.updates.inc({ name: 'scrape' });
        this.#requestSync();
      }),
    );
    await Promise.all(starts);
    if (generation !== this.#generation) return;
    this.#settling = false;
    this.#requestSync();
    await this.#syncing;
  }

  /** Updates that come together are taken over together. */
  #requestSync(): void {
    if (this.#syncWanted || this.#settling) return;
    this.#syncWanted = true;
    this.#syncing = this.#syncing
      .then(() => this.#sync())
      .catch((error: unknown) =>
        this.#parts.logger.error({ job: this.name, err: error }, 'taking over targets failed'),
      );
  }

  async #sync(): Promise<void> {
    this.#syncWanted = false;
    const { metrics } = this.#parts;
    const started = performance.now();
    const targets = this.#makeTargets();
    const gone = [...this.#entries].filter(([key]) => !targets.has(key));
    for (const [key] of gone) this.#entries.delete(key);
    for (const target of targets.values()) await this.#ensure(target, gone);
    await Promise.all(gone.map(([, { loop }]) => loop.retire()));
    metrics.poolSyncs.inc({ scrape_job: this.name });
    metrics.poolTargets.set({ scrape_job: this.name }, this.#entries.size);
    metrics.poolTargetLimit.set({ scrape_job: this.name }, this.#config.target_limit);
    metrics.syncLength.observe({ scrape_job: this.name }, (performance.now() - started) / 1000);
  }

  #makeTargets(): Map<string, Target> {
    const { metrics, logger } = this.#parts;
    const targets = new Map<string, Target>();
    const all = [...this.#groups.values()].flat();
    this.#dropped = [];
    this.#droppedCount = 0;
    for (const discovered of all) {
      const result = this.#factory.make(discovered);
      if (result.kind === 'active') targets.set(result.target.key, result.target);
      else if (result.kind === 'dropped') this.#drop(result.discovered);
      else {
        metrics.syncFailed.inc({ scrape_job: this.name });
        logger.error(
          { job: this.name, error: result.error, labels: result.discovered.toString() },
          'bad target',
        );
      }
    }
    metrics.discovered.set({ name: 'scrape', config: this.name }, all.length);
    this.#checkLimit(targets.size);
    return targets;
  }

  #drop(discovered: Labels): void {
    this.#droppedCount += 1;
    const { keep_dropped_targets: keep } = this.#config;
    if (keep === 0 || this.#dropped.length < keep) this.#dropped.push(discovered);
  }

  /** Too many targets: none is scraped, so that it shows; the loops are kept for the day when they are fewer. */
  #checkLimit(count: number): void {
    const { target_limit: limit } = this.#config;
    this.#limitError =
      limit > 0 && count > limit
        ? `target_limit exceeded (number of targets: ${count}, limit: ${limit})`
        : '';
    if (this.#limitError !== '') this.#parts.metrics.exceededTargetLimit.inc();
  }

  async #ensure(target: Target, gone: [string, Entry][]): Promise<void> {
    const known = this.#entries.get(target.key);
    if (known?.generation === this.#generation) return;
    // The same labels under another address or interval are the same series.
    const at = gone.findIndex(([, entry]) => entry.target.labels.equals(target.labels));
    const before = known ?? gone[at]?.[1];
    if (!known && at >= 0) gone.splice(at, 1);
    const source = new HttpPageSource(this.#client, target, this.#config);
    const guarded = { fetch: (signal: AbortSignal) => this.#fetchWithinLimit(() => source.fetch(signal)) };
    const loop = new ScrapeLoop(target, guarded, this.#rules, this.#parts);
    if (before) loop.inherit(await before.loop.handOver());
    this.#entries.set(target.key, { target, loop, generation: this.#generation });
    loop.start();
  }

  async #fetchWithinLimit<T>(fetch: () => Promise<T>): Promise<T> {
    if (this.#limitError !== '') throw new Error(this.#limitError);
    return fetch();
  }

  #stateOf(loop: ScrapeLoop): LoopState {
    return this.#limitError === ''
      ? loop.state
      : { ...loop.state, health: 'down', lastError: this.#limitError };
  }
}

/** The discoveries of a section that has them. */
export function discoveriesOf(
  config: DiscoveryConfigs,
  directory: string,
  options: Pick<PoolParts, 'clock' | 'logger' | 'resolver'>,
  metrics: DiscoveryMetrics,
): Discovery[] {
  return [
    new StaticDiscovery(config.static_configs),
    ...config.file_sd_configs.map((each) => new FileDiscovery(each, directory, options, metrics)),
    ...config.dns_sd_configs.map((each) => new DnsDiscovery(each, options, metrics, options.resolver)),
    ...config.http_sd_configs.map((each) => new HttpDiscovery(each, directory, options, metrics)),
  ];
}
