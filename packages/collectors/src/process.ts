import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Collector } from './collector.ts';
import { Exposition, type LabelValues } from './exposition.ts';

/** One process to watch. */
export interface ProcessTarget {
  /** undefined while it does not run. */
  readonly pid: () => number | undefined;
  readonly labels?: LabelValues;
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** Any process, under the names that client libraries give their own: what cannot be instrumented is still seen. */
export class ProcessCollector implements Collector {
  readonly name = 'process';
  readonly #targets: () => readonly ProcessTarget[];
  readonly #proc: string;

  constructor(targets: () => readonly ProcessTarget[], { proc = '/proc' }: { proc?: string } = {}) {
    this.#targets = targets;
    this.#proc = proc;
  }

  async collect(): Promise<string> {
    const out = new Exposition();
    for (const { pid, labels = {} } of this.#targets()) {
      const id = pid();
      const parts = new Exposition();
      const up =
        id !== undefined &&
        (await this.#collectOne(parts, id, labels).then(
          () => true,
          () => false,
        ));
      if (up) out.append(parts);
      out.gauge('process_up', '1 while the process runs.', up ? 1 : 0, labels);
    }
    return out.toString();
  }

  /** @throws Error where there is no such process */
  async #collectOne(out: Exposition, pid: number, labels: LabelValues): Promise<void> {
    const folder = join(this.#proc, String(pid));
    const [stat, limits, booted] = await Promise.all([
      readFile(join(folder, 'stat'), 'utf8'),
      readFile(join(folder, 'limits'), 'utf8').catch(() => ''),
      this.#bootTime(),
    ]);
    // proc(5): the second field is the name in parentheses and may itself hold spaces and parentheses.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const field = (number: number): number => fields[number - 3] ?? NaN;
    const cpu = (field(14) + field(15)) / TICKS_PER_SECOND;
    out.counter('process_cpu_seconds_total', 'CPU time, user and system.', cpu, labels);
    out.gauge('process_resident_memory_bytes', 'Memory in RAM.', field(24) * PAGE_BYTES, labels);
    out.gauge('process_virtual_memory_bytes', 'Address space.', field(23), labels);
    out.gauge(
      'process_start_time_seconds',
      'When it began, as unix time.',
      booted + field(22) / TICKS_PER_SECOND,
      labels,
    );
    out.gauge('process_threads', 'Threads.', field(20), labels);
    const descriptors = await readdir(join(folder, 'fd')).catch(() => undefined);
    if (descriptors) out.gauge('process_open_fds', 'Open file descriptors.', descriptors.length, labels);
    out.gauge('process_max_fds', 'Most file descriptors allowed.', limit(limits, 'Max open files'), labels);
    out.gauge(
      'process_virtual_memory_max_bytes',
      'Most address space allowed, -1 without a limit.',
      limit(limits, 'Max address space'),
      labels,
    );
  }

  async #bootTime(): Promise<number> {
    return Number(/^btime (\d+)$/m.exec(await readFile(join(this.#proc, 'stat'), 'utf8'))?.[1]);
  }
}

/** The soft limit of a line of /proc/PID/limits; -1 for "unlimited", NaN where the line is missing. */
function limit(limits: string, name: string): number {
  const value = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(limits)?.[1];
  return value === 'unlimited' ? -1 : Number(value);
}
