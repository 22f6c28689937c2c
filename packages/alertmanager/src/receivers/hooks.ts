/** Chats that take a JSON message at a secret URL, `webhook_url`: Discord, Microsoft Teams, Mattermost. */
import * as v from 'valibot';
import {
  hasSecret,
  objectOf,
  readSecret,
  secretEntries,
  secretFault,
  secretUrl,
  type SecretFields,
} from '../config/fields.ts';
import type { GlobalConfig } from '../config/schema.ts';
import { templateData, type TemplateData } from '../template/data.ts';
import { answerText, sendJson } from './http.ts';
import {
  commonEntries,
  receiverKind,
  type CommonConfig,
  type ReceiverKind,
  type ReceiverParts,
} from './receiver.ts';

export interface HookConfig extends CommonConfig, SecretFields<'webhook_url'> {}

export type Expand = (template: string | undefined, fallback?: string) => string;

interface HookDefinition<C> {
  readonly name: string;
  readonly entries: v.ObjectEntries;
  /** The global setting that stands in for a missing `webhook_url`. */
  readonly fallback?: 'mattermost_webhook_url';
  readonly body: (config: C, expand: Expand, data: TemplateData) => object;
}

export function hookKind<C extends HookConfig>(definition: HookDefinition<C>): ReceiverKind {
  const { name, entries, fallback, body } = definition;
  return receiverKind<C>({
    name,
    sendResolved: true,
    schema: objectOf<C>({ ...commonEntries, ...secretEntries(secretUrl, 'webhook_url'), ...entries }),
    check: (config, global) => {
      if (hasSecret(config, 'webhook_url')) return secretFault(config, 'webhook_url');
      if (fallback !== undefined && hasSecret(global, fallback)) return undefined;
      return 'one of webhook_url or webhook_url_file must be configured';
    },
    create: (config, parts) => {
      const client = parts.http(config.http_config);
      return async (notification, signal) => {
        const data = templateData(notification, parts.externalUrl);
        const expand: Expand = (template, otherwise = '') =>
          parts.templates.text(template ?? otherwise, data);
        const url = await address(config, parts, fallback);
        return answerText(await sendJson(client, url, body(config, expand, data), { signal }));
      };
    },
  });
}

async function address(
  config: HookConfig,
  { global, secrets }: ReceiverParts,
  fallback: HookDefinition<HookConfig>['fallback'],
): Promise<string> {
  const own = await readSecret(config, 'webhook_url', secrets);
  if (own !== undefined || fallback === undefined) return own ?? '';
  return (await readSecret<typeof fallback>(global as GlobalConfig, fallback, secrets)) ?? '';
}
