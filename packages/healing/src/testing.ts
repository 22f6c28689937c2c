/** A world in memory for tests of healing: everything that it touches, and a clock that stands still. */
import { Labels } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import type { LogLine, Workload, WorkloadEvent, WorkloadListener } from '@prunella/workloads';
import type { HealingAlert } from './alert/alert.ts';
import { fingerprintOf } from './alert/fingerprint.ts';
import { parseHealing } from './config/config.ts';
import type { HealingMessage, QueryAnswer, WorkloadsPort } from './engine/ports.ts';
import { Healing, type HealingOptions } from './healing.ts';
import type { Change, Incident } from './incident/incident.ts';
import type { Journal } from './incident/journal.ts';
import type { IncidentLog, IncidentLogLine } from './incident/log.ts';
import { maskFor } from './incident/mask.ts';

export class MemoryJournal implements Journal {
  readonly files: Map<string, Change[]> = new Map();
  /** Set, it is what the disk says to every write. */
  fault: Error | undefined;

  load(): Promise<ReadonlyMap<string, readonly Change[]>> {
    return Promise.resolve(new Map([...this.files].sort(([a], [b]) => (a < b ? -1 : 1))));
  }

  append(id: string, change: Change): Promise<void> {
    if (this.fault) return Promise.reject(this.fault);
    const copy = JSON.parse(JSON.stringify(change)) as Change;
    this.files.set(id, [...(this.files.get(id) ?? []), copy]);
    return Promise.resolve();
  }

  remove(id: string): Promise<void> {
    this.files.delete(id);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export class MemoryLog implements IncidentLog {
  readonly lines: IncidentLogLine[] = [];

  append(line: IncidentLogLine): Promise<void> {
    this.lines.push(line);
    return Promise.resolve();
  }

  has(id: string): Promise<boolean> {
    return Promise.resolve(this.lines.some((line) => line.incident === id));
  }
}

/** Services that do what they are told, unless a `fault` is set. */
export class FakeWorkloads implements WorkloadsPort {
  readonly calls: string[] = [];
  readonly replicas: Map<string, Workload> = new Map();
  readonly lines: LogLine[] = [
    { time: 0, stream: 'stdout', text: 'connecting to postgres://me:hush@db/shop' },
  ];
  /** What a call does instead of working. */
  fault: (() => Promise<void>) | undefined;
  readonly #listeners = new Set<WorkloadListener>();

  constructor(...services: string[]) {
    for (const service of services) this.set({ name: `${service}-1`, service });
  }

  set(workload: Partial<Workload> & { name: string }): void {
    const before = this.replicas.get(workload.name);
    const base = {
      service: workload.name,
      kind: 'process',
      state: 'running',
      restarts: 0,
      ports: [],
      startedAt: 0,
    } as const;
    this.replicas.set(workload.name, { ...base, ...before, ...workload });
  }

  emit(type: WorkloadEvent['type'], name: string, time: number): void {
    const workload = this.replicas.get(name) as Workload;
    for (const listener of this.#listeners) listener({ type, time, workload });
  }

  list(): Promise<Workload[]> {
    return Promise.resolve([...this.replicas.values()]);
  }

  logs(): Promise<LogLine[]> {
    return Promise.resolve(this.lines);
  }

  restart(service: string): Promise<void> {
    this.calls.push(`restart ${service}`);
    return this.fault ? this.fault() : Promise.resolve();
  }

  scale(service: string, replicas: number): Promise<void> {
    this.calls.push(`scale ${service} ${replicas}`);
    for (let i = 1; i <= replicas; i++) this.set({ name: `${service}-${i}`, service });
    return this.fault ? this.fault() : Promise.resolve();
  }

  onEvent(listener: WorkloadListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export const RUNBOOK = `
global: {receiver: team}
runbooks:
  - name: restart
    match: [alertname=~"High.*"]
    target: {label: service, allow: [api, worker]}
    steps:
      - capture: {logs: {tail: 10}, query: [up]}
      - restart: {}
      - verify: {for: 30s, timeout: 2m}
`;

export class World {
  readonly clock: VirtualClock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly journal: MemoryJournal = new MemoryJournal();
  readonly log: MemoryLog = new MemoryLog();
  readonly workloads: FakeWorkloads = new FakeWorkloads('api', 'worker');
  readonly messages: { receiver: string; message: HealingMessage }[] = [];
  /** The series that every expression returns. */
  series: Labels[] = [];
  /** Set, it is what every query ends with. */
  queryFault: Error | undefined;
  notifyFault: Error | undefined;
  healing: Healing;

  constructor(config: string = RUNBOOK, options: Partial<HealingOptions> = {}) {
    this.healing = this.reborn(config, options);
  }

  /** A new process over the same disk. */
  reborn(config: string = RUNBOOK, options: Partial<HealingOptions> = {}): Healing {
    this.healing = new Healing({
      clock: this.clock,
      journal: this.journal,
      log: this.log,
      mask: maskFor({}),
      workloads: this.workloads,
      query: () => this.#answer(),
      expressionOf: () => ({ expr: 'latency > 1' }),
      notify: async (receiver, message) => {
        if (this.notifyFault) throw this.notifyFault;
        this.messages.push({ receiver, message });
      },
      ...options,
    });
    this.healing.apply(parseHealing(config, 'healing.yml'));
    return this.healing;
  }

  /** An alert that fires from now on, and whose expression returns its series. */
  async fire(labels: Record<string, string> = {}, change: Partial<HealingAlert> = {}): Promise<HealingAlert> {
    const alert = this.alert(labels, change);
    this.series = [...this.series, alert.labels.drop(new Set(['alertname', 'severity']))];
    await this.healing.alertsChanged([alert]);
    return alert;
  }

  alert(labels: Record<string, string> = {}, change: Partial<HealingAlert> = {}): HealingAlert {
    const all = Labels.from({ alertname: 'HighLatency', severity: 'critical', service: 'api', ...labels });
    return {
      labels: all,
      annotations: Labels.empty,
      status: 'firing',
      fingerprint: fingerprintOf(all),
      startsAt: this.clock.now(),
      ...change,
    };
  }

  async resolve(alert: HealingAlert): Promise<void> {
    this.series = [];
    await this.healing.alertsChanged([{ ...alert, status: 'resolved', endsAt: this.clock.now() }]);
  }

  /** The newest incident. */
  get incident(): Incident {
    const [newest] = this.healing.incidents();
    if (!newest) throw new Error('there is no incident');
    return newest;
  }

  /** `kind state text` of the timeline, for comparing. */
  get story(): string[] {
    return this.incident.timeline.map(({ kind, text, step }) =>
      step ? `${step.kind} ${step.state}` : `${kind}: ${text}`,
    );
  }

  async #answer(): Promise<QueryAnswer> {
    if (this.queryFault) throw this.queryFault;
    return { value: { type: 'vector', samples: this.series.map((labels) => ({ labels, value: 2 })) } };
  }
}
