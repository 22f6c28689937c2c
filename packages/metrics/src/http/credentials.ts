/** Where the values behind `*_file` and `*_env` come from: read anew for every request, so that rotation just works. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Secret } from '../config/schemas.ts';
import { HttpError } from './client.ts';
import type { HttpClientConfig } from './config.ts';

export interface SecretPlaces {
  /** What relative paths are relative to: the folder of the configuration file. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Sources {
  readonly plain?: string | Secret | undefined;
  readonly file?: string | undefined;
  readonly env?: string | undefined;
}

/** @throws HttpError where the file or the variable is missing */
export async function readSecret(sources: Sources, places: SecretPlaces): Promise<string | undefined> {
  const { plain, file, env } = sources;
  if (plain !== undefined) return typeof plain === 'string' ? plain : plain.reveal();
  if (file) return (await readSecretFile(file, places)).trim();
  if (env === undefined) return undefined;
  const value = places.env[env];
  if (value === undefined) throw new HttpError('credentials', `environment variable ${env} is not set`);
  return value;
}

export async function readSecretFile(file: string, places: SecretPlaces): Promise<string> {
  try {
    return await readFile(resolve(places.directory, file), 'utf8');
  } catch (cause) {
    throw new HttpError('credentials', `unable to read ${file}: ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
    });
  }
}

/** The `Authorization` header's value, but for oauth2. */
export async function authorizationOf(
  config: HttpClientConfig,
  places: SecretPlaces,
): Promise<string | undefined> {
  const basic = config.basic_auth;
  if (basic) {
    const username = { plain: basic.username, file: basic.username_file, env: basic.username_env };
    const password = { plain: basic.password, file: basic.password_file, env: basic.password_env };
    return basicAuthorization(
      (await readSecret(username, places)) ?? '',
      (await readSecret(password, places)) ?? '',
    );
  }
  const own = config.authorization;
  const credentials = await readSecret(
    own
      ? { plain: own.credentials, file: own.credentials_file, env: own.credentials_env }
      : { plain: config.bearer_token, file: config.bearer_token_file },
    places,
  );
  return credentials === undefined ? undefined : `${own?.type?.trim() || 'Bearer'} ${credentials}`;
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The headers of `http_headers`. */
export async function configuredHeaders(
  config: HttpClientConfig,
  places: SecretPlaces,
): Promise<Record<string, string[]>> {
  const headers: Record<string, string[]> = {};
  for (const [name, { values = [], secrets = [], files = [] }] of Object.entries(config.http_headers ?? {})) {
    const fromFiles = await Promise.all(files.map((file) => readSecretFile(file, places)));
    headers[name] = [
      ...values,
      ...secrets.map((each) => each.reveal()),
      ...fromFiles.map((each) => each.trim()),
    ];
  }
  return headers;
}
