import { tmpdir } from 'node:os';
import { silentLogger, systemClock } from '@prunella/metrics';
import { createHttpClient } from '@prunella/metrics/http';
import * as v from 'valibot';
import type { GlobalConfig } from '../config/schema.ts';
import type { Message } from '../receivers/inbox.ts';
import { TemplateSet } from '../template/templates.ts';
import type { Notification, ReceiverKind, ReceiverParts } from '../receivers/receiver.ts';

export interface DeliverOptions {
  readonly global?: GlobalConfig;
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onMessage?: (message: Message) => void;
}

/** For tests: delivers one notification through a receiver that is configured as its file would. */
export async function deliverVia(
  kind: ReceiverKind,
  config: unknown,
  notification: Notification,
  options: DeliverOptions = {},
): Promise<string> {
  const global = options.global ?? {};
  const parsed = v.parse(kind.schema, config);
  const fault = kind.check(parsed, global);
  if (fault !== undefined) throw new Error(fault);
  const client = createHttpClient();
  const parts: ReceiverParts = {
    global,
    clock: systemClock,
    logger: silentLogger,
    templates: new TemplateSet(() => systemClock.now()),
    secrets: { directory: options.directory ?? tmpdir(), env: options.env ?? {} },
    http: () => client,
    inbox: { add: async (message) => options.onMessage?.(message) },
    externalUrl: 'http://prunella.test',
  };
  try {
    return await kind.create(parsed, parts)(notification, new AbortController().signal);
  } finally {
    client.close();
  }
}
