import { optional, text } from '../config/fields.ts';
import { hookKind, type HookConfig } from './hooks.ts';
import type { ReceiverKind } from './receiver.ts';
import { truncateRunes } from './truncate.ts';

interface DiscordConfig extends HookConfig {
  readonly title?: string;
  readonly message?: string;
  readonly content?: string;
  readonly username?: string;
  readonly avatar_url?: string;
}

const TITLE_RUNES = 256;
const DESCRIPTION_RUNES = 4096;
const CONTENT_RUNES = 2000;
const RED = 0x992d22;
const GREEN = 0x2ecc71;

/** `discord_configs`: an embed through a channel's webhook. */
export const discord: ReceiverKind = hookKind<DiscordConfig>({
  name: 'discord',
  entries: optional(text, 'title', 'message', 'content', 'username', 'avatar_url'),
  body: (config, expand, data) => ({
    content: truncateRunes(expand(config.content), CONTENT_RUNES),
    embeds: [
      {
        title: truncateRunes(expand(config.title, '{{ template "discord.default.title" . }}'), TITLE_RUNES),
        description: truncateRunes(
          expand(config.message, '{{ template "discord.default.message" . }}'),
          DESCRIPTION_RUNES,
        ),
        color: data.status === 'firing' ? RED : GREEN,
      },
    ],
    username: config.username || undefined,
    avatar_url: config.avatar_url || undefined,
  }),
});
