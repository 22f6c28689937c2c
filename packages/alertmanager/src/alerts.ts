import { Labels, type Clock } from '@prunella/metrics';
import { annotationsFrom, isResolved, mergeAlerts, type Alert } from './alert.ts';
import { fingerprint } from './fingerprint.ts';
import type { Records } from './store.ts';

/** An alert as its journal keeps it: written when it begins, changes or ends, not each time it is posted again. */
export type AlertRecord =
  | {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
      readonly startsAt: number;
      readonly endsAt: number;
      readonly generatorURL: string;
      /** It had ended when this was written. */
      readonly resolved: boolean;
    }
  | { readonly gone: string };

export interface AlertStoreOptions {
  readonly clock: Clock;
  readonly records: Records<AlertRecord>;
  /** How long after a restart an alert that fired before counts as firing without being posted again, ms. */
  readonly grace: number;
}

/** All alerts that fire, and those that have ended until the next `maintain()`. */
export class AlertStore {
  readonly #options: AlertStoreOptions;
  readonly #alerts = new Map<string, Alert>();

  constructor(options: AlertStoreOptions) {
    this.#options = options;
    for (const record of options.records.loaded) this.#restore(record);
  }

  get size(): number {
    return this.#alerts.size;
  }

  get(id: string): Alert | undefined {
    return this.#alerts.get(id);
  }

  all(): IterableIterator<Alert> {
    return this.#alerts.values();
  }

  /** @returns the alert as it now stands, merged with what was known of it, and what is being written, if anything */
  put(posted: Alert): { alert: Alert; written: Promise<void> | undefined } {
    const known = this.#alerts.get(posted.fingerprint);
    const alert = known ? mergeAlerts(known, posted) : posted;
    this.#alerts.set(alert.fingerprint, alert);
    const written = differs(known, alert) ? this.#options.records.append(toRecord(alert)) : undefined;
    return { alert, written };
  }

  /** Forgets what has ended. @returns it */
  async maintain(): Promise<Alert[]> {
    const { clock, records } = this.#options;
    const now = clock.now();
    const gone = Array.from(this.#alerts.values()).filter((alert) => isResolved(alert, now));
    for (const alert of gone) this.#alerts.delete(alert.fingerprint);
    await Promise.all(gone.map((alert) => records.append({ gone: alert.fingerprint })));
    await records.compact(() => Array.from(this.#alerts.values(), toRecord), this.#alerts.size);
    return gone;
  }

  #restore(record: AlertRecord): void {
    if ('gone' in record) {
      this.#alerts.delete(record.gone);
      return;
    }
    const labels = Labels.from(record.labels);
    const id = fingerprint(labels);
    const now = this.#options.clock.now();
    this.#alerts.set(id, {
      fingerprint: id,
      labels,
      annotations: annotationsFrom(record.annotations),
      startsAt: record.startsAt,
      // Nobody could post it again while we were down: one that fired has its resolve timeout from now. If it has
      // ended since, its sender says so, or the grace passes.
      endsAt: record.resolved ? record.endsAt : Math.max(record.endsAt, now + this.#options.grace),
      generatorURL: record.generatorURL,
      updatedAt: now,
      timeout: !record.resolved,
    });
  }
}

function differs(known: Alert | undefined, alert: Alert): boolean {
  if (!known || known.startsAt !== alert.startsAt) return true;
  if (isResolved(known, alert.updatedAt) !== isResolved(alert, alert.updatedAt)) return true;
  return !known.annotations.equals(alert.annotations) || known.generatorURL !== alert.generatorURL;
}

function toRecord(alert: Alert): AlertRecord {
  return {
    labels: alert.labels.toObject(),
    annotations: alert.annotations.toObject(),
    startsAt: alert.startsAt,
    endsAt: alert.endsAt,
    generatorURL: alert.generatorURL,
    resolved: isResolved(alert, alert.updatedAt),
  };
}
