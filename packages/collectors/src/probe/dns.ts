import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { compileRegex } from '@prunella/metrics';
import type { Exposition } from '../exposition.ts';
import { resolveHost } from './address.ts';
import type { DnsProbe, RecordRules } from './config.ts';
import { decodeAnswer, encodeQuestion, RECORD_TYPES, type DnsAnswer, type DnsRecord } from './dns-message.ts';
import { tlsOptions } from './tls.ts';

/** s */
interface Phases {
  resolve: number;
  connect: number;
  request: number;
}

interface Server {
  readonly address: string;
  readonly family: 4 | 6;
  readonly host: string;
  readonly port: number;
}

/** Asks a DNS server. @returns whether all conditions hold; @throws Error with the reason */
export async function probeDns(
  target: string,
  config: DnsProbe,
  signal: AbortSignal,
  out: Exposition,
): Promise<boolean> {
  const { host, port } = splitTarget(target, config.dns_over_tls ? 853 : 53);
  const { seconds, ...address } = await resolveHost(host, config, out);
  const server = { ...address, host, port };
  const phases = { resolve: seconds, connect: 0, request: 0 };
  const answer = await ask(server, config, signal, phases).catch((error: unknown) => error as Error);
  report(out, phases, answer instanceof Error ? undefined : answer);
  if (answer instanceof Error) throw answer;
  const soa = config.query_type === 'SOA' ? answer.answer.find(({ type }) => type === 'SOA') : undefined;
  if (soa) out.gauge('probe_dns_serial', 'Serial number of the zone.', Number(soa.data.split(' ')[2]));
  return (
    config.valid_rcodes.includes(answer.rcode) &&
    passes(answer.answer, config.validate_answer_rrs) &&
    passes(answer.authority, config.validate_authority_rrs) &&
    passes(answer.additional, config.validate_additional_rrs)
  );
}

async function ask(
  server: Server,
  config: DnsProbe,
  signal: AbortSignal,
  phases: Phases,
): Promise<DnsAnswer> {
  const id = randomInt(0x1_0000);
  const type = RECORD_TYPES[config.query_type] as number;
  const question = encodeQuestion({
    id,
    name: config.query_name,
    type,
    recursionDesired: config.recursion_desired,
  });
  const send = config.transport_protocol === 'udp' && !config.dns_over_tls ? askUdp : askTcp;
  const answer = decodeAnswer(await send(server, question, config, signal, phases));
  if (answer.id !== id) throw new Error('the answer is to another question');
  return answer;
}

function report(out: Exposition, phases: Phases, answer: DnsAnswer | undefined): void {
  for (const [phase, value] of Object.entries(phases))
    out.gauge('probe_dns_duration_seconds', 'Time per phase.', value, { phase });
  out.gauge('probe_dns_answer_rrs', 'Records in the answer section.', answer?.answer.length ?? 0);
  out.gauge('probe_dns_authority_rrs', 'Records in the authority section.', answer?.authority.length ?? 0);
  out.gauge('probe_dns_additional_rrs', 'Records in the additional section.', answer?.additional.length ?? 0);
  out.gauge('probe_dns_query_succeeded', '1 when an answer came.', answer ? 1 : 0);
}

function splitTarget(target: string, port: number): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(target);
  if (match) return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) };
  return { host: target.replace(/^\[|\]$/g, ''), port };
}

function askUdp(
  server: Server,
  question: Buffer,
  _: DnsProbe,
  signal: AbortSignal,
  phases: Phases,
): Promise<Buffer> {
  const started = performance.now();
  return new Promise<Buffer>((resolve, reject) => {
    const socket = createSocket({ type: server.family === 6 ? 'udp6' : 'udp4', signal });
    const settle = (finish: () => void): void => {
      phases.request = (performance.now() - started) / 1000;
      finish();
      if (!signal.aborted) socket.close();
    };
    signal.addEventListener('abort', () => reject(new Error('timed out')), { once: true });
    socket.once('error', (error) => settle(() => reject(error)));
    socket.on('message', (message) => {
      // Anything else on this port is not for us.
      if (message.length >= 2 && message.readUInt16BE(0) === question.readUInt16BE(0))
        settle(() => resolve(message));
    });
    socket.connect(server.port, server.address, () => socket.send(question));
  });
}

/** Over a stream each message has its length before it (RFC 1035, 4.2.2); TLS changes nothing in that (RFC 7858). */
async function askTcp(
  server: Server,
  question: Buffer,
  config: DnsProbe,
  signal: AbortSignal,
  phases: Phases,
): Promise<Buffer> {
  const started = performance.now();
  const socket = await open(server, config, signal);
  phases.connect = (performance.now() - started) / 1000;
  const asked = performance.now();
  const length = Buffer.alloc(2);
  length.writeUInt16BE(question.length);
  try {
    socket.write(Buffer.concat([length, question]));
    let received = Buffer.alloc(0);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) break;
    }
    if (received.length < 2) throw new Error('the server hung up');
    return received.subarray(2);
  } finally {
    phases.request = (performance.now() - asked) / 1000;
    socket.destroy();
  }
}

function open(server: Server, config: DnsProbe, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const where = { host: server.address, port: server.port };
    const socket = config.dns_over_tls
      ? connectTls({ ...where, ...tlsOptions(config.tls_config, server.host) }, () => resolve(socket))
      : connectTcp(where, () => resolve(socket));
    socket.once('error', reject);
    signal.addEventListener('abort', () => socket.destroy(new Error('timed out')), { once: true });
  });
}

/** The rules see each record as a line of a zone file. */
function passes(records: readonly DnsRecord[], rules: RecordRules): boolean {
  const lines = records.map(({ name, ttl, type, data }) => `${name}\t${ttl}\tIN\t${type}\t${data}`);
  const matching = (pattern: string): string[] => {
    const regex = compileRegex(pattern);
    return lines.filter((line) => regex.matcher(line).find());
  };
  const { length } = lines;
  return (
    rules.fail_if_matches_regexp.every((pattern) => matching(pattern).length === 0) &&
    rules.fail_if_all_match_regexp.every((pattern) => length === 0 || matching(pattern).length < length) &&
    rules.fail_if_not_matches_regexp.every((pattern) => matching(pattern).length === length) &&
    rules.fail_if_none_matches_regexp.every((pattern) => matching(pattern).length > 0)
  );
}
