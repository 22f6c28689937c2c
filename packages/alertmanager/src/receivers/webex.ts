import { objectOf, optional, text, url } from '../config/fields.ts';
import { templateData } from '../template/data.ts';
import { answerText, sendJson } from './http.ts';
import { commonEntries, receiverKind, type CommonConfig, type ReceiverKind } from './receiver.ts';
import { truncateBytes } from './truncate.ts';

interface WebexConfig extends CommonConfig {
  readonly api_url?: string;
  readonly room_id: string;
  readonly message?: string;
}

const API_URL = 'https://webexapis.com/v1/messages';
const MESSAGE_BYTES = 7439;

/** `webex_configs`: the bot's token is the `authorization` of `http_config`. */
export const webex: ReceiverKind = receiverKind<WebexConfig>({
  name: 'webex',
  sendResolved: true,
  schema: objectOf<WebexConfig>({
    ...commonEntries,
    ...optional(url, 'api_url'),
    room_id: text,
    ...optional(text, 'message'),
  }),
  check: (config, global) => {
    if (config.room_id === '') return 'missing room_id on webex_config';
    const authorization = (config.http_config ?? global.http_config)?.authorization;
    return authorization ? undefined : 'missing webex_configs.http_config.authorization';
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const data = templateData(notification, parts.externalUrl);
      const message = parts.templates.text(
        config.message ?? '{{ template "webex.default.message" . }}',
        data,
      );
      const body = {
        markdown: truncateBytes(message, MESSAGE_BYTES),
        roomId: parts.templates.text(config.room_id, data),
      };
      const address = config.api_url ?? parts.global.webex_api_url ?? API_URL;
      return answerText(await sendJson(client, address, body, { signal }));
    };
  },
});
