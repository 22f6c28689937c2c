import * as v from 'valibot';
import { createHttpClient, type HttpClient } from '@prunella/metrics/http';
import { listOf, staticConfig, type HttpDiscoveryConfig } from '../config/discovery.ts';
import type { DiscoveryMetrics } from '../metrics.ts';
import type { DiscoveryListener } from './discovery.ts';
import { RefreshingDiscovery, type RefreshOptions } from './refresh.ts';
import { groupTargets } from './static.ts';

const groups = listOf(staticConfig);
const MAX_BYTES = 64 * 1024 * 1024;

/** Target groups that a URL answers with, in the form of `file_sd` in JSON. */
export class HttpDiscovery extends RefreshingDiscovery {
  readonly #config: HttpDiscoveryConfig;
  readonly #client: HttpClient;
  readonly #metrics: DiscoveryMetrics;
  #count = 0;

  constructor(
    config: HttpDiscoveryConfig,
    directory: string,
    options: Omit<RefreshOptions, 'interval'>,
    metrics: DiscoveryMetrics,
  ) {
    super({ ...options, interval: config.refresh_interval });
    this.#config = config;
    this.#client = createHttpClient(config, { directory, clock: options.clock });
    this.#metrics = metrics;
  }

  override async stop(): Promise<void> {
    await super.stop();
    this.#client.close();
  }

  protected async refresh(listener: DiscoveryListener, signal: AbortSignal): Promise<void> {
    const { url } = this.#config;
    try {
      const parsed = await this.#fetch(signal);
      for (const [i, group] of parsed.entries())
        listener({ source: `${url}:${i}`, targets: groupTargets(group, { __meta_url: url }) });
      for (let i = parsed.length; i < this.#count; i++) listener({ source: `${url}:${i}`, targets: [] });
      this.#count = parsed.length;
    } catch (error) {
      this.#metrics.httpFailures.inc();
      throw error;
    }
  }

  async #fetch(signal: AbortSignal): Promise<v.InferOutput<typeof groups>> {
    const { status, headers, body } = await this.#client.request({
      url: this.#config.url,
      headers: {
        Accept: 'application/json',
        'X-Prometheus-Refresh-Interval-Seconds': String(this.#config.refresh_interval / 1000),
      },
      timeoutMs: this.#config.refresh_interval,
      maxBytes: MAX_BYTES,
      signal,
    });
    if (status !== 200) throw new Error(`${this.#config.url} answered with status ${status}`);
    if (!/^application\/json\b/i.test(headers['content-type'] ?? ''))
      throw new Error(
        `${this.#config.url} answered with the content type ${JSON.stringify(headers['content-type'])}`,
      );
    const parsed = v.safeParse(groups, JSON.parse(Buffer.from(body).toString()));
    if (!parsed.success) throw new Error(`${this.#config.url}: ${parsed.issues[0].message}`);
    return parsed.output;
  }
}
