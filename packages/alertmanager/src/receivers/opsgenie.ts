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
  textMap,
  url,
  type SecretFields,
} from '../config/fields.ts';
import { templateData, type TemplateData } from '../template/data.ts';
import { answerText, send, toJson } from './http.ts';
import { hashKey } from './key.ts';
import {
  commonEntries,
  receiverKind,
  type CommonConfig,
  type ReceiverKind,
  type ReceiverParts,
} from './receiver.ts';
import { truncateRunes } from './truncate.ts';

interface OpsgenieConfig extends CommonConfig, SecretFields<'api_key'> {
  readonly api_url?: string;
  readonly message?: string;
  readonly description?: string;
  readonly source?: string;
  readonly details?: Readonly<Record<string, string>>;
  readonly entity?: string;
  readonly responders?: readonly Readonly<Record<string, string>>[];
  readonly actions?: string;
  readonly tags?: string;
  readonly note?: string;
  readonly priority?: string;
  readonly update_alerts?: boolean;
}

const API_URL = 'https://api.opsgenie.com/';
const MESSAGE_RUNES = 130;
const RESPONDERS = ['team', 'teams', 'user', 'escalation', 'schedule'];

/** `opsgenie_configs`: creates an alert per group, and closes it. */
export const opsgenie: ReceiverKind = receiverKind<OpsgenieConfig>({
  name: 'opsgenie',
  sendResolved: true,
  schema: objectOf<OpsgenieConfig>({
    ...commonEntries,
    ...secretEntries(secret, 'api_key'),
    ...optional(url, 'api_url'),
    ...optional(text, 'message', 'description', 'source', 'entity', 'actions', 'tags', 'note', 'priority'),
    ...optional(textMap, 'details'),
    ...optional(flag, 'update_alerts'),
    responders: v.optional(listOf(objectOf({ type: text, ...optional(text, 'id', 'name', 'username') }))),
  }),
  check: (config, global) => {
    if (!hasSecret(config, 'api_key') && !hasSecret(global, 'opsgenie_api_key')) {
      return 'no global Opsgenie API Key set either inline or in a file';
    }
    const wrong = config.responders?.find(
      ({ type = '' }) => !type.includes('{{') && !RESPONDERS.includes(type.toLowerCase()),
    );
    if (wrong) return `a responder's type is one of ${RESPONDERS.join(', ')}`;
    const unnamed = config.responders?.some(({ id, name, username }) => !id && !name && !username);
    return unnamed ? 'a responder needs an id, a name or a username' : secretFault(config, 'api_key');
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const { global, secrets } = parts;
      const key =
        (await readSecret(config, 'api_key', secrets)) ??
        (await readSecret(global, 'opsgenie_api_key', secrets)) ??
        '';
      const base = `${(config.api_url ?? global.opsgenie_api_url ?? API_URL).replace(/\/+$/, '')}/v2/alerts`;
      const data = templateData(notification, parts.externalUrl);
      const answers: string[] = [];
      for (const { method, path, body } of requests(config, parts, data, hashKey(notification.groupKey))) {
        const headers = {
          'content-type': 'application/json',
          authorization: `GenieKey ${parts.templates.text(key, data)}`,
        };
        const request = { method, url: `${base}${path}`, headers, body: toJson(body), signal };
        answers.push(answerText(await send(client, request, { retryStatuses: [429] })));
      }
      return answers.join('; ');
    };
  },
});

interface OpsgenieRequest {
  readonly method: string;
  readonly path: string;
  readonly body: object;
}

function requests(
  config: OpsgenieConfig,
  parts: ReceiverParts,
  data: TemplateData,
  alias: string,
): OpsgenieRequest[] {
  const expand = (template: string | undefined, fallback = ''): string =>
    parts.templates.text(template ?? fallback, data);
  const source = expand(config.source, '{{ template "opsgenie.default.source" . }}');
  const byAlias = '?identifierType=alias';
  if (data.status === 'resolved') {
    return [{ method: 'POST', path: `/${alias}/close${byAlias}`, body: { source } }];
  }
  const message = truncateRunes(
    expand(config.message, '{{ template "opsgenie.default.message" . }}'),
    MESSAGE_RUNES,
  );
  const description = expand(config.description, '{{ template "opsgenie.default.description" . }}');
  const create = {
    method: 'POST',
    path: '',
    body: creation(config, data, expand, { alias, message, description, source }),
  };
  if (!config.update_alerts) return [create];
  return [
    create,
    { method: 'PUT', path: `/${alias}/message${byAlias}`, body: { message } },
    { method: 'PUT', path: `/${alias}/description${byAlias}`, body: { description } },
  ];
}

function creation(
  config: OpsgenieConfig,
  data: TemplateData,
  expand: (template: string | undefined) => string,
  always: object,
): object {
  const own = Object.entries(config.details ?? {}).map(([name, value]) => [name, expand(value)]);
  return {
    ...always,
    details: { ...data.commonLabels.toObject(), ...(Object.fromEntries(own) as object) },
    responders: config.responders?.flatMap((each) => {
      const responder = Object.fromEntries(
        Object.entries(each).map(([name, value]) => [name, expand(value)] as const),
      );
      return responder['type'] === 'teams' ? teamsOf(responder['name'] ?? '') : [responder];
    }),
    tags: list(expand(config.tags)),
    actions: list(expand(config.actions)),
    note: expand(config.note) || undefined,
    priority: expand(config.priority) || undefined,
    entity: expand(config.entity) || undefined,
  };
}

/** `teams` is Alertmanager's own type: several by name, separated by commas. */
function teamsOf(names: string): object[] {
  return splitNames(names).map((name) => ({ name, type: 'team' }));
}

/** As Alertmanager: spaces count, but around the whole. */
function list(text: string): string[] | undefined {
  const items = splitNames(text);
  return items.length > 0 ? items : undefined;
}

function splitNames(text: string): string[] {
  return text
    .trim()
    .split(',')
    .filter((item) => item !== '');
}
