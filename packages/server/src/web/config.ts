import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { parseConfig } from '@prunella/metrics/config';

/** The web configuration file of Prometheus's exporter-toolkit: TLS and basic authentication. */
const schema = v.strictObject({
  tls_server_config: v.optional(
    v.strictObject({
      cert_file: v.string(),
      key_file: v.string(),
      client_auth_type: v.optional(
        v.picklist([
          'NoClientCert',
          'RequestClientCert',
          'RequireAnyClientCert',
          'VerifyClientCertIfGiven',
          'RequireAndVerifyClientCert',
        ]),
      ),
      client_ca_file: v.optional(v.string()),
      min_version: v.optional(v.picklist(['TLS12', 'TLS13'])),
    }),
  ),
  basic_auth_users: v.optional(
    v.record(
      v.string(),
      v.pipe(v.string(), v.regex(/^\$2[aby]\$\d\d\$/, 'expected a bcrypt hash ($2y$…), not a password')),
    ),
  ),
});

export interface WebConfig {
  readonly tls?: {
    readonly certFile: string;
    readonly keyFile: string;
    readonly clientCaFile?: string;
    readonly requireClientCert: boolean;
    readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  };
  /** bcrypt hashes by user name. */
  readonly users: ReadonlyMap<string, string>;
}

/** @throws ConfigError */
export function parseWebConfig(text: string, file: string): WebConfig {
  const config = parseConfig(text, file, schema);
  const users = new Map(Object.entries(config.basic_auth_users ?? {}));
  const tls = config.tls_server_config;
  if (!tls) return { users };
  const beside = (path: string): string => resolve(dirname(file), path);
  return {
    users,
    tls: {
      certFile: beside(tls.cert_file),
      keyFile: beside(tls.key_file),
      ...(tls.client_ca_file === undefined ? {} : { clientCaFile: beside(tls.client_ca_file) }),
      requireClientCert: tls.client_auth_type?.startsWith('Require') ?? false,
      minVersion: tls.min_version === 'TLS13' ? 'TLSv1.3' : 'TLSv1.2',
    },
  };
}
