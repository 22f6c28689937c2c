import type { Clock, Labels } from '@prunella/metrics';
import type { NotificationReason } from './receivers/receiver.ts';
import type { Delivery } from './notify/pipeline.ts';
import type { Attempt } from './notify/retry.ts';
import { notificationStatus } from './receivers/receiver.ts';
import { readLabels, type LabelsRecord, type Records } from './store.ts';
import { Texts } from './texts.ts';

/** One message to one integration, delivered or not, with every attempt. Times are ms. */
export interface NotificationRecord {
  readonly id: number;
  readonly time: number;
  readonly receiver: string;
  /** `webhook[0]` */
  readonly integration: string;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  readonly status: 'firing' | 'resolved';
  readonly reason: NotificationReason;
  readonly outcome: 'delivered' | 'failed';
  readonly error?: string;
  readonly attempts: readonly Attempt[];
  /** All of them are counted, the first `SHOWN_ALERTS` are named. */
  readonly alertCount: number;
  readonly alerts: readonly RecordedAlert[];
}

export interface RecordedAlert {
  readonly fingerprint: string;
  readonly status: string;
  readonly labels: Labels;
}

/** The same as its file has it. */
export type StoredNotification = Omit<NotificationRecord, 'groupLabels' | 'alerts'> & {
  readonly groupLabels: LabelsRecord;
  readonly alerts: readonly (Omit<RecordedAlert, 'labels'> & { readonly labels: LabelsRecord })[];
};

const SHOWN_ALERTS = 5;
const SHOWN_ATTEMPTS = 20;

export interface HistoryQuery {
  readonly limit: number;
  readonly receiver?: string | undefined;
  readonly outcome?: string | undefined;
  readonly fingerprint?: string | undefined;
  /** Only records with a smaller id: the next page. */
  readonly before?: number | undefined;
}

export interface HistoryOptions {
  readonly clock: Clock;
  readonly records: Records<StoredNotification>;
  /** ms */
  readonly retention: number;
  readonly limit?: number;
}

/** What was sent to whom, and what became of it. */
export class NotificationHistory {
  readonly #options: HistoryOptions;
  #records: NotificationRecord[];
  #nextId: number;

  constructor(options: HistoryOptions) {
    this.#options = options;
    const texts = new Texts();
    this.#records = options.records.loaded.map((record) => fromStored(record, texts));
    this.#nextId = (this.#records.at(-1)?.id ?? 0) + 1;
    this.#dropOld();
  }

  async add(delivery: Delivery): Promise<void> {
    const record = toRecord(delivery, this.#nextId++);
    this.#records.push(record);
    await this.#options.records.append(record);
  }

  /** Newest first. */
  find({ limit, receiver, outcome, fingerprint, before }: HistoryQuery): NotificationRecord[] {
    const found: NotificationRecord[] = [];
    for (let i = this.#records.length - 1; i >= 0 && found.length < limit; i--) {
      const record = this.#records[i] as NotificationRecord;
      if (before !== undefined && record.id >= before) continue;
      if (receiver !== undefined && record.receiver !== receiver) continue;
      if (outcome !== undefined && record.outcome !== outcome) continue;
      if (fingerprint !== undefined && !record.alerts.some((alert) => alert.fingerprint === fingerprint))
        continue;
      found.push(record);
    }
    return found;
  }

  async maintain(): Promise<void> {
    this.#dropOld();
    await this.#options.records.compact(() => [...this.#records], this.#records.length);
  }

  #dropOld(): void {
    const { clock, retention, limit = 50_000 } = this.#options;
    const oldest = clock.now() - retention;
    this.#records = this.#records.filter((record) => record.time >= oldest).slice(-limit);
  }
}

function toRecord({ notification, integration, attempts, error }: Delivery, id: number): NotificationRecord {
  return {
    id,
    time: notification.time,
    receiver: integration.receiver,
    integration: `${integration.name}[${integration.index}]`,
    groupKey: notification.groupKey,
    groupLabels: notification.groupLabels,
    status: notificationStatus(notification),
    reason: notification.reason,
    outcome: error ? 'failed' : 'delivered',
    ...(error && { error: error.message }),
    attempts: attempts.slice(-SHOWN_ATTEMPTS),
    alertCount: notification.alerts.length,
    alerts: notification.alerts.slice(0, SHOWN_ALERTS).map((alert) => ({
      fingerprint: alert.fingerprint,
      status: alert.status,
      labels: alert.labels,
    })),
  };
}

function fromStored(record: StoredNotification, texts: Texts): NotificationRecord {
  const labels = (stored: LabelsRecord): Labels => texts.labels(readLabels(stored));
  return {
    ...record,
    groupLabels: labels(record.groupLabels),
    alerts: record.alerts.map((alert) => ({ ...alert, labels: labels(alert.labels) })),
  };
}
