import { Labels, Relabeler, type Clock, type Logger, type RelabelConfig } from '@prunella/metrics';
import { createHttpClient, type HttpClient, type HttpClientConfig } from '@prunella/metrics/http';
import { Registry } from 'prom-client';
import type { RuleAlert } from '../manager.ts';
import { createNotifierMetrics, type NotifierMetrics } from './metrics.ts';
import { AlertQueue } from './queue.ts';

/** An entry of `alerting.alertmanagers` in prometheus.yml. */
export interface AlertmanagerSettings extends HttpClientConfig {
  readonly scheme: string;
  readonly path_prefix: string;
  /** ms */
  readonly timeout: number;
  readonly relabel_configs: readonly RelabelConfig[];
  readonly alert_relabel_configs: readonly RelabelConfig[];
}

/** Finds Alertmanagers, and goes on looking; the discoveries of `@prunella/scrape` are such. */
export interface AlertmanagerDiscovery {
  start(
    listener: (found: { readonly source: string; readonly targets: readonly Labels[] }) => void,
  ): Promise<void>;
  stop(): Promise<void>;
}

export interface AlertmanagerSection {
  readonly settings: AlertmanagerSettings;
  readonly discoveries: readonly AlertmanagerDiscovery[];
}

export interface NotifierConfig {
  readonly alert_relabel_configs: readonly RelabelConfig[];
  readonly alertmanagers: readonly AlertmanagerSection[];
  /** What relative file names in the settings are relative to. */
  readonly directory: string;
}

export interface NotifierOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry?: Registry;
  /** Alerts that may wait for one Alertmanager. Default 10 000. */
  readonly queueCapacity?: number;
  /** Alerts in one request. Default 256. */
  readonly batchSize?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const QUEUE_CAPACITY = 10_000;
const BATCH_SIZE = 256;
/** What waits on shutdown is still sent, but not for longer than this. */
const DRAIN_MS = 5000;

/** Sends alerts to Alertmanagers elsewhere. Each has a queue of its own, so that a slow one does not delay the others. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #metrics: NotifierMetrics;
  #relabeler = new Relabeler([]);
  #sections: Section[] = [];

  constructor(options: NotifierOptions) {
    this.#options = options;
    const { registry = new Registry(), queueCapacity = QUEUE_CAPACITY } = options;
    this.#metrics = createNotifierMetrics(registry, queueCapacity, () => {
      const queues = this.#sections.flatMap((section) => section.queues);
      return { queued: queues.reduce((sum, { length }) => sum + length, 0), alertmanagers: queues.length };
    });
  }

  /** Sends to these from now on; resolves when each section has looked for its Alertmanagers once. */
  async apply(config: NotifierConfig): Promise<void> {
    const before = this.#sections;
    this.#relabeler = new Relabeler(config.alert_relabel_configs);
    this.#sections = config.alertmanagers.map(
      (section) => new Section(section, config.directory, this.#options, this.#metrics),
    );
    await Promise.all([
      ...before.map((section) => section.stop()),
      ...this.#sections.map((section) => section.start()),
    ]);
  }

  /** Queues alerts; never waits for anything. */
  send(alerts: readonly RuleAlert[]): void {
    const relabelled = relabel(alerts, this.#relabeler);
    if (relabelled.length > 0) for (const section of this.#sections) section.send(relabelled);
  }

  /** Where alerts go, for `/api/v1/alertmanagers`. */
  urls(): string[] {
    return this.#sections.flatMap((section) => section.queues.map(({ url }) => url));
  }

  /** Sends what waits, within a few seconds, and stops. */
  async stop(): Promise<void> {
    const { clock } = this.#options;
    const sections = this.#sections;
    let cancel = (): void => {};
    const enough = new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, DRAIN_MS);
      cancel = () => timer.cancel();
    });
    await Promise.race([Promise.all(sections.map((section) => section.drain())), enough]);
    cancel();
    this.#sections = [];
    await Promise.all(sections.map((section) => section.stop()));
  }
}

/** The Alertmanagers of one section of the configuration. */
class Section {
  readonly #section: AlertmanagerSection;
  readonly #client: HttpClient;
  readonly #options: NotifierOptions;
  readonly #metrics: NotifierMetrics;
  readonly #targetRelabeler: Relabeler;
  readonly #alertRelabeler: Relabeler;
  readonly #found = new Map<string, readonly Labels[]>();
  #queues = new Map<string, AlertQueue>();

  constructor(
    section: AlertmanagerSection,
    directory: string,
    options: NotifierOptions,
    metrics: NotifierMetrics,
  ) {
    const { settings } = section;
    const { clock, env } = options;
    this.#section = section;
    this.#options = options;
    this.#metrics = metrics;
    this.#client = createHttpClient(settings, { clock, directory, ...(env ? { env } : {}) });
    this.#targetRelabeler = new Relabeler(settings.relabel_configs);
    this.#alertRelabeler = new Relabeler(settings.alert_relabel_configs);
  }

  get queues(): readonly AlertQueue[] {
    return [...this.#queues.values()];
  }

  async start(): Promise<void> {
    await Promise.all(
      this.#section.discoveries.map((discovery, i) =>
        discovery.start(({ source, targets }) => {
          this.#found.set(`${i}/${source}`, targets);
          this.#update();
        }),
      ),
    );
  }

  send(alerts: readonly RuleAlert[]): void {
    const relabelled = relabel(alerts, this.#alertRelabeler);
    if (relabelled.length > 0) for (const queue of this.#queues.values()) queue.push(relabelled);
  }

  async drain(): Promise<void> {
    await Promise.all(this.queues.map((queue) => queue.drain()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#section.discoveries.map((discovery) => discovery.stop()));
    for (const queue of this.#queues.values()) queue.clear();
    await this.drain();
    this.#client.close();
  }

  /** Keeps the queues of Alertmanagers that are still there. */
  #update(): void {
    const urls = [...this.#found.values()].flat().flatMap((target) => this.#urlOf(target) ?? []);
    const queues = new Map<string, AlertQueue>();
    for (const url of urls) queues.set(url, this.#queues.get(url) ?? this.#createQueue(url));
    this.#queues = queues;
  }

  #createQueue(url: string): AlertQueue {
    const { logger, queueCapacity: capacity = QUEUE_CAPACITY, batchSize: batch = BATCH_SIZE } = this.#options;
    const { timeout: timeoutMs } = this.#section.settings;
    return new AlertQueue({
      url,
      client: this.#client,
      timeoutMs,
      capacity,
      batch,
      logger,
      metrics: this.#metrics,
    });
  }

  #urlOf(target: Labels): string | undefined {
    const { scheme, path_prefix: prefix } = this.#section.settings;
    const path = `/${`${prefix}/api/v2/alerts`.split('/').filter(Boolean).join('/')}`;
    const defaults = { __scheme__: scheme, __alerts_path__: path };
    const labels = this.#targetRelabeler.apply(Labels.fromEntries([...Object.entries(defaults), ...target]));
    const address = labels?.get('__address__') ?? '';
    if (!labels || address === '') return undefined;
    return `${labels.get('__scheme__')}://${withPort(address, labels.get('__scheme__'))}${labels.get('__alerts_path__')}`;
  }
}

function withPort(address: string, scheme: string): string {
  if (/:\d+$/.test(address)) return address;
  return `${address}:${scheme === 'https' ? 443 : 80}`;
}

function relabel(alerts: readonly RuleAlert[], relabeler: Relabeler): readonly RuleAlert[] {
  if (relabeler.isEmpty) return alerts;
  return alerts.flatMap((alert) => {
    const labels = relabeler.apply(alert.labels);
    return labels && labels.size > 0 ? [{ ...alert, labels }] : [];
  });
}
