/** prometheus.yml. */
import { dirname } from 'node:path';
import * as v from 'valibot';
import { DEFAULT_PROTOCOLS, type ScrapeProtocol } from '@prunella/metrics';
import { ConfigError, ConfigSource, duration, validate, type ConfigProblem } from '@prunella/metrics/config';
import { labelSet } from './discovery.ts';
import {
  alertingConfig,
  remoteReadConfig,
  remoteWriteConfig,
  type AlertingConfig,
  type RemoteReadConfig,
  type RemoteWriteConfig,
} from './remote.ts';
import {
  IGNORED_KEYS,
  limitEntries,
  protocol,
  scrapeConfig,
  type RawScrapeConfig,
  type ScrapeConfig,
} from './scrape.ts';

export interface GlobalConfig {
  /** ms */
  readonly scrape_interval: number;
  /** ms */
  readonly scrape_timeout: number;
  /** ms */
  readonly evaluation_interval: number;
  /** ms */
  readonly rule_query_offset: number;
  readonly external_labels: Readonly<Record<string, string>>;
  readonly query_log_file: string;
}

export interface PrometheusConfig {
  readonly global: GlobalConfig;
  readonly scrape_configs: readonly ScrapeConfig[];
  /** Globs of files with more `scrape_configs`: see `loadPrometheusConfig`. */
  readonly scrape_config_files: readonly string[];
  /** Globs, relative to `directory`. */
  readonly rule_files: readonly string[];
  readonly alerting: AlertingConfig;
  readonly remote_write: readonly RemoteWriteConfig[];
  readonly remote_read: readonly RemoteReadConfig[];
  readonly storage: {
    readonly tsdb: {
      /** ms */
      readonly out_of_order_time_window: number;
      readonly retention?:
        | { readonly time?: number | undefined; readonly size?: number | undefined }
        | undefined;
    };
    readonly exemplars: { readonly max_exemplars: number };
  };
  /** The folder of the file. */
  readonly directory: string;
  /** What was accepted without an effect: sentences for people. */
  readonly warnings: readonly string[];
}

type RawGlobal = Partial<ScrapeConfig> & Partial<GlobalConfig>;

const globalConfig = v.strictObject({
  scrape_interval: v.optional(duration),
  scrape_timeout: v.optional(duration),
  scrape_protocols: v.optional(v.array(protocol)),
  scrape_native_histograms: v.optional(v.boolean()),
  always_scrape_classic_histograms: v.optional(v.boolean()),
  convert_classic_histograms_to_nhcb: v.optional(v.boolean()),
  evaluation_interval: v.optional(duration),
  rule_query_offset: v.optional(duration),
  external_labels: v.optional(labelSet),
  query_log_file: v.optional(v.string()),
  scrape_failure_log_file: v.optional(v.string()),
  metric_name_validation_scheme: v.optional(v.string()),
  metric_name_escaping_scheme: v.optional(v.string()),
  extra_scrape_metrics: v.optional(v.boolean()),
  ...limitEntries,
});

const storageConfig = v.strictObject({
  tsdb: v.optional(
    v.strictObject({
      out_of_order_time_window: v.optional(duration, '0s'),
      retention: v.optional(
        v.strictObject({
          time: v.optional(duration),
          size: v.optional(limitEntries['body_size_limit'] as v.GenericSchema),
        }),
      ),
    }),
    {},
  ),
  exemplars: v.optional(v.strictObject({ max_exemplars: v.optional(v.number(), 100_000) }), {}),
});

/** What this process has no use for; kept valid so that the file need not be split. */
const unused = v.optional(v.unknown());

/** A section that may be left empty: `rule_files:`. */
function section<T extends v.GenericSchema>(schema: T, fallback: unknown): v.GenericSchema {
  return v.nullish(schema, fallback as never) as unknown as v.GenericSchema;
}

const schema = v.strictObject({
  global: section(globalConfig, {}),
  scrape_configs: section(v.array(scrapeConfig), []),
  scrape_config_files: section(v.array(v.string()), []),
  rule_files: section(v.array(v.string()), []),
  alerting: section(alertingConfig, {}),
  remote_write: section(v.array(remoteWriteConfig), []),
  remote_read: section(v.array(remoteReadConfig), []),
  storage: section(storageConfig, {}),
  runtime: unused,
  tracing: unused,
  otlp: unused,
}) as unknown as v.GenericSchema<unknown, RawConfig>;

type RawConfig = Omit<PrometheusConfig, 'global' | 'scrape_configs' | 'directory' | 'warnings'> & {
  readonly global: RawGlobal;
  readonly scrape_configs: readonly RawScrapeConfig[];
} & Record<'runtime' | 'tracing' | 'otlp', unknown>;

/** Of a file that `scrape_config_files` names. */
const scrapeFileSchema = v.strictObject({ scrape_configs: section(v.array(scrapeConfig), []) });

/** Reads prometheus.yml. @throws ConfigError with every problem, each with its line */
export function parsePrometheusConfig(text: string, file: string): PrometheusConfig {
  const source = new ConfigSource(text, file);
  const raw = validate(source, schema);
  const warnings: string[] = [];
  for (const key of ['runtime', 'tracing', 'otlp'] as const)
    if (raw[key] !== undefined) warnings.push(`${file}: ${key} has no effect here`);
  const { directory, global } = { directory: dirname(file), global: completeGlobal(source, raw.global) };
  return {
    global,
    scrape_configs: completeJobs(source, raw.scrape_configs, { ...raw.global, ...global }, warnings),
    scrape_config_files: raw.scrape_config_files,
    rule_files: raw.rule_files,
    alerting: raw.alerting,
    remote_write: raw.remote_write,
    remote_read: raw.remote_read,
    storage: raw.storage,
    directory,
    warnings,
  };
}

/** Reads a file that `scrape_config_files` names. @throws ConfigError */
export function parseScrapeConfigFile(text: string, file: string, config: PrometheusConfig): ScrapeConfig[] {
  const source = new ConfigSource(text, file);
  const { scrape_configs: raw } = validate(source, scrapeFileSchema) as { scrape_configs: RawScrapeConfig[] };
  return completeJobs(source, raw, config.global, []);
}

function completeGlobal(source: ConfigSource, raw: RawGlobal): GlobalConfig {
  const interval = raw.scrape_interval || 60_000;
  const timeout = raw.scrape_timeout || Math.min(10_000, interval);
  if (timeout > interval)
    throw source.error(
      ['global', 'scrape_timeout'],
      'the global scrape timeout is longer than the scrape interval',
    );
  return {
    scrape_interval: interval,
    scrape_timeout: timeout,
    evaluation_interval: raw.evaluation_interval || 60_000,
    rule_query_offset: raw.rule_query_offset ?? 0,
    external_labels: raw.external_labels ?? {},
    query_log_file: raw.query_log_file ?? '',
  };
}

function completeJobs(
  source: ConfigSource,
  raws: readonly RawScrapeConfig[],
  global: RawGlobal & Pick<GlobalConfig, 'scrape_interval' | 'scrape_timeout'>,
  warnings: string[],
): ScrapeConfig[] {
  const problems: ConfigProblem[] = [];
  const names = new Set<string>();
  const jobs = raws.map((raw, i) => {
    const at = ['scrape_configs', i];
    if (names.has(raw.job_name))
      problems.push(
        source.problem(
          [...at, 'job_name'],
          `more than one scrape config has the job name ${JSON.stringify(raw.job_name)}`,
        ),
      );
    names.add(raw.job_name);
    for (const key of IGNORED_KEYS)
      if (raw[key])
        warnings.push(`${source.file}: ${key} of job ${JSON.stringify(raw.job_name)} has no effect here`);
    const job = completeJob(raw, global, dirname(source.file));
    if (job.scrape_timeout > job.scrape_interval)
      problems.push(
        source.problem(
          [...at, 'scrape_timeout'],
          `the scrape timeout of job ${JSON.stringify(job.job_name)} is longer than its interval`,
        ),
      );
    return job;
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return jobs;
}

function completeJob(
  raw: RawScrapeConfig,
  global: RawGlobal & Pick<GlobalConfig, 'scrape_interval' | 'scrape_timeout'>,
  directory: string,
): ScrapeConfig {
  const interval = raw.scrape_interval || global.scrape_interval;
  const native = raw.scrape_native_histograms ?? global.scrape_native_histograms ?? false;
  const defaults: readonly ScrapeProtocol[] = native
    ? ['PrometheusProto', ...DEFAULT_PROTOCOLS]
    : DEFAULT_PROTOCOLS;
  const limit = (
    key:
      | 'sample_limit'
      | 'target_limit'
      | 'label_limit'
      | 'label_name_length_limit'
      | 'label_value_length_limit'
      | 'keep_dropped_targets'
      | 'body_size_limit',
  ): number => raw[key] || global[key] || 0;
  return {
    ...raw,
    scrape_interval: interval,
    // A global timeout that is longer than this job's interval is not this job's fault.
    scrape_timeout: raw.scrape_timeout || Math.min(global.scrape_timeout, interval),
    scrape_protocols: raw.scrape_protocols ?? global.scrape_protocols ?? defaults,
    scrape_native_histograms: native,
    always_scrape_classic_histograms:
      raw.always_scrape_classic_histograms ??
      raw.scrape_classic_histograms ??
      global.always_scrape_classic_histograms ??
      false,
    metrics_path: raw.metrics_path ?? '/metrics',
    scheme: raw.scheme ?? 'http',
    params: raw.params ?? {},
    honor_labels: raw.honor_labels ?? false,
    honor_timestamps: raw.honor_timestamps ?? true,
    track_timestamps_staleness: raw.track_timestamps_staleness ?? false,
    enable_compression: raw.enable_compression ?? true,
    relabel_configs: raw.relabel_configs ?? [],
    metric_relabel_configs: raw.metric_relabel_configs ?? [],
    body_size_limit: limit('body_size_limit'),
    sample_limit: limit('sample_limit'),
    target_limit: limit('target_limit'),
    label_limit: limit('label_limit'),
    label_name_length_limit: limit('label_name_length_limit'),
    label_value_length_limit: limit('label_value_length_limit'),
    keep_dropped_targets: limit('keep_dropped_targets'),
    directory,
  };
}
