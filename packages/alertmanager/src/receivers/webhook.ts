import * as v from 'valibot';
import {
  count,
  goDuration,
  hasSecret,
  objectOf,
  optional,
  readSecret,
  secretEntries,
  secretFault,
  visibleUrl,
  type SecretFields,
} from '../config/fields.ts';
import { templateData, type TemplateData } from '../template/data.ts';
import { goTime, ZERO_TIME } from '../time.ts';
import { answerText, sendJson } from './http.ts';
import { expandPayload } from './payload.ts';
import {
  commonEntries,
  receiverKind,
  type CommonConfig,
  type Notification,
  type ReceiverKind,
} from './receiver.ts';

interface WebhookConfig extends CommonConfig, SecretFields<'url'> {
  /** 0 = all */
  readonly max_alerts?: number;
  /** ms; 0 = only the group's own time limit */
  readonly timeout?: number;
  /** A body of the user's own: JSON whose strings are templates. */
  readonly payload?: unknown;
}

/** `webhook_configs`: POSTs Alertmanager's JSON, version 4. */
export const webhook: ReceiverKind = receiverKind<WebhookConfig>({
  name: 'webhook',
  sendResolved: true,
  schema: objectOf<WebhookConfig>({
    ...commonEntries,
    ...optional(count, 'max_alerts'),
    ...optional(goDuration, 'timeout'),
    ...optional(v.unknown(), 'payload'),
    ...secretEntries(visibleUrl, 'url'),
  }),
  check: (config) => {
    if (!hasSecret(config, 'url')) return 'one of url or url_file must be configured';
    return secretFault(config, 'url');
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const { kept, truncated } = truncateAlerts(notification, config.max_alerts ?? 0);
      const data = templateData(kept, parts.externalUrl);
      const url = parts.templates.text((await readSecret(config, 'url', parts.secrets)) ?? '', data);
      parts.secrets.onReveal?.(url);
      const body =
        config.payload === undefined
          ? webhookPayload(data, notification.groupKey, truncated)
          : expandPayload(config.payload, (template) => parts.templates.text(template, data));
      const timeoutMs = config.timeout || UNLIMITED_MS;
      return answerText(await sendJson(client, url, body, { signal, timeoutMs }));
    };
  },
});

/** The signal of the flush is the limit then. */
const UNLIMITED_MS = 3_600_000;

/** At most so many alerts, 0 = all. */
export function truncateAlerts(
  notification: Notification,
  most: number,
): { kept: Notification; truncated: number } {
  const { alerts } = notification;
  if (most === 0 || alerts.length <= most) return { kept: notification, truncated: 0 };
  return { kept: { ...notification, alerts: alerts.slice(0, most) }, truncated: alerts.length - most };
}

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export function webhookPayload(data: TemplateData, groupKey: string, truncatedAlerts: number): object {
  return {
    receiver: data.receiver,
    status: data.status,
    alerts: data.alerts.map((alert) => ({
      status: alert.status,
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: goTime(alert.startsAt),
      endsAt: alert.status === 'resolved' ? goTime(alert.endsAt) : ZERO_TIME,
      generatorURL: alert.generatorURL,
      fingerprint: alert.fingerprint,
    })),
    groupLabels: data.groupLabels,
    commonLabels: data.commonLabels,
    commonAnnotations: data.commonAnnotations,
    externalURL: data.externalURL,
    version: '4',
    groupKey,
    truncatedAlerts,
    notification_reason: data.notificationReason,
  };
}
