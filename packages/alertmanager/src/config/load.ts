import { dirname } from 'node:path';
import { isLegacyLabelName } from '@prunella/metrics';
import { ConfigError, ConfigSource, validate, type ConfigProblem, type Path } from '@prunella/metrics/config';
import * as v from 'valibot';
import type { InhibitRule } from '../inhibit.ts';
import { Matcher, sortMatchers } from '../match/matcher.ts';
import { parseMatchers } from '../match/parse.ts';
import { RECEIVER_KINDS } from '../receivers/kinds.ts';
import type { CommonConfig, ReceiverKind } from '../receivers/receiver.ts';
import { Route, type RouteNode, type RouteOptions } from '../route.ts';
import type { TimePeriod } from '../timeinterval.ts';
import { dropNulls } from './fields.ts';
import { originalConfig } from './original.ts';
import {
  fileConfig,
  type AlertLogConfig,
  type FileConfig,
  type GlobalConfig,
  type HeartbeatConfig,
  type InhibitRuleConfig,
  type ReceiverFileConfig,
  type RouteConfig,
  type WatchdogConfig,
} from './schema.ts';
import { compilePeriod } from './intervals.ts';

/** An `alertmanager.yml`, checked and ready for use. */
export interface Configuration {
  readonly file: string;
  /** What relative file names in it are relative to. */
  readonly directory: string;
  readonly global: GlobalConfig;
  readonly route: Route;
  readonly inhibitRules: readonly InhibitRule[];
  readonly intervals: ReadonlyMap<string, readonly TimePeriod[]>;
  readonly receivers: readonly ReceiverDefinition[];
  /** Globs. */
  readonly templates: readonly string[];
  readonly watchdogs: readonly Watchdog[];
  readonly heartbeats: readonly HeartbeatConfig[];
  readonly alertLogs: readonly AlertLogConfig[];
  /** The file with defaults filled in and secrets hidden: what `/api/v2/status` shows. */
  readonly original: string;
  /** What Alertmanager itself would not accept, as `file:line:column: …`. */
  readonly extensions: readonly ConfigProblem[];
}

export interface ReceiverDefinition {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly fallback: string | undefined;
  readonly integrations: readonly IntegrationDefinition[];
}

export interface IntegrationDefinition {
  readonly kind: ReceiverKind;
  /** Among those of its kind in the receiver. */
  readonly index: number;
  readonly sendResolved: boolean;
  readonly config: unknown;
}

export interface Watchdog extends Omit<WatchdogConfig, 'matchers'> {
  readonly matchers: readonly Matcher[];
}

const schema = v.pipe(
  v.unknown(),
  v.transform(dropNulls),
  fileConfig(
    Object.fromEntries(RECEIVER_KINDS.map((kind) => [entryKey(kind), v.optional(v.array(kind.schema))])),
  ),
);

function entryKey(kind: ReceiverKind): `${string}_configs` {
  return `${kind.name}_configs`;
}

/** @throws ConfigError with every fault and its place */
export function loadConfig(text: string, file: string): Configuration {
  const source = new ConfigSource(text, file);
  const config = validate(source, schema) as FileConfig;
  return new Loader(source, config).load();
}

/** Checks what a schema cannot: names that refer to others, things that must not be together. */
class Loader {
  readonly #source: ConfigSource;
  readonly #config: FileConfig;
  readonly #problems: ConfigProblem[] = [];
  readonly #extensions: ConfigProblem[] = [];
  readonly #receiverNames = new Set<string>();
  readonly #intervals = new Map<string, readonly TimePeriod[]>();

  constructor(source: ConfigSource, config: FileConfig) {
    this.#source = source;
    this.#config = config;
  }

  load(): Configuration {
    const config = this.#config;
    this.#extend(['watchdogs'], config.watchdogs);
    this.#extend(['heartbeats'], config.heartbeats);
    this.#extend(['alert_logs'], config.alert_logs);
    for (const path of ownKeys(this.#source.value)) this.#extend(path, true);
    this.#loadIntervals('time_intervals');
    this.#loadIntervals('mute_time_intervals');
    const receivers = (config.receivers ?? []).map((receiver, i) =>
      this.#receiver(receiver, ['receivers', i]),
    );
    this.#checkFallbacks(receivers);
    const node = this.#root();
    const inhibitRules = (config.inhibit_rules ?? []).map((rule, i) =>
      this.#inhibitRule(rule, ['inhibit_rules', i]),
    );
    const watchdogs = (config.watchdogs ?? []).map((watchdog, i) => ({
      ...watchdog,
      matchers: this.#matchers(watchdog.matchers, ['watchdogs', i, 'matchers']),
    }));
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
    return {
      file: this.#source.file,
      directory: dirname(this.#source.file),
      global: config.global ?? {},
      route: new Route(node),
      inhibitRules,
      intervals: this.#intervals,
      receivers,
      templates: config.templates ?? [],
      watchdogs,
      heartbeats: config.heartbeats ?? [],
      alertLogs: config.alert_logs ?? [],
      original: originalConfig(this.#source.value, config),
      extensions: this.#extensions,
    };
  }

  #fault(path: Path, message: string): void {
    this.#problems.push(this.#source.problem(path, message));
  }

  #extend(path: Path, value: unknown): void {
    if (value !== undefined)
      this.#extensions.push(this.#source.problem(path, `${String(path.at(-1))} is Prunella's`));
  }

  #attempt<T>(path: Path, step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      this.#fault(path, (error as Error).message);
      return undefined;
    }
  }

  #loadIntervals(key: 'time_intervals' | 'mute_time_intervals'): void {
    for (const [i, interval] of (this.#config[key] ?? []).entries()) {
      const path = [key, i];
      if (interval.name === '') this.#fault(path, 'missing name in time interval');
      if (this.#intervals.has(interval.name)) {
        this.#fault([...path, 'name'], `time interval ${quote(interval.name)} is not unique`);
      }
      const periods = interval.time_intervals.map((period, j) =>
        this.#attempt([...path, 'time_intervals', j], () => compilePeriod(period)),
      );
      this.#intervals.set(
        interval.name,
        periods.filter((period) => period !== undefined),
      );
    }
  }

  #receiver(receiver: ReceiverFileConfig, path: Path): ReceiverDefinition {
    if (receiver.name === '') this.#fault(path, 'missing name in receiver');
    if (this.#receiverNames.has(receiver.name)) {
      this.#fault([...path, 'name'], `notification config name ${quote(receiver.name)} is not unique`);
    }
    this.#receiverNames.add(receiver.name);
    this.#extend([...path, 'fallback'], receiver.fallback);
    const integrations = RECEIVER_KINDS.flatMap((kind) =>
      (receiver[entryKey(kind)] ?? []).map((config, index) =>
        this.#integration(kind, config, index, [...path, entryKey(kind), index]),
      ),
    );
    return { name: receiver.name, labels: receiver.labels ?? {}, fallback: receiver.fallback, integrations };
  }

  #integration(kind: ReceiverKind, config: unknown, index: number, path: Path): IntegrationDefinition {
    const fault = kind.check(config, this.#config.global ?? {});
    if (fault !== undefined) this.#fault(path, fault);
    if (kind.ours) this.#extensions.push(this.#source.problem(path, `${entryKey(kind)} is Prunella's`));
    const sendResolved = (config as CommonConfig).send_resolved ?? kind.sendResolved;
    return { kind, index, sendResolved, config };
  }

  #checkFallbacks(receivers: readonly ReceiverDefinition[]): void {
    for (const [i, { name, fallback }] of receivers.entries()) {
      if (fallback === undefined) continue;
      const path = ['receivers', i, 'fallback'];
      if (!this.#receiverNames.has(fallback))
        this.#fault(path, `undefined receiver ${quote(fallback)} used as fallback`);
      if (fallback === name) this.#fault(path, 'a receiver cannot be its own fallback');
    }
  }

  #root(): RouteNode {
    const root = this.#config.route;
    if (!root) {
      this.#fault([], 'no route provided in config');
      return EMPTY_NODE;
    }
    if (!root.receiver) this.#fault(['route'], 'root route must specify a default receiver');
    if (root.match ?? root.match_re ?? root.matchers)
      this.#fault(['route'], 'root route must not have any matchers');
    if (root.mute_time_intervals?.length) {
      this.#fault(['route', 'mute_time_intervals'], 'root route must not have any mute time intervals');
    }
    if (root.active_time_intervals?.length) {
      this.#fault(['route', 'active_time_intervals'], 'root route must not have any active time intervals');
    }
    if (root.continue) this.#fault(['route', 'continue'], 'cannot have continue in root route');
    return this.#route(root, ['route']);
  }

  #route(route: RouteConfig, path: Path): RouteNode {
    this.#checkRoute(route, path);
    const matchers = [
      ...this.#matcherMap(route.match, '=', [...path, 'match']),
      ...this.#matcherMap(route.match_re, '=~', [...path, 'match_re']),
      ...this.#matchers(route.matchers, [...path, 'matchers']),
    ];
    const { group_by: groupBy } = route;
    return {
      matchers: sortMatchers(matchers),
      continue: route.continue ?? false,
      muteTimeIntervals: route.mute_time_intervals ?? [],
      activeTimeIntervals: route.active_time_intervals ?? [],
      routes: (route.routes ?? []).map((child, i) => this.#route(child, [...path, 'routes', i])),
      ...given('receiver', route.receiver === '' ? undefined : route.receiver),
      ...given('groupBy', groupBy && groupSelector(groupBy)),
      ...given('groupWait', route.group_wait),
      ...given('groupInterval', route.group_interval),
      ...given('repeatInterval', route.repeat_interval),
      ...given('resolveMuted', route.resolve_muted),
      ...given('labels', route.labels),
    };
  }

  #checkRoute(route: RouteConfig, path: Path): void {
    if (route.receiver && !this.#receiverNames.has(route.receiver)) {
      this.#fault([...path, 'receiver'], `undefined receiver ${quote(route.receiver)} used in route`);
    }
    for (const key of ['group_interval', 'repeat_interval'] as const) {
      if (route[key] === 0) this.#fault([...path, key], `${key} cannot be zero`);
    }
    for (const key of ['mute_time_intervals', 'active_time_intervals'] as const) {
      for (const [i, name] of (route[key] ?? []).entries()) {
        if (!this.#intervals.has(name)) {
          this.#fault([...path, key, i], `undefined time interval ${quote(name)} used in route`);
        }
      }
    }
    this.#checkGroupBy(route.group_by ?? [], [...path, 'group_by']);
    this.#extend([...path, 'resolve_muted'], route.resolve_muted);
  }

  #checkGroupBy(names: readonly string[], path: Path): void {
    const seen = new Set<string>();
    for (const [i, name] of names.entries()) {
      if (seen.has(name)) this.#fault([...path, i], `duplicated label ${quote(name)} in group_by`);
      if (name === '') this.#fault([...path, i], `invalid label name ${quote(name)} in group_by list`);
      seen.add(name);
    }
    if (seen.has('...') && seen.size > 1) {
      this.#fault(path, 'cannot have wildcard group_by (`...`) and other labels at the same time');
    }
  }

  #inhibitRule(rule: InhibitRuleConfig, path: Path): InhibitRule {
    const side = (name: 'source' | 'target'): Matcher[] => [
      ...this.#matcherMap(rule[`${name}_match`], '=', [...path, `${name}_match`]),
      ...this.#matcherMap(rule[`${name}_match_re`], '=~', [...path, `${name}_match_re`]),
      ...this.#matchers(rule[`${name}_matchers`], [...path, `${name}_matchers`]),
    ];
    return {
      ...given('name', rule.name),
      source: side('source'),
      target: side('target'),
      equal: rule.equal ?? [],
    };
  }

  #matchers(texts: readonly string[] | undefined, path: Path): Matcher[] {
    return (texts ?? []).flatMap((text, i) => this.#attempt([...path, i], () => parseMatchers(text)) ?? []);
  }

  /** The older form: `match: {severity: critical}`; classic label names only. */
  #matcherMap(map: Readonly<Record<string, string>> | undefined, type: '=' | '=~', path: Path): Matcher[] {
    return Object.entries(map ?? {}).flatMap(([name, value]) => {
      if (!isLegacyLabelName(name)) this.#fault([...path, name], `invalid label name ${quote(name)}`);
      // Alertmanager anchors these as text, which group keys show.
      const pattern = type === '=~' ? `^(?:${value})$` : value;
      return this.#attempt([...path, name], () => new Matcher(name, type, pattern)) ?? [];
    });
  }
}

/** Maps whose keys are the user's. */
const FREE: ReadonlySet<string> = new Set(
  'labels annotations match match_re source_match target_match details payload headers http_headers custom_fields attributes props tracing event_recorder'.split(
    ' ',
  ),
);

/**
 * Keys of ours inside objects that Alertmanager knows: `*_env` wherever a secret may stand, `bale_*` in global, chats of
 * Telegram that have a name (`'@channel'`) instead of a number.
 */
function* ownKeys(value: unknown, path: Path = []): Generator<Path> {
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    const isName = key === 'chat_id' && path.includes('telegram_configs') && typeof inner === 'string';
    if (isName || /^[a-z_]+_env$/.test(key) || (path.at(-1) === 'global' && key.startsWith('bale_')))
      yield here;
    else if (!FREE.has(key)) yield* ownKeys(inner, here);
  }
}

const EMPTY_NODE: RouteNode = {
  matchers: [],
  continue: false,
  muteTimeIntervals: [],
  activeTimeIntervals: [],
  routes: [],
};

function groupSelector(names: readonly string[]): RouteOptions['groupBy'] {
  return names.includes('...') ? 'all' : new Set(names);
}

function given<K extends string, T>(key: K, value: T | undefined): { [key in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: T };
}

function quote(name: string): string {
  return JSON.stringify(name);
}
