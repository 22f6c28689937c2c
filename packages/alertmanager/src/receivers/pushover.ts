import { secret } from '@prunella/metrics/config';
import {
  flag,
  goDuration,
  hasSecret,
  objectOf,
  optional,
  readSecret,
  secretEntries,
  secretFault,
  text,
  type SecretFields,
} from '../config/fields.ts';
import { templateData } from '../template/data.ts';
import { answerText, send } from './http.ts';
import { commonEntries, receiverKind, type CommonConfig, type ReceiverKind } from './receiver.ts';
import { truncateRunes } from './truncate.ts';

interface PushoverConfig extends CommonConfig, SecretFields<'user_key' | 'token'> {
  readonly title?: string;
  readonly message?: string;
  readonly url?: string;
  readonly url_title?: string;
  readonly device?: string;
  readonly sound?: string;
  readonly priority?: string;
  /** ms, for priority 2: how often and how long it is repeated. */
  readonly retry?: number;
  readonly expire?: number;
  readonly ttl?: number;
  readonly html?: boolean;
  readonly monospace?: boolean;
}

const API_URL = 'https://api.pushover.net/1/messages.json';
const TITLE_RUNES = 250;
const MESSAGE_RUNES = 1024;
const URL_RUNES = 512;

/** `pushover_configs`: push messages to phones. */
export const pushover: ReceiverKind = pushoverAt(API_URL);

/** The address is Pushover's, which has no other; tests bring their own. */
export function pushoverAt(apiUrl: string): ReceiverKind {
  return receiverKind<PushoverConfig>({
    name: 'pushover',
    sendResolved: true,
    schema: objectOf<PushoverConfig>({
      ...commonEntries,
      ...secretEntries(secret, 'user_key', 'token'),
      ...optional(text, 'title', 'message', 'url', 'url_title', 'device', 'sound', 'priority'),
      ...optional(goDuration, 'retry', 'expire', 'ttl'),
      ...optional(flag, 'html', 'monospace'),
    }),
    check: (config) => {
      if (!hasSecret(config, 'user_key')) return 'one of user_key or user_key_file must be configured';
      if (!hasSecret(config, 'token')) return 'one of token or token_file must be configured';
      if (config.html && config.monospace) return 'at most one of monospace & html must be configured';
      return secretFault(config, 'user_key') ?? secretFault(config, 'token');
    },
    create: (config, parts) => {
      const client = parts.http(config.http_config);
      return async (notification, signal) => {
        const data = templateData(notification, parts.externalUrl);
        const expand = (template: string | undefined, fallback = ''): string =>
          parts.templates.text(template ?? fallback, data);
        const message = config.message ?? '{{ template "pushover.default.message" . }}';
        const body = config.html ? parts.templates.html(message, data) : expand(message);
        const seconds = (ms: number | undefined, fallback: number): string =>
          String(Math.round((ms ?? fallback) / 1000));
        const token = (await readSecret(config, 'token', parts.secrets)) ?? '';
        const user = (await readSecret(config, 'user_key', parts.secrets)) ?? '';
        const form = new URLSearchParams({
          token,
          user,
          title: truncateRunes(
            expand(config.title, '{{ template "pushover.default.title" . }}'),
            TITLE_RUNES,
          ),
          message: truncateRunes(body.trim(), MESSAGE_RUNES) || '(no details)',
          url: truncateRunes(expand(config.url, '{{ template "pushover.default.url" . }}'), URL_RUNES),
          url_title: expand(config.url_title),
          priority: expand(config.priority, '{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'),
          retry: seconds(config.retry, 60_000),
          expire: seconds(config.expire, 3_600_000),
          device: expand(config.device),
          sound: expand(config.sound),
          ...(config.ttl && { ttl: seconds(config.ttl, 0) }),
          ...(config.html && { html: '1' }),
          ...(config.monospace && { monospace: '1' }),
        });
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const request = { url: apiUrl, headers, body: form.toString(), signal };
        return answerText(await send(client, request));
      };
    },
  });
}
