import { secret } from '@prunella/metrics/config';
import {
  count,
  goDuration,
  hasSecret,
  objectOf,
  optional,
  readSecret,
  secretEntries,
  secretFault,
  url,
  text,
  type SecretFields,
} from '../config/fields.ts';
import { templateData } from '../template/data.ts';
import { answerText, sendJson } from './http.ts';
import { commonEntries, receiverKind, type CommonConfig, type ReceiverKind } from './receiver.ts';
import { truncateAlerts, webhookPayload } from './webhook.ts';

interface IncidentioConfig extends CommonConfig, SecretFields<'alert_source_token'> {
  readonly url?: string;
  readonly url_file?: string;
  readonly max_alerts?: number;
  /** ms */
  readonly timeout?: number;
}

/** `incidentio_configs`: an alert source of incident.io, which takes the webhook's body as version 1 of its own. */
export const incidentio: ReceiverKind = receiverKind<IncidentioConfig>({
  name: 'incidentio',
  sendResolved: true,
  schema: objectOf<IncidentioConfig>({
    ...commonEntries,
    ...secretEntries(secret, 'alert_source_token'),
    ...optional(url, 'url'),
    ...optional(text, 'url_file'),
    ...optional(count, 'max_alerts'),
    ...optional(goDuration, 'timeout'),
  }),
  check: (config) => {
    if ((config.url === undefined) === (config.url_file === undefined))
      return 'one of url or url_file must be configured';
    if (hasSecret(config, 'alert_source_token') && config.http_config?.authorization) {
      return 'cannot specify alert_source_token or alert_source_token_file when using http_config.authorization';
    }
    return secretFault(config, 'alert_source_token');
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const { kept, truncated } = truncateAlerts(notification, config.max_alerts ?? 0);
      const body = webhookPayload(templateData(kept, parts.externalUrl), notification.groupKey, truncated);
      const { url_file: file } = config;
      const address =
        config.url ??
        (await readSecret({ ...(file !== undefined && { url_file: file }) }, 'url', parts.secrets)) ??
        '';
      const token = await readSecret(config, 'alert_source_token', parts.secrets);
      const response = await sendJson(
        client,
        address,
        { ...body, version: '1' },
        {
          signal,
          retryStatuses: [429],
          ...(config.timeout && { timeoutMs: config.timeout }),
          ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
        },
      );
      return answerText(response);
    };
  },
});
