import type { Clock, Labels, Timer } from '@prunella/metrics';
import { compareForMessage, isResolved, type Alert } from '../alert.ts';
import type { Integration } from '../notify/integration.ts';
import type { Flush } from '../notify/pipeline.ts';
import type { NotifiedAlert } from '../receivers/receiver.ts';
import { groupKey, type Route } from '../route.ts';

/** Deliveries of one flush may take this long even where groups tick faster. */
const LEAST_DELIVERY_MS = 10_000;

export interface GroupParts {
  readonly clock: Clock;
  /** @returns whether all was delivered. Never throws. */
  readonly flush: (flush: Flush) => Promise<boolean>;
  /** The last alert has resolved and been told of. */
  readonly onEmpty: (group: Group) => void;
}

/** Alerts of one route that share their group labels, and the timer of their messages. */
export class Group {
  readonly route: Route;
  readonly labels: Labels;
  readonly key: string;
  readonly #parts: GroupParts;
  readonly #alerts = new Map<string, Alert>();
  readonly #busy = new Set<Integration>();
  readonly #flushes = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  #timer: Timer;
  #ticked = false;

  constructor(route: Route, labels: Labels, parts: GroupParts) {
    this.route = route;
    this.labels = labels;
    this.key = groupKey(route, labels);
    this.#parts = parts;
    this.#timer = parts.clock.setTimeout(this.#tick, route.options.groupWait);
  }

  get alerts(): Iterable<Alert> {
    return this.#alerts.values();
  }

  get size(): number {
    return this.#alerts.size;
  }

  insert(alert: Alert): void {
    this.#alerts.set(alert.fingerprint, alert);
    // Whoever waited long enough elsewhere (before a restart, say) does not wait again.
    const overdue = alert.startsAt + this.route.options.groupWait < this.#parts.clock.now();
    if (!this.#ticked && overdue) this.#schedule(0);
  }

  /** Resolves when no delivery is under way any more. */
  async stop(): Promise<void> {
    this.#timer.cancel();
    this.#stopped.abort();
    await Promise.all(this.#flushes);
  }

  #schedule(delay: number): void {
    this.#timer.cancel();
    this.#timer = this.#parts.clock.setTimeout(this.#tick, delay);
  }

  readonly #tick = (): void => {
    this.#ticked = true;
    this.#schedule(this.route.options.groupInterval);
    const flush = this.#flush().finally(() => this.#flushes.delete(flush));
    this.#flushes.add(flush);
  };

  async #flush(): Promise<void> {
    const { clock } = this.#parts;
    const time = clock.now();
    const alerts = [...this.#alerts.values()].sort(compareForMessage).map((alert) => asNotified(alert, time));
    const abort = new AbortController();
    const giveUp = (): void => abort.abort();
    this.#stopped.signal.addEventListener('abort', giveUp);
    const timeout = clock.setTimeout(giveUp, Math.max(this.route.options.groupInterval, LEAST_DELIVERY_MS));
    const { route, key, labels } = this;
    const told = await this.#parts.flush({
      route,
      groupKey: key,
      groupLabels: labels,
      alerts,
      time,
      signal: abort.signal,
      busy: this.#busy,
    });
    timeout.cancel();
    this.#stopped.signal.removeEventListener('abort', giveUp);
    if (told) this.#forgetResolved(alerts);
  }

  #forgetResolved(told: readonly NotifiedAlert[]): void {
    for (const alert of told) {
      // One that was posted again meanwhile may fire again.
      const same = this.#alerts.get(alert.fingerprint)?.updatedAt === alert.updatedAt;
      if (alert.status === 'resolved' && same) this.#alerts.delete(alert.fingerprint);
    }
    if (this.#alerts.size > 0 || this.#stopped.signal.aborted) return;
    this.#timer.cancel();
    this.#parts.onEmpty(this);
  }
}

function asNotified(alert: Alert, time: number): NotifiedAlert {
  return { ...alert, status: isResolved(alert, time) ? 'resolved' : 'firing' };
}
