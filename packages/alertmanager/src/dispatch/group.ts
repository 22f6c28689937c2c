import type { Clock, Labels, Timer } from '@prunella/metrics';
import { compareForMessage, isResolved, type Alert } from '../alert.ts';
import type { Integration } from '../notify/integration.ts';
import type { Pace } from '../notify/pace.ts';
import type { Flush } from '../notify/pipeline.ts';
import type { NotifiedAlert } from '../receivers/receiver.ts';
import { groupKey, type Route } from '../route.ts';

/** Deliveries of one flush may take this long even where groups tick faster. */
const LEAST_DELIVERY_MS = 10_000;

export interface GroupParts {
  readonly clock: Clock;
  /** No group looks at its alerts before this time, ms. */
  readonly notBefore: number;
  readonly pace: Pace;
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
  /** What is under way, and what ends it early. */
  readonly #flushes = new Map<AbortController, Promise<void>>();
  #timer: Timer;
  #ticked = false;
  #stopped = false;

  constructor(route: Route, labels: Labels, parts: GroupParts) {
    this.route = route;
    this.labels = labels;
    this.key = groupKey(route, labels);
    this.#parts = parts;
    this.#timer = parts.clock.setTimeout(this.#tick, this.#delay(route.options.groupWait));
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
    if (!this.#ticked && overdue) this.#schedule(this.#delay(0));
  }

  /** Of the first look. */
  #delay(wait: number): number {
    return Math.max(wait, this.#parts.notBefore - this.#parts.clock.now());
  }

  /** Resolves when no delivery is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer.cancel();
    for (const abort of this.#flushes.keys()) abort.abort();
    await Promise.all(this.#flushes.values());
  }

  #schedule(delay: number): void {
    this.#timer.cancel();
    this.#timer = this.#parts.clock.setTimeout(this.#tick, delay);
  }

  readonly #tick = (): void => {
    this.#ticked = true;
    this.#schedule(this.route.options.groupInterval);
    const abort = new AbortController();
    this.#flushes.set(
      abort,
      this.#flush(abort).finally(() => this.#flushes.delete(abort)),
    );
  };

  async #flush(abort: AbortController): Promise<void> {
    const { clock, pace } = this.#parts;
    const pause = pace.pause();
    if (pause) await pause;
    const time = clock.now();
    const alerts = Array.from(this.#alerts.values(), (alert) => asNotified(alert, time)).sort(
      compareForMessage,
    );
    const longest = Math.max(this.route.options.groupInterval, LEAST_DELIVERY_MS);
    const timeout = clock.setTimeout(() => abort.abort(), longest);
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
    if (told) this.#forgetResolved(alerts);
  }

  #forgetResolved(told: readonly NotifiedAlert[]): void {
    for (const alert of told) {
      // One that was posted again meanwhile may fire again.
      const same = this.#alerts.get(alert.fingerprint)?.updatedAt === alert.updatedAt;
      if (alert.status === 'resolved' && same) this.#alerts.delete(alert.fingerprint);
    }
    if (this.#alerts.size > 0 || this.#stopped) return;
    this.#timer.cancel();
    this.#parts.onEmpty(this);
  }
}

/** An alert as it stands at this time, ms. */
export function asNotified(alert: Alert, time: number): NotifiedAlert {
  return {
    fingerprint: alert.fingerprint,
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: alert.startsAt,
    endsAt: alert.endsAt,
    generatorURL: alert.generatorURL,
    updatedAt: alert.updatedAt,
    timeout: alert.timeout,
    status: isResolved(alert, time) ? 'resolved' : 'firing',
  };
}
