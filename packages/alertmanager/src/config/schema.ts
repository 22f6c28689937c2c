/** Alertmanager's configuration file: all but the receivers, whose schemas stand beside their code. */
import { duration, secret } from '@prunella/metrics/config';
import { httpClientConfig, tlsConfig, type HttpClientConfig, type TlsConfig } from '@prunella/metrics/http';
import * as v from 'valibot';
import {
  flag,
  listOf,
  objectOf,
  optional,
  secretEntries,
  secretUrl,
  text,
  textMap,
  texts,
  url,
  type SecretFields,
} from './fields.ts';

/** Keys are the file's own; durations are ms. */
export interface GlobalConfig extends SecretFields<
  | 'smtp_auth_password'
  | 'smtp_auth_secret'
  | 'slack_api_url'
  | 'slack_app_token'
  | 'telegram_bot_token'
  | 'bale_bot_token'
  | 'opsgenie_api_key'
  | 'mattermost_webhook_url'
  | 'victorops_api_key'
  | 'rocketchat_token'
  | 'rocketchat_token_id'
  | 'wechat_api_secret'
> {
  readonly resolve_timeout?: number;
  readonly http_config?: HttpClientConfig;
  readonly smtp_from?: string;
  readonly smtp_smarthost?: string;
  readonly smtp_hello?: string;
  readonly smtp_auth_username?: string;
  readonly smtp_auth_identity?: string;
  readonly smtp_require_tls?: boolean;
  readonly smtp_tls_config?: TlsConfig;
  readonly smtp_force_implicit_tls?: boolean;
  readonly slack_app_url?: string;
  readonly telegram_api_url?: string;
  readonly bale_api_url?: string;
  readonly pagerduty_url?: string;
  readonly opsgenie_api_url?: string;
  readonly victorops_api_url?: string;
  readonly webex_api_url?: string;
  readonly rocketchat_api_url?: string;
  readonly wechat_api_url?: string;
  readonly wechat_api_corp_id?: string;
  readonly jira_api_url?: string;
}

const globalConfig = objectOf<GlobalConfig>({
  ...optional(duration, 'resolve_timeout'),
  ...optional(httpClientConfig, 'http_config'),
  ...optional(tlsConfig, 'smtp_tls_config'),
  ...optional(text, 'smtp_from', 'smtp_smarthost', 'smtp_hello', 'smtp_auth_username', 'smtp_auth_identity'),
  ...optional(flag, 'smtp_require_tls', 'smtp_force_implicit_tls'),
  ...optional(url, 'slack_app_url', 'telegram_api_url', 'bale_api_url', 'pagerduty_url', 'opsgenie_api_url'),
  ...secretEntries(secret, 'smtp_auth_password', 'smtp_auth_secret', 'slack_app_token', 'opsgenie_api_key'),
  ...secretEntries(secret, 'telegram_bot_token', 'bale_bot_token'),
  ...secretEntries(secretUrl, 'slack_api_url', 'mattermost_webhook_url'),
  ...optional(url, 'victorops_api_url', 'webex_api_url', 'rocketchat_api_url'),
  ...secretEntries(
    secret,
    'victorops_api_key',
    'rocketchat_token',
    'rocketchat_token_id',
    'wechat_api_secret',
  ),
  ...optional(url, 'wechat_api_url', 'jira_api_url'),
  ...optional(text, 'wechat_api_corp_id'),
});

export interface RouteConfig {
  readonly receiver?: string;
  readonly group_by?: readonly string[];
  readonly continue?: boolean;
  readonly match?: Readonly<Record<string, string>>;
  readonly match_re?: Readonly<Record<string, string>>;
  readonly matchers?: readonly string[];
  readonly group_wait?: number;
  readonly group_interval?: number;
  readonly repeat_interval?: number;
  readonly mute_time_intervals?: readonly string[];
  readonly active_time_intervals?: readonly string[];
  /** Templated labels that receivers see as `.RouteLabels`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly routes?: readonly RouteConfig[];
  /** Ours. */
  readonly resolve_muted?: boolean;
}

/** `matchers` may be a list or, as people write it, one string of several. */
const matcherTexts = v.pipe(
  v.union([v.array(v.string()), v.string()], 'expected a list of matchers'),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
);

const routeConfig: v.GenericSchema<unknown, RouteConfig> = objectOf<RouteConfig>({
  ...optional(text, 'receiver'),
  ...optional(texts, 'group_by', 'mute_time_intervals', 'active_time_intervals'),
  ...optional(flag, 'continue', 'resolve_muted'),
  ...optional(textMap, 'match', 'match_re', 'labels'),
  ...optional(matcherTexts, 'matchers'),
  ...optional(duration, 'group_wait', 'group_interval', 'repeat_interval'),
  routes: v.optional(v.lazy(() => listOf(routeConfig))),
});

export interface InhibitRuleConfig {
  readonly name?: string;
  readonly source_match?: Readonly<Record<string, string>>;
  readonly source_match_re?: Readonly<Record<string, string>>;
  readonly source_matchers?: readonly string[];
  readonly target_match?: Readonly<Record<string, string>>;
  readonly target_match_re?: Readonly<Record<string, string>>;
  readonly target_matchers?: readonly string[];
  readonly equal?: readonly string[];
}

const inhibitRuleConfig = objectOf<InhibitRuleConfig>({
  ...optional(text, 'name'),
  ...optional(textMap, 'source_match', 'source_match_re', 'target_match', 'target_match_re'),
  ...optional(matcherTexts, 'source_matchers', 'target_matchers'),
  ...optional(texts, 'equal'),
});

export interface TimePeriodConfig {
  readonly times?: readonly { readonly start_time: string; readonly end_time: string }[];
  readonly weekdays?: readonly string[];
  readonly days_of_month?: readonly string[];
  readonly months?: readonly string[];
  readonly years?: readonly string[];
  readonly location?: string;
}

export interface TimeIntervalConfig {
  readonly name: string;
  readonly time_intervals: readonly TimePeriodConfig[];
}

export const timePeriodConfig: v.GenericSchema<unknown, TimePeriodConfig> = objectOf<TimePeriodConfig>({
  times: v.optional(listOf(objectOf({ start_time: text, end_time: text }))),
  ...optional(texts, 'weekdays', 'days_of_month', 'months', 'years'),
  ...optional(text, 'location'),
});

const timeIntervalConfig = objectOf<TimeIntervalConfig>({
  name: text,
  time_intervals: v.optional(listOf(timePeriodConfig), []),
});

/** Ours: an alert is raised when none that matches was posted for `timeout`. */
export interface WatchdogConfig {
  readonly name: string;
  readonly matchers: readonly string[];
  readonly timeout: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Ours: requested every `interval` while notifications work, for a dead man's switch elsewhere. */
export interface HeartbeatConfig extends SecretFields<'url'> {
  readonly interval: number;
  readonly http_config?: HttpClientConfig;
}

/** Ours: lines that others append to a log become alerts. */
export interface AlertLogConfig {
  /** Relative to the configuration file. */
  readonly path: string;
  /** How often to look, ms. @default 30000 */
  readonly interval?: number;
  /** Equal lines within this time are one alert, which ends this long after the last, ms. @default 300000 */
  readonly hold?: number;
}

export interface FileConfig {
  readonly global?: GlobalConfig;
  readonly route?: RouteConfig;
  readonly inhibit_rules?: readonly InhibitRuleConfig[];
  readonly receivers?: readonly ReceiverFileConfig[];
  readonly templates?: readonly string[];
  readonly time_intervals?: readonly TimeIntervalConfig[];
  readonly mute_time_intervals?: readonly TimeIntervalConfig[];
  readonly watchdogs?: readonly WatchdogConfig[];
  readonly heartbeats?: readonly HeartbeatConfig[];
  readonly alert_logs?: readonly AlertLogConfig[];
}

export interface ReceiverFileConfig {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Ours: who is told what this receiver failed to deliver. */
  readonly fallback?: string;
  /** `webhook_configs` and so on. */
  readonly [kind: `${string}_configs`]: readonly unknown[];
}

/** The whole file; `receiverEntries` are the schemas of the known `*_configs`. */
export function fileConfig(receiverEntries: v.ObjectEntries): v.GenericSchema<unknown, FileConfig> {
  const receiver = objectOf<ReceiverFileConfig>({
    name: text,
    ...optional(textMap, 'labels'),
    ...optional(text, 'fallback'),
    ...receiverEntries,
  });
  return objectOf<FileConfig>({
    ...optional(globalConfig, 'global'),
    ...optional(routeConfig, 'route'),
    ...optional(listOf(inhibitRuleConfig), 'inhibit_rules'),
    ...optional(listOf(receiver), 'receivers'),
    ...optional(texts, 'templates'),
    ...optional(listOf(timeIntervalConfig), 'time_intervals', 'mute_time_intervals'),
    watchdogs: v.optional(
      listOf(
        objectOf<WatchdogConfig>({
          name: text,
          matchers: matcherTexts,
          timeout: duration,
          ...optional(textMap, 'labels', 'annotations'),
        }),
      ),
    ),
    heartbeats: v.optional(
      listOf(
        objectOf<HeartbeatConfig>({
          ...secretEntries(secretUrl, 'url'),
          interval: duration,
          ...optional(httpClientConfig, 'http_config'),
        }),
      ),
    ),
    alert_logs: v.optional(
      listOf(objectOf<AlertLogConfig>({ path: text, ...optional(duration, 'interval', 'hold') })),
    ),
    // Accepted and without effect: we neither trace nor record events in their formats.
    tracing: v.optional(v.looseObject({})),
    event_recorder: v.optional(v.looseObject({})),
  });
}
