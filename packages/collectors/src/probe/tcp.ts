import { connect as connectTcp, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { compileRegex } from '@prunella/metrics';
import type { Exposition } from '../exposition.ts';
import { resolveHost } from './address.ts';
import type { TcpProbe } from './config.ts';
import { addTls, tlsOptions } from './tls.ts';

/** Connects and, where the module says so, talks line by line. @throws Error with the reason of a failure */
export async function probeTcp(
  target: string,
  config: TcpProbe,
  signal: AbortSignal,
  out: Exposition,
): Promise<boolean> {
  const colon = target.lastIndexOf(':');
  const port = Number(target.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port))
    throw new Error(`expected HOST:PORT, got ${JSON.stringify(target)}`);
  const host = target.slice(0, colon);
  const { address } = await resolveHost(host, config, out);
  const socket = await open(address, port, host, config, signal);
  const onAbort = (): void => void socket.destroy(new Error('timed out'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (config.tls) addTls(socket as TLSSocket, out);
    const matched = await converse(socket, config);
    out.gauge('probe_failed_due_to_regex', '1 when an expected line did not come.', matched ? 0 : 1);
    return matched;
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

function open(
  address: string,
  port: number,
  host: string,
  config: TcpProbe,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const where = { host: address, port };
    const socket = config.tls
      ? connectTls({ ...where, ...tlsOptions(config.tls_config, host) }, () => resolve(socket))
      : connectTcp(where, () => resolve(socket));
    socket.once('error', reject);
    signal.addEventListener('abort', () => socket.destroy(new Error('timed out')), { once: true });
  });
}

async function converse(socket: Socket, config: TcpProbe): Promise<boolean> {
  const lines = createInterface({ input: socket, crlfDelay: Infinity })[Symbol.asyncIterator]();
  for (const { expect, send } of config.query_response) {
    if (expect !== undefined && !(await awaitLine(lines, expect))) return false;
    if (send !== undefined) socket.write(`${send}\n`);
  }
  return true;
}

async function awaitLine(lines: AsyncIterator<string>, expected: string): Promise<boolean> {
  const pattern = compileRegex(expected);
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    if (pattern.matcher(line.value).find()) return true;
  }
  return false;
}
