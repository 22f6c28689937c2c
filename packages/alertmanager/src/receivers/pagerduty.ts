import { secret } from '@prunella/metrics/config';
import * as v from 'valibot';
import {
  goDuration,
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
import { templateData, type TemplateData } from '../template/data.ts';
import { answerText, sendJson } from './http.ts';
import { hashKey } from './key.ts';
import { expandPayload, expandStrings } from './payload.ts';
import { commonEntries, receiverKind, type CommonConfig, type ReceiverKind } from './receiver.ts';
import { truncateRunes } from './truncate.ts';

interface PagerdutyConfig extends CommonConfig, SecretFields<'routing_key' | 'service_key'> {
  readonly url?: string;
  readonly client?: string;
  readonly client_url?: string;
  readonly description?: string;
  readonly severity?: string;
  readonly source?: string;
  readonly class?: string;
  readonly component?: string;
  readonly group?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly images?: readonly Readonly<Record<string, string>>[];
  readonly links?: readonly Readonly<Record<string, string>>[];
  readonly timeout?: number;
}

const V2_URL = 'https://events.pagerduty.com/v2/enqueue';
const V1_URL = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';
const SUMMARY_RUNES = 1024;
const EVENT_BYTES = 512_000;

const DETAILS: Readonly<Record<string, unknown>> = {
  firing: '{{ .Alerts.Firing | toJson }}',
  resolved: '{{ .Alerts.Resolved | toJson }}',
  num_firing: '{{ .Alerts.Firing | len }}',
  num_resolved: '{{ .Alerts.Resolved | len }}',
};

/** `pagerduty_configs`: the Events API v2 with `routing_key`, v1 with `service_key`. */
export const pagerduty: ReceiverKind = pagerdutyAt(V1_URL);

/** Version 1 of the API is at one address, whatever `url` says; tests bring their own. */
export function pagerdutyAt(v1Url: string): ReceiverKind {
  return receiverKind<PagerdutyConfig>({
    name: 'pagerduty',
    sendResolved: true,
    schema: objectOf<PagerdutyConfig>({
      ...commonEntries,
      ...secretEntries(secret, 'routing_key', 'service_key'),
      ...optional(url, 'url'),
      ...optional(
        text,
        'client',
        'client_url',
        'description',
        'severity',
        'source',
        'class',
        'component',
        'group',
      ),
      ...optional(goDuration, 'timeout'),
      details: v.optional(v.record(v.string(), v.unknown())),
      images: v.optional(listOf(objectOf(optional(text, 'src', 'alt', 'href')))),
      links: v.optional(listOf(objectOf(optional(text, 'href', 'text')))),
    }),
    check: (config) => {
      const fault = secretFault(config, 'routing_key') ?? secretFault(config, 'service_key');
      if (fault !== undefined) return fault;
      return hasSecret(config, 'routing_key') || hasSecret(config, 'service_key')
        ? undefined
        : 'missing service or routing key in PagerDuty config';
    },
    create: (config, parts) => {
      const client = parts.http(config.http_config);
      return async (notification, signal) => {
        const { global, secrets } = parts;
        const data = templateData(notification, parts.externalUrl);
        const expand: Expand = (template, fallback = '') => parts.templates.text(template ?? fallback, data);
        const key = hashKey(notification.groupKey);
        const serviceKey = await readSecret(config, 'service_key', secrets);
        const routingKey = await readSecret(config, 'routing_key', secrets);
        const event =
          serviceKey === undefined
            ? { routing_key: expand(routingKey), ...fitEvent(eventV2(config, expand, data, key)) }
            : { service_key: expand(serviceKey), ...fitEvent(eventV1(config, expand, data, key)) };
        const address = serviceKey !== undefined ? v1Url : (config.url ?? global.pagerduty_url ?? V2_URL);
        const options = {
          signal,
          // Version 1 says 403 where 2 says 429: too many events.
          retryStatuses: [serviceKey !== undefined ? 403 : 429],
          ...(config.timeout && { timeoutMs: config.timeout }),
        };
        return answerText(await sendJson(client, address, event, options));
      };
    },
  });
}

type Details = Readonly<Record<string, unknown>>;

function eventV2(config: PagerdutyConfig, expand: Expand, data: TemplateData, key: string): object {
  return {
    dedup_key: key,
    event_action: data.status === 'firing' ? 'trigger' : 'resolve',
    client: expand(config.client, '{{ template "pagerduty.default.client" . }}') || undefined,
    client_url: expand(config.client_url, '{{ template "pagerduty.default.clientURL" . }}') || undefined,
    payload: {
      summary: summary(config, expand),
      source:
        expand(config.source ?? config.client, '{{ template "pagerduty.default.client" . }}') || 'unknown',
      severity: expand(config.severity, 'error'),
      class: expand(config.class) || undefined,
      component: expand(config.component) || undefined,
      group: expand(config.group) || undefined,
      custom_details: details(config, expand),
    },
    images: having('src', config.images, expand),
    links: having('href', config.links, expand),
  };
}

function eventV1(config: PagerdutyConfig, expand: Expand, data: TemplateData, key: string): object {
  return {
    event_type: data.status === 'firing' ? 'trigger' : 'resolve',
    incident_key: key,
    description: summary(config, expand),
    ...(data.status === 'firing' && {
      client: expand(config.client, '{{ template "pagerduty.default.client" . }}'),
      client_url: expand(config.client_url, '{{ template "pagerduty.default.clientURL" . }}'),
    }),
    details: details(config, expand),
  };
}

/** PagerDuty refuses an event with an image that has no source, or a link to nowhere. */
function having(key: string, items: PagerdutyConfig['images'], expand: Expand): object[] | undefined {
  const expanded = (items ?? []).map(
    (item) => expandStrings(item, expand) as Readonly<Record<string, string>>,
  );
  const whole = expanded.filter((item) => item[key]);
  return whole.length > 0 ? whole : undefined;
}

type Expand = (template: string | undefined, fallback?: string) => string;

function summary(config: PagerdutyConfig, expand: Expand): string {
  const text = expand(config.description, '{{ template "pagerduty.default.description" . }}');
  return truncateRunes(text, SUMMARY_RUNES) || 'no description';
}

function details(config: PagerdutyConfig, expand: Expand): Details {
  return expandPayload({ ...DETAILS, ...config.details }, expand) as Details;
}

/** A larger event would be refused as a whole: its details go. */
function fitEvent(event: object): object {
  if (Buffer.byteLength(JSON.stringify(event)) <= EVENT_BYTES) return event;
  const notice = { error: 'The details were left out: with them the event was larger than PagerDuty takes.' };
  const { payload } = event as { payload?: object };
  return payload
    ? { ...event, payload: { ...payload, custom_details: notice } }
    : { ...event, details: notice };
}
