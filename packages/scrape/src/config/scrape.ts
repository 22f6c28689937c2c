/** One entry of `scrape_configs`. */
import * as v from 'valibot';
import { relabelConfigs, type RelabelConfig, type ScrapeProtocol } from '@prunella/metrics';
import { byteSize, duration } from '@prunella/metrics/config';
import { httpClientEntries, httpClientProblem, type HttpClientConfig } from '@prunella/metrics/http';
import { discoveryEntries, isTargetAddress, type DiscoveryConfigs } from './discovery.ts';

/** A job, with its defaults filled in. */
export interface ScrapeConfig extends HttpClientConfig, DiscoveryConfigs {
  readonly job_name: string;
  /** ms */
  readonly scrape_interval: number;
  /** ms */
  readonly scrape_timeout: number;
  readonly scrape_protocols: readonly ScrapeProtocol[];
  readonly fallback_scrape_protocol?: ScrapeProtocol | undefined;
  readonly scrape_native_histograms: boolean;
  readonly always_scrape_classic_histograms: boolean;
  readonly metrics_path: string;
  readonly scheme: 'http' | 'https';
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honor_labels: boolean;
  readonly honor_timestamps: boolean;
  readonly track_timestamps_staleness: boolean;
  readonly enable_compression: boolean;
  readonly relabel_configs: readonly RelabelConfig[];
  readonly metric_relabel_configs: readonly RelabelConfig[];
  /** Bytes, decompressed; 0 = our own limit. */
  readonly body_size_limit: number;
  /** Of these, 0 = no limit. */
  readonly sample_limit: number;
  readonly target_limit: number;
  readonly label_limit: number;
  readonly label_name_length_limit: number;
  readonly label_value_length_limit: number;
  readonly keep_dropped_targets: number;
  /** What relative file names are relative to. */
  readonly directory: string;
}

/** As written: what is left out comes from `global`. */
export type RawScrapeConfig = Partial<Omit<ScrapeConfig, 'job_name' | keyof DiscoveryConfigs>> &
  DiscoveryConfigs & {
    readonly job_name: string;
    readonly scrape_classic_histograms?: boolean | undefined;
  } & Partial<Record<(typeof IGNORED_KEYS)[number], unknown>>;

/** Accepted so that a file need not be changed, without an effect here. */
export const IGNORED_KEYS = [
  'scrape_failure_log_file',
  'convert_classic_histograms_to_nhcb',
  'native_histogram_bucket_limit',
  'native_histogram_min_bucket_factor',
  'metric_name_validation_scheme',
  'metric_name_escaping_scheme',
  'extra_scrape_metrics',
] as const;

const flag = v.optional(v.boolean());
const limit = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)));

export const protocol: v.GenericSchema<unknown, ScrapeProtocol> = v.picklist(
  [
    'PrometheusProto',
    'OpenMetricsText1.0.0',
    'OpenMetricsText0.0.1',
    'PrometheusText1.0.0',
    'PrometheusText0.0.4',
  ],
  (issue) => `unknown scrape protocol ${issue.received}`,
);

/** The limits, which `global` may set for all jobs. */
export const limitEntries: Record<string, v.GenericSchema> = {
  body_size_limit: v.optional(byteSize),
  sample_limit: limit,
  target_limit: limit,
  label_limit: limit,
  label_name_length_limit: limit,
  label_value_length_limit: limit,
  keep_dropped_targets: limit,
};

export const scrapeConfig: v.GenericSchema<unknown, RawScrapeConfig> = v.pipe(
  v.strictObject({
    job_name: v.pipe(v.string(), v.minLength(1, 'job_name is empty')),
    scrape_interval: v.optional(duration),
    scrape_timeout: v.optional(duration),
    scrape_protocols: v.optional(v.array(protocol)),
    fallback_scrape_protocol: v.optional(protocol),
    scrape_native_histograms: flag,
    always_scrape_classic_histograms: flag,
    scrape_classic_histograms: flag,
    metrics_path: v.optional(v.string()),
    scheme: v.optional(v.picklist(['http', 'https'])),
    params: v.optional(v.record(v.string(), v.array(v.string()))),
    honor_labels: flag,
    honor_timestamps: flag,
    track_timestamps_staleness: flag,
    enable_compression: flag,
    relabel_configs: v.optional(relabelConfigs),
    metric_relabel_configs: v.optional(relabelConfigs),
    ...limitEntries,
    ...httpClientEntries,
    ...discoveryEntries,
    ...Object.fromEntries(IGNORED_KEYS.map((key) => [key, v.optional(v.unknown())])),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed ? httpClientProblem(dataset.value as HttpClientConfig) : undefined;
    if (problem !== undefined) addIssue({ message: problem });
  }),
  // With relabelling a target may be anything, such as the URL that a blackbox exporter is to probe.
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.value.relabel_configs) return;
    const targets =
      (dataset.value as Partial<DiscoveryConfigs>).static_configs?.flatMap((group) => group.targets) ?? [];
    const wrong = targets.find((target) => !isTargetAddress(target));
    if (wrong === undefined) return;
    addIssue({
      message: `${JSON.stringify(wrong)} is not a host with a port; a path belongs into metrics_path`,
    });
  }),
) as unknown as v.GenericSchema<unknown, RawScrapeConfig>;
