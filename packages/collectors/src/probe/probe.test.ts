import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '@prunella/metrics';
import { parseProbeModules } from './config.ts';
import { probe } from './probe.ts';

const modules = parseProbeModules(
  `modules:
  ok: {prober: http}
  teapot: {prober: http, http: {valid_status_codes: [418]}}
  no_redirect: {prober: http, http: {follow_redirects: false, valid_status_codes: [302]}}
  body: {prober: http, http: {fail_if_body_not_matches_regexp: ['we.l']}}
  plain: {prober: http, http: {fail_if_not_ssl: true}}
  impatient: {prober: http, timeout: 100ms}
  post: {prober: http, http: {method: POST, body: hello, headers: {X-A: b}, basic_auth: {username: u, password: p}}}
  tcp: {prober: tcp}
  talk: {prober: tcp, tcp: {query_response: [{expect: '^220 '}, {send: QUIT}, {expect: '^221'}]}}
  stubborn: {prober: tcp, timeout: 200ms, tcp: {query_response: [{expect: '^999'}]}}
`,
  'blackbox.yml',
);

let web: Server;
let url: string;
const seen: string[] = [];
const smtp = createTcpServer((socket) => {
  socket.write('220 here\r\n');
  socket.on('data', () => socket.write('221 bye\r\n'));
  socket.on('error', () => {});
});

beforeAll(async () => {
  web = createServer((request, response) => {
    seen.push(
      `${request.method} ${request.url} ${String(request.headers['x-a'] ?? '')} ${request.headers.authorization ?? ''}`,
    );
    if (request.url === '/slow') return;
    const status = Number(request.url?.slice(1)) || 200;
    response.writeHead(status, status === 302 ? { location: '/200' } : {}).end('all well');
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
});
afterAll(() => {
  web.closeAllConnections();
  web.close();
  smtp.close();
});

async function run(name: string, target: string): Promise<string> {
  const module = modules.get(name);
  if (!module) throw new Error(name);
  return probe(module, target, { clock: systemClock, logger: silentLogger });
}

describe('probe()', () => {
  test.each([
    ['ok', '/200', 1, 'probe_http_status_code 200'],
    ['ok', '/302', 1, 'probe_http_redirects 1'],
    ['ok', '/503', 0, 'probe_http_status_code 503'],
    ['teapot', '/418', 1, 'probe_http_status_code 418'],
    ['teapot', '/200', 0, 'probe_failed_due_to_regex 0'],
    ['no_redirect', '/302', 1, 'probe_http_redirects 0'],
    ['body', '/200', 1, 'probe_failed_due_to_regex 0'],
    ['plain', '/200', 0, 'probe_http_ssl 0'],
    ['impatient', '/slow', 0, 'probe_http_duration_seconds{phase="processing"} 0'],
    ['post', '/200', 1, 'probe_http_content_length'],
  ])('http %s %s is %d', async (name, path, success, line) => {
    const text = await run(name, url + path);
    expect(text).toContain(`probe_success ${success}\n`);
    expect(text).toContain(line);
    expect(text).toMatch(/probe_duration_seconds [0-9.e-]+\n/);
  });

  test('gives every series once, however many redirects there were', async () => {
    const text = await run('ok', `${url}/302`);
    const series = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(series).toEqual([...new Set(series)]);
  });

  test('tells zeros where nobody answers', async () => {
    const text = await run('ok', 'http://127.0.0.1:1/');
    for (const line of [
      'probe_success 0',
      'probe_http_status_code 0',
      'probe_http_ssl 0',
      'probe_http_duration_seconds{phase="connect"} 0',
    ])
      expect(text).toContain(`${line}\n`);
  });

  test('sends what the module says', () => {
    expect(seen).toContain(`POST /200 b Basic ${Buffer.from('u:p').toString('base64')}`);
  });

  test.each([
    ['tcp', 1],
    ['talk', 1],
    ['stubborn', 0],
  ])('%s is %d', async (name, success) => {
    const target = `127.0.0.1:${(smtp.address() as AddressInfo).port}`;
    expect(await run(name, target)).toContain(`probe_success ${success}\n`);
  });

  test.each(['127.0.0.1:1', 'no-such-host.invalid:80', 'nonsense'])(
    'a target that is not there fails: %s',
    async (target) => {
      expect(await run('tcp', target)).toContain('probe_success 0\n');
      expect(await run('ok', target)).toContain('probe_success 0\n');
    },
  );

  test('an unknown prober is refused with its place', () => {
    expect(() => parseProbeModules('modules:\n  a: {prober: carrier_pigeon}\n', 'b.yml')).toThrow(
      /b\.yml:2:7: .*not supported/,
    );
  });
});
