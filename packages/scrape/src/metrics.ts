/** What scraping tells about itself, under Prometheus's names. */
import { Counter, Gauge, Summary, type Registry } from 'prom-client';

export interface DiscoveryMetrics {
  readonly dnsLookups: Counter;
  readonly dnsFailures: Counter;
  readonly fileReadErrors: Counter;
  readonly httpFailures: Counter;
  readonly discovered: Gauge<'name' | 'config'>;
  readonly updates: Counter<'name'>;
  readonly failedConfigs: Gauge<'name'>;
}

export interface ScrapeMetrics extends DiscoveryMetrics {
  readonly intervalLength: Summary<'interval'>;
  readonly syncLength: Summary<'scrape_job'>;
  readonly pools: Counter;
  readonly poolsFailed: Counter;
  readonly poolReloads: Counter;
  readonly poolReloadsFailed: Counter;
  readonly poolSyncs: Counter<'scrape_job'>;
  readonly poolTargets: Gauge<'scrape_job'>;
  readonly poolTargetLimit: Gauge<'scrape_job'>;
  readonly exceededTargetLimit: Counter;
  readonly exceededSampleLimit: Counter;
  readonly exceededLabelLimits: Counter;
  readonly exceededBodySize: Counter;
  readonly outOfOrder: Counter;
  readonly duplicate: Counter;
  readonly outOfBounds: Counter;
  readonly exemplarsOutOfOrder: Counter;
  readonly syncFailed: Counter<'scrape_job'>;
}

const SUMMARY = { percentiles: [0.01, 0.05, 0.5, 0.9, 0.99], maxAgeSeconds: 600, ageBuckets: 5 };

/** @param familiesByJob how many metric families each job has told about; asked at every scrape of ourselves */
export function createScrapeMetrics(
  registry: Registry,
  familiesByJob: () => ReadonlyMap<string, number>,
): ScrapeMetrics {
  const registers = [registry];
  const counter = <T extends string = never>(name: string, help: string, labelNames: T[] = []): Counter<T> =>
    new Counter({ name: `prometheus_${name}`, help, labelNames, registers });
  const gauge = <T extends string = never>(name: string, help: string, labelNames: T[] = []): Gauge<T> =>
    new Gauge({ name: `prometheus_${name}`, help, labelNames, registers });
  const summary = <T extends string>(name: string, help: string, labelNames: T[]): Summary<T> =>
    new Summary({ name: `prometheus_${name}`, help, labelNames, registers, ...SUMMARY });
  new Gauge({
    name: 'prometheus_target_metadata_cache_entries',
    help: 'Metric families whose type and help are known.',
    labelNames: ['scrape_job'],
    registers,
    collect(): void {
      this.reset();
      for (const [job, count] of familiesByJob()) this.set({ scrape_job: job }, count);
    },
  });
  return {
    dnsLookups: counter('sd_dns_lookups_total', 'DNS look-ups of service discovery.'),
    dnsFailures: counter('sd_dns_lookup_failures_total', 'DNS look-ups of service discovery that failed.'),
    fileReadErrors: counter('sd_file_read_errors_total', 'Files of targets that could not be read.'),
    httpFailures: counter('sd_http_failures_total', 'Requests for targets that failed.'),
    discovered: gauge('sd_discovered_targets', 'Targets that discovery knows now.', ['name', 'config']),
    updates: counter('sd_received_updates_total', 'Updates that discovery has given.', ['name']),
    failedConfigs: gauge('sd_failed_configs', 'Discoveries that could not be started.', ['name']),
    intervalLength: summary('target_interval_length_seconds', 'Actual time between two scrapes.', [
      'interval',
    ]),
    syncLength: summary('target_sync_length_seconds', 'Time that taking over new targets took.', [
      'scrape_job',
    ]),
    pools: counter('target_scrape_pools_total', 'Jobs that were set up.'),
    poolsFailed: counter('target_scrape_pools_failed_total', 'Jobs that could not be set up.'),
    poolReloads: counter(
      'target_scrape_pool_reloads_total',
      'Jobs that were set up anew for a changed configuration.',
    ),
    poolReloadsFailed: counter(
      'target_scrape_pool_reloads_failed_total',
      'Jobs whose changed configuration could not be set up.',
    ),
    poolSyncs: counter('target_scrape_pool_sync_total', 'Times that new targets were taken over.', [
      'scrape_job',
    ]),
    poolTargets: gauge('target_scrape_pool_targets', 'Targets scraped now.', ['scrape_job']),
    poolTargetLimit: gauge('target_scrape_pool_target_limit', 'Most targets allowed, 0 without a limit.', [
      'scrape_job',
    ]),
    exceededTargetLimit: counter(
      'target_scrape_pool_exceeded_target_limit_total',
      'Times that a job had more targets than allowed.',
    ),
    exceededSampleLimit: counter(
      'target_scrapes_exceeded_sample_limit_total',
      'Scrapes refused for too many samples.',
    ),
    exceededLabelLimits: counter(
      'target_scrape_pool_exceeded_label_limits_total',
      'Scrapes refused for too many or too long labels.',
    ),
    exceededBodySize: counter(
      'target_scrapes_exceeded_body_size_limit_total',
      'Scrapes refused for a body too large.',
    ),
    outOfOrder: counter(
      'target_scrapes_sample_out_of_order_total',
      'Samples refused because a newer one is stored.',
    ),
    duplicate: counter(
      'target_scrapes_sample_duplicate_timestamp_total',
      'Samples refused because another one of their time is stored.',
    ),
    outOfBounds: counter(
      'target_scrapes_sample_out_of_bounds_total',
      'Samples refused because of their time.',
    ),
    exemplarsOutOfOrder: counter(
      'target_scrapes_exemplar_out_of_order_total',
      'Exemplars refused because a newer one is stored.',
    ),
    syncFailed: counter('target_sync_failed_total', 'Targets refused because their labels are not valid.', [
      'scrape_job',
    ]),
  };
}
