/** `tls_config` as options of node:tls. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import type { TlsConfig } from './config.ts';
import { readSecret, type SecretPlaces } from './credentials.ts';

const VERSIONS: Readonly<Record<string, SecureVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

/** Reads the files named. */
export async function tlsOptions(config: TlsConfig, places: SecretPlaces): Promise<ConnectionOptions> {
  const ca = await readSecret({ plain: config.ca, file: config.ca_file }, places);
  const cert = await readSecret({ plain: config.cert, file: config.cert_file }, places);
  const key = await readSecret({ plain: config.key, file: config.key_file }, places);
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(config.server_name && { servername: config.server_name }),
    ...(config.insecure_skip_verify === true && { rejectUnauthorized: false }),
    ...(config.min_version && { minVersion: VERSIONS[config.min_version] as SecureVersion }),
    ...(config.max_version && { maxVersion: VERSIONS[config.max_version] as SecureVersion }),
  };
}

/** Changes when a file named has changed, so that renewed certificates are taken up. */
export async function tlsFilesVersion(config: TlsConfig, places: SecretPlaces): Promise<string> {
  const files = [config.ca_file, config.cert_file, config.key_file].filter((file) => file !== undefined);
  const times = files.map(async (file) => {
    // A missing file is reported by the read that follows.
    const stats = await stat(resolve(places.directory, file)).catch(() => undefined);
    return stats?.mtimeMs ?? 0;
  });
  return (await Promise.all(times)).join();
}
