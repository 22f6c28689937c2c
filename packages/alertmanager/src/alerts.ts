import { Labels, type Clock } from '@prunella/metrics';
import { isResolved, mergeAlerts, type Alert } from './alert.ts';
import { fingerprint } from './fingerprint.ts';
import { readLabels, type LabelsRecord, type Records } from './store.ts';
import { Texts } from './texts.ts';

/** An alert as its journal keeps it: written when it begins, changes or ends, not each time it is posted again. */
export type AlertRecord = StoredAlert | { readonly gone: string };

type StoredAlert = Omit<Alert, 'labels' | 'annotations'> & {
  readonly labels: LabelsRecord;
  readonly annotations: LabelsRecord;
};

export interface AlertStoreOptions {
  readonly clock: Clock;
  readonly records: Records<AlertRecord>;
  /** How long after a restart an alert that fired before counts as firing without being posted again, ms. */
  readonly grace: number;
  /** So many alerts of one name are kept; 0 = no limit. @default 0 */
  readonly perAlertnameLimit?: number;
}

/** All alerts that fire, and those that have ended until the next `maintain()`. */
export class AlertStore {
  readonly #options: AlertStoreOptions;
  readonly #alerts = new Map<string, Alert>();
  readonly #texts = new Texts();
  /** Counted only where there is a limit. */
  readonly #perName = new Map<string, number>();

  constructor(options: AlertStoreOptions) {
    this.#options = options;
    for (const record of options.records.loaded) this.#restore(record);
    for (const alert of this.#alerts.values()) this.#count(alert, 1);
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

  /** Whether there is room for this alert: others of its name may be as many as there can be. */
  accepts(alert: Alert): boolean {
    const { perAlertnameLimit = 0 } = this.#options;
    if (perAlertnameLimit === 0 || this.#alerts.has(alert.fingerprint)) return true;
    return (this.#perName.get(alert.labels.get('alertname')) ?? 0) < perAlertnameLimit;
  }

  /** @returns the alert as it now stands, merged with what was known of it, and whether that has to be written */
  put(received: Alert): { alert: Alert; changed: boolean } {
    const known = this.#alerts.get(received.fingerprint);
    const compact = this.#compact(received, known);
    const alert = known ? mergeAlerts(known, compact) : compact;
    this.#alerts.set(alert.fingerprint, alert);
    if (!known) this.#count(alert, 1);
    return { alert, changed: differs(known, alert) };
  }

  /** Resolves when these alerts are on disk as they are. */
  async write(alerts: readonly Alert[]): Promise<void> {
    if (alerts.length > 0) await this.#options.records.appendAll(alerts);
  }

  /** Forgets what has ended. @returns it */
  async maintain(): Promise<Alert[]> {
    const { clock, records } = this.#options;
    const now = clock.now();
    const gone: Alert[] = [];
    for (const alert of this.#alerts.values()) if (isResolved(alert, now)) gone.push(alert);
    for (const alert of gone) {
      this.#alerts.delete(alert.fingerprint);
      this.#count(alert, -1);
    }
    if (gone.length > 0) await records.appendAll(gone.map((alert) => ({ gone: alert.fingerprint })));
    await records.compact(() => this.#alerts.values(), this.#alerts.size);
    return gone;
  }

  #count(alert: Alert, change: 1 | -1): void {
    if (!this.#options.perAlertnameLimit) return;
    const name = alert.labels.get('alertname');
    const count = (this.#perName.get(name) ?? 0) + change;
    if (count === 0) this.#perName.delete(name);
    else this.#perName.set(name, count);
  }

  /** The same alert in as little memory as it needs: posted again it mostly says what is known already. */
  #compact(alert: Alert, known: Alert | undefined): Alert {
    const sameAnnotations = known !== undefined && samePairs(known.annotations, alert.annotations);
    const sameUrl = known?.generatorURL === alert.generatorURL;
    return {
      fingerprint: known?.fingerprint ?? alert.fingerprint,
      labels: known?.labels ?? this.#texts.labels(alert.labels),
      annotations: sameAnnotations ? known.annotations : this.#texts.labels(alert.annotations),
      startsAt: alert.startsAt,
      endsAt: alert.endsAt,
      generatorURL: sameUrl ? known.generatorURL : this.#texts.text(alert.generatorURL),
      updatedAt: alert.updatedAt,
      timeout: alert.timeout,
    };
  }

  #restore(record: AlertRecord): void {
    if ('gone' in record) {
      this.#alerts.delete(record.gone);
      return;
    }
    const labels = this.#texts.labels(readLabels(record.labels));
    const id = fingerprint(labels);
    const now = this.#options.clock.now();
    const resolved = record.endsAt <= record.updatedAt;
    this.#alerts.set(id, {
      fingerprint: id,
      labels,
      annotations: this.#texts.labels(readLabels(record.annotations)),
      startsAt: record.startsAt,
      // Nobody could post it again while we were down: one that fired has its resolve timeout from now. If it has
      // ended since, its sender says so, or the grace passes.
      endsAt: resolved ? record.endsAt : Math.max(record.endsAt, now + this.#options.grace),
      generatorURL: this.#texts.text(record.generatorURL),
      updatedAt: now,
      timeout: !resolved,
    });
  }
}

function differs(known: Alert | undefined, alert: Alert): boolean {
  if (!known || known.startsAt !== alert.startsAt) return true;
  if (isResolved(known, alert.updatedAt) !== isResolved(alert, alert.updatedAt)) return true;
  // Equal ones are the same, because `#compact()` reuses them.
  return known.annotations !== alert.annotations || known.generatorURL !== alert.generatorURL;
}

function samePairs({ pairs: a }: Labels, { pairs: b }: Labels): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}
