import * as v from 'valibot';
import { compileRegex } from '@prunella/metrics';
import { byteSize, converted, duration, parseConfig, secret, type Secret } from '@prunella/metrics/config';
import { RECORD_TYPES } from './dns-message.ts';

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
  readonly bearer_token?: Secret | undefined;
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

/** Conditions on the records of one section. */
export interface RecordRules {
  readonly fail_if_matches_regexp: readonly string[];
  readonly fail_if_all_match_regexp: readonly string[];
  readonly fail_if_not_matches_regexp: readonly string[];
  readonly fail_if_none_matches_regexp: readonly string[];
}

/** A module's `dns` section. The target is the server. */
export interface DnsProbe extends AddressPreference {
  readonly query_name: string;
  readonly query_type: string;
  readonly transport_protocol: 'udp' | 'tcp';
  readonly dns_over_tls: boolean;
  readonly tls_config: TlsConfig;
  readonly recursion_desired: boolean;
  readonly valid_rcodes: readonly string[];
  readonly validate_answer_rrs: RecordRules;
  readonly validate_authority_rrs: RecordRules;
  readonly validate_additional_rrs: RecordRules;
}

/** A module's `icmp` section. */
export interface IcmpProbe extends AddressPreference {
  /** Bytes; 0 = ping's own. */
  readonly payload_size: number;
  /** 0 = the system's. */
  readonly ttl: number;
}

export interface ProbeModule {
  readonly prober: 'http' | 'tcp' | 'dns' | 'icmp';
  /** ms */
  readonly timeout?: number | undefined;
  readonly http: HttpProbe;
  readonly tcp: TcpProbe;
  readonly dns?: DnsProbe | undefined;
  readonly icmp: IcmpProbe;
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

/** Unanchored, unlike everywhere else: so says blackbox_exporter. */
const pattern = converted((text) => {
  compileRegex(text);
  return text;
});

const headerMatch = v.strictObject({
  header: v.string(),
  regexp: pattern,
  allow_missing: v.optional(v.boolean(), false),
});

const httpProbe = v.strictObject({
  ...address,
  valid_status_codes: v.optional(v.array(v.number()), []),
  valid_http_versions: v.optional(v.array(v.string()), []),
  method: v.optional(v.string(), 'GET'),
  headers: v.optional(v.record(v.string(), v.string()), {}),
  body: v.optional(v.string()),
  // HTTP/1.1 is spoken, and no body is asked for compressed.
  enable_http2: v.optional(v.boolean()),
  enable_http3: v.optional(v.literal(false, 'HTTP/3 is not supported')),
  compression: v.optional(v.string()),
  bearer_token: v.optional(secret),
  body_size_limit: v.optional(byteSize, 0),
  follow_redirects: v.optional(v.boolean(), true),
  fail_if_ssl: v.optional(v.boolean(), false),
  fail_if_not_ssl: v.optional(v.boolean(), false),
  fail_if_body_matches_regexp: v.optional(v.array(pattern), []),
  fail_if_body_not_matches_regexp: v.optional(v.array(pattern), []),
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
    v.array(v.strictObject({ expect: v.optional(pattern), send: v.optional(v.string()) })),
    [],
  ),
});

const patterns = v.optional(v.array(pattern), []);
const recordRules = v.optional(
  v.strictObject({
    fail_if_matches_regexp: patterns,
    fail_if_all_match_regexp: patterns,
    fail_if_not_matches_regexp: patterns,
    fail_if_none_matches_regexp: patterns,
  }),
  {},
);

const dnsProbe = v.strictObject({
  ...address,
  query_name: v.pipe(v.string(), v.minLength(1, 'the dns prober needs query_name')),
  query_type: v.optional(v.picklist(Object.keys(RECORD_TYPES), 'unknown record type'), 'ANY'),
  query_class: v.optional(v.literal('IN', 'only the class IN is supported'), 'IN'),
  transport_protocol: v.optional(v.picklist(['udp', 'tcp']), 'udp'),
  dns_over_tls: v.optional(v.boolean(), false),
  tls_config: v.optional(tls, {}),
  recursion_desired: v.optional(v.boolean(), true),
  valid_rcodes: v.optional(v.array(v.string()), ['NOERROR']),
  validate_answer_rrs: recordRules,
  validate_authority_rrs: recordRules,
  validate_additional_rrs: recordRules,
});

const icmpProbe = v.strictObject({
  ...address,
  payload_size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_507)), 0),
  ttl: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)), 0),
});

const moduleSchema = v.pipe(
  v.strictObject({
    prober: v.picklist(
      ['http', 'tcp', 'dns', 'icmp'],
      'this prober is not supported; http, tcp, dns and icmp are',
    ),
    timeout: v.optional(duration),
    http: v.optional(httpProbe, {}),
    tcp: v.optional(tcpProbe, {}),
    dns: v.optional(dnsProbe),
    icmp: v.optional(icmpProbe, {}),
  }),
  v.check(({ prober, dns }) => prober !== 'dns' || dns !== undefined, 'the dns prober needs query_name'),
);

const schema = v.strictObject({ modules: v.record(v.string(), moduleSchema) });

/** The modules that are there without any file: what blackbox_exporter's own example starts with. */
export const DEFAULT_MODULES = 'modules: {http_2xx: {prober: http}, tcp_connect: {prober: tcp}}';

/** Reads blackbox.yml. @throws ConfigError */
export function parseProbeModules(text: string, file: string): ReadonlyMap<string, ProbeModule> {
  return new Map(Object.entries(parseConfig(text, file, schema).modules));
}
