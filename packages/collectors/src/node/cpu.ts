import { join } from 'node:path';
import type { Exposition } from '../exposition.ts';
import { readLines, type NodeSource } from './source.ts';

/** USER_HZ is 100 on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;
const MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;
const GUEST_MODES = { user: 8, nice: 9 } as const;

/** CPU times: the lines `cpuN` of /proc/stat (proc(5)). */
export async function collectCpu(source: NodeSource, out: Exposition): Promise<void> {
  for (const line of await readLines(join(source.proc, 'stat'))) {
    const [name = '', ...rest] = line.split(/\s+/);
    if (/^cpu\d/.test(name)) addCpu(out, name.slice(3), rest.map(Number));
  }
}

/** The other counters of /proc/stat. */
export async function collectStat(source: NodeSource, out: Exposition): Promise<void> {
  const lines = await readLines(join(source.proc, 'stat'));
  const first = new Map(
    lines.map((line) => line.split(/\s+/)).map(([name = '', value]) => [name, Number(value)] as const),
  );
  out.gauge('node_boot_time_seconds', 'When the machine came up, as unix time.', first.get('btime') ?? NaN);
  out.counter('node_context_switches_total', 'Task switches since boot.', first.get('ctxt') ?? NaN);
  out.counter('node_forks_total', 'Processes and threads started since boot.', first.get('processes') ?? NaN);
  out.counter('node_intr_total', 'Interrupts handled since boot.', first.get('intr') ?? NaN);
  out.gauge('node_procs_blocked', 'Tasks that wait for disk.', first.get('procs_blocked') ?? NaN);
  out.gauge('node_procs_running', 'Tasks that want to run.', first.get('procs_running') ?? NaN);
}

function addCpu(out: Exposition, cpu: string, ticks: readonly number[]): void {
  const guestUser = ticks[GUEST_MODES.user] ?? 0;
  const guestNice = ticks[GUEST_MODES.nice] ?? 0;
  const seconds = (value: number): number => value / TICKS_PER_SECOND;
  for (const [i, mode] of MODES.entries()) {
    // The kernel counts guest time in user and nice too; it must not be there twice.
    const guest = mode === 'user' ? guestUser : mode === 'nice' ? guestNice : 0;
    const value = seconds(Math.max(0, (ticks[i] ?? 0) - guest));
    out.counter('node_cpu_seconds_total', 'Time each CPU spent per mode.', value, { cpu, mode });
  }
  const guestHelp = 'Time each CPU ran virtual machines.';
  out.counter('node_cpu_guest_seconds_total', guestHelp, seconds(guestUser), { cpu, mode: 'user' });
  out.counter('node_cpu_guest_seconds_total', guestHelp, seconds(guestNice), { cpu, mode: 'nice' });
}
