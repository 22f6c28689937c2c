import { sleep, type Clock, type Exemplar, type Labels, type Logger } from '@prunella/metrics';
import { HttpError, type HttpClient } from '@prunella/metrics/http';
import type { RemoteWriteConfig } from './config.ts';
import { encodeWriteRequest2 } from './encode2.ts';
import { encodeWriteRequest, type RemoteSample, type RemoteSeries } from './messages.ts';
import type { RemoteMetrics } from './metrics.ts';
import { SampleQueue, timeOf, type PendingSample } from './queue.ts';
import { compress } from './snappy.ts';

export interface ShardParts {
  readonly config: RemoteWriteConfig;
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RemoteMetrics;
  /** The labels of this remote's metrics. */
  readonly remote: { readonly remote_name: string; readonly url: string };
}

/** Receivers of version 2 must say how much they have stored. */
const WRITTEN = 'x-prometheus-remote-write-samples-written';

/** What became of one attempt to send. */
type Outcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'retry'; readonly afterMs?: number };

/** Sends the samples of its series one request after the other, so that their order stays. */
export class Shard {
  readonly #parts: ShardParts;
  readonly #queue: SampleQueue;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #draining = false;

  constructor(parts: ShardParts, capacity: number) {
    this.#parts = parts;
    this.#queue = new SampleQueue(capacity);
  }

  get pending(): number {
    return this.#queue.length;
  }

  push(samples: readonly PendingSample[]): void {
    const { metrics, remote, config } = this.#parts;
    const lost = this.#queue.push(samples);
    if (lost > 0) metrics.dropped.inc({ ...remote, reason: 'queue_full' }, lost);
    if (this.#queue.length >= config.queue_config.max_samples_per_send) this.#wake.abort();
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Sends what waits, for at most `graceMs`, and then ends. */
  async stop(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#wake.abort();
    const timer = this.#parts.clock.setTimeout(() => this.#stop.abort(), graceMs);
    await this.#running;
    timer.cancel();
  }

  async #run(): Promise<void> {
    const { max_samples_per_send: most, batch_send_deadline: deadline } = this.#parts.config.queue_config;
    while (!this.#stop.signal.aborted) {
      if (this.#queue.length < most && !this.#draining) {
        this.#wake = new AbortController();
        await sleep(this.#parts.clock, deadline, this.#wake.signal);
      }
      if (this.#queue.length === 0) {
        if (this.#draining) return;
        continue;
      }
      const batch = this.#queue.peek(most);
      try {
        await this.#deliver(batch);
      } catch (error) {
        this.#parts.logger.error({ ...this.#parts.remote, err: error }, 'sending broke down');
      }
      this.#queue.remove(batch);
    }
  }

  async #deliver(batch: readonly PendingSample[]): Promise<void> {
    const { clock, metrics, remote, config } = this.#parts;
    const { sample_age_limit: limit, min_backoff, max_backoff } = config.queue_config;
    let backoff = min_backoff;
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      const oldest = limit > 0 ? clock.now() - limit : -Infinity;
      const fresh = batch.filter((each) => timeOf(each) >= oldest);
      if (attempt === 0 && fresh.length < batch.length)
        metrics.dropped.inc({ ...remote, reason: 'too_old' }, batch.length - fresh.length);
      if (fresh.length === 0) return;
      const outcome = await this.#send(fresh);
      if (outcome.kind === 'sent') return this.#countSent(fresh);
      if (outcome.kind === 'refused') return metrics.failed.inc(remote, fresh.length);
      metrics.retried.inc(remote, fresh.length);
      await sleep(clock, outcome.afterMs ?? backoff, this.#stop.signal);
      backoff = Math.min(backoff * 2, max_backoff);
    }
  }

  async #send(batch: readonly PendingSample[]): Promise<Outcome> {
    const { config, client, metrics, remote, logger } = this.#parts;
    const second = config.protobuf_message === 'io.prometheus.write.v2.Request';
    const series = groupBySeries(batch);
    const body = compress(
      second ? encodeWriteRequest2(series) : encodeWriteRequest({ series, metadata: [] }),
    );
    const started = performance.now();
    try {
      const {
        status,
        headers,
        body: answer,
      } = await client.request({
        method: 'POST',
        url: config.url,
        headers: {
          ...config.headers,
          'Content-Type': second
            ? `application/x-protobuf;proto=${config.protobuf_message}`
            : 'application/x-protobuf',
          'Content-Encoding': 'snappy',
          'X-Prometheus-Remote-Write-Version': second ? '2.0.0' : '0.1.0',
        },
        body,
        timeoutMs: config.remote_timeout,
        maxBytes: 1 << 20,
        signal: this.#stop.signal,
      });
      metrics.bytes.inc(remote, body.length);
      if (status >= 200 && status < 300) {
        if (!second || headers[WRITTEN] !== undefined) return { kind: 'sent' };
        // One that only knows version 1 finds no series in a message of version 2, and is content.
        logger.error(
          { ...remote, samples: batch.length },
          'the remote does not say what it has written: it does not speak remote write 2.0; these samples are lost there',
        );
        return { kind: 'refused' };
      }
      const text = Buffer.from(answer).toString().slice(0, 256).trim();
      if (status >= 500 || (status === 429 && config.queue_config.retry_on_http_429)) {
        logger.warn({ ...remote, status, answer: text }, 'remote write failed; trying again');
        return { kind: 'retry', ...retryAfter(headers['retry-after']) };
      }
      logger.error(
        { ...remote, status, answer: text, samples: batch.length },
        'remote write was refused; these samples are lost there',
      );
      return { kind: 'refused' };
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      if (!this.#stop.signal.aborted)
        logger.warn({ ...remote, error: error.message }, 'remote write failed; trying again');
      return { kind: 'retry' };
    } finally {
      metrics.batchDuration.observe(remote, (performance.now() - started) / 1000);
    }
  }

  #countSent(batch: readonly PendingSample[]): void {
    const { metrics, remote } = this.#parts;
    const histograms = batch.filter(({ sample }) => sample?.histogram).length;
    const exemplars = batch.filter(({ exemplar }) => exemplar).length;
    metrics.samples.inc(remote, batch.length - histograms - exemplars);
    metrics.histograms.inc(remote, histograms);
    metrics.exemplars.inc(remote, exemplars);
    metrics.highestSent.set(
      remote,
      batch.reduce((newest, each) => Math.max(newest, timeOf(each)), -Infinity) / 1000,
    );
  }
}

/** Seconds; the other form, a date, is not used by remote storages. */
function retryAfter(header: string | undefined): { afterMs?: number } {
  const seconds = Number(header);
  return header !== undefined && seconds > 0 ? { afterMs: Math.min(seconds, 300) * 1000 } : {};
}

/** What belongs to one series goes under one set of labels. */
function groupBySeries(batch: readonly PendingSample[]): RemoteSeries[] {
  const groups = new Map<string, { labels: Labels; samples: RemoteSample[]; exemplars: Exemplar[] }>();
  for (const { labels, sample, exemplar } of batch) {
    let group = groups.get(labels.key);
    if (!group) groups.set(labels.key, (group = { labels, samples: [], exemplars: [] }));
    if (sample) group.samples.push(sample);
    else group.exemplars.push(exemplar);
  }
  return [...groups.values()];
}
