import * as v from 'valibot';
import {
  flag,
  goDuration,
  hasSecret,
  listOf,
  objectOf,
  optional,
  readSecret,
  secretEntries,
  secretFault,
  secretUrl,
  text,
  texts,
  url,
  type SecretFields,
} from '../config/fields.ts';
import { secret } from '@prunella/metrics/config';
import type { HttpResponse } from '@prunella/metrics/http';
import { templateData } from '../template/data.ts';
import { answerText, bodyText, sendJson } from './http.ts';
import type { Posted } from './posted.ts';
import {
  commonEntries,
  DeliveryError,
  notificationStatus,
  receiverKind,
  type CommonConfig,
  type ReceiverKind,
  type ReceiverParts,
} from './receiver.ts';
import { truncateRunes } from './truncate.ts';

interface SlackConfig extends CommonConfig, SecretFields<'api_url' | 'app_token'> {
  readonly app_url?: string;
  readonly channel?: string;
  readonly username?: string;
  readonly color?: string;
  readonly title?: string;
  readonly title_link?: string;
  readonly pretext?: string;
  readonly text?: string;
  readonly message_text?: string;
  readonly fallback?: string;
  readonly callback_id?: string;
  readonly footer?: string;
  readonly icon_emoji?: string;
  readonly icon_url?: string;
  readonly image_url?: string;
  readonly thumb_url?: string;
  readonly link_names?: boolean;
  readonly short_fields?: boolean;
  readonly mrkdwn_in?: readonly string[];
  readonly fields?: readonly { readonly title: string; readonly value: string; readonly short?: boolean }[];
  readonly actions?: readonly SlackAction[];
  /** ms */
  readonly timeout?: number;
  /** With a bot's token: changes the group's message instead of posting another. */
  readonly update_message?: boolean;
}

interface SlackAction {
  readonly type: string;
  readonly text: string;
  readonly url?: string;
  readonly style?: string;
  readonly name?: string;
  readonly value?: string;
  readonly confirm?: Readonly<Record<string, string>>;
}

const APP_URL = 'https://slack.com/api/chat.postMessage';
const TITLE_RUNES = 1024;

/** `slack_configs`: an incoming webhook (`api_url`) or an app (`app_token`). */
export const slack: ReceiverKind = receiverKind<SlackConfig>({
  name: 'slack',
  sendResolved: false,
  schema: objectOf<SlackConfig>({
    ...commonEntries,
    ...secretEntries(secretUrl, 'api_url'),
    ...secretEntries(secret, 'app_token'),
    ...optional(url, 'app_url'),
    ...optional(
      text,
      'channel',
      'username',
      'color',
      'title',
      'title_link',
      'pretext',
      'text',
      'message_text',
    ),
    ...optional(
      text,
      'fallback',
      'callback_id',
      'footer',
      'icon_emoji',
      'icon_url',
      'image_url',
      'thumb_url',
    ),
    ...optional(flag, 'link_names', 'short_fields', 'update_message'),
    ...optional(texts, 'mrkdwn_in'),
    ...optional(goDuration, 'timeout'),
    fields: v.optional(listOf(objectOf({ title: text, value: text, ...optional(flag, 'short') }))),
    actions: v.optional(
      listOf(
        objectOf({
          type: text,
          text,
          ...optional(text, 'url', 'style', 'name', 'value'),
          confirm: v.optional(objectOf({ text, ...optional(text, 'title', 'ok_text', 'dismiss_text') })),
        }),
      ),
    ),
  }),
  check: (config, global) => {
    const fault = secretFault(config, 'api_url') ?? secretFault(config, 'app_token');
    if (fault !== undefined) return fault;
    if (hasSecret(config, 'api_url') && hasSecret(config, 'app_token'))
      return 'at most one of api_url/api_url_file & app_token/app_token_file must be configured';
    if (hasSecret(config, 'app_token') && config.http_config?.authorization)
      return "http authorization can't be set when using Slack App tokens";
    if (config.update_message && config.api_url && config.api_url.reveal() !== APP_URL)
      return `update_message can only be used with bot tokens. api_url must be set to ${APP_URL}`;
    if (config.fields?.some(({ title }) => title === '')) return 'missing title in Slack field configuration';
    if (config.fields?.some(({ value }) => value === '')) return 'missing value in Slack field configuration';
    const action = config.actions?.find(({ url: link, name }) => !link && !name);
    if (action) return 'missing name or url in Slack action configuration';
    if (hasSecret(config, 'api_url') || hasSecret(config, 'app_token')) return undefined;
    if (hasSecret(global, 'slack_api_url') || hasSecret(global, 'slack_app_token')) return undefined;
    return 'no global Slack API URL or App token set either inline or in a file';
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const { endpoint, token } = await target(config, parts);
      const expand = expander(parts, templateData(notification, parts.externalUrl));
      const body = message(config, expand);
      const posted = config.update_message ? parts.posted : undefined;
      const known = posted?.get(notification.groupKey);
      const address = known ? endpoint.replace(/chat\.postMessage$/, 'chat.update') : endpoint;
      const response = await sendJson(
        client,
        address,
        { ...body, ...(known && { channel: known.channel, ts: known.ts }) },
        {
          signal,
          ...(config.timeout && { timeoutMs: config.timeout }),
          ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
        },
      );
      const answer = accepted(response);
      // What fires again later is a message of its own.
      const remembered =
        notificationStatus(notification) === 'resolved' || !answer
          ? posted?.forget(notification.groupKey)
          : posted?.set(notification.groupKey, answer);
      // The message is out: a disk that fails must not make it go out again.
      await remembered?.catch((error) =>
        parts.logger.error({ err: error }, 'A posted message is not remembered'),
      );
      return answerText(response);
    };
  },
});

async function target(
  config: SlackConfig,
  { global, secrets }: ReceiverParts,
): Promise<{ endpoint: string; token: string | undefined }> {
  const own = await readSecret(config, 'api_url', secrets);
  if (own !== undefined) return { endpoint: own, token: undefined };
  const token =
    (await readSecret(config, 'app_token', secrets)) ??
    (await readSecret(global, 'slack_app_token', secrets));
  if (token !== undefined) return { endpoint: config.app_url ?? global.slack_app_url ?? APP_URL, token };
  return { endpoint: (await readSecret(global, 'slack_api_url', secrets)) ?? '', token: undefined };
}

/**
 * Slack says 200 to some failures: plain `ok` or a JSON `ok: true` is success.
 * @returns the message, where the answer names it. @throws DeliveryError
 */
function accepted(response: HttpResponse): Posted | undefined {
  const said = bodyText(response);
  if (!(response.headers['content-type'] ?? '').startsWith('application/json')) {
    if (said === 'ok') return undefined;
    throw new DeliveryError(`received an error response from Slack: ${said}`, { retry: false });
  }
  const { ok, error, channel, ts } = parseAnswer(said);
  if (ok === true) return channel && ts ? { channel, ts } : undefined;
  throw new DeliveryError(`received an error response from Slack: ${error ?? said}`, { retry: false });
}

function parseAnswer(said: string): { ok?: boolean; error?: string; channel?: string; ts?: string } {
  try {
    return JSON.parse(said) as object;
  } catch (cause) {
    throw new DeliveryError(`not an answer of Slack: ${said}`, { retry: false, cause });
  }
}

type Expand = (template: string | undefined, fallback?: string) => string | undefined;

/** Expands a template or its default; what comes out empty is left out of the message. */
export function expander(parts: ReceiverParts, data: ReturnType<typeof templateData>): Expand {
  return (template, fallback = '') => parts.templates.text(template ?? fallback, data) || undefined;
}

function message(config: SlackConfig, expand: Expand): object {
  return {
    channel: expand(config.channel),
    username: expand(config.username, '{{ template "slack.default.username" . }}'),
    icon_emoji: expand(config.icon_emoji, '{{ template "slack.default.iconemoji" . }}'),
    icon_url: expand(config.icon_url, '{{ template "slack.default.iconurl" . }}'),
    link_names: config.link_names,
    text: expand(config.message_text),
    attachments: [
      {
        title: truncateRunes(
          expand(config.title, '{{ template "slack.default.title" . }}') ?? '',
          TITLE_RUNES,
        ),
        title_link: expand(config.title_link, '{{ template "slack.default.titlelink" . }}'),
        pretext: expand(config.pretext, '{{ template "slack.default.pretext" . }}'),
        text: expand(config.text, '{{ template "slack.default.text" . }}'),
        fallback: expand(config.fallback, '{{ template "slack.default.fallback" . }}'),
        callback_id: expand(config.callback_id, '{{ template "slack.default.callbackid" . }}'),
        footer: expand(config.footer, '{{ template "slack.default.footer" . }}'),
        color: expand(config.color, '{{ template "slack.default.color" . }}'),
        image_url: expand(config.image_url),
        thumb_url: expand(config.thumb_url),
        mrkdwn_in: config.mrkdwn_in ?? ['fallback', 'pretext', 'text'],
        fields: config.fields?.map((field) => ({
          title: expand(field.title),
          value: expand(field.value),
          short: field.short ?? config.short_fields ?? false,
        })),
        actions: config.actions?.map((action) => expandAction(action, expand)),
      },
    ],
  };
}

function expandAction(action: SlackAction, expand: Expand): object {
  const { confirm, ...rest } = action;
  const all = (object: object): object =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, expand(value as string)]));
  return { ...all(rest), ...(confirm && { confirm: all(confirm) }) };
}
