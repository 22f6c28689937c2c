/** Which proxy a URL goes through, and the tunnel through it. */
import * as http from 'node:http';
import * as https from 'node:https';
import { BlockList, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { ProxyConfig } from './config.ts';
import { basicAuthorization, type SecretPlaces } from './credentials.ts';

/** The proxy for `url`, or undefined to go there directly. */
export function proxyFor(url: URL, config: ProxyConfig, env: SecretPlaces['env']): URL | undefined {
  const given = config.proxy_from_environment === true ? proxyFromEnvironment(url, env) : config.proxy_url;
  const exceptions =
    config.proxy_from_environment === true ? (env['NO_PROXY'] ?? env['no_proxy']) : config.no_proxy;
  if (!given || isExempt(url, exceptions ?? '')) return undefined;
  return new URL(given.includes('://') ? given : `http://${given}`);
}

function proxyFromEnvironment(url: URL, env: SecretPlaces['env']): string | undefined {
  // As Go: what is on this machine is never reached through a proxy of the environment.
  if (/^(?:localhost|127\..*|\[::1\])$/.test(url.hostname)) return undefined;
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  return env[name] ?? env[name.toLowerCase()];
}

/** `no_proxy` holds `*`, domains (`a.b` with its subdomains, `.a.b` those alone), addresses and CIDR ranges, each with an optional port. */
function isExempt(url: URL, exceptions: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return exceptions
    .toLowerCase()
    .split(',')
    .map((each) => each.trim())
    .some((each) => each !== '' && (each === '*' || matchesException(host, port, each)));
}

function matchesException(host: string, port: string, exception: string): boolean {
  const range = /^([0-9a-f.:]+)\/(\d+)$/.exec(exception);
  if (range) return inRange(host, range[1] as string, Number(range[2]));
  const withPort = /^(.*[^:]):(\d+)$/.exec(exception);
  if (withPort && withPort[2] !== port) return false;
  const name = withPort?.[1] ?? exception;
  if (isIP(host) !== 0) return host === name;
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function inRange(host: string, network: string, prefix: number): boolean {
  const family = isIP(host);
  if (family === 0 || family !== isIP(network)) return false;
  const list = new BlockList();
  const name = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, prefix, name);
  return list.check(host, name);
}

export function proxyHeaders(proxy: URL, config: ProxyConfig): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, values] of Object.entries(config.proxy_connect_header ?? {}))
    headers[name] = values.map((value) => value.reveal());
  if (proxy.username !== '') {
    const [user, password] = [proxy.username, proxy.password].map(decodeURIComponent) as [string, string];
    headers['Proxy-Authorization'] = basicAuthorization(user, password);
  }
  return headers;
}

/** An agent whose TLS connections run through a tunnel that the proxy opens for `CONNECT host:port`. */
export class TunnelAgent extends https.Agent {
  readonly #proxy: URL;
  readonly #headers: Record<string, string | string[]>;

  constructor(options: https.AgentOptions, proxy: URL, headers: Record<string, string | string[]>) {
    super(options);
    this.#proxy = proxy;
    this.#headers = headers;
  }

  override createConnection(
    options: https.RequestOptions & tls.ConnectionOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const fail = (error: Error): void => callback?.(error, undefined as unknown as Duplex);
    const host = String(options.host).includes(':') ? `[${options.host}]` : String(options.host);
    const path = `${host}:${options.port ?? 443}`;
    const transport = this.#proxy.protocol === 'https:' ? https : http;
    const request = transport.request({
      host: this.#proxy.hostname.replace(/^\[|\]$/g, ''),
      port: this.#proxy.port,
      method: 'CONNECT',
      path,
      headers: { Host: path, ...this.#headers },
      agent: false,
      ...(options.signal && { signal: options.signal }),
    });
    request.once('error', fail);
    request.once('response', (response) => {
      response.resume();
      fail(new Error(`the proxy refused the tunnel: ${response.statusCode}`));
    });
    request.once('connect', (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        return fail(
          new Error(`the proxy refused the tunnel: ${response.statusCode} ${response.statusMessage}`),
        );
      }
      callback?.(
        null,
        tls.connect({ ...options, socket, host: undefined as never, port: undefined as never }),
      );
    });
    request.end();
  }
}
