import * as http from 'node:http';
import * as https from 'node:https';
import { systemClock, type Clock } from '../clock.ts';
import { HttpError, type HttpClient, type HttpRequest, type HttpResponse } from './client.ts';
import type { HttpClientConfig } from './config.ts';
import { authorizationOf, configuredHeaders, type SecretPlaces } from './credentials.ts';
import { exchange } from './exchange.ts';
import { TokenSource } from './oauth2.ts';
import { proxyFor, proxyHeaders, TunnelAgent } from './proxy.ts';
import { tlsFilesVersion, tlsOptions } from './tls.ts';

export interface HttpClientOptions {
  /** What relative file names in the configuration are relative to. @default '.' */
  readonly directory?: string;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** @default 'Prunella' */
  readonly userAgent?: string;
  /** Idle connections to one host that are kept for the next requests: for bursts to one address. @default 8 */
  readonly maxFreeSockets?: number;
}

const MAX_REDIRECTS = 10;
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;
const AGENT = { keepAlive: true, keepAliveMsecs: 30_000, scheduling: 'lifo' } as const;
const MAX_FREE_SOCKETS = 8;

/** A client that keeps connections open between requests. Close it. */
export function createHttpClient(config: HttpClientConfig = {}, options: HttpClientOptions = {}): HttpClient {
  return new ConfiguredClient(config, options);
}

class ConfiguredClient implements HttpClient {
  readonly #config: HttpClientConfig;
  readonly #places: SecretPlaces;
  readonly #clock: Clock;
  readonly #userAgent: string;
  readonly #tokens: TokenSource | undefined;
  readonly #agentOptions: typeof AGENT & { readonly maxFreeSockets: number };
  readonly #plain: http.Agent;
  /** By purpose; each entry is replaced when the TLS files behind it change. */
  readonly #secure = new Map<string, { version: string; agent: https.Agent }>();

  constructor(config: HttpClientConfig, options: HttpClientOptions) {
    this.#config = config;
    this.#agentOptions = { ...AGENT, maxFreeSockets: options.maxFreeSockets ?? MAX_FREE_SOCKETS };
    this.#plain = new http.Agent(this.#agentOptions);
    this.#places = { directory: options.directory ?? '.', env: options.env ?? process.env };
    this.#clock = options.clock ?? systemClock;
    this.#userAgent = options.userAgent ?? 'Prunella';
    const { oauth2 } = config;
    if (oauth2) {
      const { client_id: _, token_url: __, scopes: ___, endpoint_params: ____, ...transport } = oauth2;
      this.#tokens = new TokenSource(oauth2, createHttpClient(transport, options), this.#places, this.#clock);
    }
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    const abort = new AbortController();
    const timer = this.#clock.setTimeout(
      () => abort.abort(new HttpError('timeout', `no whole answer within ${request.timeoutMs / 1000}s`)),
      request.timeoutMs,
    );
    const onAbort = (): void => abort.abort(new HttpError('aborted', 'the request was given up'));
    if (request.signal?.aborted) onAbort();
    request.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      abort.signal.throwIfAborted();
      return await this.#follow(request, abort.signal);
    } catch (error) {
      // Whatever broke because of the abort is the abort.
      throw abort.signal.aborted ? abort.signal.reason : error;
    } finally {
      timer.cancel();
      request.signal?.removeEventListener('abort', onAbort);
    }
  }

  close(): void {
    this.#plain.destroy();
    for (const { agent } of this.#secure.values()) agent.destroy();
    this.#secure.clear();
    this.#tokens?.close();
  }

  async #follow(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const origin = parseUrl(request.url);
    let url = origin;
    let method = request.method ?? 'GET';
    let body = request.body;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const trusted = isSameHost(origin, url);
      const response = await this.#send(request, { url, method, body, trusted }, signal);
      const next = this.#config.follow_redirects === false ? undefined : redirectOf(response, url);
      if (!next) return response;
      // RFC 9110, 15.4: only 307 and 308 repeat the request as it was.
      if (response.status < 307 && method !== 'HEAD') {
        method = 'GET';
        body = undefined;
      }
      url = next;
    }
    throw new HttpError('redirect', `gave up after ${MAX_REDIRECTS} redirects`);
  }

  async #send(
    request: HttpRequest,
    hop: { url: URL; method: string; body: string | Uint8Array | undefined; trusted: boolean },
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const headers = await this.#headers(request, hop.trusted, hop.url);
    if (hop.body === undefined) delete headers['Content-Type'];
    const proxy = proxyFor(hop.url, this.#config, this.#places.env);
    if (proxy && hop.url.protocol === 'http:') Object.assign(headers, proxyHeaders(proxy, this.#config));
    const response = await exchange({
      url: hop.url,
      method: hop.method,
      headers,
      body: hop.body,
      agent: await this.#agent(hop.url, proxy, hop.trusted),
      proxy: hop.url.protocol === 'http:' ? proxy : undefined,
      signal,
      maxBytes: request.maxBytes ?? DEFAULT_MAX_BYTES,
    });
    if (response.status === 401) this.#tokens?.discard();
    return response;
  }

  /** What identifies us goes only to the host that it is meant for. */
  async #headers(request: HttpRequest, trusted: boolean, url: URL): Promise<http.OutgoingHttpHeaders> {
    const headers: http.OutgoingHttpHeaders = { 'User-Agent': this.#userAgent, 'Accept-Encoding': 'gzip' };
    if (!trusted) {
      const { Accept } = request.headers ?? {};
      return Accept === undefined ? headers : { ...headers, Accept };
    }
    Object.assign(headers, await configuredHeaders(this.#config, this.#places));
    const authorization = this.#tokens
      ? await this.#tokens.authorization(request.timeoutMs)
      : await authorizationOf(this.#config, this.#places);
    if (authorization !== undefined) headers['Authorization'] = authorization;
    else if (url.username !== '') {
      const [user, password] = [url.username, url.password].map(decodeURIComponent) as [string, string];
      headers['Authorization'] = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    }
    return { ...headers, ...request.headers };
  }

  async #agent(url: URL, proxy: URL | undefined, trusted: boolean): Promise<http.Agent> {
    if (url.protocol === 'http:') {
      if (proxy?.protocol !== 'https:') return this.#plain;
      throw new HttpError('connect', 'plain HTTP through an https proxy is not supported');
    }
    const tls = trusted ? (this.#config.tls_config ?? {}) : withoutIdentity(this.#config.tls_config ?? {});
    const key = `${trusted ? 'trusted' : 'other'} ${proxy?.origin ?? 'direct'}`;
    const version = await tlsFilesVersion(tls, this.#places);
    const known = this.#secure.get(key);
    if (known?.version === version) return known.agent;
    const options = { ...this.#agentOptions, ...(await tlsOptions(tls, this.#places)) };
    const agent = proxy
      ? new TunnelAgent(options, proxy, proxyHeaders(proxy, this.#config))
      : new https.Agent(options);
    this.#secure.set(key, { version, agent });
    known?.agent.destroy();
    return agent;
  }
}

function withoutIdentity<T extends NonNullable<HttpClientConfig['tls_config']>>(tls: T): T {
  return {
    ...tls,
    cert: undefined,
    cert_file: undefined,
    key: undefined,
    key_file: undefined,
    server_name: undefined,
  };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new HttpError('protocol', `not an http(s) URL: ${JSON.stringify(text)}`);
}

/** Another port is another service; only the step from http to https on the usual ports stays with the same one. */
function isSameHost(a: URL, b: URL): boolean {
  if (a.origin === b.origin) return true;
  return (
    a.hostname === b.hostname &&
    a.protocol === 'http:' &&
    b.protocol === 'https:' &&
    a.port === '' &&
    b.port === ''
  );
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function redirectOf({ status, headers }: HttpResponse, from: URL): URL | undefined {
  const { location } = headers;
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  if (!URL.canParse(location, from.href))
    throw new HttpError('redirect', `bad redirect to ${JSON.stringify(location)}`);
  return parseUrl(new URL(location, from.href).href);
}
