import os from 'node:os';
import type { Clock } from '@prunella/metrics';
import type { Workload, WorkloadStats } from '@prunella/workloads';
import type { Collector } from './collector.ts';
import { Exposition, type LabelValues } from './exposition.ts';

/** What this collector needs of the workloads. */
export interface WorkloadReader {
  list(): Promise<readonly Workload[]>;
  stats(name: string): Promise<WorkloadStats | undefined>;
}

const SERVICE_LABEL = 'container_label_com_docker_compose_service';

/** Every workload, container or supervised process, under cAdvisor's names, so that its dashboards and rules fit. */
export class ContainersCollector implements Collector {
  readonly name = 'containers';
  readonly #workloads: WorkloadReader;
  readonly #clock: Clock;
  /** When each was last seen running, in ms: a stopped one keeps this time, as cAdvisor's rules expect. */
  readonly #lastSeen = new Map<string, number>();

  constructor(workloads: WorkloadReader, clock: Clock) {
    this.#workloads = workloads;
    this.#clock = clock;
  }

  async collect(): Promise<string> {
    const out = new Exposition();
    let failed = 0;
    const workloads = await this.#workloads.list().catch(() => {
      failed = 1;
      return [];
    });
    this.#forget(workloads);
    for (const workload of workloads) {
      const stats = await this.#workloads.stats(workload.name).catch(() => undefined);
      this.#add(out, workload, stats);
    }
    out.gauge('machine_cpu_cores', 'Logical CPUs of the machine.', os.availableParallelism());
    out.gauge('machine_memory_bytes', 'Memory of the machine.', os.totalmem());
    out.gauge('container_scrape_error', '1 when the workloads could not be listed.', failed);
    return out.toString();
  }

  #add(out: Exposition, workload: Workload, stats: WorkloadStats | undefined): void {
    const labels = labelsOf(workload);
    const running = workload.state === 'running';
    if (running) this.#lastSeen.set(workload.name, this.#clock.now());
    const lastSeen = this.#lastSeen.get(workload.name) ?? workload.exit?.time;
    if (lastSeen !== undefined)
      out.gauge('container_last_seen', 'When it was last seen running.', Math.floor(lastSeen / 1000), labels);
    out.gauge('prunella_workload_up', '1 while the workload runs.', running ? 1 : 0, labels);
    out.counter(
      'prunella_workload_restarts_total',
      'How often it was started again.',
      workload.restarts,
      labels,
    );
    if (workload.healthy !== undefined) {
      out.gauge(
        'prunella_workload_healthy',
        '1 while its health check succeeds.',
        workload.healthy ? 1 : 0,
        labels,
      );
    }
    if (workload.startedAt !== undefined && running) {
      out.gauge(
        'container_start_time_seconds',
        'When it was started, as unix time.',
        workload.startedAt / 1000,
        labels,
      );
    }
    if (stats) addStats(out, stats, labels);
  }

  #forget(present: readonly Workload[]): void {
    const names = new Set(present.map(({ name }) => name));
    for (const name of this.#lastSeen.keys()) if (!names.has(name)) this.#lastSeen.delete(name);
  }
}

function labelsOf(workload: Workload): LabelValues {
  return {
    id:
      workload.kind === 'container'
        ? `/docker/${workload.id ?? workload.name}`
        : `/prunella/${workload.name}`,
    image: workload.image ?? '',
    name: workload.name,
    [SERVICE_LABEL]: workload.service,
  };
}

function addStats(out: Exposition, stats: WorkloadStats, labels: LabelValues): void {
  const cpu = stats.cpuUserSeconds + stats.cpuSystemSeconds;
  out.counter('container_cpu_usage_seconds_total', 'CPU time used.', cpu, { ...labels, cpu: 'total' });
  out.counter(
    'container_cpu_user_seconds_total',
    'CPU time used in user mode.',
    stats.cpuUserSeconds,
    labels,
  );
  out.counter(
    'container_cpu_system_seconds_total',
    'CPU time used in the kernel.',
    stats.cpuSystemSeconds,
    labels,
  );
  out.gauge('container_memory_usage_bytes', 'All memory charged.', stats.memoryRssBytes, labels);
  out.gauge('container_memory_rss', 'Resident memory.', stats.memoryRssBytes, labels);
  out.gauge(
    'container_memory_working_set_bytes',
    'Memory that cannot be reclaimed.',
    stats.memoryWorkingSetBytes,
    labels,
  );
  out.gauge(
    'container_spec_memory_limit_bytes',
    'Memory limit, 0 when there is none.',
    stats.memoryLimitBytes ?? 0,
    labels,
  );
  out.gauge('container_processes', 'Processes.', stats.processes, labels);
  out.gauge('container_threads', 'Threads.', stats.threads, labels);
  if (stats.fds !== undefined)
    out.gauge('container_file_descriptors', 'Open file descriptors.', stats.fds, labels);
  const device = { ...labels, device: '' };
  out.counter('container_fs_reads_bytes_total', 'Bytes read from disk.', stats.ioReadBytes, device);
  out.counter('container_fs_writes_bytes_total', 'Bytes written to disk.', stats.ioWriteBytes, device);
  const network = { ...labels, interface: 'eth0' };
  if (stats.networkReceiveBytes !== undefined) {
    out.counter(
      'container_network_receive_bytes_total',
      'Bytes received.',
      stats.networkReceiveBytes,
      network,
    );
  }
  if (stats.networkTransmitBytes !== undefined) {
    out.counter('container_network_transmit_bytes_total', 'Bytes sent.', stats.networkTransmitBytes, network);
  }
}
