import type { Clock, Labels } from '@prunella/metrics';
import { isResolved, type Alert } from './alert.ts';
import { readLabels, type LabelsRecord, type Records } from './store.ts';
import { Texts } from './texts.ts';

/** An alert began or ended. */
export interface AlertEvent {
  readonly id: number;
  /** ms */
  readonly time: number;
  readonly status: 'firing' | 'resolved';
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly startsAt: number;
}

export type AlertEventRecord = Omit<AlertEvent, 'labels'> & { readonly labels: LabelsRecord };

export interface AlertHistoryOptions {
  readonly clock: Clock;
  readonly records: Records<AlertEventRecord>;
  /** ms */
  readonly retention: number;
  /** Older events are dropped. */
  readonly limit?: number;
}

const EVENTS = 100_000;

/** When which alert fired. */
export class AlertHistory {
  readonly #options: AlertHistoryOptions;
  /** Those that fire by what was noted last. */
  readonly #firing = new Set<string>();
  #events: AlertEvent[];
  #nextId: number;

  constructor(options: AlertHistoryOptions) {
    this.#options = options;
    const texts = new Texts();
    this.#events = options.records.loaded.map((record) => ({
      ...record,
      labels: texts.labels(readLabels(record.labels)),
    }));
    this.#nextId = (this.#events.at(-1)?.id ?? 0) + 1;
    for (const { fingerprint, status } of this.#events) {
      if (status === 'firing') this.#firing.add(fingerprint);
      else this.#firing.delete(fingerprint);
    }
    this.#dropOld();
  }

  /**
   * Notes what is new about an alert: called for every post, and when one has ended by itself.
   * @returns what is being written, if anything; events that come together share one promise
   */
  note(alert: Alert): Promise<void> | undefined {
    const now = this.#options.clock.now();
    const status = isResolved(alert, now) ? 'resolved' : 'firing';
    const known = this.#firing.has(alert.fingerprint) ? 'firing' : 'resolved';
    if (status === known) return undefined;
    if (status === 'firing') this.#firing.add(alert.fingerprint);
    else this.#firing.delete(alert.fingerprint);
    const event = {
      id: this.#nextId++,
      time: status === 'resolved' ? alert.endsAt : now,
      status,
      fingerprint: alert.fingerprint,
      labels: alert.labels,
      startsAt: alert.startsAt,
    } as const;
    this.#events.push(event);
    return this.#options.records.append(event);
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

  async maintain(): Promise<void> {
    this.#dropOld();
    await this.#options.records.compact(() => [...this.#events], this.#events.length);
  }

  #dropOld(): void {
    const { clock, retention, limit = EVENTS } = this.#options;
    const oldest = clock.now() - retention;
    this.#events = this.#events.filter((event) => event.time >= oldest).slice(-limit);
  }
}
