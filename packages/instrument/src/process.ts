import { readdirSync, readFileSync } from 'node:fs';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Settings } from './settings.ts';

/**
 * Metrics of the process itself under the names that all Prometheus clients share. They are read when asked for;
 * those that need a directory listing are refreshed every `collectionIntervalMs`. What the platform does not tell
 * (only Linux has /proc) is left out rather than reported as 0.
 * @returns stops the refreshing
 */
export function processMetrics(registry: Registry, settings: Settings): () => void {
  cpu(registry);
  memory(registry);
  gauge(registry, 'process_start_time_seconds', 'Start of the process, in seconds since the epoch.').set(
    performance.timeOrigin / 1000,
  );
  const stopCollecting = collectEvery(settings.collectionIntervalMs, descriptorGauges(registry, settings));
  const stopObserving = garbageCollection(registry);
  return () => {
    stopCollecting();
    stopObserving();
  };
}

function gauge(registry: Registry, name: string, help: string, collect?: (self: Gauge) => void): Gauge {
  return new Gauge({
    name,
    help,
    registers: [registry],
    ...(collect && {
      collect(this: Gauge) {
        collect(this);
      },
    }),
  });
}

function cpu(registry: Registry): void {
  // prom-client's own counter starts when it is made; this one agrees with /proc/self/stat.
  const counter = (name: string, help: string, micros: (usage: NodeJS.CpuUsage) => number): Counter =>
    new Counter({
      name,
      help,
      registers: [registry],
      collect(this: Counter) {
        this.reset();
        this.inc(micros(process.cpuUsage()) / 1e6);
      },
    });
  counter(
    'process_cpu_seconds_total',
    'Processor time used, user and system.',
    (usage) => usage.user + usage.system,
  );
  counter('process_cpu_user_seconds_total', 'Processor time used in user mode.', (usage) => usage.user);
  counter('process_cpu_system_seconds_total', 'Processor time used by the kernel.', (usage) => usage.system);
}

function memory(registry: Registry): void {
  gauge(registry, 'process_resident_memory_bytes', 'Memory that is in RAM.', (self) => {
    self.set(process.memoryUsage.rss());
  });
  const virtual = statusField('VmSize');
  if (virtual !== undefined) {
    gauge(registry, 'process_virtual_memory_bytes', 'Address space that is mapped.', (self) => {
      self.set((statusField('VmSize') ?? 0) * 1024);
    });
  }
  gauge(registry, 'nodejs_heap_size_used_bytes', 'JavaScript heap in use.', (self) => {
    self.set(process.memoryUsage().heapUsed);
  });
  gauge(
    registry,
    'nodejs_external_memory_bytes',
    'Memory of C++ objects bound to JavaScript ones.',
    (self) => {
      self.set(process.memoryUsage().external);
    },
  );
}

/** @returns refreshes the gauges of descriptors and threads */
function descriptorGauges(registry: Registry, settings: Settings): () => void {
  const gauges: { gauge: Gauge; read: () => number | undefined }[] = [];
  const add = (name: string, help: string, read: () => number | undefined): void => {
    if (read() !== undefined) gauges.push({ gauge: gauge(registry, name, help), read });
  };
  add('process_open_fds', 'Open file descriptors.', openDescriptors);
  add('process_max_fds', 'Open file descriptors allowed.', maxDescriptors);
  if (settings.profiles.has('s5')) {
    add('custom_process_open_fds', 'Open file descriptors.', openDescriptors);
    add('custom_process_threads', 'Threads of the process.', () => statusField('Threads'));
  }
  return () => {
    for (const { gauge, read } of gauges) {
      const value = read();
      if (value !== undefined) gauge.set(value);
    }
  };
}

function collectEvery(intervalMs: number, collect: () => void): () => void {
  collect();
  const timer = setInterval(collect, intervalMs);
  timer.unref(); // a service is not kept alive by being measured
  return () => clearInterval(timer);
}

/** A number of /proc/self/status, in its unit there; undefined where there is none. */
function statusField(name: string): number | undefined {
  return procNumber('/proc/self/status', new RegExp(`^${name}:\\s+(\\d+)`, 'm'));
}

function maxDescriptors(): number | undefined {
  return procNumber('/proc/self/limits', /^Max open files\s+(\d+)/m);
}

function procNumber(file: string, pattern: RegExp): number | undefined {
  try {
    const text = pattern.exec(readFileSync(file, 'utf8'))?.[1];
    return text === undefined ? undefined : Number(text);
  } catch {
    return undefined;
  }
}

function openDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length - 1; // without the one that this listing opened
  } catch {
    return undefined;
  }
}

const GC_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'scavenge'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'mark-sweep'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak-callbacks'],
]);

function garbageCollection(registry: Registry): () => void {
  const options = { labelNames: ['kind'] as const, registers: [registry] };
  const runs = new Counter({
    name: 'nodejs_gc_runs_total',
    help: 'Garbage collections, by kind.',
    ...options,
  });
  const seconds = new Counter({
    name: 'nodejs_gc_seconds_total',
    help: 'Time that garbage collections took, by kind.',
    ...options,
  });
  for (const kind of GC_KINDS.values()) {
    runs.inc({ kind }, 0);
    seconds.inc({ kind }, 0);
  }
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = GC_KINDS.get(gcKind(entry)) ?? 'other';
      runs.inc({ kind });
      seconds.inc({ kind }, entry.duration / 1000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

/** The detail of a `gc` entry; the types of Node 20 leave it out. */
function gcKind(entry: object): number {
  const detail: unknown = 'detail' in entry ? entry.detail : undefined;
  return typeof detail === 'object' && detail !== null && 'kind' in detail ? Number(detail.kind) : -1;
}
