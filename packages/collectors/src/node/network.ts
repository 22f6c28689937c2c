import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exposition } from '../exposition.ts';
import { readLines, type NodeSource } from './source.ts';

/** The columns of /proc/net/dev, receive and transmit. */
const RECEIVE = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed', 'multicast'] as const;
const TRANSMIT = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'colls', 'carrier', 'compressed'] as const;

export async function collectNetworkDevices(source: NodeSource, out: Exposition): Promise<void> {
  const lines = await readLines(join(source.proc, 'net/dev'));
  for (const line of lines.slice(2)) {
    const [device = '', rest = ''] = line.split(/:(.*)/s).map((part) => part.trim());
    const values = rest.split(/\s+/).map(Number);
    for (const [direction, columns, offset] of [
      ['receive', RECEIVE, 0],
      ['transmit', TRANSMIT, RECEIVE.length],
    ] as const) {
      for (const [i, column] of columns.entries()) {
        const name = `node_network_${direction}_${column}_total`;
        out.counter(name, `Column ${column} (${direction}) of /proc/net/dev.`, values[offset + i] ?? NaN, {
          device,
        });
      }
    }
    const unhandled = await readFile(
      join(source.sys, 'class/net', device, 'statistics/rx_nohandler'),
      'utf8',
    ).catch(() => '');
    if (unhandled !== '')
      out.counter('node_network_receive_nohandler_total', 'Packets that nothing wanted.', Number(unhandled), {
        device,
      });
  }
}

/** node_exporter's default selection. */
const NETSTAT_FIELDS =
  /^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$/;

/** Counters of the protocols: pairs of lines (names, values) in snmp and netstat, single lines in snmp6. */
export async function collectNetstat(source: NodeSource, out: Exposition): Promise<void> {
  for (const file of ['net/snmp', 'net/netstat']) {
    const lines = await readLines(join(source.proc, file));
    for (let i = 0; i + 1 < lines.length; i += 2) {
      const [protocol = '', ...names] = (lines[i] as string).split(/:?\s+/);
      const [, ...values] = (lines[i + 1] as string).split(/:?\s+/);
      for (const [k, name] of names.entries()) addNetstat(out, `${protocol}_${name}`, Number(values[k]));
    }
  }
  const snmp6 = await readLines(join(source.proc, 'net/snmp6')).catch(() => []);
  for (const line of snmp6) {
    const match = /^(Ip6|Icmp6|Udp6|UdpLite6)(\w+)\s+(\d+)/.exec(line);
    if (match) addNetstat(out, `${match[1]}_${match[2]}`, Number(match[3]));
  }
}

function addNetstat(out: Exposition, field: string, value: number): void {
  if (NETSTAT_FIELDS.test(field)) out.untyped(`node_netstat_${field}`, `Kernel counter ${field}.`, value);
}

const PAGE_BYTES = 4096;

export async function collectSockets(source: NodeSource, out: Exposition): Promise<void> {
  for (const file of ['net/sockstat', 'net/sockstat6']) {
    for (const line of await readLines(join(source.proc, file)).catch(() => [])) {
      const [protocol = '', ...pairs] = line.split(/:?\s+/);
      for (let i = 0; i + 1 < pairs.length; i += 2) {
        const value = Number(pairs[i + 1]);
        const name = `node_sockstat_${protocol}_${pairs[i]}`;
        out.gauge(name, `Sockets, ${protocol}: ${pairs[i]}.`, value);
        if (pairs[i] === 'mem')
          out.gauge(`${name}_bytes`, `Memory of ${protocol} sockets.`, value * PAGE_BYTES);
      }
    }
  }
}
