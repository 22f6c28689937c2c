import { createHash } from 'node:crypto';
import { Labels, type Matcher } from '@prunella/metrics';
import type { GroupRule, RuleGroup, RuleManager } from '@prunella/rules';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { alertJson, groupJson, ruleJson } from './json.ts';

export interface RulesParts {
  readonly rules: Pick<RuleManager, 'groups' | 'alerts'>;
  /** Tells where alerts are sent besides our own Alertmanager. */
  readonly notifier?: { urls(): readonly string[] };
  /** Reads `{a="b",c=~"d"}` for `match[]`. @throws in PromQL's words */
  readonly parseSelector: (text: string) => readonly Matcher[];
}

/** The request is wrong; the message is the answer's `error`. */
class BadRequest extends Error {}

type Query = Readonly<Record<string, string | string[] | undefined>>;

/** Prometheus's `/api/v1/rules`, `/api/v1/alerts` and `/api/v1/alertmanagers`. */
export function rulesRoutes(app: FastifyInstance, parts: RulesParts): void {
  app.get<{ Querystring: Query }>('/api/v1/rules', (request, reply) =>
    answer(reply, () => listRules(parts, request.query)),
  );
  app.get('/api/v1/alerts', (_, reply) =>
    answer(reply, () => ({ alerts: parts.rules.alerts().map(alertJson) })),
  );
  app.get('/api/v1/alertmanagers', (_, reply) =>
    answer(reply, () => ({
      activeAlertmanagers: (parts.notifier?.urls() ?? []).map((url) => ({ url })),
      droppedAlertmanagers: [],
    })),
  );
}

function answer(reply: FastifyReply, data: () => object): object {
  try {
    return { status: 'success', data: data() };
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    void reply.code(400);
    return { status: 'error', errorType: 'bad_data', error: error.message };
  }
}

function listRules(parts: RulesParts, query: Query): object {
  const wanted = filterOf(query, parts);
  const excludeAlerts = flag(query, 'exclude_alerts');
  const files = values(query, 'file');
  const names = values(query, 'rule_group');
  const groups = parts.rules
    .groups()
    .filter(({ config }) => files.size === 0 || files.has(config.file))
    .filter(({ config }) => names.size === 0 || names.has(config.name));
  const found = groups
    .map((group) => ({ group, rules: group.rules.filter(wanted) }))
    // A group without rules is not shown, also when only the filters have emptied it.
    .filter(({ rules }) => rules.length > 0);
  const page = paginate(found, query);
  return {
    groups: page.entries.map(({ group, rules }) =>
      groupJson(
        group,
        rules.map((rule) => ruleJson(rule, excludeAlerts)),
      ),
    ),
    ...(page.next === undefined ? {} : { groupNextToken: page.next }),
  };
}

function filterOf(query: Query, parts: RulesParts): (rule: GroupRule) => boolean {
  const type = first(query, 'type')?.toLowerCase() ?? '';
  if (!['', 'alert', 'record'].includes(type)) {
    throw new BadRequest(`invalid parameter "type": not supported value ${JSON.stringify(type)}`);
  }
  const names = values(query, 'rule_name');
  const selectors = [...values(query, 'match[]')].map((text) => selector(text, parts));
  return ({ config }) =>
    (type === '' || config.type === (type === 'alert' ? 'alerting' : 'recording')) &&
    (names.size === 0 || names.has(config.name)) &&
    (selectors.length === 0 ||
      selectors.some((matchers) => matchesRule(Labels.from(config.labels), matchers)));
}

function matchesRule(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matchesLabels(labels));
}

function selector(text: string, parts: RulesParts): readonly Matcher[] {
  try {
    return parts.parseSelector(text);
  } catch (error) {
    throw new BadRequest(`invalid parameter "match[]": ${(error as Error).message}`);
  }
}

interface Entry {
  readonly group: RuleGroup;
  readonly rules: readonly GroupRule[];
}

/** `group_limit` groups from `group_next_token` on. */
function paginate(entries: readonly Entry[], query: Query): { entries: readonly Entry[]; next?: string } {
  const token = first(query, 'group_next_token');
  const limit = groupLimit(first(query, 'group_limit'));
  if (limit === undefined) {
    if (token === undefined) return { entries };
    throw new BadRequest(
      'invalid parameter "group_limit": group_limit needs to be present in order to paginate over the groups',
    );
  }
  const start = token === undefined ? 0 : entries.findIndex(({ group }) => tokenOf(group) === token);
  if (start < 0) {
    throw new BadRequest(
      'invalid parameter "group_next_token": invalid group_next_token. were rule groups changed?',
    );
  }
  const following = entries[start + limit];
  return {
    entries: entries.slice(start, start + limit),
    ...(following ? { next: tokenOf(following.group) } : {}),
  };
}

function groupLimit(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const limit = Number(text);
  if (!/^[+-]?\d+$/.test(text)) {
    throw new BadRequest(
      `invalid parameter "group_limit": invalid group_limit value: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  if (limit <= 0) {
    throw new BadRequest('invalid parameter "group_limit": group_limit needs to be greater than 0');
  }
  return limit;
}

function tokenOf(group: RuleGroup): string {
  return createHash('sha1').update(`${group.config.file};${group.config.name}`).digest('hex');
}

function flag(query: Query, name: string): boolean {
  const text = first(query, name)?.toLowerCase() ?? '';
  if (['1', 't', 'true'].includes(text)) return true;
  if (['', '0', 'f', 'false'].includes(text)) return false;
  throw new BadRequest(
    `invalid parameter "${name}": error converting ${name}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

function first(query: Query, name: string): string | undefined {
  return [...values(query, name, '')][0];
}

/** All values of a parameter; `rule_name` may also be written `rule_name[]`. */
function values(query: Query, name: string, suffix = '[]'): Set<string> {
  return new Set(
    [query[name], suffix === '' ? undefined : query[name + suffix]]
      .flat()
      .filter((each) => each !== undefined),
  );
}
