import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { silentLogger, systemClock } from '@prunella/metrics';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseProbeModules } from './config.ts';
import { decodeAnswer, encodeQuestion } from './dns-message.ts';
import { parseReply } from './icmp.ts';
import { probe } from './probe.ts';

/** An answer as a server writes it: the question again, and records that point back to its name. */
function answerTo(question: Buffer): Buffer {
  const type = question.readUInt16BE(question.length - 4);
  const header = Buffer.from(question.subarray(0, 12));
  const missing = question.includes('missing');
  header.writeUInt16BE(missing ? 0x8183 : 0x8180, 2);
  const data =
    type === 1
      ? Buffer.of(192, 0, 2, 7)
      : Buffer.concat([
          Buffer.of(0xc0, 12, 0xc0, 12),
          Buffer.from('0000002a00000e1000000384001baf8000000e10', 'hex'),
        ]);
  const record = Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length]), data]);
  header.writeUInt16BE(missing ? 0 : 1, 6);
  return Buffer.concat([header, question.subarray(12), ...(missing ? [] : [record])]);
}

let udp: UdpSocket;
let tcp: Server;

beforeAll(async () => {
  udp = createSocket('udp4', (question, from) => {
    if (!question.includes('silent')) udp.send(answerTo(question), from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  tcp = createServer((socket) => {
    socket.on('data', (data) => {
      const answer = answerTo(data.subarray(2));
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer.subarray(0, 5)]));
      setTimeout(() => socket.write(answer.subarray(5)), 20);
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  udp.close();
  tcp.close();
});

async function run(dns: string): Promise<string> {
  const module = parseProbeModules(`modules: {m: {prober: dns, timeout: 300ms, dns: ${dns}}}`, 'b.yml').get(
    'm',
  );
  const port = dns.includes('tcp') ? (tcp.address() as AddressInfo).port : udp.address().port;
  return probe(module as never, `127.0.0.1:${port}`, { clock: systemClock, logger: silentLogger });
}

describe('the dns prober', () => {
  test.each([
    ['{query_name: shop.example, query_type: A}', 1, 'probe_dns_answer_rrs 1'],
    [
      '{query_name: shop.example, query_type: A, transport_protocol: tcp}',
      1,
      'probe_dns_duration_seconds{phase="connect"}',
    ],
    ['{query_name: shop.example, query_type: SOA}', 1, 'probe_dns_serial 42'],
    ['{query_name: missing.example, query_type: A}', 0, 'probe_dns_query_succeeded 1'],
    ['{query_name: missing.example, query_type: A, valid_rcodes: [NXDOMAIN]}', 1, 'probe_dns_answer_rrs 0'],
    ['{query_name: silent.example, query_type: A}', 0, 'probe_dns_query_succeeded 0'],
    [
      '{query_name: shop.example, query_type: A, validate_answer_rrs: {fail_if_not_matches_regexp: ["192.0.2.7"]}}',
      1,
      'probe_ip_protocol 4',
    ],
    [
      '{query_name: shop.example, query_type: A, validate_answer_rrs: {fail_if_matches_regexp: ["^shop.example.\\t60\\tIN\\tA\\t"]}}',
      0,
      '',
    ],
    [
      '{query_name: shop.example, query_type: A, validate_answer_rrs: {fail_if_none_matches_regexp: ["10.0.0.1"]}}',
      0,
      '',
    ],
    [
      '{query_name: shop.example, query_type: A, validate_answer_rrs: {fail_if_all_match_regexp: ["192"]}}',
      0,
      '',
    ],
  ])('%s is %d', async (dns, success, line) => {
    const text = await run(dns);
    expect(text).toContain(`probe_success ${success}\n`);
    expect(text).toContain(line);
  });

  test('needs a name', () => {
    expect(() => parseProbeModules('modules: {m: {prober: dns}}', 'b.yml')).toThrow(
      'the dns prober needs query_name',
    );
  });

  test('a message that points in a circle or ends early is refused', () => {
    const circle = Buffer.from('000081800000000100000000c00cc00c', 'hex');
    expect(() => decodeAnswer(circle)).toThrow('circle');
    const answer = answerTo(encodeQuestion({ id: 1, name: 'a.example', type: 1, recursionDesired: true }));
    for (let length = 0; length < answer.length; length++)
      expect(() => decodeAnswer(answer.subarray(0, length))).toThrow(/DNS|range|bounds/);
    expect(decodeAnswer(answer).answer).toEqual([
      { name: 'a.example.', type: 'A', ttl: 60, data: '192.0.2.7' },
    ]);
  });
});

test.each([
  ['64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.037 ms', { ttl: 64, seconds: 0.000037 }],
  ['64 bytes from 10.0.0.1: seq=0 ttl=42 time=12.5 ms', { ttl: 42, seconds: 0.0125 }],
  ['1 packets transmitted, 0 received, 100% packet loss', undefined],
])('the reply to a ping: %s', (output, expected) => {
  expect(parseReply(output)).toEqual(expected);
});

test('without ping the icmp prober fails and says nothing wrong', async () => {
  const module = parseProbeModules('modules: {m: {prober: icmp, timeout: 2s}}', 'b.yml').get('m');
  const text = await probe(module as never, '127.0.0.1', { clock: systemClock, logger: silentLogger });
  expect(text).toMatch(/probe_success [01]\n/);
  expect(text).toContain('probe_icmp_duration_seconds{phase="rtt"}');
});
