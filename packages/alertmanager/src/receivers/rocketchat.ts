import { secret } from '@prunella/metrics/config';
import * as v from 'valibot';
import {
  flag,
  hasSecret,
  listOf,
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
import { answerText, bodyText, sendJson } from './http.ts';
import {
  commonEntries,
  DeliveryError,
  receiverKind,
  type CommonConfig,
  type ReceiverKind,
  type ReceiverParts,
} from './receiver.ts';
import { truncateRunes } from './truncate.ts';

interface RocketchatConfig extends CommonConfig, SecretFields<'token' | 'token_id'> {
  readonly api_url?: string;
  readonly channel?: string;
  readonly color?: string;
  readonly title?: string;
  readonly title_link?: string;
  readonly text?: string;
  readonly emoji?: string;
  readonly icon_url?: string;
  readonly image_url?: string;
  readonly thumb_url?: string;
  readonly link_names?: boolean;
  readonly short_fields?: boolean;
  readonly fields?: readonly { readonly title?: string; readonly value?: string; readonly short?: boolean }[];
  readonly actions?: readonly RocketchatAction[];
}

interface RocketchatAction {
  readonly type?: string;
  readonly text?: string;
  readonly url?: string;
  readonly msg?: string;
}

const API_URL = 'https://open.rocket.chat/';
const TITLE_RUNES = 1024;

/** `rocketchat_configs`. */
export const rocketchat: ReceiverKind = receiverKind<RocketchatConfig>({
  name: 'rocketchat',
  sendResolved: false,
  schema: objectOf<RocketchatConfig>({
    ...commonEntries,
    ...secretEntries(secret, 'token', 'token_id'),
    ...optional(url, 'api_url'),
    ...optional(
      text,
      'channel',
      'color',
      'title',
      'title_link',
      'text',
      'emoji',
      'icon_url',
      'image_url',
      'thumb_url',
    ),
    ...optional(flag, 'link_names', 'short_fields'),
    fields: v.optional(listOf(objectOf({ ...optional(text, 'title', 'value'), ...optional(flag, 'short') }))),
    actions: v.optional(listOf(objectOf(optional(text, 'type', 'text', 'url', 'msg')))),
  }),
  check: (config, global) => {
    const token = hasSecret(config, 'token') || hasSecret(global, 'rocketchat_token');
    const id = hasSecret(config, 'token_id') || hasSecret(global, 'rocketchat_token_id');
    if (!token) return 'no global Rocketchat Token set either inline or in a file';
    if (!id) return 'no global Rocketchat TokenID set either inline or in a file';
    return secretFault(config, 'token') ?? secretFault(config, 'token_id');
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const { global, secrets } = parts;
      const token =
        (await readSecret(config, 'token', secrets)) ??
        (await readSecret(global, 'rocketchat_token', secrets)) ??
        '';
      const id =
        (await readSecret(config, 'token_id', secrets)) ??
        (await readSecret(global, 'rocketchat_token_id', secrets)) ??
        '';
      const base = (config.api_url ?? global.rocketchat_api_url ?? API_URL).replace(/\/*$/, '');
      const data = templateData(notification, parts.externalUrl);
      const options = { signal, headers: { 'x-auth-token': token, 'x-user-id': id } };
      const body = message(
        config,
        (template, fallback = '') => parts.templates.text(template ?? fallback, data) || undefined,
      );
      const response = await sendJson(client, `${base}/api/v1/chat.postMessage`, body, options);
      // A refusal may come with status 200.
      checkAnswer(bodyText(response));
      return answerText(response);
    };
  },
});

function checkAnswer(said: string): void {
  let answer: { success?: boolean; error?: string };
  try {
    answer = JSON.parse(said) as object;
  } catch (cause) {
    throw new DeliveryError(`not an answer of Rocket.Chat: ${said.slice(0, 200)}`, { retry: true, cause });
  }
  if (answer.success !== true) throw new DeliveryError(`refused: ${said.slice(0, 200)}`, { retry: false });
}

type Expand = (
  template: string | undefined,
  fallback?: string,
) => ReturnType<ReceiverParts['templates']['text']> | undefined;

function message(config: RocketchatConfig, expand: Expand): object {
  return {
    channel: expand(config.channel),
    emoji: expand(config.emoji, '{{ template "rocketchat.default.emoji" . }}'),
    avatar: expand(config.icon_url, '{{ template "rocketchat.default.iconurl" . }}'),
    attachments: [
      {
        title: truncateRunes(
          expand(config.title, '{{ template "rocketchat.default.title" . }}') ?? '',
          TITLE_RUNES,
        ),
        title_link: expand(config.title_link, '{{ template "rocketchat.default.titlelink" . }}'),
        text: expand(config.text, '{{ template "rocketchat.default.text" . }}'),
        image_url: expand(config.image_url),
        thumb_url: expand(config.thumb_url),
        color: expand(config.color, '{{ if eq .Status "firing" }}red{{ else }}green{{ end }}'),
        fields: config.fields?.map(({ title, value, short = config.short_fields ?? false }) => ({
          short,
          title: expand(title),
          value: expand(value),
        })),
        actions: config.actions?.map(({ type, text: label, url: link, msg }) => ({
          type: expand(type),
          text: expand(label),
          url: expand(link),
          msg: expand(msg),
          is_webview: false,
          msg_in_chat_window: false,
        })),
      },
    ],
  };
}
