import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import type { Exposition } from '../exposition.ts';
import { readLines, type NodeSource } from './source.ts';

export async function collectLoad(source: NodeSource, out: Exposition): Promise<void> {
  const [line = ''] = await readLines(join(source.proc, 'loadavg'));
  const [one, five, fifteen] = line.split(' ').map(Number);
  out.gauge('node_load1', 'Load average over one minute.', one ?? NaN);
  out.gauge('node_load5', 'Load average over five minutes.', five ?? NaN);
  out.gauge('node_load15', 'Load average over fifteen minutes.', fifteen ?? NaN);
}

export async function collectUname(source: NodeSource, out: Exposition): Promise<void> {
  const read = async (file: string): Promise<string> =>
    (await readFile(join(source.proc, 'sys/kernel', file), 'utf8')).trim();
  const [nodename, domainname, release, version, sysname] = await Promise.all([
    read('hostname'),
    read('domainname'),
    read('osrelease'),
    read('version'),
    read('ostype'),
  ]);
  const labels = { domainname, machine: os.machine(), nodename, release, sysname, version };
  out.gauge('node_uname_info', 'Always 1; what uname(2) says is in the labels.', 1, labels);
}

export async function collectFileHandles(source: NodeSource, out: Exposition): Promise<void> {
  const [line = ''] = await readLines(join(source.proc, 'sys/fs/file-nr'));
  const [allocated, , maximum] = line.split(/\s+/).map(Number);
  out.gauge('node_filefd_allocated', 'File handles in use.', allocated ?? NaN);
  out.gauge('node_filefd_maximum', 'File handles allowed.', maximum ?? NaN);
}

export async function collectEntropy(source: NodeSource, out: Exposition): Promise<void> {
  const read = async (file: string): Promise<number> =>
    Number(await readFile(join(source.proc, 'sys/kernel/random', file), 'utf8'));
  out.gauge('node_entropy_available_bits', 'Random bits at hand.', await read('entropy_avail'));
  out.gauge('node_entropy_pool_size_bits', 'Size of the random pool.', await read('poolsize'));
}

/** Pressure stall information: `some` = at least one task waited, `full` = all did. Microseconds in `total=`. */
export async function collectPressure(source: NodeSource, out: Exposition): Promise<void> {
  for (const resource of ['cpu', 'io', 'memory']) {
    for (const line of await readLines(join(source.proc, 'pressure', resource))) {
      const seconds = Number(/total=(\d+)/.exec(line)?.[1]) / 1e6;
      const waiting = line.startsWith('some');
      // "All tasks lack CPU" means nothing for the whole machine; the kernel keeps the line for form's sake.
      if (!waiting && resource === 'cpu') continue;
      const name = `node_pressure_${resource}_${waiting ? 'waiting' : 'stalled'}_seconds_total`;
      out.counter(name, `Time in which ${waiting ? 'some task' : 'every task'} lacked ${resource}.`, seconds);
    }
  }
}

export async function collectTime(source: NodeSource, out: Exposition): Promise<void> {
  const now = source.clock.now();
  out.gauge('node_time_seconds', 'Clock of the machine, as unix time.', now / 1000);
  const offset = (0 - new Date(now).getTimezoneOffset()) * 60;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  out.gauge('node_time_zone_offset_seconds', 'Offset to UTC.', offset, { time_zone: zone });
}
