import { readFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import { compileRegex } from '@prunella/metrics';
import type { Exposition } from '../exposition.ts';
import { resolveHost } from './address.ts';
import type { HttpProbe } from './config.ts';
import { addTls, tlsOptions } from './tls.ts';

const MOST_REDIRECTS = 10;
const DEFAULT_BODY_LIMIT = 64 << 20;
const PHASES = ['resolve', 'connect', 'tls', 'processing', 'transfer'] as const;
type Phases = Record<(typeof PHASES)[number], number>;

interface Answer {
  readonly message: IncomingMessage;
  readonly body: Buffer;
  readonly secure: boolean;
}

/** Probes a URL as blackbox_exporter's http prober does. @returns whether all conditions hold; @throws Error with the reason */
export async function probeHttp(
  target: string,
  config: HttpProbe,
  signal: AbortSignal,
  out: Exposition,
): Promise<boolean> {
  const phases: Phases = { resolve: 0, connect: 0, tls: 0, processing: 0, transfer: 0 };
  let redirects = 0;
  addNothingYet(out);
  try {
    let url = new URL(/^https?:\/\//.test(target) ? target : `http://${target}`);
    const first = url;
    for (;;) {
      const answer = await exchange(url, config, url.host === first.host, signal, phases, out);
      const { location } = answer.message.headers;
      const status = answer.message.statusCode ?? 0;
      if (config.follow_redirects && location !== undefined && status >= 300 && status < 400) {
        if (++redirects > MOST_REDIRECTS) throw new Error('too many redirects');
        url = new URL(location, url);
        continue;
      }
      return judge(answer, config, out);
    }
  } finally {
    for (const phase of PHASES) {
      out.gauge('probe_http_duration_seconds', 'Time per phase, summed over redirects.', phases[phase], {
        phase,
      });
    }
    out.gauge('probe_http_redirects', 'Redirects followed.', redirects);
  }
}

/** What is told when no answer comes; an answer puts its own values there. */
function addNothingYet(out: Exposition): void {
  out.gauge('probe_http_status_code', 'The last status code, 0 when none came.', 0);
  out.gauge('probe_http_content_length', 'Content-Length of the answer, -1 when unknown.', 0);
  out.gauge('probe_http_uncompressed_body_length', 'Bytes of the body.', 0);
  out.gauge('probe_http_version', 'HTTP version.', 0);
  out.gauge('probe_http_ssl', '1 when the last hop used TLS.', 0);
  out.gauge('probe_failed_due_to_regex', '1 when a condition on body or headers failed.', 0);
}

async function exchange(
  url: URL,
  config: HttpProbe,
  ownHost: boolean,
  signal: AbortSignal,
  phases: Phases,
  out: Exposition,
): Promise<Answer> {
  const address = await resolveHost(url.hostname, config, out);
  phases.resolve += address.seconds;
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const options = {
    host: address.address,
    port: url.port || (secure ? 443 : 80),
    method: config.method,
    path: url.pathname + url.search,
    headers: {
      host: url.host,
      'user-agent': 'Prunella/probe',
      ...config.headers,
      ...(ownHost ? credentials(config) : {}),
    },
    signal,
    agent: false,
    ...(secure ? tlsOptions(config.tls_config, host) : {}),
  } as const;
  return new Promise<Answer>((resolve, reject) => {
    let mark = performance.now();
    const lap = (phase: keyof Phases): void => {
      const now = performance.now();
      phases[phase] += (now - mark) / 1000;
      mark = now;
    };
    const request = (secure ? https : http).request(options, (message) => {
      lap('processing');
      if (secure) addTls(message.socket as TLSSocket, out);
      readBody(message, config.body_size_limit || DEFAULT_BODY_LIMIT).then((body) => {
        lap('transfer');
        resolve({ message, body, secure });
      }, reject);
    });
    request.on('socket', (socket) => {
      socket.once('connect', () => lap('connect'));
      socket.once('secureConnect', () => lap('tls'));
    });
    request.on('error', reject);
    request.end(config.body);
  });
}

function credentials({ basic_auth: auth, bearer_token: token }: HttpProbe): Record<string, string> {
  if (token) return { authorization: `Bearer ${token.reveal()}` };
  if (!auth) return {};
  const password =
    auth.password_file === undefined
      ? auth.password?.reveal()
      : readFileSync(auth.password_file, 'utf8').trim();
  return { authorization: `Basic ${Buffer.from(`${auth.username}:${password ?? ''}`).toString('base64')}` };
}

async function readBody(message: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new Error(`body is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function judge({ message, body, secure }: Answer, config: HttpProbe, out: Exposition): boolean {
  const status = message.statusCode ?? 0;
  const length = message.headers['content-length'];
  out.gauge('probe_http_status_code', 'The last status code.', status);
  out.gauge(
    'probe_http_content_length',
    'Content-Length of the answer, -1 when unknown.',
    length === undefined ? -1 : Number(length),
  );
  out.gauge('probe_http_uncompressed_body_length', 'Bytes of the body.', body.length);
  out.gauge('probe_http_version', 'HTTP version.', Number(message.httpVersion));
  const modified = Date.parse(message.headers['last-modified'] ?? '') / 1000;
  out.gauge('probe_http_last_modified_timestamp_seconds', 'Last-Modified, as unix time.', modified);
  out.gauge('probe_http_ssl', '1 when the last hop used TLS.', secure ? 1 : 0);
  const text = body.toString();
  const failedRegex = regexFails(text, message, config);
  out.gauge(
    'probe_failed_due_to_regex',
    '1 when a condition on body or headers failed.',
    failedRegex ? 1 : 0,
  );
  const goodStatus =
    config.valid_status_codes.length > 0
      ? config.valid_status_codes.includes(status)
      : status >= 200 && status < 300;
  const goodVersion =
    config.valid_http_versions.length === 0 ||
    config.valid_http_versions.includes(`HTTP/${message.httpVersion}`);
  const goodTransport = secure ? !config.fail_if_ssl : !config.fail_if_not_ssl;
  return goodStatus && goodVersion && goodTransport && !failedRegex;
}

function regexFails(body: string, message: IncomingMessage, config: HttpProbe): boolean {
  const found = (pattern: string, text: string): boolean => compileRegex(pattern).matcher(text).find();
  const header = (name: string): string | undefined =>
    [message.headers[name.toLowerCase()]].flat().join(', ') || undefined;
  return (
    config.fail_if_body_matches_regexp.some((pattern) => found(pattern, body)) ||
    config.fail_if_body_not_matches_regexp.some((pattern) => !found(pattern, body)) ||
    config.fail_if_header_matches.some(({ header: name, regexp, allow_missing }) => {
      const value = header(name);
      return value === undefined ? !allow_missing : found(regexp, value);
    }) ||
    config.fail_if_header_not_matches.some(({ header: name, regexp, allow_missing }) => {
      const value = header(name);
      return value === undefined ? !allow_missing : !found(regexp, value);
    })
  );
}
