import { secret } from '@prunella/metrics/config';
import type { HttpResponse } from '@prunella/metrics/http';
import * as v from 'valibot';
import {
  flag,
  hasSecret,
  objectOf,
  optional,
  readSecret,
  secretEntries,
  secretFault,
  text,
  url,
  type SecretFields,
} from '../config/fields.ts';
import { templateData } from '../template/data.ts';
import { answerText, bodyText, sendJson, type PostOptions } from './http.ts';
import {
  commonEntries,
  DeliveryError,
  receiverKind,
  type CommonConfig,
  type ReceiverKind,
  type ReceiverParts,
} from './receiver.ts';
import { truncateRunes } from './truncate.ts';

interface TelegramConfig extends CommonConfig, SecretFields<'bot_token'> {
  readonly api_url?: string;
  readonly chat_id?: string;
  readonly chat_id_file?: string;
  readonly chat_id_env?: string;
  readonly message_thread_id?: number;
  readonly message?: string;
  readonly disable_notifications?: boolean;
  readonly parse_mode?: 'HTML' | 'Markdown' | 'MarkdownV2' | '';
}

const API_URL = 'https://api.telegram.org';
export const MESSAGE_RUNES = 4096;

/** `telegram_configs`. With another `api_url`, any service that speaks Telegram's bot API. */
export const telegram: ReceiverKind = receiverKind<TelegramConfig>({
  name: 'telegram',
  sendResolved: true,
  schema: objectOf<TelegramConfig>({
    ...commonEntries,
    ...secretEntries(secret, 'bot_token'),
    ...optional(url, 'api_url'),
    ...optional(text, 'chat_id', 'chat_id_file', 'chat_id_env', 'message'),
    ...optional(v.pipe(v.number(), v.integer()), 'message_thread_id'),
    ...optional(flag, 'disable_notifications'),
    parse_mode: v.optional(
      v.picklist(['HTML', 'Markdown', 'MarkdownV2', ''], 'expected HTML, Markdown, MarkdownV2 or nothing'),
    ),
  }),
  check: (config, global) => {
    const token = hasSecret(config, 'bot_token') || hasSecret(global, 'telegram_bot_token');
    if (!token) return 'missing bot_token or bot_token_file on telegram_config';
    return secretFault(config, 'bot_token') ?? chatFault(config);
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const { global, secrets, templates } = parts;
      const token =
        (await readSecret(config, 'bot_token', secrets)) ??
        (await readSecret(global, 'telegram_bot_token', secrets));
      const mode = config.parse_mode ?? 'HTML';
      const template = config.message ?? '{{ template "telegram.default.message" . }}';
      const data = templateData(notification, parts.externalUrl);
      const message = mode === 'HTML' ? templates.html(template, data) : templates.text(template, data);
      // All values are strings: what Alertmanager's library sends.
      const body = {
        chat_id: String(await chatId(config, secrets)),
        text: fit(message, mode),
        disable_web_page_preview: 'true',
        ...(mode !== '' && { parse_mode: mode }),
        ...(config.disable_notifications && { disable_notification: 'true' }),
        ...(config.message_thread_id !== undefined && {
          message_thread_id: String(config.message_thread_id),
        }),
      };
      const api = config.api_url ?? global.telegram_api_url ?? API_URL;
      return sendMessage(client, api, token ?? '', body, {
        signal,
        strict: true,
        retryStatuses: 'all',
      });
    };
  },
});

/** Half an HTML element would be refused: a notice takes the place of what is too long. */
function fit(message: string, mode: string): string {
  if (Array.from(message).length <= MESSAGE_RUNES) return message;
  return mode === 'HTML'
    ? 'The message is too long to be shown here.'
    : truncateRunes(message, MESSAGE_RUNES);
}

interface ChatFields {
  readonly chat_id?: string;
  readonly chat_id_file?: string;
  readonly chat_id_env?: string;
}

export function chatFault(config: ChatFields): string | undefined {
  const given = (['chat_id', 'chat_id_file', 'chat_id_env'] as const).filter(
    (key) => config[key] !== undefined,
  );
  if (given.length === 0) return 'missing chat_id or chat_id_file';
  return given.length > 1 ? `at most one of ${given.join(' & ')} must be configured` : undefined;
}

/** A number where it is one, for the services that insist; channels have names (`@channel`). */
export async function chatId(config: ChatFields, places: ReceiverParts['secrets']): Promise<string | number> {
  const { chat_id: own, ...elsewhere } = config;
  const id = own ?? (await readSecret<'chat_id'>(elsewhere, 'chat_id', places)) ?? '';
  return /^-?\d{1,15}$/.test(id) ? Number(id) : id;
}

interface BotOptions extends PostOptions {
  readonly signal: AbortSignal;
  /** Whether an answer that does not say `ok: true` is a failure, which may pass. Else only `ok: false` is one. */
  readonly strict: boolean;
}

/** The bot API of Telegram and Bale: `POST /bot<token>/sendMessage`. @throws DeliveryError */
export async function sendMessage(
  client: ReturnType<ReceiverParts['http']>,
  api: string,
  token: string,
  body: object,
  { strict, ...options }: BotOptions,
): Promise<string> {
  const address = `${api.replace(/\/+$/, '')}/bot${token}/sendMessage`;
  const response = await sendJson(client, address, body, options);
  const { ok, description = `refused: ${bodyText(response).slice(0, 200)}` } = parseAnswer(response);
  if (strict ? ok !== true : ok === false) throw new DeliveryError(description, { retry: strict });
  return answerText(response);
}

function parseAnswer(response: HttpResponse): { ok?: boolean; description?: string } {
  try {
    return JSON.parse(bodyText(response)) as object;
  } catch {
    return {};
  }
}
