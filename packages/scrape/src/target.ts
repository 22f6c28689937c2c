import { createHash } from 'node:crypto';
import { Labels, LabelsBuilder, parseDuration, formatDuration, Relabeler } from '@prunella/metrics';
import { isTargetAddress } from './config/discovery.ts';
import type { ScrapeConfig } from './config/scrape.ts';

/** A place to scrape. */
export interface Target {
  /** What its samples carry. */
  readonly labels: Labels;
  /** Before relabelling. */
  readonly discovered: Labels;
  readonly url: string;
  /** ms */
  readonly interval: number;
  /** ms */
  readonly timeout: number;
  /** Two targets with the same key are one. */
  readonly key: string;
}

/** What relabelling has made of discovered labels: a target, nothing, or a mistake. */
export type TargetResult =
  | { readonly kind: 'active'; readonly target: Target }
  | { readonly kind: 'dropped'; readonly discovered: Labels }
  | { readonly kind: 'invalid'; readonly discovered: Labels; readonly error: string };

/** Makes the targets of one job. */
export class TargetFactory {
  readonly #config: ScrapeConfig;
  readonly #relabeler: Relabeler;

  constructor(config: ScrapeConfig) {
    this.#config = config;
    this.#relabeler = new Relabeler(config.relabel_configs);
  }

  make(group: Labels): TargetResult {
    const discovered = this.#withDefaults(group);
    const relabelled = this.#relabeler.apply(discovered);
    if (!relabelled) return { kind: 'dropped', discovered };
    try {
      return { kind: 'active', target: this.#finish(relabelled, discovered) };
    } catch (error) {
      return { kind: 'invalid', discovered, error: (error as Error).message };
    }
  }

  /** The labels that every target of the job starts with, where discovery has not set them. */
  #withDefaults(group: Labels): Labels {
    const { job_name, scheme, metrics_path, scrape_interval, scrape_timeout, params } = this.#config;
    const builder = new LabelsBuilder(group);
    const defaults: Record<string, string> = {
      job: job_name,
      __scrape_interval__: formatDuration(scrape_interval),
      __scrape_timeout__: formatDuration(scrape_timeout),
      __metrics_path__: metrics_path,
      __scheme__: scheme,
    };
    for (const [name, value] of Object.entries(defaults))
      if (builder.get(name) === '') builder.set(name, value);
    for (const [name, [first]] of Object.entries(params))
      if (first !== undefined) builder.set(`__param_${name}`, first);
    return builder.labels();
  }

  #finish(labels: Labels, discovered: Labels): Target {
    const address = labels.get('__address__');
    if (address === '') throw new Error('no address');
    if (!isTargetAddress(address)) throw new Error(`${JSON.stringify(address)} is not a valid address`);
    const interval = positive(labels.get('__scrape_interval__'), 'scrape interval');
    const timeout = positive(labels.get('__scrape_timeout__'), 'scrape timeout');
    if (timeout > interval) throw new Error('the scrape timeout is longer than the scrape interval');
    const url = this.#url(labels, address);
    const shown = new LabelsBuilder(labels);
    for (const name of shown.names()) if (name.startsWith('__')) shown.set(name, '');
    if (shown.get('instance') === '') shown.set('instance', address);
    const complete = shown.labels();
    return {
      labels: complete,
      discovered,
      url,
      interval,
      timeout,
      key: `${complete.key}\xff${url}\xff${interval}\xff${timeout}`,
    };
  }

  #url(labels: Labels, address: string): string {
    const scheme = labels.get('__scheme__');
    if (scheme !== 'http' && scheme !== 'https') throw new Error(`unknown scheme ${JSON.stringify(scheme)}`);
    const base = `${scheme}://${address}`;
    if (!URL.canParse(base)) throw new Error(`${JSON.stringify(address)} is not a valid address`);
    const path = labels.get('__metrics_path__');
    const url = new URL(path.startsWith('/') || path === '' ? base + path : `${base}/${path}`);
    for (const [name, value] of this.#params(labels)) url.searchParams.append(name, value);
    return url.href;
  }

  /** Relabelling may have changed the first value of each parameter, and may have added parameters. */
  #params(labels: Labels): [string, string][] {
    const params = new Map(Object.entries(this.#config.params).map(([name, values]) => [name, [...values]]));
    for (const [label, value] of labels) {
      if (!label.startsWith('__param_')) continue;
      const name = label.slice('__param_'.length);
      params.set(name, [value, ...(params.get(name)?.slice(1) ?? [])]);
    }
    const entries = [...params].sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));
  }
}

function positive(text: string, what: string): number {
  let ms: number;
  try {
    ms = parseDuration(text);
  } catch (error) {
    throw new Error(`error parsing ${what}: ${(error as Error).message}`, { cause: error });
  }
  if (ms === 0) throw new Error(`${what} cannot be 0`);
  return ms;
}

/**
 * When, within each interval, the target is scraped: always the same for one target, and spread over the interval for
 * all of them, so that they are not all asked at once.
 */
export function scrapeOffset(key: string, interval: number, seed: string): number {
  const digest = createHash('md5').update(seed).update('\0').update(key).digest();
  return Number(digest.readBigUInt64BE(0) % BigInt(Math.max(1, Math.round(interval))));
}
