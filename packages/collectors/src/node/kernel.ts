/** Small parts: neighbours, connection tracking, packet queues, the system's name, clock sources. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exposition } from '../exposition.ts';
import { readLines, type NodeSource } from './source.ts';

/** Neighbours of each interface: the last column of /proc/net/arp. */
export async function collectArp(source: NodeSource, out: Exposition): Promise<void> {
  const counts = new Map<string, number>();
  for (const line of (await readLines(join(source.proc, 'net/arp'))).slice(1)) {
    const device = line.trim().split(/\s+/).at(-1) ?? '';
    counts.set(device, (counts.get(device) ?? 0) + 1);
  }
  for (const [device, count] of counts) out.gauge('node_arp_entries', 'Neighbours known.', count, { device });
}

const CONNTRACK = [
  'found',
  'invalid',
  'ignore',
  'insert',
  'insert_failed',
  'drop',
  'early_drop',
  'search_restart',
];

export async function collectConntrack(source: NodeSource, out: Exposition): Promise<void> {
  const read = async (file: string): Promise<number> =>
    Number(await readFile(join(source.proc, 'sys/net/netfilter', file), 'utf8'));
  out.gauge('node_nf_conntrack_entries', 'Connections tracked now.', await read('nf_conntrack_count'));
  out.gauge(
    'node_nf_conntrack_entries_limit',
    'Connections that can be tracked.',
    await read('nf_conntrack_max'),
  );
  // A line per CPU, hexadecimal, under a line of names.
  const [header = '', ...cpus] = await readLines(join(source.proc, 'net/stat/nf_conntrack'));
  const names = header.trim().split(/\s+/);
  for (const name of CONNTRACK) {
    const column = names.indexOf(name);
    if (column < 0) continue;
    const values = cpus.map((line) => Number.parseInt(line.trim().split(/\s+/)[column] ?? '0', 16));
    const sum = values.reduce((total, value) => total + value, 0);
    out.gauge(`node_nf_conntrack_stat_${name}`, `Connection tracking: ${name}, of all CPUs.`, sum);
  }
}

/** Of each CPU's line in /proc/schedstat the last three: ns that tasks ran, ns that they waited, and how many turns. */
export async function collectSchedstat(source: NodeSource, out: Exposition): Promise<void> {
  for (const line of await readLines(join(source.proc, 'schedstat'))) {
    const [, cpu, rest = ''] = /^cpu(\d+) (.*)$/.exec(line) ?? [];
    if (cpu === undefined) continue;
    const [running, waiting, timeslices] = rest.split(' ').slice(6, 9).map(Number);
    out.counter('node_schedstat_running_seconds_total', 'Time that tasks ran.', (running ?? NaN) / 1e9, {
      cpu,
    });
    out.counter(
      'node_schedstat_waiting_seconds_total',
      'Time that tasks waited for their turn.',
      (waiting ?? NaN) / 1e9,
      { cpu },
    );
    out.counter('node_schedstat_timeslices_total', 'Turns that tasks had.', timeslices ?? NaN, { cpu });
  }
}

/** Columns of /proc/net/softnet_stat. */
const SOFTNET = [
  [0, 'counter', 'processed_total', 'Packets processed.'],
  [1, 'counter', 'dropped_total', 'Packets dropped because the queue was full.'],
  [2, 'counter', 'times_squeezed_total', 'Times that processing ran out of time.'],
  [8, 'counter', 'cpu_collision_total', 'Times that another CPU held the device’s lock.'],
  [9, 'counter', 'received_rps_total', 'Times that another CPU asked for processing.'],
  [10, 'counter', 'flow_limit_count_total', 'Packets dropped by the flow limit.'],
  [11, 'gauge', 'backlog_len', 'Length of the queue.'],
] as const;

export async function collectSoftnet(source: NodeSource, out: Exposition): Promise<void> {
  for (const [i, line] of (await readLines(join(source.proc, 'net/softnet_stat'))).entries()) {
    const columns = line
      .trim()
      .split(/\s+/)
      .map((value) => Number.parseInt(value, 16));
    // Newer kernels say in the 13th column which CPU it is.
    const cpu = String(columns[12] ?? i);
    for (const [column, type, name, help] of SOFTNET) {
      const value = columns[column];
      if (value !== undefined) out[type](`node_softnet_${name}`, help, value, { cpu });
    }
  }
}

/** Bytes that wait in the queues of UDP sockets: `tx:rx` in the fifth column, hexadecimal. */
export async function collectUdpQueues(source: NodeSource, out: Exposition): Promise<void> {
  for (const [file, ip] of [
    ['net/udp', 'v4'],
    ['net/udp6', 'v6'],
  ] as const) {
    const lines = await readLines(join(source.proc, file)).catch(() => undefined);
    if (!lines) continue;
    let tx = 0;
    let rx = 0;
    for (const line of lines.slice(1)) {
      const [sent = '0', received = '0'] = (line.trim().split(/\s+/)[4] ?? '').split(':');
      tx += Number.parseInt(sent, 16);
      rx += Number.parseInt(received, 16);
    }
    const help = 'Bytes that wait in the queues of UDP sockets.';
    out.gauge('node_udp_queues', help, tx, { queue: 'tx', ip });
    out.gauge('node_udp_queues', help, rx, { queue: 'rx', ip });
  }
}

export async function collectSelinux(source: NodeSource, out: Exposition): Promise<void> {
  const enforce = await readFile(join(source.sys, 'fs/selinux/enforce'), 'utf8').catch(() => undefined);
  out.gauge('node_selinux_enabled', '1 when SELinux is enabled.', enforce === undefined ? 0 : 1);
  if (enforce !== undefined) out.gauge('node_selinux_current_mode', '1 when enforcing.', Number(enforce));
}

const OS_FIELDS = [
  'build_id',
  'id',
  'id_like',
  'image_id',
  'image_version',
  'name',
  'pretty_name',
  'variant',
  'variant_id',
  'version',
  'version_codename',
  'version_id',
];

/** os-release(5). */
export async function collectOs(source: NodeSource, out: Exposition): Promise<void> {
  const path = (file: string): string => join(source.root, file);
  const lines = await readLines(path('etc/os-release')).catch(() => readLines(path('usr/lib/os-release')));
  const values = new Map(
    lines.map((line) => {
      const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return [name.toLowerCase(), value.replace(/^(["'])(.*)\1$/, '$2')] as const;
    }),
  );
  const labels = Object.fromEntries(OS_FIELDS.map((field) => [field, values.get(field) ?? '']));
  out.gauge('node_os_info', 'Always 1; what the system calls itself is in the labels.', 1, labels);
  const version = Number.parseFloat(/^\d+(?:\.\d+)?/.exec(values.get('version_id') ?? '')?.[0] ?? '');
  const { id = '', id_like = '', name = '' } = labels;
  out.gauge('node_os_version', 'Version of the system, as far as it is a number.', version, {
    id,
    id_like,
    name,
  });
}

export async function collectClockSources(source: NodeSource, out: Exposition): Promise<void> {
  const read = async (file: string): Promise<string> =>
    readFile(join(source.sys, 'devices/system/clocksource/clocksource0', file), 'utf8');
  const available = (await read('available_clocksource')).trim().split(/\s+/);
  for (const clocksource of available)
    out.gauge('node_time_clocksource_available_info', 'Always 1; a clock source that can be used.', 1, {
      clocksource,
      device: '0',
    });
  const clocksource = (await read('current_clocksource')).trim();
  out.gauge('node_time_clocksource_current_info', 'Always 1; the clock source in use.', 1, {
    clocksource,
    device: '0',
  });
}
