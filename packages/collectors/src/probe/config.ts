import * as v from 'valibot';
import { byteSize, duration, parseConfig, regex, secret, type Secret } from '@prunella/metrics/config';

export interface AddressPreference {
  readonly preferred_ip_protocol: 'ip4' | 'ip6';
  readonly ip_protocol_fallback: boolean;
}

export interface TlsConfig {
  readonly insecure_skip_verify: boolean;
  readonly ca_file?: string | undefined;
  readonly cert_file?: string | undefined;
  readonly key_file?: string | undefined;
  readonly server_name?: string | undefined;
}

export interface HeaderMatch {
  readonly header: string;
  readonly regexp: string;
  readonly allow_missing: boolean;
}

/** A module's `http` section; the names are blackbox_exporter's. */
export interface HttpProbe extends AddressPreference {
  /** Empty = any 2xx. */
  readonly valid_status_codes: readonly number[];
  readonly valid_http_versions: readonly string[];
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Bytes; 0 = our own limit. */
  readonly body_size_limit: number;
  readonly follow_redirects: boolean;
  readonly fail_if_ssl: boolean;
  readonly fail_if_not_ssl: boolean;
  readonly fail_if_body_matches_regexp: readonly string[];
  readonly fail_if_body_not_matches_regexp: readonly string[];
  readonly fail_if_header_matches: readonly HeaderMatch[];
  readonly fail_if_header_not_matches: readonly HeaderMatch[];
  readonly basic_auth?:
    | {
        readonly username: string;
        readonly password?: Secret | undefined;
        readonly password_file?: string | undefined;
      }
    | undefined;
  readonly tls_config: TlsConfig;
}

/** A module's `tcp` section. */
export interface TcpProbe extends AddressPreference {
  readonly tls: boolean;
  readonly tls_config: TlsConfig;
  readonly query_response: readonly {
    readonly expect?: string | undefined;
    readonly send?: string | undefined;
  }[];
}

export interface ProbeModule {
  readonly prober: 'http' | 'tcp';
  /** ms */
  readonly timeout?: number | undefined;
  readonly http: HttpProbe;
  readonly tcp: TcpProbe;
}

const address = {
  preferred_ip_protocol: v.optional(v.picklist(['ip4', 'ip6']), 'ip6'),
  ip_protocol_fallback: v.optional(v.boolean(), true),
};

const tls = v.strictObject({
  insecure_skip_verify: v.optional(v.boolean(), false),
  ca_file: v.optional(v.string()),
  cert_file: v.optional(v.string()),
  key_file: v.optional(v.string()),
  server_name: v.optional(v.string()),
});

const headerMatch = v.strictObject({
  header: v.string(),
  regexp: regex,
  allow_missing: v.optional(v.boolean(), false),
});

const httpProbe = v.strictObject({
  ...address,
  valid_status_codes: v.optional(v.array(v.number()), []),
  valid_http_versions: v.optional(v.array(v.string()), []),
  method: v.optional(v.string(), 'GET'),
  headers: v.optional(v.record(v.string(), v.string()), {}),
  body: v.optional(v.string()),
  body_size_limit: v.optional(byteSize, 0),
  follow_redirects: v.optional(v.boolean(), true),
  fail_if_ssl: v.optional(v.boolean(), false),
  fail_if_not_ssl: v.optional(v.boolean(), false),
  fail_if_body_matches_regexp: v.optional(v.array(v.string()), []),
  fail_if_body_not_matches_regexp: v.optional(v.array(v.string()), []),
  fail_if_header_matches: v.optional(v.array(headerMatch), []),
  fail_if_header_not_matches: v.optional(v.array(headerMatch), []),
  basic_auth: v.optional(
    v.strictObject({
      username: v.string(),
      password: v.optional(secret),
      password_file: v.optional(v.string()),
    }),
  ),
  tls_config: v.optional(tls, {}),
});

const tcpProbe = v.strictObject({
  ...address,
  tls: v.optional(v.boolean(), false),
  tls_config: v.optional(tls, {}),
  query_response: v.optional(
    v.array(v.strictObject({ expect: v.optional(v.string()), send: v.optional(v.string()) })),
    [],
  ),
});

const moduleSchema = v.strictObject({
  prober: v.picklist(['http', 'tcp'], 'this prober is not supported; http and tcp are'),
  timeout: v.optional(duration),
  http: v.optional(httpProbe, {}),
  tcp: v.optional(tcpProbe, {}),
});

const schema = v.strictObject({ modules: v.record(v.string(), moduleSchema) });

/** The modules that are there without any file: what blackbox_exporter's own example starts with. */
export const DEFAULT_MODULES = 'modules: {http_2xx: {prober: http}, tcp_connect: {prober: tcp}}';

/** Reads blackbox.yml. @throws ConfigError */
export function parseProbeModules(text: string, file: string): ReadonlyMap<string, ProbeModule> {
  return new Map(Object.entries(parseConfig(text, file, schema).modules));
}
