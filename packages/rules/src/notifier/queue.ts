import type { Logger } from '@prunella/metrics';
import type { HttpClient } from '@prunella/metrics/http';
import type { RuleAlert } from '../manager.ts';
import type { NotifierMetrics } from './metrics.ts';

export interface QueueOptions {
  /** Of the API that takes alerts: `http://am:9093/api/v2/alerts`. */
  readonly url: string;
  readonly client: HttpClient;
  readonly timeoutMs: number;
  /** Alerts that may wait; beyond it the oldest go. */
  readonly capacity: number;
  /** Alerts in one request. */
  readonly batch: number;
  readonly logger: Logger;
  readonly metrics: NotifierMetrics;
}

/**
 * Alerts on their way to one Alertmanager. A batch that fails is given up: what still fires comes again with the next
 * resend, and a queue that stood still would only deliver old news.
 */
export class AlertQueue {
  readonly #options: QueueOptions;
  #waiting: RuleAlert[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#options.url;
  }

  get length(): number {
    return this.#waiting.length;
  }

  push(alerts: readonly RuleAlert[]): void {
    const { capacity, url, logger, metrics } = this.#options;
    this.#waiting.push(...alerts);
    const excess = this.#waiting.length - capacity;
    if (excess > 0) {
      this.#waiting = this.#waiting.slice(excess);
      metrics.dropped.inc(excess);
      logger.warn(
        { alertmanager: url, dropped: excess },
        'alert queue is full; the oldest alerts were dropped',
      );
    }
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
  }

  /** Resolves when nothing waits and nothing is being sent. */
  async drain(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
  }

  async #send(): Promise<void> {
    const { batch, metrics, url, logger } = this.#options;
    const labels = { alertmanager: url };
    while (this.#waiting.length > 0) {
      const alerts = this.#waiting.splice(0, batch);
      try {
        await this.#post(alerts);
        metrics.sent.inc(labels, alerts.length);
      } catch (error) {
        metrics.errors.inc(labels, alerts.length);
        metrics.dropped.inc(alerts.length);
        logger.error({ alertmanager: url, alerts: alerts.length, err: error }, 'sending alerts failed');
      }
    }
  }

  async #post(alerts: readonly RuleAlert[]): Promise<void> {
    const { client, url, timeoutMs, metrics } = this.#options;
    const end = metrics.latency.startTimer({ alertmanager: url });
    const { status } = await client.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts.map(postable)),
      timeoutMs,
      maxBytes: 1 << 20,
    });
    end();
    if (status < 200 || status > 299) throw new Error(`bad response status ${status}`);
  }
}

/** As Alertmanager's API v2 takes an alert. */
function postable({ labels, annotations, startsAt, endsAt, generatorURL }: RuleAlert): object {
  return {
    labels,
    annotations,
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    generatorURL,
  };
}
