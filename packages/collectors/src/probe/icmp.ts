import { spawn } from 'node:child_process';
import type { Exposition } from '../exposition.ts';
import { resolveHost } from './address.ts';
import type { IcmpProbe } from './config.ts';

/**
 * Sends one echo request. Node.js cannot open the socket for it, so the system's `ping` does, which has the permission
 * that it needs. @throws Error with the reason
 */
export async function probeIcmp(
  target: string,
  config: IcmpProbe,
  signal: AbortSignal,
  out: Exposition,
): Promise<boolean> {
  const { address, family, seconds } = await resolveHost(target, config, out);
  const started = performance.now();
  let reply: EchoReply | undefined;
  try {
    const size = config.payload_size > 0 ? ['-s', String(config.payload_size)] : [];
    const ttl = config.ttl > 0 ? ['-t', String(config.ttl)] : [];
    reply = parseReply(
      await run('ping', ['-n', family === 6 ? '-6' : '-4', '-c', '1', ...size, ...ttl, address], signal),
    );
  } finally {
    const rtt = reply?.seconds ?? 0;
    const setup = reply ? Math.max(0, (performance.now() - started) / 1000 - rtt) : 0;
    for (const [phase, value] of Object.entries({ resolve: seconds, setup, rtt }))
      out.gauge('probe_icmp_duration_seconds', 'Time per phase.', value, { phase });
  }
  if (reply) out.gauge('probe_icmp_reply_hop_limit', 'TTL or hop limit of the reply.', reply.ttl);
  return reply !== undefined;
}

export interface EchoReply {
  readonly ttl: number;
  readonly seconds: number;
}

/** Of `64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.037 ms`, as iputils and BusyBox print it. */
export function parseReply(output: string): EchoReply | undefined {
  const match = /ttl=(\d+) time[=<]([\d.]+) ms/.exec(output);
  return match ? { ttl: Number(match[1]), seconds: Number(match[2]) / 1000 } : undefined;
}

function run(program: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      signal,
      env: { ...process.env, LC_ALL: 'C' },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(0, 10_000)));
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error('the icmp prober needs the program ping') : error),
    );
    child.once('close', () => resolve(output));
  });
}
