/** One entry of `remote_write`, as `@prunella/scrape` reads it from prometheus.yml. */
import type { RelabelConfig } from '@prunella/metrics';
import type { HttpClientConfig } from '@prunella/metrics/http';
import type { WriteMessage } from './messages.ts';

export interface RemoteWriteConfig extends HttpClientConfig {
  readonly url: string;
  readonly name?: string | undefined;
  /** ms */
  readonly remote_timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly write_relabel_configs: readonly RelabelConfig[];
  readonly send_exemplars: boolean;
  readonly send_native_histograms: boolean;
  /** Which version of the protocol is spoken. */
  readonly protobuf_message: WriteMessage;
  readonly queue_config: QueueConfig;
}

export interface QueueConfig {
  /** Samples that wait per shard, times `max_shards` for the whole. */
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

/** One entry of `remote_read`. */
export interface RemoteReadConfig extends HttpClientConfig {
  readonly url: string;
  readonly name?: string | undefined;
  /** ms */
  readonly remote_timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly required_matchers: Readonly<Record<string, string>>;
  readonly read_recent: boolean;
}
