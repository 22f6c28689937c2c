import { crc32 } from 'node:zlib';
import { Counter, Gauge, Histogram, Summary, type Registry } from 'prom-client';
import { isResolved, type Alert } from './alert.ts';
import type { Configuration } from './config/load.ts';
import type { Delivery } from './notify/pipeline.ts';
import { DeliveryError } from './receivers/receiver.ts';

/** The release that this behaves as. Clients choose their dialect by it; the suffix is build metadata of SemVer. */
export const ALERTMANAGER_VERSION = '0.33.1+prunella';

/** Where gauges are read from when they are scraped. */
export interface MetricSources {
  readonly alerts: () => { active: number; suppressed: number };
  readonly silences: () => { active: number; pending: number; expired: number };
  readonly groups: () => number;
  readonly inhibitionRules: () => number;
  readonly stores: Readonly<
    Record<'nflog' | 'silences', { readonly queries: number; readonly size: number }>
  >;
}

/** Alertmanager's own metric names, for the dashboards that exist. */
export class AlertmanagerMetrics {
  readonly #received: Counter<'status' | 'version'>;
  readonly #invalid: Counter<'version'>;
  readonly #notifications: Counter<'integration' | 'receiver_name'>;
  readonly #failed: Counter<'integration' | 'receiver_name' | 'reason'>;
  readonly #requests: Counter<'integration' | 'receiver_name'>;
  readonly #requestsFailed: Counter<'integration' | 'receiver_name'>;
  readonly #latency: Histogram<'integration' | 'receiver_name'>;
  readonly #reloadGood: Gauge;
  readonly #reloadTime: Gauge;
  readonly #suppressed: Counter<'reason'>;
  readonly #configHash: Gauge;
  readonly #receivers: Gauge;
  readonly #integrations: Gauge;
  readonly #limited: Counter;
  readonly #stores: readonly StoreMetrics[];

  constructor(registry: Registry, sources: MetricSources) {
    const registers = [registry];
    const perReceiver = ['integration', 'receiver_name'] as const;
    const define = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) => ({
      name: `alertmanager_${name}`,
      help,
      labelNames: [...labelNames],
      registers,
    });
    this.#received = new Counter(
      define('alerts_received_total', 'The total number of received alerts.', ['status', 'version']),
    );
    this.#invalid = new Counter(
      define('alerts_invalid_total', 'The total number of received alerts that were invalid.', ['version']),
    );
    this.#notifications = new Counter(
      define('notifications_total', 'The total number of attempted notifications.', perReceiver),
    );
    this.#failed = new Counter(
      define('notifications_failed_total', 'The total number of failed notifications.', [
        ...perReceiver,
        'reason',
      ]),
    );
    this.#requests = new Counter(
      define(
        'notification_requests_total',
        'The total number of attempted notification requests.',
        perReceiver,
      ),
    );
    this.#requestsFailed = new Counter(
      define(
        'notification_requests_failed_total',
        'The total number of failed notification requests.',
        perReceiver,
      ),
    );
    this.#latency = new Histogram({
      ...define('notification_latency_seconds', 'The latency of notifications in seconds.', perReceiver),
      buckets: [1, 5, 10, 15, 20],
    });
    this.#reloadGood = new Gauge(
      define(
        'config_last_reload_successful',
        'Whether the last configuration reload attempt was successful.',
      ),
    );
    this.#reloadTime = new Gauge(
      define(
        'config_last_reload_success_timestamp_seconds',
        'Timestamp of the last successful configuration reload.',
      ),
    );
    this.#suppressed = new Counter(
      define(
        'notifications_suppressed_total',
        'The total number of notifications suppressed for being silenced, inhibited or outside of active time intervals.',
        ['reason'],
      ),
    );
    this.#configHash = new Gauge(define('config_hash', 'Hash of the currently loaded configuration.'));
    this.#receivers = new Gauge(define('receivers', 'Number of configured receivers.'));
    this.#integrations = new Gauge(define('integrations', 'Number of configured integrations.'));
    this.#limited = new Counter(
      define(
        'alerts_limited_total',
        'Total number of alerts dropped for there being too many of their name.',
      ),
    );
    this.#stores = (['nflog', 'silences'] as const).map((name) => storeMetrics(name, registry, sources));
    defineStates(registry, sources);
  }

  limited(): void {
    this.#limited.inc();
  }

  /** What is old was forgotten, and files were kept small. */
  maintained(durationMs: number): void {
    for (const { maintenance, duration } of this.#stores) {
      maintenance.inc();
      duration.observe(durationMs / 1000);
    }
  }

  maintenanceFailed(): void {
    for (const { errors } of this.#stores) errors.inc();
  }

  /** A request brought these alerts, and so many that were not valid. */
  received(alerts: readonly Alert[], invalid: number, now: number): void {
    const resolved = alerts.filter((alert) => isResolved(alert, now)).length;
    this.#received.inc({ status: 'firing', version: 'v2' }, alerts.length - resolved);
    this.#received.inc({ status: 'resolved', version: 'v2' }, resolved);
    this.#invalid.inc({ version: 'v2' }, invalid);
  }

  delivered({ integration, attempts, error }: Delivery): void {
    const labels = { integration: integration.name, receiver_name: integration.receiver };
    this.#notifications.inc(labels);
    if (error) this.#failed.inc({ ...labels, reason: failureReason(error) });
    for (const attempt of attempts) {
      this.#requests.inc(labels);
      if (attempt.error !== undefined) this.#requestsFailed.inc(labels);
      this.#latency.observe(labels, attempt.durationMs / 1000);
    }
  }

  /** `muted` alerts of a flush were not told of, because of … */
  suppressed(reason: string, muted: number): void {
    this.#suppressed.inc({ reason }, muted);
  }

  reloadFailed(): void {
    this.#reloadGood.set(0);
  }

  /** @param time ms */
  reloaded({ original, receivers }: Configuration, time: number): void {
    this.#reloadGood.set(1);
    this.#reloadTime.set(time / 1000);
    this.#configHash.set(crc32(original));
    this.#receivers.set(receivers.length);
    this.#integrations.set(receivers.reduce((sum, receiver) => sum + receiver.integrations.length, 0));
  }
}

interface StoreMetrics {
  readonly maintenance: Counter;
  readonly errors: Counter;
  readonly duration: Summary;
}

/** Of the notification log and of the silences; both are maintained at once. */
function storeMetrics(
  name: 'nflog' | 'silences',
  registry: Registry,
  { stores }: MetricSources,
): StoreMetrics {
  const registers = [registry];
  const what = name === 'nflog' ? 'notification log' : 'silences';
  const define = (metric: string, help: string) => ({
    name: `alertmanager_${name}_${metric}`,
    help,
    registers,
  });
  new Gauge({
    ...define('state_size', `Number of entries of the ${what}.`),
    collect() {
      this.set(stores[name].size);
    },
  });
  let counted = 0;
  new Counter({
    ...define('queries_total', `How often the ${what} were asked.`),
    collect() {
      this.inc(stores[name].queries - counted);
      counted = stores[name].queries;
    },
  });
  return {
    maintenance: new Counter(define('maintenance_total', `How often the ${what} were tidied up.`)),
    errors: new Counter(define('maintenance_errors_total', `How often the ${what} could not be written.`)),
    duration: new Summary({ ...define('gc_duration_seconds', `How long tidying up took.`), percentiles: [] }),
  };
}

function defineStates(registry: Registry, sources: MetricSources): void {
  const registers = [registry];
  const states = (name: string, help: string, read: () => Record<string, number>): void => {
    new Gauge({
      name: `alertmanager_${name}`,
      help,
      labelNames: ['state'],
      registers,
      collect() {
        for (const [state, count] of Object.entries(read())) this.set({ state }, count);
      },
    });
  };
  states('alerts', 'How many alerts by state.', sources.alerts);
  states('silences', 'How many silences by state.', sources.silences);
  new Gauge({
    name: 'alertmanager_dispatcher_aggregation_groups',
    help: 'Number of active aggregation groups',
    registers,
    collect() {
      this.set(sources.groups());
    },
  });
  new Gauge({
    name: 'alertmanager_inhibition_rules',
    help: 'Number of configured inhibition rules.',
    registers,
    collect() {
      this.set(sources.inhibitionRules());
    },
  });
  new Gauge({
    name: 'alertmanager_build_info',
    help: 'The release of Alertmanager whose behaviour this is.',
    labelNames: ['version'],
    registers,
  }).set({ version: ALERTMANAGER_VERSION }, 1);
  new Gauge({
    name: 'alertmanager_cluster_enabled',
    help: 'Indicates whether the clustering is enabled or not.',
    registers,
  }).set(0);
}

/** Alertmanager's words for why a message was not delivered. */
function failureReason(error: Error): string {
  const last = error instanceof DeliveryError ? error : error.cause;
  const { status = 0, message = '' } = last instanceof DeliveryError ? last : {};
  if (status >= 500) return 'serverError';
  if (status >= 400) return 'clientError';
  return message === 'timed out' ? 'contextDeadlineExceeded' : 'other';
}
