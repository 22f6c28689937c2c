/**
 * The `http_config` of Prometheus and Alertmanager: who we are, whom we trust, which way we go. Prometheus puts the
 * same keys beside others (scrape_configs), hence `httpClientEntries`.
 */
import * as v from 'valibot';
import { secret, type Secret } from '../config/schemas.ts';

/** A secret in one of three places: in the file itself, in a file of its own, or in an environment variable. */
export interface BasicAuthConfig {
  username?: string | undefined;
  username_file?: string | undefined;
  username_env?: string | undefined;
  password?: Secret | undefined;
  password_file?: string | undefined;
  password_env?: string | undefined;
}

export interface AuthorizationConfig {
  /** The scheme before the credentials. @default 'Bearer' */
  type?: string | undefined;
  credentials?: Secret | undefined;
  credentials_file?: string | undefined;
  credentials_env?: string | undefined;
}

export type TlsVersion = 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13';

export interface TlsConfig {
  ca?: string | undefined;
  ca_file?: string | undefined;
  cert?: string | undefined;
  cert_file?: string | undefined;
  key?: Secret | undefined;
  key_file?: string | undefined;
  server_name?: string | undefined;
  insecure_skip_verify?: boolean | undefined;
  min_version?: TlsVersion | undefined;
  max_version?: TlsVersion | undefined;
}

export interface ProxyConfig {
  proxy_url?: string | undefined;
  /** Hosts, domains, addresses and CIDR ranges reached directly, separated by commas. */
  no_proxy?: string | undefined;
  proxy_from_environment?: boolean | undefined;
  proxy_connect_header?: Record<string, Secret[]> | undefined;
}

export interface OAuth2Config extends ProxyConfig {
  client_id: string;
  client_secret?: Secret | undefined;
  client_secret_file?: string | undefined;
  client_secret_env?: string | undefined;
  scopes?: string[] | undefined;
  token_url: string;
  endpoint_params?: Record<string, string> | undefined;
  tls_config?: TlsConfig | undefined;
}

export interface HeaderConfig {
  values?: string[] | undefined;
  secrets?: Secret[] | undefined;
  files?: string[] | undefined;
}

export interface HttpClientConfig extends ProxyConfig {
  basic_auth?: BasicAuthConfig | undefined;
  authorization?: AuthorizationConfig | undefined;
  /** The older spelling of `authorization: {credentials}`. */
  bearer_token?: Secret | undefined;
  bearer_token_file?: string | undefined;
  oauth2?: OAuth2Config | undefined;
  http_headers?: Record<string, HeaderConfig> | undefined;
  tls_config?: TlsConfig | undefined;
  /** @default true */
  follow_redirects?: boolean | undefined;
  /** Accepted; we speak HTTP/1.1. */
  enable_http2?: boolean | undefined;
}

const text = v.optional(v.string());
const flag = v.optional(v.boolean());

/** Of places for the same thing, only one can hold. */
function atMostOne<T extends object>(value: T, keys: readonly (keyof T)[]): boolean {
  return keys.filter((key) => value[key] !== undefined).length <= 1;
}

const basicAuth = v.pipe(
  v.strictObject({
    username: text,
    username_file: text,
    username_env: text,
    password: v.optional(secret),
    password_file: text,
    password_env: text,
  }),
  v.check(
    (value) => atMostOne(value, ['username', 'username_file', 'username_env']),
    'give one of username, username_file, username_env',
  ),
  v.check(
    (value) => atMostOne(value, ['password', 'password_file', 'password_env']),
    'give one of password, password_file, password_env',
  ),
);

const authorization = v.pipe(
  v.strictObject({
    type: v.optional(
      v.pipe(
        v.string(),
        v.check((type) => type.trim().toLowerCase() !== 'basic', 'use basic_auth for the type "basic"'),
      ),
    ),
    credentials: v.optional(secret),
    credentials_file: text,
    credentials_env: text,
  }),
  v.check(
    (value) => atMostOne(value, ['credentials', 'credentials_file', 'credentials_env']),
    'give one of credentials, credentials_file, credentials_env',
  ),
);

const tlsVersion = v.optional(v.picklist(['TLS10', 'TLS11', 'TLS12', 'TLS13']));

export const tlsConfig: v.GenericSchema<unknown, TlsConfig> = v.pipe(
  v.strictObject({
    ca: text,
    ca_file: text,
    cert: text,
    cert_file: text,
    key: v.optional(secret),
    key_file: text,
    server_name: text,
    insecure_skip_verify: flag,
    min_version: tlsVersion,
    max_version: tlsVersion,
  }),
  v.check((value) => atMostOne(value, ['ca', 'ca_file']), 'give one of ca, ca_file'),
  v.check((value) => atMostOne(value, ['cert', 'cert_file']), 'give one of cert, cert_file'),
  v.check((value) => atMostOne(value, ['key', 'key_file']), 'give one of key, key_file'),
  v.check(
    (tls) => (tls.cert ?? tls.cert_file) === undefined || (tls.key ?? tls.key_file) !== undefined,
    'a client certificate needs its key',
  ),
);

const url = v.pipe(
  v.string(),
  v.check(
    (value) => /^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : ''),
    'expected an http(s) URL',
  ),
);

const proxyEntries = {
  proxy_url: v.optional(v.union([url, v.literal('')])),
  no_proxy: text,
  proxy_from_environment: flag,
  proxy_connect_header: v.optional(v.record(v.string(), v.array(secret))),
};

const oauth2 = v.pipe(
  v.strictObject({
    client_id: v.string(),
    client_secret: v.optional(secret),
    client_secret_file: text,
    client_secret_env: text,
    scopes: v.optional(v.array(v.string())),
    token_url: url,
    endpoint_params: v.optional(v.record(v.string(), v.string())),
    tls_config: v.optional(tlsConfig),
    ...proxyEntries,
  }),
  v.check(
    (value) => atMostOne(value, ['client_secret', 'client_secret_file', 'client_secret_env']),
    'give one of client_secret, client_secret_file, client_secret_env',
  ),
);

/** Set by the client itself for every request. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
  'x-prometheus-scrape-timeout-seconds',
]);

const httpHeaders = v.record(
  v.pipe(
    v.string(),
    v.check(
      (name) => !RESERVED_HEADERS.has(name.toLowerCase()),
      (issue) => `setting the header ${JSON.stringify(issue.input)} is not allowed`,
    ),
  ),
  v.strictObject({
    values: v.optional(v.array(v.string())),
    secrets: v.optional(v.array(secret)),
    files: v.optional(v.array(v.string())),
  }),
);

/** The keys of `http_config`, for formats that list them among their own. Check the whole with `httpClientProblem`. */
export const httpClientEntries: Record<keyof HttpClientConfig, v.GenericSchema> = {
  basic_auth: v.optional(basicAuth),
  authorization: v.optional(authorization),
  bearer_token: v.optional(secret),
  bearer_token_file: text,
  oauth2: v.optional(oauth2),
  http_headers: v.optional(httpHeaders),
  tls_config: v.optional(tlsConfig),
  follow_redirects: flag,
  enable_http2: flag,
  ...proxyEntries,
};

/** What is wrong between the keys of an `http_config`, if anything. */
export function httpClientProblem(config: HttpClientConfig): string | undefined {
  if (config.bearer_token !== undefined && config.bearer_token_file !== undefined)
    return 'give one of bearer_token, bearer_token_file';
  const ways = ['basic_auth', 'authorization', 'oauth2'] as const;
  const given = ways.filter((way) => config[way] !== undefined) as string[];
  if ((config.bearer_token ?? config.bearer_token_file) !== undefined) given.push('bearer_token');
  if (given.length > 1)
    return `give one of basic_auth, authorization, oauth2, bearer_token; got ${given.join(', ')}`;
  if (config.proxy_from_environment === true && (config.proxy_url || config.no_proxy))
    return 'proxy_from_environment excludes proxy_url and no_proxy';
  if (config.no_proxy && !config.proxy_url) return 'no_proxy needs proxy_url';
  return undefined;
}

export const httpClientConfig: v.GenericSchema<unknown, HttpClientConfig> = v.pipe(
  v.strictObject(httpClientEntries),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed ? httpClientProblem(dataset.value as HttpClientConfig) : undefined;
    if (problem !== undefined) addIssue({ message: problem });
  }),
) as v.GenericSchema<unknown, HttpClientConfig>;
