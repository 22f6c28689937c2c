/** What remote write tells about itself, under Prometheus's names. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

type Remote = 'remote_name' | 'url';

export interface RemoteMetrics {
  readonly samplesIn: Counter;
  readonly highest: Gauge;
  readonly samples: Counter<Remote>;
  readonly histograms: Counter<Remote>;
  readonly exemplars: Counter<Remote>;
  readonly bytes: Counter<Remote>;
  readonly failed: Counter<Remote>;
  readonly retried: Counter<Remote>;
  readonly dropped: Counter<Remote | 'reason'>;
  readonly pending: Gauge<Remote>;
  readonly shards: Gauge<Remote>;
  readonly shardsMin: Gauge<Remote>;
  readonly shardsMax: Gauge<Remote>;
  readonly shardsDesired: Gauge<Remote>;
  readonly shardCapacity: Gauge<Remote>;
  readonly maxSamplesPerSend: Gauge<Remote>;
  readonly highestSent: Gauge<Remote>;
  readonly batchDuration: Histogram<Remote>;
}

export function createRemoteMetrics(registry: Registry): RemoteMetrics {
  const registers = [registry];
  const remote = ['remote_name', 'url'] as const;
  const name = (rest: string): string => `prometheus_remote_storage_${rest}`;
  const counter = (rest: string, help: string): Counter<Remote> =>
    new Counter({ name: name(rest), help, labelNames: remote, registers });
  const gauge = (rest: string, help: string): Gauge<Remote> =>
    new Gauge({ name: name(rest), help, labelNames: remote, registers });
  return {
    samplesIn: new Counter({
      name: name('samples_in_total'),
      help: 'Samples that came in for remote storage.',
      registers,
    }),
    highest: new Gauge({
      name: name('highest_timestamp_in_seconds'),
      help: 'Newest time that came in, as unix time.',
      registers,
    }),
    samples: counter('samples_total', 'Samples sent.'),
    histograms: counter('histograms_total', 'Histograms sent.'),
    exemplars: counter('exemplars_total', 'Exemplars sent.'),
    bytes: counter('bytes_total', 'Bytes sent, compressed.'),
    failed: counter('samples_failed_total', 'Samples that the other side refused for good.'),
    retried: counter('samples_retried_total', 'Samples that had to be sent again.'),
    dropped: new Counter({
      name: name('samples_dropped_total'),
      help: 'Samples that were not sent.',
      labelNames: [...remote, 'reason'] as const,
      registers,
    }),
    pending: gauge('samples_pending', 'Samples that wait to be sent.'),
    shards: gauge('shards', 'Senders in parallel.'),
    shardsMin: gauge('shards_min', 'Fewest senders in parallel.'),
    shardsMax: gauge('shards_max', 'Most senders in parallel.'),
    shardsDesired: gauge('shards_desired', 'Senders that the load asks for.'),
    shardCapacity: gauge('shard_capacity', 'Samples that may wait per sender.'),
    maxSamplesPerSend: gauge('max_samples_per_send', 'Most samples of a request.'),
    highestSent: gauge('queue_highest_sent_timestamp_seconds', 'Newest time that was sent, as unix time.'),
    batchDuration: new Histogram({
      name: name('sent_batch_duration_seconds'),
      help: 'How long requests took.',
      labelNames: remote,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300],
      registers,
    }),
  };
}
