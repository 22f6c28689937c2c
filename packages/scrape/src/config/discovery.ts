/** The `*_sd_configs` of scrape and alerting sections, and the ones that we do not have. */
import * as v from 'valibot';
import { duration } from '@prunella/metrics/config';
import { httpClientEntries, type HttpClientConfig } from '@prunella/metrics/http';

/** Targets that share labels. */
export interface StaticConfig {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface FileDiscoveryConfig {
  readonly files: readonly string[];
  /** ms; files are read anew at least this often, and when they change */
  readonly refresh_interval: number;
}

export type DnsRecordType = 'SRV' | 'A' | 'AAAA' | 'MX' | 'NS';

export interface DnsDiscoveryConfig {
  readonly names: readonly string[];
  readonly type: DnsRecordType;
  /** For all types but SRV, whose records hold one. */
  readonly port: number;
  /** ms */
  readonly refresh_interval: number;
}

export interface HttpDiscoveryConfig extends HttpClientConfig {
  readonly url: string;
  /** ms */
  readonly refresh_interval: number;
}

export interface DiscoveryConfigs {
  readonly static_configs: readonly StaticConfig[];
  readonly file_sd_configs: readonly FileDiscoveryConfig[];
  readonly dns_sd_configs: readonly DnsDiscoveryConfig[];
  readonly http_sd_configs: readonly HttpDiscoveryConfig[];
}

/** A list that may be left empty: `static_configs:`. */
export function listOf<T>(item: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T[]> {
  return v.pipe(
    v.nullish(v.array(item)),
    v.transform((list) => list ?? []),
  );
}

export function isTargetAddress(address: string): boolean {
  return !address.includes('/');
}

const labelName = v.pipe(
  v.string(),
  v.regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, (issue) => `${JSON.stringify(issue.input)} is not a label name`),
);

/** Values are strings in the end; YAML may have read numbers and booleans. */
export const labelSet: v.GenericSchema<unknown, Record<string, string>> = v.pipe(
  v.nullish(v.record(labelName, v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String)))),
  v.transform((labels) => labels ?? {}),
);

export const staticConfig: v.GenericSchema<unknown, StaticConfig> = v.strictObject({
  targets: listOf(v.string()),
  labels: v.optional(labelSet, {}),
});

const FILE_NAME = /^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml)$/i;

const fileDiscovery: v.GenericSchema<unknown, FileDiscoveryConfig> = v.strictObject({
  files: v.pipe(
    v.array(
      v.pipe(
        v.string(),
        v.regex(
          FILE_NAME,
          (issue) =>
            `${JSON.stringify(issue.input)} does not end with .json, .yml or .yaml (a * is allowed in the last part)`,
        ),
      ),
    ),
    v.minLength(1, 'file_sd_configs needs files'),
  ),
  refresh_interval: v.optional(duration, '5m'),
});

const dnsDiscovery: v.GenericSchema<unknown, DnsDiscoveryConfig> = v.pipe(
  v.strictObject({
    names: v.pipe(v.array(v.string()), v.minLength(1, 'dns_sd_configs needs names')),
    type: v.optional(
      v.pipe(
        v.string(),
        v.transform((type) => type.toUpperCase()),
        v.picklist(
          ['SRV', 'A', 'AAAA', 'MX', 'NS'],
          (issue) => `invalid DNS record type ${JSON.stringify(issue.input)}`,
        ),
      ),
      'SRV',
    ),
    port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)), 0),
    refresh_interval: v.optional(duration, '30s'),
  }),
  v.check(
    ({ type, port }) => type === 'SRV' || port > 0,
    'a port is required for all DNS record types but SRV',
  ),
);

export const httpDiscovery: v.GenericSchema<unknown, HttpDiscoveryConfig> = v.strictObject({
  ...httpClientEntries,
  url: v.pipe(
    v.string(),
    v.check((text) => /^https?:\/\//.test(text) && URL.canParse(text), 'expected an http(s) URL'),
  ),
  refresh_interval: v.optional(duration, '60s'),
}) as unknown as v.GenericSchema<unknown, HttpDiscoveryConfig>;

const UNSUPPORTED = [
  'aws',
  'azure',
  'consul',
  'digitalocean',
  'docker',
  'dockerswarm',
  'ec2',
  'eureka',
  'gce',
  'hetzner',
  'ionos',
  'kubernetes',
  'kuma',
  'lightsail',
  'linode',
  'marathon',
  'nerve',
  'nomad',
  'openstack',
  'ovhcloud',
  'puppetdb',
  'scaleway',
  'serverset',
  'stackit',
  'triton',
  'uyuni',
  'vultr',
];

/** For the schemas of `scrape_configs` and `alerting.alertmanagers`. */
export const discoveryEntries: Record<string, v.GenericSchema> = {
  static_configs: v.optional(listOf(staticConfig), []),
  file_sd_configs: v.optional(listOf(fileDiscovery), []),
  dns_sd_configs: v.optional(listOf(dnsDiscovery), []),
  http_sd_configs: v.optional(listOf(httpDiscovery), []),
  ...Object.fromEntries(
    UNSUPPORTED.map((name) => [
      `${name}_sd_configs`,
      v.optional(
        v.pipe(
          v.unknown(),
          v.check(
            () => false,
            'this discovery is not supported: use static_configs, file_sd_configs, dns_sd_configs or http_sd_configs',
          ),
        ),
      ),
    ]),
  ),
};
