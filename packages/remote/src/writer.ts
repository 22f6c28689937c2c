import { Labels, LabelsBuilder, Relabeler, type Clock, type Logger } from '@prunella/metrics';
import { createHttpClient, type HttpClient } from '@prunella/metrics/http';
import type { RemoteWriteConfig } from './config.ts';
import type { RemoteMetrics } from './metrics.ts';
import type { PendingSample } from './queue.ts';
import { Shard, type ShardParts } from './shard.ts';

export interface WriterParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RemoteMetrics;
  /** What relative file names in the configuration are relative to. */
  readonly directory: string;
  readonly externalLabels: Labels;
}

/** Where the samples of a series go, and under which labels; undefined = relabelling dropped it. */
interface Route {
  readonly labels: Labels;
  readonly shard: number;
}

/** At the end of the process, so long is tried to send the rest, in ms. */
const GRACE_MS = 5000;

/** Sends to one remote storage. */
export class RemoteWriter {
  readonly #parts: WriterParts;
  readonly #config: RemoteWriteConfig;
  readonly #client: HttpClient;
  readonly #relabeler: Relabeler;
  readonly #remote: ShardParts['remote'];
  readonly #shards: readonly Shard[];
  readonly #routes = new WeakMap<Labels, Route | 'dropped'>();

  constructor(config: RemoteWriteConfig, parts: WriterParts) {
    const { url, queue_config: queue } = config;
    this.#parts = parts;
    this.#config = config;
    this.#client = createHttpClient(config, { directory: parts.directory, clock: parts.clock });
    this.#relabeler = new Relabeler(config.write_relabel_configs);
    this.#remote = { remote_name: config.name ?? new URL(url).host, url: withoutPassword(url) };
    const count = Math.min(queue.min_shards, queue.max_shards);
    const capacity = Math.ceil((queue.capacity * queue.max_shards) / count);
    const shardParts = { ...parts, config, client: this.#client, remote: this.#remote };
    this.#shards = Array.from({ length: count }, () => new Shard(shardParts, capacity));
    const { metrics } = parts;
    for (const gauge of [metrics.shards, metrics.shardsMin, metrics.shardsDesired])
      gauge.set(this.#remote, count);
    metrics.shardsMax.set(this.#remote, queue.max_shards);
    metrics.shardCapacity.set(this.#remote, capacity);
    metrics.maxSamplesPerSend.set(this.#remote, queue.max_samples_per_send);
  }

  start(): void {
    for (const shard of this.#shards) shard.start();
  }

  async stop(graceMs: number = GRACE_MS): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.stop(graceMs)));
    this.#client.close();
    const { metrics } = this.#parts;
    for (const gauge of [
      metrics.pending,
      metrics.shards,
      metrics.shardsMin,
      metrics.shardsDesired,
      metrics.shardsMax,
    ])
      gauge.remove(this.#remote);
  }

  send(samples: readonly PendingSample[]): void {
    const perShard: PendingSample[][] = this.#shards.map(() => []);
    const { send_native_histograms, send_exemplars } = this.#config;
    for (const each of samples) {
      if (each.sample?.histogram && !send_native_histograms) continue;
      if (each.exemplar && !send_exemplars) continue;
      const route = this.#route(each.labels);
      if (route !== 'dropped') perShard[route.shard]?.push({ ...each, labels: route.labels });
    }
    for (const [i, list] of perShard.entries()) if (list.length > 0) this.#shards[i]?.push(list);
    const pending = this.#shards.reduce((sum, shard) => sum + shard.pending, 0);
    this.#parts.metrics.pending.set(this.#remote, pending);
  }

  /** Found once per labels object: scraping hands in the same one every time. */
  #route(labels: Labels): Route | 'dropped' {
    let route = this.#routes.get(labels);
    if (route === undefined) this.#routes.set(labels, (route = this.#makeRoute(labels)));
    return route;
  }

  #makeRoute(labels: Labels): Route | 'dropped' {
    const builder = new LabelsBuilder(labels);
    for (const [name, value] of this.#parts.externalLabels)
      if (builder.get(name) === '') builder.set(name, value);
    const changed = this.#relabeler.apply(builder.labels());
    if (!changed || changed.size === 0) return 'dropped';
    return { labels: changed, shard: hash(changed.key) % this.#shards.length };
  }
}

/** FNV-1a over UTF-16 code units: all samples of a series meet in one shard. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}

/** For labels of metrics and for logs. */
export function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.password !== '') url.password = 'xxxxx';
  return url.href;
}
