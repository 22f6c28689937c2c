import { randomUUID } from 'node:crypto';
import type { Clock } from '@prunella/metrics';
import type { Records } from '../store.ts';
import { flag, objectOf, optional } from '../config/fields.ts';
import { messageText, messageTitle } from './message.ts';
import {
  notificationStatus,
  receiverKind,
  type CommonConfig,
  type Notification,
  type ReceiverKind,
} from './receiver.ts';

/** A message in the inbox page; the shape of docs/api.md. Times are RFC 3339 with milliseconds. */
export interface Message {
  readonly id: string;
  readonly time: string;
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly title: string;
  /** Plain text: never HTML. */
  readonly text: string;
  readonly groupKey: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly alerts: readonly MessageAlert[];
}

export interface MessageAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt?: string;
  readonly generatorURL: string;
}

export interface MessageSink {
  add(message: Message): Promise<void>;
}

/** `inbox_configs`: keeps the message in Prunella itself, so that there is something to see without any account. */
export const inbox: ReceiverKind = receiverKind<CommonConfig>({
  name: 'inbox',
  ours: true,
  sendResolved: true,
  schema: objectOf<CommonConfig>(optional(flag, 'send_resolved')),
  create: (_, { inbox: sink, clock }) => {
    return async (notification) => {
      const message = toMessage(notification, clock.now());
      await sink.add(message);
      return `message ${message.id}`;
    };
  },
});

export function toMessage(notification: Notification, time: number): Message {
  return {
    // Sorts by time, and no two are alike.
    id: `${time.toString(36).padStart(9, '0')}-${randomUUID().slice(0, 8)}`,
    time: new Date(time).toISOString(),
    receiver: notification.receiver,
    status: notificationStatus(notification),
    title: messageTitle(notification),
    text: messageText(notification),
    groupKey: notification.groupKey,
    groupLabels: notification.groupLabels.toObject(),
    alerts: notification.alerts.map((alert) => ({
      status: alert.status,
      labels: alert.labels.toObject(),
      annotations: alert.annotations.toObject(),
      startsAt: new Date(alert.startsAt).toISOString(),
      ...(alert.status === 'resolved' && { endsAt: new Date(alert.endsAt).toISOString() }),
      generatorURL: alert.generatorURL,
    })),
  };
}

export interface InboxOptions {
  readonly clock: Clock;
  readonly records: Records<Message>;
  /** Older messages are dropped. */
  readonly limit?: number;
  readonly onMessage?: (message: Message) => void;
}

/** The messages kept, oldest first. */
export class Inbox implements MessageSink {
  readonly #options: InboxOptions;
  readonly #messages: Message[];

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#messages = [...options.records.loaded];
    this.#dropOld();
  }

  /** Resolves when the message is on disk. */
  async add(message: Message): Promise<void> {
    this.#messages.push(message);
    this.#dropOld();
    await this.#options.records.append(message);
    this.#options.onMessage?.(message);
  }

  /** The newest, newest first. */
  newest(limit: number): Message[] {
    return limit <= 0 ? [] : this.#messages.slice(-limit).reverse();
  }

  async maintain(): Promise<void> {
    await this.#options.records.compact(() => this.#messages, this.#messages.length);
  }

  #dropOld(): void {
    const { limit = 10_000 } = this.#options;
    if (this.#messages.length > limit) this.#messages.splice(0, this.#messages.length - limit);
  }
}
