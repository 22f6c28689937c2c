import { tmpdir } from 'node:os';
import { silentLogger, systemClock, type Clock, type Logger } from '@prunella/metrics';
import { createHttpClient, type HttpClientConfig } from '@prunella/metrics/http';
import * as v from 'valibot';
import type { GlobalConfig } from '../config/schema.ts';
import type { Message } from '../receivers/inbox.ts';
import { PostedStore } from '../receivers/posted.ts';
import type { Notification, ReceiverKind, ReceiverParts } from '../receivers/receiver.ts';
import { createDeliver } from '../receivers/redact.ts';
import { memoryRecords } from '../store.ts';
import { TemplateSet } from '../template/templates.ts';

export interface DeliverOptions {
  readonly global?: GlobalConfig;
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly posted?: PostedStore;
  readonly onMessage?: (message: Message) => void;
}

/** For tests: a receiver that is configured as its file would. @throws Error where the file would be refused */
export function receiverOf(
  kind: ReceiverKind,
  config: unknown,
  options: DeliverOptions = {},
): (notification: Notification, signal?: AbortSignal) => Promise<string> {
  const { global = {}, clock = systemClock, logger = silentLogger, posted = newPosted() } = options;
  const parsed = v.parse(kind.schema, config);
  const fault = kind.check(parsed, global);
  if (fault !== undefined) throw new Error(fault);
  const secrets = { directory: options.directory ?? tmpdir(), env: options.env ?? {} };
  const parts: ReceiverParts = {
    global,
    clock,
    logger,
    templates: new TemplateSet(() => clock.now()),
    secrets,
    // As few as a test makes: they end with its process.
    http: (http?: HttpClientConfig) => createHttpClient(http ?? global.http_config ?? {}, secrets),
    inbox: { add: async (message) => options.onMessage?.(message) },
    posted: posted.of('ops/test/0'),
    externalUrl: 'http://prunella.test',
  };
  const deliver = createDeliver(kind, parsed, parts);
  return (notification, signal = new AbortController().signal) => deliver(notification, signal);
}

/** For tests: delivers one notification through a receiver of its own. */
export async function deliverVia(
  kind: ReceiverKind,
  config: unknown,
  notification: Notification,
  options: DeliverOptions = {},
): Promise<string> {
  return receiverOf(kind, config, options)(notification);
}

export function newPosted(): PostedStore {
  return new PostedStore({ clock: systemClock, records: memoryRecords(), retention: 3_600_000 });
}
