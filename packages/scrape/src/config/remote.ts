/** `remote_write`, `remote_read` and `alerting`: validated here, used by their own packages. */
import * as v from 'valibot';
import { relabelConfigs, type RelabelConfig } from '@prunella/metrics';
import { duration } from '@prunella/metrics/config';
import { httpClientEntries, type HttpClientConfig } from '@prunella/metrics/http';
import { discoveryEntries, labelSet, type DiscoveryConfigs } from './discovery.ts';

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const url = v.pipe(
  v.string(),
  v.check((text) => /^https?:\/\//.test(text) && URL.canParse(text), 'expected an http(s) URL'),
);
const headers = v.optional(v.record(v.string(), v.string()), {});

export interface QueueConfig {
  readonly capacity: number;
  readonly max_shards: number;
  readonly min_shards: number;
  readonly max_samples_per_send: number;
  /** ms */
  readonly batch_send_deadline: number;
  /** ms */
  readonly min_backoff: number;
  /** ms */
  readonly max_backoff: number;
  readonly retry_on_http_429: boolean;
  /** ms; 0 = send however old */
  readonly sample_age_limit: number;
}

export interface RemoteWriteConfig extends HttpClientConfig {
  readonly url: string;
  readonly name?: string | undefined;
  /** ms */
  readonly remote_timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly write_relabel_configs: readonly RelabelConfig[];
  readonly send_exemplars: boolean;
  readonly send_native_histograms: boolean;
  readonly protobuf_message: 'prometheus.WriteRequest' | 'io.prometheus.write.v2.Request';
  readonly queue_config: QueueConfig;
}

const queueConfig = v.strictObject({
  capacity: v.optional(positive, 10_000),
  max_shards: v.optional(positive, 50),
  min_shards: v.optional(positive, 1),
  max_samples_per_send: v.optional(positive, 2000),
  batch_send_deadline: v.optional(duration, '5s'),
  min_backoff: v.optional(duration, '30ms'),
  max_backoff: v.optional(duration, '5s'),
  retry_on_http_429: v.optional(v.boolean(), false),
  sample_age_limit: v.optional(duration, '0s'),
});

export const remoteWriteConfig: v.GenericSchema<unknown, RemoteWriteConfig> = v.strictObject({
  url,
  name: v.optional(v.string()),
  remote_timeout: v.optional(duration, '30s'),
  headers,
  write_relabel_configs: v.optional(relabelConfigs, []),
  send_exemplars: v.optional(v.boolean(), false),
  send_native_histograms: v.optional(v.boolean(), false),
  round_robin_dns: v.optional(v.boolean()),
  protobuf_message: v.optional(
    v.picklist(
      ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'],
      'expected prometheus.WriteRequest or io.prometheus.write.v2.Request',
    ),
    'prometheus.WriteRequest',
  ),
  queue_config: v.optional(queueConfig, {}),
  metadata_config: v.optional(
    v.strictObject({
      send: v.optional(v.boolean()),
      send_interval: v.optional(duration),
      max_samples_per_send: v.optional(v.number()),
    }),
  ),
  ...httpClientEntries,
}) as unknown as v.GenericSchema<unknown, RemoteWriteConfig>;

export interface RemoteReadConfig extends HttpClientConfig {
  readonly url: string;
  readonly name?: string | undefined;
  /** ms */
  readonly remote_timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly required_matchers: Readonly<Record<string, string>>;
  readonly read_recent: boolean;
  readonly filter_external_labels: boolean;
}

export const remoteReadConfig: v.GenericSchema<unknown, RemoteReadConfig> = v.strictObject({
  url,
  name: v.optional(v.string()),
  remote_timeout: v.optional(duration, '1m'),
  headers,
  required_matchers: v.optional(labelSet, {}),
  read_recent: v.optional(v.boolean(), false),
  filter_external_labels: v.optional(v.boolean(), true),
  chunked_read_limit: v.optional(v.number()),
  ...httpClientEntries,
}) as unknown as v.GenericSchema<unknown, RemoteReadConfig>;

/** Where alerts are sent besides our own Alertmanager. */
export interface AlertmanagerConfig extends HttpClientConfig, DiscoveryConfigs {
  readonly scheme: 'http' | 'https';
  readonly path_prefix: string;
  /** ms */
  readonly timeout: number;
  readonly relabel_configs: readonly RelabelConfig[];
  readonly alert_relabel_configs: readonly RelabelConfig[];
}

const alertmanagerConfig = v.strictObject({
  scheme: v.optional(v.picklist(['http', 'https']), 'http'),
  path_prefix: v.optional(v.string(), ''),
  timeout: v.optional(duration, '10s'),
  api_version: v.optional(v.literal('v2', 'only the Alertmanager API v2 is supported')),
  relabel_configs: v.optional(relabelConfigs, []),
  alert_relabel_configs: v.optional(relabelConfigs, []),
  sigv4: v.optional(
    v.pipe(
      v.unknown(),
      v.check(() => false, 'sigv4 is not supported'),
    ),
  ),
  ...httpClientEntries,
  ...discoveryEntries,
});

export interface AlertingConfig {
  readonly alert_relabel_configs: readonly RelabelConfig[];
  readonly alertmanagers: readonly AlertmanagerConfig[];
}

export const alertingConfig: v.GenericSchema<unknown, AlertingConfig> = v.strictObject({
  alert_relabel_configs: v.optional(relabelConfigs, []),
  alertmanagers: v.optional(v.array(alertmanagerConfig), []),
}) as unknown as v.GenericSchema<unknown, AlertingConfig>;
