import { secret } from '@prunella/metrics/config';
import {
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
import { messageText } from './message.ts';
import { commonEntries, receiverKind, type CommonConfig, type ReceiverKind } from './receiver.ts';
import { chatFault, chatId, MESSAGE_RUNES, sendMessage } from './telegram.ts';
import { truncateRunes } from './truncate.ts';

interface BaleConfig extends CommonConfig, SecretFields<'bot_token'> {
  readonly api_url?: string;
  readonly chat_id?: string;
  readonly chat_id_file?: string;
  readonly chat_id_env?: string;
  /** @default the plain text of all alerts */
  readonly message?: string;
}

const API_URL = 'https://tapi.bale.ai';

/** `bale_configs`: the messenger Bale, whose bot API is Telegram's without markup of its own. */
export const bale: ReceiverKind = receiverKind<BaleConfig>({
  name: 'bale',
  ours: true,
  sendResolved: true,
  schema: objectOf<BaleConfig>({
    ...commonEntries,
    ...secretEntries(secret, 'bot_token'),
    ...optional(url, 'api_url'),
    ...optional(text, 'chat_id', 'chat_id_file', 'chat_id_env', 'message'),
  }),
  check: (config, global) => {
    const token = hasSecret(config, 'bot_token') || hasSecret(global, 'bale_bot_token');
    if (!token) return 'missing bot_token, bot_token_file or bot_token_env on bale_config';
    return secretFault(config, 'bot_token') ?? chatFault(config);
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const { global, secrets, templates } = parts;
      const token =
        (await readSecret(config, 'bot_token', secrets)) ??
        (await readSecret(global, 'bale_bot_token', secrets));
      const message =
        config.message === undefined
          ? messageText(notification)
          : templates.text(config.message, templateData(notification, parts.externalUrl));
      const body = { chat_id: await chatId(config, secrets), text: truncateRunes(message, MESSAGE_RUNES) };
      const api = config.api_url ?? global.bale_api_url ?? API_URL;
      return sendMessage(client, api, token ?? '', body, { signal, strict: false, retryStatuses: [429] });
    };
  },
});
