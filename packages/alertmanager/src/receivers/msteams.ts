import { optional, text } from '../config/fields.ts';
import { hookKind, type HookConfig } from './hooks.ts';
import type { ReceiverKind } from './receiver.ts';

interface MsteamsConfig extends HookConfig {
  readonly title?: string;
  readonly summary?: string;
  readonly text?: string;
}

/** `msteams_configs`: a message card through an incoming webhook of old. */
export const msteams: ReceiverKind = hookKind<MsteamsConfig>({
  name: 'msteams',
  entries: optional(text, 'title', 'summary', 'text'),
  body: (config, expand, data) => ({
    '@context': 'http://schema.org/extensions',
    type: 'MessageCard',
    title: expand(config.title, '{{ template "msteams.default.title" . }}'),
    summary: expand(config.summary, '{{ template "msteams.default.summary" . }}'),
    text: expand(config.text, '{{ template "msteams.default.text" . }}'),
    themeColor: data.status === 'firing' ? '8C1A1A' : '2DC72D',
  }),
});

/** `msteamsv2_configs`: an adaptive card 1.2 through a workflow. */
export const msteamsv2: ReceiverKind = hookKind<MsteamsConfig>({
  name: 'msteamsv2',
  entries: optional(text, 'title', 'text'),
  body: (config, expand, data) => ({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.2',
          body: [
            {
              type: 'TextBlock',
              text: expand(config.title, '{{ template "msteamsv2.default.title" . }}'),
              weight: 'Bolder',
              size: 'Medium',
              wrap: true,
              style: 'heading',
              color: data.status === 'firing' ? 'Attention' : 'Good',
            },
            {
              type: 'TextBlock',
              text: expand(config.text, '{{ template "msteamsv2.default.text" . }}'),
              wrap: true,
            },
          ],
          msteams: { width: 'full' },
        },
      },
    ],
  }),
});
