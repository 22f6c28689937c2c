import * as v from 'valibot';
import { flag, listOf, objectOf, optional, text } from '../config/fields.ts';
import { hookKind, type Expand, type HookConfig } from './hooks.ts';
import { expandStrings } from './payload.ts';
import type { ReceiverKind } from './receiver.ts';
import { truncateRunes } from './truncate.ts';

interface MattermostConfig extends HookConfig {
  readonly channel?: string;
  readonly username?: string;
  readonly text?: string;
  readonly icon_url?: string;
  readonly icon_emoji?: string;
  readonly fallback?: string;
  readonly color?: string;
  readonly pretext?: string;
  readonly author_name?: string;
  readonly author_link?: string;
  readonly author_icon?: string;
  readonly title?: string;
  readonly title_link?: string;
  readonly thumb_url?: string;
  readonly footer?: string;
  readonly footer_icon?: string;
  readonly image_url?: string;
  readonly attachments?: readonly object[];
  readonly props?: object;
  readonly priority?: object;
}

const TEXT_RUNES = 16_383;
const ATTACHMENT = [
  'fallback',
  'color',
  'pretext',
  'text',
  'author_name',
  'author_link',
  'author_icon',
  'title',
  'title_link',
  'thumb_url',
  'footer',
  'footer_icon',
  'image_url',
] as const;

const attachment = objectOf<object>({
  ...optional(text, ...ATTACHMENT),
  fields: v.optional(listOf(objectOf({ title: text, value: text, ...optional(flag, 'short') }))),
});

/** `mattermost_configs`: an incoming webhook. */
export const mattermost: ReceiverKind = hookKind<MattermostConfig>({
  name: 'mattermost',
  fallback: 'mattermost_webhook_url',
  entries: {
    ...optional(text, 'channel', 'username', 'icon_url', 'icon_emoji', ...ATTACHMENT),
    attachments: v.optional(listOf(attachment)),
    props: v.optional(objectOf(optional(text, 'card'))),
    priority: v.optional(
      objectOf({
        ...optional(text, 'priority'),
        ...optional(flag, 'requested_ack', 'persistent_notifications'),
      }),
    ),
  },
  body: (config, expand) => ({
    channel: expand(config.channel) || undefined,
    username: expand(config.username, '{{ template "mattermost.default.username" . }}'),
    icon_url: expand(config.icon_url) || undefined,
    icon_emoji: expand(config.icon_emoji) || undefined,
    ...content(config, expand),
    props: config.props && expandStrings(config.props, expand),
    priority: config.priority && expandStrings(config.priority, expand),
  }),
});

/** Without attachments of its own the message is one attachment; with them the text stands before them. */
function content(config: MattermostConfig, expand: Expand): object {
  if (config.attachments) {
    const text = truncateRunes(expand(config.text, DEFAULTS['text']), TEXT_RUNES);
    return { text, attachments: config.attachments.map((each) => expandStrings(each, expand)) };
  }
  const own = ATTACHMENT.map((key) => [key, expand(config[key], DEFAULTS[key]) || undefined] as const);
  return { attachments: [Object.fromEntries(own) as object] };
}

const DEFAULTS: Readonly<Partial<Record<string, string>>> = {
  fallback: '{{ template "mattermost.default.fallback" . }}',
  color: '{{ template "mattermost.default.color" . }}',
  text: '{{ template "mattermost.default.text" . }}',
  title: '{{ template "mattermost.default.title" . }}',
  title_link: '{{ template "mattermost.default.titlelink" . }}',
};
