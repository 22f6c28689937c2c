import type { Clock, Labels, Logger } from '@prunella/metrics';
import { httpClientConfig, type HttpClient, type HttpClientConfig } from '@prunella/metrics/http';
import type * as v from 'valibot';
import type { Alert } from '../alert.ts';
import type { GlobalConfig } from '../config/schema.ts';
import { flag, optional, type SecretPlaces } from '../config/fields.ts';
import type { Templates } from '../template/templates.ts';
import type { MessageSink } from './inbox.ts';
import type { PostedMessages } from './posted.ts';

/** Why a message goes out now. */
export type NotificationReason =
  | 'first notification'
  | 'new alerts added'
  | 'some alerts resolved'
  | 'all alerts resolved'
  | 'repeat interval elapsed'
  | 'receiver test';

/** One message: a group's alerts for one receiver. */
export interface Notification {
  readonly groupKey: string;
  readonly groupLabels: Labels;
  /** The receiver's name. */
  readonly receiver: string;
  /** In message order; resolved ones only where the integration asks for them. */
  readonly alerts: readonly NotifiedAlert[];
  /** ms */
  readonly time: number;
  readonly reason: NotificationReason;
  readonly routeLabels: Labels;
}

export interface NotifiedAlert extends Alert {
  readonly status: 'firing' | 'resolved';
}

export function notificationStatus(notification: Notification): 'firing' | 'resolved' {
  return notification.alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved';
}

/**
 * Delivers one message. @returns what the remote side said, in a few words
 * @throws DeliveryError; any other error (a template that fails, a secret that cannot be read) is not tried again soon
 */
export type Deliver = (notification: Notification, signal: AbortSignal) => Promise<string>;

/** A delivery failed. Where it may pass (`retry`), it is tried again soon, else at the group's next flush. */
export class DeliveryError extends Error {
  override name = 'DeliveryError';
  readonly retry: boolean;
  /** Of the HTTP answer, where there was one. */
  readonly status: number | undefined;

  constructor(message: string, options: ErrorOptions & { retry: boolean; status?: number | undefined }) {
    super(message, options);
    this.retry = options.retry;
    this.status = options.status;
  }
}

/** What receivers are built from. */
export interface ReceiverParts {
  readonly global: GlobalConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly templates: Templates;
  readonly secrets: SecretPlaces;
  /** As `http_config` says, or the global one. The client is closed with the configuration. */
  readonly http: (config?: HttpClientConfig) => HttpClient;
  readonly inbox: MessageSink;
  readonly posted: PostedMessages;
  /** Where pages and links point. */
  readonly externalUrl: string;
}

/** What every `*_configs` entry may say. */
export interface CommonConfig {
  readonly send_resolved?: boolean;
  readonly http_config?: HttpClientConfig;
}

export const commonEntries: v.ObjectEntries = {
  ...optional(flag, 'send_resolved'),
  ...optional(httpClientConfig, 'http_config'),
};

/** One kind of receiver: `webhook_configs` is the kind `webhook`. */
export interface ReceiverKind {
  readonly name: string;
  /** The default of `send_resolved`. */
  readonly sendResolved: boolean;
  /** Not known to Alertmanager. */
  readonly ours: boolean;
  readonly schema: v.GenericSchema<unknown, unknown>;
  /** What is wrong with an entry, beyond its schema. */
  readonly check: (config: unknown, global: GlobalConfig) => string | undefined;
  readonly create: (config: unknown, parts: ReceiverParts) => Deliver;
}

interface KindDefinition<C> {
  readonly name: string;
  readonly sendResolved: boolean;
  readonly ours?: boolean;
  readonly schema: v.GenericSchema<unknown, C>;
  readonly check?: (config: C, global: GlobalConfig) => string | undefined;
  readonly create: (config: C, parts: ReceiverParts) => Deliver;
}

export function receiverKind<C extends CommonConfig>(definition: KindDefinition<C>): ReceiverKind {
  // The one place where a kind's own type of configuration is forgotten: its schema gave it, its code takes it back.
  return { check: () => undefined, ours: false, ...definition } as ReceiverKind;
}
