/** OAuth 2.0 client credentials (RFC 6749, section 4.4): a token fetched once and kept until shortly before its end. */
import type { Clock } from '../clock.ts';
import { HttpError, type HttpClient } from './client.ts';
import type { OAuth2Config } from './config.ts';
import { basicAuthorization, readSecret, type SecretPlaces } from './credentials.ts';

/** A token is not used in the last ms of its life: it could end on the way. */
const SAFETY_MARGIN = 10_000;

export class TokenSource {
  readonly #config: OAuth2Config;
  readonly #client: HttpClient;
  readonly #places: SecretPlaces;
  readonly #clock: Clock;
  #token: { authorization: string; expires: number } | undefined;
  #pending: Promise<string> | undefined;

  constructor(config: OAuth2Config, client: HttpClient, places: SecretPlaces, clock: Clock) {
    this.#config = config;
    this.#client = client;
    this.#places = places;
    this.#clock = clock;
  }

  /** The `Authorization` header's value. */
  authorization(timeoutMs: number): Promise<string> {
    if (this.#token && this.#clock.now() < this.#token.expires)
      return Promise.resolve(this.#token.authorization);
    this.#pending ??= this.#fetch(timeoutMs).finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  /** The server did not accept the token. */
  discard(): void {
    this.#token = undefined;
  }

  close(): void {
    this.#client.close();
  }

  async #fetch(timeoutMs: number): Promise<string> {
    const config = this.#config;
    const secret = await readSecret(
      { plain: config.client_secret, file: config.client_secret_file, env: config.client_secret_env },
      this.#places,
    );
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...config.endpoint_params });
    if (config.scopes && config.scopes.length > 0) form.set('scope', config.scopes.join(' '));
    const { status, body } = await this.#client.request({
      method: 'POST',
      url: config.token_url,
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Authorization: basicAuthorization(
          encodeURIComponent(config.client_id),
          encodeURIComponent(secret ?? ''),
        ),
      },
      body: form.toString(),
      timeoutMs,
      maxBytes: 1 << 20,
    });
    if (status !== 200)
      throw new HttpError('credentials', `the token endpoint answered with status ${status}`);
    const token = parseToken(body);
    const life = (token.expires_in ?? 3600) * 1000 - SAFETY_MARGIN;
    const authorization = `${token.token_type} ${token.access_token}`;
    this.#token = { authorization, expires: this.#clock.now() + life };
    return authorization;
  }
}

function parseToken(body: Uint8Array): { access_token: string; token_type: string; expires_in?: number } {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>;
  } catch {
    throw new HttpError('credentials', 'the token endpoint did not answer with JSON');
  }
  if (typeof answer['access_token'] !== 'string' || answer['access_token'] === '')
    throw new HttpError('credentials', 'the token endpoint answered without an access_token');
  const type = typeof answer['token_type'] === 'string' ? answer['token_type'] : 'Bearer';
  const seconds = Number(answer['expires_in']);
  return {
    access_token: answer['access_token'],
    token_type: type.toLowerCase() === 'bearer' ? 'Bearer' : type,
    ...(seconds > 0 && { expires_in: seconds }),
  };
}
