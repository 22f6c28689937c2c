import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Clock, Labels } from '@prunella/metrics';
import * as v from 'valibot';
import { OWN_MARK } from '../alertlog/line.ts';
import { flag, objectOf, optional, text } from '../config/fields.ts';
import { templateData } from '../template/data.ts';
import { goTime } from '../time.ts';
import { alertDescription } from './message.ts';
import {
  DeliveryError,
  receiverKind,
  type CommonConfig,
  type Notification,
  type NotifiedAlert,
  type ReceiverKind,
} from './receiver.ts';
import { webhookPayload } from './webhook.ts';

interface FileReceiverConfig extends CommonConfig {
  /** Relative to the configuration file. */
  readonly path: string;
  /** `line`: one line per alert for people; `jsonl`: the webhook's body, one object per message. @default 'line' */
  readonly format?: 'line' | 'jsonl';
}

/** `file_configs`: appends to a file. */
export const file: ReceiverKind = receiverKind<FileReceiverConfig>({
  name: 'file',
  ours: true,
  sendResolved: true,
  schema: objectOf<FileReceiverConfig>({
    ...optional(flag, 'send_resolved'),
    path: text,
    format: v.optional(v.picklist(['line', 'jsonl'], 'expected line or jsonl')),
  }),
  create: (config, { secrets, clock, externalUrl }) => {
    const path = resolve(secrets.directory, config.path);
    return async (notification) => {
      const lines =
        config.format === 'jsonl'
          ? [
              JSON.stringify(
                webhookPayload(templateData(notification, externalUrl), notification.groupKey, 0),
              ),
            ]
          : alertLines(notification, clock);
      await appendLines(path, lines);
      return `${lines.length} line${lines.length === 1 ? '' : 's'}`;
    };
  },
});

function alertLines(notification: Notification, clock: Clock): string[] {
  const time = goTime(clock.now());
  return notification.alerts.map((alert) => `${time} ${alertLine(alert)} ${OWN_MARK}`);
}

/**
 * `CRITICAL container=api metric=cpu value=93.1 threshold=90 alert=HighCpu status=firing message="…"`: severity first,
 * then `name=value`; a value with a space, a quote or a control character is a JSON string, so that a line is one line.
 */
export function alertLine(alert: NotifiedAlert): string {
  const { labels, annotations } = alert;
  const either = (...names: string[]): string => first(labels, names) || first(annotations, names) || '-';
  const fields: [string, string][] = [
    ['container', either('container', 'name', 'service', 'instance')],
    ['metric', either('metric', 'alertname')],
    ['value', either('value')],
    ['threshold', either('threshold')],
    ['alert', either('alertname')],
    ['status', alert.status],
    ['message', alertDescription(alert)],
  ];
  const severity = (labels.get('severity') || 'unknown').toUpperCase();
  return [quoteField(severity), ...fields.map(([name, value]) => `${name}=${quoteField(value)}`)].join(' ');
}

function first(labels: Labels, names: readonly string[]): string {
  return names.map((name) => labels.get(name)).find((value) => value !== '') ?? '';
}

function quoteField(value: string): string {
  if (/^[^\s"=\p{Cc}]+$/u.test(value)) return value;
  // JSON leaves these as they are, but editors and terminals break lines at them.
  return JSON.stringify(value).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

async function appendLines(path: string, lines: readonly string[]): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    // Opened each time: whoever rotates the log can move it away at any moment.
    const handle = await open(path, 'a');
    try {
      await handle.appendFile(lines.map((line) => `${line}\n`).join(''));
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new DeliveryError((error as Error).message, { retry: true, cause: error });
  }
}
