import type { Clock } from '@prunella/metrics';
import { isResolved, type Alert } from './alert.ts';
import type { Records } from './store.ts';

/** An alert began or ended. */
export interface AlertEvent {
  readonly id: number;
  /** ms */
  readonly time: number;
  readonly status: 'firing' | 'resolved';
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: number;
}

export interface AlertHistoryOptions {
  readonly clock: Clock;
  readonly records: Records<AlertEvent>;
  /** ms */
  readonly retention: number;
  /** Older events are dropped. */
  readonly limit?: number;
}

const EVENTS = 20_000;

/** When which alert fired. */
export class AlertHistory {
  readonly #options: AlertHistoryOptions;
  /** Those that fire by what was noted last. */
  readonly #firing = new Set<string>();
  #events: AlertEvent[];
  /** Written with the next `maintain()`: a burst of alerts must not wait for their history. */
  #unwritten: AlertEvent[] = [];
  #nextId: number;

  constructor(options: AlertHistoryOptions) {
    this.#options = options;
    this.#events = [...options.records.loaded];
    this.#nextId = (this.#events.at(-1)?.id ?? 0) + 1;
    for (const { fingerprint, status } of this.#events) {
      if (status === 'firing') this.#firing.add(fingerprint);
      else this.#firing.delete(fingerprint);
    }
    this.#dropOld();
  }

  /** Notes what is new about an alert: called for every post, and when one has ended by itself. */
  note(alert: Alert): void {
    const now = this.#options.clock.now();
    const status = isResolved(alert, now) ? 'resolved' : 'firing';
    const known = this.#firing.has(alert.fingerprint) ? 'firing' : 'resolved';
    if (status === known) return;
    if (status === 'firing') this.#firing.add(alert.fingerprint);
    else this.#firing.delete(alert.fingerprint);
    const event = {
      id: this.#nextId++,
      time: status === 'resolved' ? alert.endsAt : now,
      status,
      fingerprint: alert.fingerprint,
      labels: alert.labels.toObject(),
      startsAt: alert.startsAt,
    } as const;
    this.#events.push(event);
    this.#unwritten.push(event);
  }

  /** Newest first. */
  find({
    limit,
    fingerprint,
    before,
  }: {
    limit: number;
    fingerprint?: string | undefined;
    before?: number | undefined;
  }): AlertEvent[] {
    const found: AlertEvent[] = [];
    for (let i = this.#events.length - 1; i >= 0 && found.length < limit; i--) {
      const event = this.#events[i] as AlertEvent;
      if (fingerprint !== undefined && event.fingerprint !== fingerprint) continue;
      if (before === undefined || event.id < before) found.push(event);
    }
    return found;
  }

  /** Resolves when all of it is written. */
  async maintain(): Promise<void> {
    this.#dropOld();
    const { records, limit = EVENTS } = this.#options;
    const events = this.#unwritten.splice(0).slice(-limit);
    await Promise.all(events.map((event) => records.append(event)));
    await this.#options.records.compact(() => this.#events, this.#events.length);
  }

  #dropOld(): void {
    const { clock, retention, limit = EVENTS } = this.#options;
    const oldest = clock.now() - retention;
    this.#events = this.#events.filter((event) => event.time >= oldest).slice(-limit);
  }
}
