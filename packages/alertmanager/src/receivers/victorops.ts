import { secret } from '@prunella/metrics/config';
import {
  hasSecret,
  objectOf,
  optional,
  readSecret,
  secretEntries,
  secretFault,
  text,
  textMap,
  url,
  type SecretFields,
} from '../config/fields.ts';
import { templateData } from '../template/data.ts';
import { answerText, sendJson } from './http.ts';
import { hashKey } from './key.ts';
import { commonEntries, receiverKind, type CommonConfig, type ReceiverKind } from './receiver.ts';
import { truncateRunes } from './truncate.ts';

interface VictoropsConfig extends CommonConfig, SecretFields<'api_key'> {
  readonly api_url?: string;
  readonly routing_key: string;
  readonly message_type?: string;
  readonly entity_display_name?: string;
  readonly state_message?: string;
  readonly monitoring_tool?: string;
  readonly custom_fields?: Readonly<Record<string, string>>;
}

const API_URL = 'https://alert.victorops.com/integrations/generic/20131114/alert/';
const MESSAGE_RUNES = 20_480;
/** What is none of these counts as critical. */
const TYPES = ['INFO', 'WARNING', 'CRITICAL'];
const RESERVED = [
  'routing_key',
  'message_type',
  'state_message',
  'entity_display_name',
  'monitoring_tool',
  'entity_id',
  'entity_state',
];

/** `victorops_configs`: an incident per group. */
export const victorops: ReceiverKind = receiverKind<VictoropsConfig>({
  name: 'victorops',
  sendResolved: true,
  schema: objectOf<VictoropsConfig>({
    ...commonEntries,
    ...secretEntries(secret, 'api_key'),
    ...optional(url, 'api_url'),
    routing_key: text,
    ...optional(text, 'message_type', 'entity_display_name', 'state_message', 'monitoring_tool'),
    ...optional(textMap, 'custom_fields'),
  }),
  check: (config, global) => {
    if (config.routing_key === '') return 'missing Routing key in VictorOps config';
    if (!hasSecret(config, 'api_key') && !hasSecret(global, 'victorops_api_key'))
      return 'no global VictorOps API Key set';
    const taken = Object.keys(config.custom_fields ?? {}).find((name) => RESERVED.includes(name));
    return taken === undefined
      ? secretFault(config, 'api_key')
      : `victorOps config contains custom field ${taken} which cannot be used`;
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const { global, secrets, templates } = parts;
      const data = templateData(notification, parts.externalUrl);
      const expand = (template: string | undefined, fallback: string): string =>
        templates.text(template ?? fallback, data);
      const key =
        (await readSecret(config, 'api_key', secrets)) ??
        (await readSecret(global, 'victorops_api_key', secrets)) ??
        '';
      const base = (config.api_url ?? global.victorops_api_url ?? API_URL).replace(/\/*$/, '/');
      const type = expand(config.message_type, 'CRITICAL');
      const custom = Object.entries(config.custom_fields ?? {}).map(([name, value]) => [
        name,
        expand(value, ''),
      ]);
      const body = {
        ...(Object.fromEntries(custom) as object),
        message_type: data.status === 'resolved' ? 'RECOVERY' : TYPES.includes(type) ? type : 'CRITICAL',
        entity_id: hashKey(notification.groupKey),
        entity_display_name: expand(
          config.entity_display_name,
          '{{ template "victorops.default.entity_display_name" . }}',
        ),
        state_message: truncateRunes(
          expand(config.state_message, '{{ template "victorops.default.state_message" . }}'),
          MESSAGE_RUNES,
        ),
        monitoring_tool: expand(
          config.monitoring_tool,
          '{{ template "victorops.default.monitoring_tool" . }}',
        ),
      };
      const address = `${base}${key}/${expand(config.routing_key, '')}`;
      return answerText(await sendJson(client, address, body, { signal }));
    };
  },
});
