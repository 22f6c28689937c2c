import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, deflateSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig, Secret } from '../config/index.ts';
import { VirtualClock } from '../testing.ts';
import {
  createHttpClient,
  httpClientConfig,
  HttpError,
  type HttpClient,
  type HttpClientConfig,
} from './index.ts';

type Handler = (request: http.IncomingMessage, response: http.ServerResponse, body: string) => void;
const open: { close: () => unknown }[] = [];
const clients: HttpClient[] = [];

function serve(handler: Handler, tls?: https.ServerOptions): Promise<string> {
  const listener: http.RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => handler(request, response, body));
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  open.push({ close: () => (server.closeAllConnections(), server.close()) });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(`${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
  });
}

function client(
  config: HttpClientConfig = {},
  options: Parameters<typeof createHttpClient>[1] = {},
): HttpClient {
  const made = createHttpClient(config, options);
  clients.push(made);
  return made;
}

afterEach(() => {
  for (const each of clients.splice(0)) each.close();
  for (const each of open.splice(0)) each.close();
});

const echo: Handler = (request, response, body) =>
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));

interface Echo {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

async function get(from: HttpClient, url: string): Promise<Echo> {
  const { body } = await from.request({ url, timeoutMs: 5000 });
  return JSON.parse(Buffer.from(body).toString()) as Echo;
}

async function failure(promise: Promise<unknown>): Promise<HttpError> {
  const error: unknown = await promise.then(
    () => new Error('no failure'),
    (e: unknown) => e,
  );
  if (error instanceof HttpError) return error;
  throw error;
}

describe('credentials', () => {
  const directory = mkdtempSync(join(tmpdir(), 'prunella-http-'));
  writeFileSync(join(directory, 'token'), 'from-file\n');
  afterAll(() => rmSync(directory, { recursive: true }));
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  test.each<[string, HttpClientConfig, string]>([
    ['basic_auth', { basic_auth: { username: 'ann', password: new Secret('p:w') } }, basic('ann:p:w')],
    [
      'basic_auth by file',
      { basic_auth: { username: 'ann', password_file: 'token' } },
      basic('ann:from-file'),
    ],
    ['basic_auth by env', { basic_auth: { username: 'ann', password_env: 'PW' } }, basic('ann:from-env')],
    ['authorization', { authorization: { credentials: new Secret('c') } }, 'Bearer c'],
    [
      'authorization with type',
      { authorization: { type: 'Token', credentials_env: 'PW' } },
      'Token from-env',
    ],
    ['authorization by file', { authorization: { credentials_file: 'token' } }, 'Bearer from-file'],
    ['bearer_token', { bearer_token: new Secret('b') }, 'Bearer b'],
    ['bearer_token_file', { bearer_token_file: 'token' }, 'Bearer from-file'],
  ])('%s', async (_, config, expected) => {
    const url = await serve(echo);
    const answer = await get(client(config, { directory, env: { PW: 'from-env' } }), url);
    expect(answer.headers['authorization']).toBe(expected);
  });

  test('a missing file or variable is an error that names it and holds no secret', async () => {
    const url = await serve(echo);
    const missing = client({ bearer_token_file: 'gone' }, { directory });
    expect(await failure(get(missing, url))).toMatchObject({
      code: 'credentials',
      message: 'unable to read gone: ENOENT',
    });
    const unset = client({ authorization: { credentials_env: 'NOPE' } }, { env: {} });
    expect((await failure(get(unset, url))).message).toBe('environment variable NOPE is not set');
  });

  test('http_headers are sent, several values of one name as well', async () => {
    const url = await serve(echo);
    const headers = { 'X-Tenant': { values: ['a'], secrets: [new Secret('b')], files: ['token'] } };
    const answer = await get(client({ http_headers: headers }, { directory }), url);
    expect(answer.headers['x-tenant']).toBe('a, b, from-file');
  });

  test('oauth2 fetches one token for many requests and another after a 401 or its end', async () => {
    let issued = 0;
    const forms: string[] = [];
    const tokens = await serve((request, response, body) => {
      forms.push(`${request.headers.authorization} ${body}`);
      issued += 1;
      response.end(JSON.stringify({ access_token: `t${issued}`, token_type: 'bearer', expires_in: 60 }));
    });
    const url = await serve((request, response, body) => {
      if (request.url === '/deny') response.statusCode = 401;
      echo(request, response, body);
    });
    const clock = new VirtualClock(0);
    const config = { client_id: 'me', client_secret: new Secret('s'), token_url: tokens, scopes: ['a', 'b'] };
    const one = client({ oauth2: config }, { clock });
    const answers = await Promise.all([get(one, url), get(one, url)]);
    expect(answers.map((each) => each.headers['authorization'])).toEqual(['Bearer t1', 'Bearer t1']);
    expect(forms).toEqual([`${basic('me:s')} grant_type=client_credentials&scope=a+b`]);
    await clock.advance(51_000);
    expect((await get(one, url)).headers['authorization']).toBe('Bearer t2');
    await get(one, `${url}/deny`);
    expect((await get(one, url)).headers['authorization']).toBe('Bearer t3');
  });
});

describe('redirects', () => {
  test('carry credentials on the same host and never to another', async () => {
    const other = await serve(echo);
    const url = await serve((request, response, body) => {
      if (request.url === '/away') response.writeHead(302, { Location: `${other}/landed` }).end();
      else if (request.url === '/here') response.writeHead(301, { Location: '/landed' }).end();
      else echo(request, response, body);
    });
    const one = client({
      authorization: { credentials: new Secret('hush') },
      http_headers: { 'X-Key': { secrets: [new Secret('hush')] } },
    });
    const here = await get(one, `${url}/here`);
    expect(here.headers['authorization']).toBe('Bearer hush');
    const away = await one.request({ url: `${url}/away`, timeoutMs: 5000, headers: { Cookie: 'hush' } });
    expect(Buffer.from(away.body).toString()).toContain('/landed');
    expect(Buffer.from(away.body).toString()).not.toContain('hush');
  });

  test.each([
    [303, 'GET', ''],
    [307, 'POST', 'hello'],
  ])('%d of a POST is followed by %s', async (status, method, body) => {
    const url = await serve((request, response, received) => {
      if (request.url === '/a') response.writeHead(status, { Location: '/b' }).end();
      else echo(request, response, received);
    });
    const answer = await client().request({
      url: `${url}/a`,
      method: 'POST',
      body: 'hello',
      timeoutMs: 5000,
    });
    expect(JSON.parse(Buffer.from(answer.body).toString())).toMatchObject({ method, body, url: '/b' });
  });

  test('end after ten, and are answers when not to be followed', async () => {
    const url = await serve((_, response) => response.writeHead(302, { Location: '/again' }).end());
    expect((await failure(client().request({ url, timeoutMs: 5000 }))).code).toBe('redirect');
    const still = await client({ follow_redirects: false }).request({ url, timeoutMs: 5000 });
    expect(still.status).toBe(302);
  });
});

describe('bodies', () => {
  const text = 'metric 1\n'.repeat(1000);
  test.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['identity', Buffer.from(text)],
  ])('%s is decoded', async (encoding, bytes) => {
    const url = await serve((_, response) => response.setHeader('Content-Encoding', encoding).end(bytes));
    const { body } = await client().request({ url, timeoutMs: 5000, maxBytes: text.length });
    expect(Buffer.from(body).toString()).toBe(text);
  });

  test('a bomb is given up when its decoded size passes the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const url = await serve((_, response) => response.setHeader('Content-Encoding', 'gzip').end(bomb));
    const error = await failure(client().request({ url, timeoutMs: 5000, maxBytes: 10_000 }));
    expect(error).toMatchObject({ code: 'body_too_large', message: 'the body is larger than 10000 bytes' });
  });

  test.each<[string, Handler]>([
    ['damaged gzip', (_, response) => response.setHeader('Content-Encoding', 'gzip').end('not gzip')],
    ['truncated gzip', (_, r) => r.setHeader('Content-Encoding', 'gzip').end(gzipSync(text).subarray(0, 40))],
    ['an unknown encoding', (_, response) => response.setHeader('Content-Encoding', 'zzz').end('x')],
    [
      'a connection cut within the body',
      (_, response) => {
        response.writeHead(200, { 'Content-Length': '100' }).write('half');
        setTimeout(() => response.destroy(), 20);
      },
    ],
  ])('%s is an error', async (_, handler) => {
    const url = await serve(handler);
    expect((await failure(client().request({ url, timeoutMs: 5000 }))).code).toBe('protocol');
  });
});

describe('time', () => {
  test('the timeout holds for the whole exchange, also for a body that trickles', async () => {
    const url = await serve((_, response) => {
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
    });
    const error = await failure(client().request({ url, timeoutMs: 150 }));
    expect(error).toMatchObject({ code: 'timeout', message: 'no whole answer within 0.15s' });
  });

  test('a signal ends the request', async () => {
    const url = await serve(() => {});
    const abort = new AbortController();
    const pending = failure(client().request({ url, timeoutMs: 5000, signal: abort.signal }));
    setTimeout(() => abort.abort(), 20);
    expect((await pending).code).toBe('aborted');
  });

  test('connections are used again', async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end();
    });
    const one = client();
    for (let i = 0; i < 3; i++) await one.request({ url, timeoutMs: 5000 });
    expect(ports.size).toBe(1);
  });

  test('as many connections as asked for are kept for the next burst', async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      setTimeout(() => response.end(), 20);
    });
    const made = client({}, { maxFreeSockets: 20 });
    for (let burst = 0; burst < 3; burst++) {
      await Promise.all(Array.from({ length: 20 }, () => made.request({ url, timeoutMs: 5000 })));
    }
    expect(ports.size).toBe(20);
  });

  test('a kept connection that the server closes under us is not a failure', async () => {
    const used = new Set<unknown>();
    const url = await serve((request, response) => {
      if (used.has(request.socket)) request.socket.destroy();
      used.add(request.socket);
      response.end('well');
    });
    const one = client();
    for (let i = 0; i < 4; i++) expect((await one.request({ url, timeoutMs: 5000 })).status).toBe(200);
    expect(used.size).toBe(4);
    const post = one.request({ url, method: 'POST', body: 'x', timeoutMs: 5000 });
    expect(await failure(post)).toMatchObject({ code: 'connect' });
  });

  test('nobody there', async () => {
    const error = await failure(client().request({ url: 'http://127.0.0.1:1', timeoutMs: 5000 }));
    expect(error).toMatchObject({ code: 'connect', message: 'connect ECONNREFUSED 127.0.0.1:1' });
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)('TLS and proxies (needs openssl)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'prunella-tls-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  beforeAll(() => {
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ];
    const names = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:target.test'];
    const made = spawnSync('openssl', [...args, ...names, '-keyout', 'key.pem', '-out', 'cert.pem'], {
      cwd: directory,
    });
    expect(made.status).toBe(0);
  });
  const identity = (): { key: Buffer; cert: Buffer } => ({
    key: readFileSync(join(directory, 'key.pem')),
    cert: readFileSync(join(directory, 'cert.pem')),
  });

  test('trusts only whom it is told to', async () => {
    const url = await serve(echo, identity());
    expect((await failure(get(client(), url))).message).toMatch(/self-signed/);
    expect((await get(client({ tls_config: { ca_file: 'cert.pem' } }, { directory }), url)).method).toBe(
      'GET',
    );
    expect((await get(client({ tls_config: { insecure_skip_verify: true } }), url)).method).toBe('GET');
  });

  test('shows its own certificate to the host it belongs to and to no other', async () => {
    const ask = { ...identity(), requestCert: true, rejectUnauthorized: false };
    const shown: Handler = (request, response) =>
      response.end(
        JSON.stringify(
          Object.keys((request.socket as never as { getPeerCertificate(): object }).getPeerCertificate())
            .length > 0,
        ),
      );
    const other = await serve(shown, ask);
    const url = await serve((request, response, body) => {
      if (request.url === '/away') response.writeHead(302, { Location: other }).end();
      else shown(request, response, body);
    }, ask);
    const config = { tls_config: { ca_file: 'cert.pem', cert_file: 'cert.pem', key_file: 'key.pem' } };
    const one = client(config, { directory });
    expect(await get(one, url)).toBe(true);
    expect(await get(one, `${url}/away`)).toBe(false);
  });

  test('goes through a proxy by CONNECT for https and by whole URL for http, but for exceptions', async () => {
    const seen: string[] = [];
    const proxy = http.createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`);
      response.end('{}');
    });
    proxy.on('connect', (request, socket, head) => {
      seen.push(`CONNECT ${request.headers['proxy-authorization']}`);
      const onward = connect(Number(secure.split(':').at(-1)), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.write(head);
        onward.pipe(socket).pipe(onward);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    open.push({ close: () => (proxy.closeAllConnections(), proxy.close()) });
    const secure = await serve(echo, identity());
    const plain = await serve(echo);
    const proxy_url = `http://u:p@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const one = client(
      { proxy_url, no_proxy: '127.0.0.0/8', tls_config: { ca_file: 'cert.pem' } },
      { directory },
    );
    expect((await get(one, 'https://target.test/x')).url).toBe('/x');
    await get(one, 'http://target.test/y');
    const auth = `Basic ${Buffer.from('u:p').toString('base64')}`;
    expect(seen).toEqual([`CONNECT ${auth}`, `GET http://target.test/y ${auth}`]);
    expect((await get(one, plain)).method).toBe('GET');
    expect(seen).toHaveLength(2);
  });
});

describe('httpClientConfig', () => {
  const problem = (text: string): string => {
    try {
      parseConfig(text, 'a.yml', httpClientConfig);
      return 'valid';
    } catch (error) {
      return (error as Error).message;
    }
  };
  test.each([
    ['', 'valid'],
    ['basic_auth: {username: a, password: b}\ntls_config: {ca_file: x}\nfollow_redirects: false', 'valid'],
    ['basic_auth: {username: a}\nauthorization: {credentials: b}', 'give one of basic_auth, authorization'],
    [
      'basic_auth: {username: a, password: b, password_file: c}',
      'give one of password, password_file, password_env',
    ],
    ['authorization: {type: basic}', 'use basic_auth'],
    ['http_headers: {Authorization: {values: [a]}}', 'setting the header "Authorization" is not allowed'],
    ['tls_config: {cert_file: a}', 'a client certificate needs its key'],
    ['proxy_url: ftp://x', 'expected an http(s) URL'],
    ['no_proxy: a', 'no_proxy needs proxy_url'],
    ['basic_auth: {user: a}', 'a.yml:1:14: unknown key "user"'],
    ['oauth2: {client_id: a}', 'missing key "token_url"'],
  ])('%j: %s', (text, expected) => {
    expect(problem(text)).toContain(expected);
  });
});
