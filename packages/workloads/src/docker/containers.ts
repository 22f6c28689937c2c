/** Facts of Docker's answers, as far as they are read. */
import type { Workload, WorkloadState, WorkloadStats } from '../workload.ts';

export interface ContainerSummary {
  Id: string;
  Names: string[];
  Image: string;
  State: string;
  Status: string;
  Labels: Record<string, string>;
  Ports?: { PublicPort?: number; PrivatePort: number }[];
}

export interface ContainerDetails {
  Id: string;
  Name: string;
  Config: Record<string, unknown> & { Image: string; Labels: Record<string, string> };
  HostConfig: Record<string, unknown>;
  NetworkSettings: { Networks: Record<string, { Aliases?: string[] | null }> };
  State: {
    Running: boolean;
    Pid: number;
    StartedAt: string;
    FinishedAt: string;
    ExitCode: number;
    Error?: string;
  };
}

export interface ContainerStats {
  read: string;
  pids_stats?: { current?: number };
  cpu_stats: { cpu_usage: { usage_in_usermode?: number; usage_in_kernelmode?: number; total_usage: number } };
  memory_stats: { usage?: number; limit?: number; stats?: Record<string, number> };
  blkio_stats?: { io_service_bytes_recursive?: { op: string; value: number }[] | null };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }>;
}

// https://docs.docker.com/compose: labels that Compose puts on what it creates.
export const COMPOSE_PROJECT = 'com.docker.compose.project';
export const COMPOSE_SERVICE = 'com.docker.compose.service';
export const COMPOSE_NUMBER = 'com.docker.compose.container-number';
export const COMPOSE_ONEOFF = 'com.docker.compose.oneoff';

export function containerName(summary: ContainerSummary): string {
  return (summary.Names[0] ?? summary.Id.slice(0, 12)).replace(/^\//, '');
}

export function containerService(summary: ContainerSummary): string {
  return summary.Labels[COMPOSE_SERVICE] ?? containerName(summary);
}

const STATES: Readonly<Record<string, WorkloadState>> = {
  created: 'stopped',
  running: 'running',
  paused: 'stopped',
  restarting: 'restarting',
  removing: 'stopped',
  exited: 'stopped',
  dead: 'failed',
};

/** What a summary says of a container; `extra` is what only its inspection or our own watching knows. */
export function toWorkload(summary: ContainerSummary, extra: Partial<Workload>): Workload {
  // "Up 2 minutes (healthy)": the only place where a summary shows the health check.
  const health = /\((healthy|unhealthy)\)/.exec(summary.Status)?.[1];
  const starting = summary.Status.includes('(health: starting)');
  const ports = (summary.Ports ?? []).map((port) => port.PublicPort).filter((port) => port !== undefined);
  return {
    name: containerName(summary),
    service: containerService(summary),
    kind: 'container',
    state: starting ? 'starting' : (STATES[summary.State] ?? 'failed'),
    id: summary.Id,
    image: summary.Image,
    restarts: 0,
    ports: [...new Set(ports)],
    ...(health !== undefined && { healthy: health === 'healthy' }),
    ...extra,
  };
}

const NANOSECONDS = 1e9;

export function toStats(stats: ContainerStats): WorkloadStats {
  const memory = stats.memory_stats;
  const detail = memory.stats ?? {};
  const usage = memory.usage ?? 0;
  // cgroup v2 and v1 names. The working set is what `docker stats` shows: usage without the inactive file cache.
  const inactive = detail['inactive_file'] ?? detail['total_inactive_file'] ?? 0;
  const io = stats.blkio_stats?.io_service_bytes_recursive ?? [];
  const bytes = (op: string): number =>
    io.reduce((sum, each) => sum + (each.op.toLowerCase() === op ? each.value : 0), 0);
  const networks = Object.values(stats.networks ?? {});
  const cpu = stats.cpu_stats.cpu_usage;
  return {
    time: Date.parse(stats.read),
    cpuUserSeconds: (cpu.usage_in_usermode ?? cpu.total_usage) / NANOSECONDS,
    cpuSystemSeconds: (cpu.usage_in_kernelmode ?? 0) / NANOSECONDS,
    memoryRssBytes: detail['anon'] ?? detail['rss'] ?? usage,
    memoryWorkingSetBytes: Math.max(0, usage - inactive),
    ...(memory.limit !== undefined && { memoryLimitBytes: memory.limit }),
    processes: stats.pids_stats?.current ?? 0,
    threads: stats.pids_stats?.current ?? 0,
    ioReadBytes: bytes('read'),
    ioWriteBytes: bytes('write'),
    networkReceiveBytes: networks.reduce((sum, each) => sum + each.rx_bytes, 0),
    networkTransmitBytes: networks.reduce((sum, each) => sum + each.tx_bytes, 0),
  };
}

/** The body of `POST /containers/create` for another replica beside `model`. */
export function siblingOf(model: ContainerDetails, number: number): Record<string, unknown> {
  const { Hostname: _, ...config } = model.Config;
  const short = model.Id.slice(0, 12);
  const endpoints = Object.entries(model.NetworkSettings.Networks).map(([network, { Aliases }]) => {
    // An alias that is the model's own id would lead to it.
    const aliases = (Aliases ?? []).filter((alias) => alias !== short);
    return [network, { Aliases: aliases }] as const;
  });
  return {
    ...config,
    Labels: { ...model.Config.Labels, [COMPOSE_NUMBER]: String(number) },
    HostConfig: model.HostConfig,
    NetworkingConfig: { EndpointsConfig: Object.fromEntries(endpoints) },
  };
}
