import { duration } from '@prunella/metrics/config';
import type { HttpClient, HttpRequest } from '@prunella/metrics/http';
import * as v from 'valibot';
import { flag, objectOf, optional, text, texts, url } from '../config/fields.ts';
import { templateData } from '../template/data.ts';
import { bodyText, send, toJson } from './http.ts';
import { hashKey } from './key.ts';
import { expandPayload } from './payload.ts';
import {
  commonEntries,
  DeliveryError,
  notificationStatus,
  receiverKind,
  type CommonConfig,
  type ReceiverKind,
} from './receiver.ts';
import { truncateRunes } from './truncate.ts';

interface JiraConfig extends CommonConfig {
  readonly api_url?: string;
  /** `auto`: Cloud where the address is Atlassian's. Only Cloud has the newer search. */
  readonly api_type?: 'auto' | 'cloud' | 'datacenter';
  readonly project: string;
  readonly issue_type: string;
  readonly summary: FieldConfig;
  readonly description: FieldConfig;
  readonly labels?: readonly string[];
  readonly priority?: string;
  readonly resolve_transition?: string;
  readonly reopen_transition?: string;
  readonly wont_fix_resolution?: string;
  /** A resolved issue that is older is left as it is, ms. */
  readonly reopen_duration?: number;
  /** More of the issue's fields, templated; they win over the others. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

interface FieldConfig {
  readonly template?: string;
  /** Whether an issue that exists gets the new text. @default true */
  readonly enable_update?: boolean;
}

const SUMMARY_RUNES = 255;
const DESCRIPTION_RUNES = 32_767;
const MINUTE_MS = 60_000;

const field = v.optional(
  v.union([
    v.pipe(
      text,
      v.transform((template) => ({ template })),
    ),
    objectOf<FieldConfig>({ ...optional(text, 'template'), ...optional(flag, 'enable_update') }),
  ]),
  {},
);

/** `jira_configs`: an issue per group, found again by a label. */
export const jira: ReceiverKind = receiverKind<JiraConfig>({
  name: 'jira',
  sendResolved: true,
  schema: objectOf<JiraConfig>({
    ...commonEntries,
    ...optional(url, 'api_url'),
    api_type: v.optional(v.picklist(['auto', 'cloud', 'datacenter'], 'expected auto, cloud or datacenter')),
    project: text,
    issue_type: text,
    summary: field,
    description: field,
    ...optional(texts, 'labels'),
    ...optional(text, 'priority', 'resolve_transition', 'reopen_transition', 'wont_fix_resolution'),
    ...optional(duration, 'reopen_duration'),
    fields: v.optional(v.record(v.string(), v.unknown())),
  }),
  check: (config, global) => {
    if (config.project === '') return 'missing project in jira_config';
    if (config.issue_type === '') return 'missing issue_type in jira_config';
    return (config.api_url ?? global.jira_api_url) ? undefined : 'no global Jira Cloud URL set';
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    const base = (config.api_url ?? parts.global.jira_api_url ?? '').replace(/\/*$/, '');
    return async (notification, signal) => {
      const api = new JiraApi(client, base, signal);
      const data = templateData(notification, parts.externalUrl);
      const expand: Expand = (template, fallback = '') => parts.templates.text(template ?? fallback, data);
      const firing = notificationStatus(notification) === 'firing';
      const label = `ALERT{${hashKey(notification.groupKey)}}`;
      const known = await api.search(searchPath(config, base), query(config, expand, label, firing));
      if (!known)
        return firing ? `created ${await api.create(issueFields(config, expand, label, base))}` : 'no issue';
      await api.update(known.key, issueFields(config, expand, label, base, true));
      return `updated ${known.key}${await transit(config, api, known, firing)}`;
    };
  },
});

type Expand = (template: string | undefined, fallback?: string) => string;

/** https://developer.atlassian.com/changelog/#CHANGE-2046: Cloud has given up `/search` for `/search/jql`. */
function searchPath({ api_type: type = 'auto' }: JiraConfig, base: string): string {
  const isAtlassian = new URL(base).hostname.endsWith('atlassian.net');
  return type === 'cloud' || (type === 'auto' && isAtlassian) ? 'search/jql' : 'search';
}

/** JQL that finds the group's issue: an open one, or one resolved so lately that it is to be reopened. */
function query(config: JiraConfig, expand: Expand, label: string, firing: boolean): string {
  const { wont_fix_resolution: wontFix, reopen_transition: transition, reopen_duration: reopen } = config;
  const state =
    firing && transition && reopen
      ? `(resolutiondate is EMPTY OR resolutiondate >= -${Math.trunc(reopen / MINUTE_MS)}m)`
      : 'statusCategory != Done';
  const conditions = [state, `project=${quote(expand(config.project))}`, `labels=${quote(label)}`];
  if (wontFix) conditions.unshift(`(resolution is EMPTY or resolution != ${quote(wontFix)})`);
  return `${conditions.join(' and ')} order by status ASC,resolutiondate DESC`;
}

function quote(value: string): string {
  return `"${value.replace(/["\\]/g, String.raw`\$&`)}"`;
}

function issueFields(
  config: JiraConfig,
  expand: Expand,
  label: string,
  base: string,
  isUpdate = false,
): object {
  const wanted = ({ enable_update: update = true }: FieldConfig): boolean => update || !isUpdate;
  const { summary, description } = config;
  const priority = expand(config.priority, '{{ template "jira.default.priority" . }}');
  const own = expandPayload(config.fields ?? {}, expand) as object;
  return {
    project: { key: expand(config.project) },
    issuetype: { name: expand(config.issue_type) },
    ...(wanted(summary) && {
      summary: truncateRunes(
        expand(summary.template, '{{ template "jira.default.summary" . }}'),
        SUMMARY_RUNES,
      ),
    }),
    ...(wanted(description) && {
      description: describe(
        expand(description.template, '{{ template "jira.default.description" . }}'),
        base,
      ),
    }),
    labels: [label, ...(config.labels ?? []).map((each) => expand(each))].sort(),
    ...(priority !== '' && { priority: { name: priority } }),
    ...own,
  };
}

/**
 * Version 3 of the API wants an Atlassian document. A template may give one as JSON; what is plain text becomes one,
 * a paragraph per line.
 */
function describe(description: string, base: string): unknown {
  const text = truncateRunes(description, DESCRIPTION_RUNES);
  if (!base.endsWith('/3')) return text;
  const given = documentIn(text);
  if (given !== undefined) return given;
  const content = text
    .split('\n')
    .map((line) => ({ type: 'paragraph', content: line === '' ? [] : [{ type: 'text', text: line }] }));
  return { type: 'doc', version: 1, content };
}

function documentIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Closes the issue of a group that has resolved, and opens the one of a group that fires again. */
async function transit(
  config: JiraConfig,
  api: JiraApi,
  { key, done }: Issue,
  firing: boolean,
): Promise<string> {
  const name = firing ? config.reopen_transition : config.resolve_transition;
  if (!name || done !== firing) return '';
  await api.transit(key, name);
  return `, ${name}`;
}

interface Issue {
  readonly key: string;
  readonly done: boolean;
}

/** What Jira's REST API is used for. @throws DeliveryError, in all of it */
class JiraApi {
  readonly #client: HttpClient;
  readonly #base: string;
  readonly #signal: AbortSignal;

  constructor(client: HttpClient, base: string, signal: AbortSignal) {
    this.#client = client;
    this.#base = base;
    this.#signal = signal;
  }

  /** The first issue of a query. */
  async search(path: string, jql: string): Promise<Issue | undefined> {
    const answer = await this.#call('POST', path, { jql, maxResults: 2, fields: ['status'] });
    const [first] = (answer as SearchAnswer).issues ?? [];
    return first && { key: first.key, done: first.fields?.status?.statusCategory?.key === 'done' };
  }

  /** @returns the key of the new issue */
  async create(fields: object): Promise<string> {
    const answer = await this.#call('POST', 'issue', { fields });
    return (answer as { key?: string }).key ?? 'an issue';
  }

  async update(key: string, fields: object): Promise<void> {
    await this.#call('PUT', `issue/${encodeURIComponent(key)}`, { fields });
  }

  async transit(key: string, name: string): Promise<void> {
    const path = `issue/${encodeURIComponent(key)}/transitions`;
    const { transitions = [] } = (await this.#call('GET', path)) as TransitionsAnswer;
    const transition = transitions.find((each) => each.name === name);
    if (!transition)
      throw new DeliveryError(`can't find transition ${name} for issue ${key}`, { retry: false });
    await this.#call('POST', path, { transition: { id: transition.id } });
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json', 'accept-language': 'en' };
    const request: Omit<HttpRequest, 'timeoutMs'> = {
      method,
      url: `${this.#base}/${path}`,
      headers,
      signal: this.#signal,
      ...(body && { body: toJson(body) }),
    };
    const said = bodyText(await send(this.#client, request, { retryStatuses: [429] }));
    try {
      return said === '' ? {} : JSON.parse(said);
    } catch (cause) {
      throw new DeliveryError(`not an answer of Jira: ${said.slice(0, 200)}`, { retry: false, cause });
    }
  }
}

interface SearchAnswer {
  readonly issues?: readonly {
    readonly key: string;
    readonly fields?: { readonly status?: { readonly statusCategory?: { readonly key?: string } } };
  }[];
}

interface TransitionsAnswer {
  readonly transitions?: readonly { readonly id: string; readonly name: string }[];
}
