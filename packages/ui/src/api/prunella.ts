import { bool, labelsOf, list, num, obj, objects, str, strings } from '../json.ts';
import { request } from './http.ts';
import type { Labels } from './prometheus.ts';

/** Prunella's own API, docs/api.md. Times stay the RFC 3339 strings that the server sent. */
export interface Part {
  name: string;
  state: string;
  since: string;
  restarts: number;
  lastError: string;
}

export interface Status {
  version: string;
  startedAt: string;
  ready: boolean;
  demo: boolean;
  warnings: string[];
  parts: Part[];
  tryIt: { title: string; command: string }[];
}

export async function status(signal?: AbortSignal): Promise<Status> {
  const data = obj(await request('/api/prunella/status', { signal }));
  return {
    version: str(data['version']),
    startedAt: str(data['startedAt']),
    ready: bool(data['ready']),
    demo: bool(data['demo']),
    warnings: strings(data['warnings']),
    parts: objects(data['parts']).map((part) => ({
      name: str(part['name']),
      state: str(part['state']),
      since: str(part['since']),
      restarts: num(part['restarts']) ?? 0,
      lastError: str(part['lastError']),
    })),
    tryIt: objects(data['tryIt']).map((item) => ({
      title: str(item['title']),
      command: str(item['command']),
    })),
  };
}

export interface DashboardEntry {
  uid: string;
  title: string;
  tags: string[];
  folder: string;
  file: string;
}

export async function dashboards(signal?: AbortSignal): Promise<DashboardEntry[]> {
  return objects(await request('/api/prunella/dashboards', { signal })).map((entry) => ({
    uid: str(entry['uid']),
    title: str(entry['title']),
    tags: strings(entry['tags']),
    folder: str(entry['folder']),
    file: str(entry['file']),
  }));
}

/** The dashboard's JSON, unchecked: dashboard/migrate.ts reads it. */
export async function dashboard(uid: string, signal?: AbortSignal): Promise<unknown> {
  return request(`/api/prunella/dashboards/${encodeURIComponent(uid)}`, { signal });
}

export interface Workload {
  name: string;
  service: string;
  kind: string;
  state: 'running' | 'starting' | 'restarting' | 'stopped' | 'failed';
  pid: number | undefined;
  image: string;
  startedAt: string;
  exit: { time: string; code: number | undefined; signal: string; expected: boolean } | undefined;
  restarts: number;
  cpuPercent: number | undefined;
  memoryBytes: number | undefined;
  memoryLimitBytes: number | undefined;
  ports: number[];
  healthUrl: string;
}

const workloadStates = ['running', 'starting', 'restarting', 'stopped', 'failed'] as const;

function workload(entry: Record<string, unknown>): Workload {
  const exit = obj(entry['exit']);
  return {
    name: str(entry['name']),
    service: str(entry['service']),
    kind: str(entry['kind']),
    state: workloadStates.find((state) => state === entry['state']) ?? 'failed',
    pid: num(entry['pid']),
    image: str(entry['image']),
    startedAt: str(entry['startedAt']),
    exit: entry['exit']
      ? {
          time: str(exit['time']),
          code: num(exit['code']),
          signal: str(exit['signal']),
          expected: bool(exit['expected']),
        }
      : undefined,
    restarts: num(entry['restarts']) ?? 0,
    cpuPercent: num(entry['cpuPercent']),
    memoryBytes: num(entry['memoryBytes']),
    memoryLimitBytes: num(entry['memoryLimitBytes']),
    ports: list(entry['ports']).flatMap((port) => num(port) ?? []),
    healthUrl: str(entry['healthUrl']),
  };
}

export async function workloads(signal?: AbortSignal): Promise<Workload[]> {
  return objects(await request('/api/prunella/workloads', { signal })).map(workload);
}

export type WorkloadAction = 'start' | 'stop' | 'restart';

export async function actOnWorkload(name: string, action: WorkloadAction): Promise<void> {
  await request(`/api/prunella/workloads/${encodeURIComponent(name)}/${action}`, { body: {} });
}

export async function scaleWorkload(name: string, replicas: number): Promise<void> {
  await request(`/api/prunella/workloads/${encodeURIComponent(name)}/scale`, { body: { replicas } });
}

export interface LogLine {
  time: string;
  stream: string;
  text: string;
}

export async function workloadLogs(name: string, tail: number, signal?: AbortSignal): Promise<LogLine[]> {
  const answer = await request(`/api/prunella/workloads/${encodeURIComponent(name)}/logs?tail=${tail}`, {
    signal,
  });
  return objects(obj(answer)['lines']).map((line) => ({
    time: str(line['time']),
    stream: str(line['stream']),
    text: str(line['text']),
  }));
}

export interface TimelineEntry {
  time: string;
  kind: string;
  text: string;
  step:
    | { index: number; kind: string; state: string; durationMs: number | undefined; error: string }
    | undefined;
}

export interface Evidence {
  time: string;
  kind: string;
  title: string;
  expr: string;
  text: string;
  samples: { labels: Labels; value: string }[];
}

export interface Incident {
  id: string;
  title: string;
  alertname: string;
  severity: string;
  labels: Labels;
  annotations: Labels;
  state: string;
  outcome: string;
  runbook: string;
  mode: string;
  target: string;
  detectedAt: string;
  toldAt: string;
  actedAt: string;
  healedAt: string;
  closedAt: string;
  timeline: TimelineEntry[];
  evidence: Evidence[];
}

function timelineEntry(entry: Record<string, unknown>): TimelineEntry {
  const step = obj(entry['step']);
  return {
    time: str(entry['time']),
    kind: str(entry['kind']),
    text: str(entry['text']),
    step: entry['step']
      ? {
          index: num(step['index']) ?? 0,
          kind: str(step['kind']),
          state: str(step['state']),
          durationMs: num(step['durationMs']),
          error: str(step['error']),
        }
      : undefined,
  };
}

function incidentOf(value: unknown): Incident {
  const data = obj(value);
  return {
    id: str(data['id']),
    title: str(data['title']),
    alertname: str(data['alertname']),
    severity: str(data['severity']),
    labels: labelsOf(data['labels']),
    annotations: labelsOf(data['annotations']),
    state: str(data['state']),
    outcome: str(data['outcome']),
    runbook: str(data['runbook']),
    mode: str(data['mode']),
    target: str(data['target']),
    detectedAt: str(data['detectedAt']),
    toldAt: str(data['toldAt']),
    actedAt: str(data['actedAt']),
    healedAt: str(data['healedAt']),
    closedAt: str(data['closedAt']),
    timeline: objects(data['timeline']).map(timelineEntry),
    evidence: objects(data['evidence']).map((item) => ({
      time: str(item['time']),
      kind: str(item['kind']),
      title: str(item['title']),
      expr: str(item['expr']),
      text: str(item['text']),
      samples: objects(item['samples']).map((sample) => ({
        labels: labelsOf(sample['labels']),
        value: str(sample['value']),
      })),
    })),
  };
}

export async function incidents(limit = 100, signal?: AbortSignal): Promise<Incident[]> {
  return objects(obj(await request(`/api/prunella/incidents?limit=${limit}`, { signal }))['incidents']).map(
    incidentOf,
  );
}

export async function incident(id: string, signal?: AbortSignal): Promise<Incident> {
  return incidentOf(await request(`/api/prunella/incidents/${encodeURIComponent(id)}`, { signal }));
}

export async function decideIncident(
  id: string,
  verdict: 'approve' | 'reject',
  decision: { by: string; comment: string },
): Promise<Incident> {
  return incidentOf(
    await request(`/api/prunella/incidents/${encodeURIComponent(id)}/${verdict}`, { body: decision }),
  );
}

export interface Runbook {
  name: string;
  description: string;
  mode: string;
  match: string[];
  steps: { kind: string; text: string }[];
  limits: { cooldownMs: number; attempts: number; windowMs: number };
  lastRunAt: string;
  runs: number;
}

export async function runbooks(signal?: AbortSignal): Promise<Runbook[]> {
  return objects(await request('/api/prunella/runbooks', { signal })).map((entry) => {
    const limits = obj(entry['limits']);
    return {
      name: str(entry['name']),
      description: str(entry['description']),
      mode: str(entry['mode']),
      match: strings(entry['match']),
      steps: objects(entry['steps']).map((step) => ({ kind: str(step['kind']), text: str(step['text']) })),
      limits: {
        cooldownMs: num(limits['cooldownMs']) ?? 0,
        attempts: num(limits['attempts']) ?? 0,
        windowMs: num(limits['windowMs']) ?? 0,
      },
      lastRunAt: str(entry['lastRunAt']),
      runs: num(entry['runs']) ?? 0,
    };
  });
}

export interface Message {
  id: string;
  time: string;
  receiver: string;
  status: 'firing' | 'resolved';
  title: string;
  text: string;
  groupKey: string;
  groupLabels: Labels;
  alerts: { status: string; labels: Labels; annotations: Labels; startsAt: string; endsAt: string }[];
}

/** What the inbox receivers were told, newest first. */
export async function inbox(limit = 100, signal?: AbortSignal): Promise<Message[]> {
  return objects(obj(await request(`/api/prunella/inbox?limit=${limit}`, { signal }))['messages']).map(
    (entry) => ({
      id: str(entry['id']),
      time: str(entry['time']),
      receiver: str(entry['receiver']),
      status: entry['status'] === 'resolved' ? 'resolved' : 'firing',
      title: str(entry['title']),
      text: str(entry['text']),
      groupKey: str(entry['groupKey']),
      groupLabels: labelsOf(entry['groupLabels']),
      alerts: objects(entry['alerts']).map((alert) => ({
        status: str(alert['status']),
        labels: labelsOf(alert['labels']),
        annotations: labelsOf(alert['annotations']),
        startsAt: str(alert['startsAt']),
        endsAt: str(alert['endsAt']),
      })),
    }),
  );
}
