/** incident_log.jsonl: one JSON object per line and incident, append-only. Its schema is docs/incident_log.schema.json. */
import { readFile } from 'node:fs/promises';
import type { Incident } from './incident.ts';
import { appendLine } from './journal.ts';

export interface IncidentLogLine {
  /** RFC 3339, as all times here: when the line was written. */
  readonly time: string;
  /** The incident's id; absent where none was opened. */
  readonly incident?: string;
  readonly alert: string;
  readonly severity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly runbook?: string;
  readonly target?: string;
  /** What was done, e.g. `restart api`; `none` when nothing was. */
  readonly action: string;
  readonly result: string;
  /** Seconds from detection to this line. */
  readonly duration: number;
  readonly detected: string;
  readonly told?: string;
  readonly acted?: string;
  readonly healed?: string;
}

export interface IncidentLog {
  /** Resolves when the line is on disk. */
  append(line: IncidentLogLine): Promise<void>;
  /** Whether a line for this incident is there. */
  has(id: string): Promise<boolean>;
}

export function logLine(incident: Incident, time: number): IncidentLogLine {
  const { runbook, target, toldAt, actedAt, healedAt } = incident;
  return {
    time: rfc3339(time),
    incident: incident.id,
    alert: incident.alertname,
    severity: incident.severity,
    labels: incident.labels,
    ...(runbook !== undefined && { runbook }),
    ...(target !== undefined && { target }),
    action: incident.actions.join('; ') || 'none',
    result: incident.outcome ?? incident.state,
    duration: Math.max(0, time - incident.detectedAt) / 1000,
    detected: rfc3339(incident.detectedAt),
    ...(toldAt !== undefined && { told: rfc3339(toldAt) }),
    ...(actedAt !== undefined && { acted: rfc3339(actedAt) }),
    ...(healedAt !== undefined && { healed: rfc3339(healedAt) }),
  };
}

export function rfc3339(time: number): string {
  return new Date(time).toISOString();
}

export class FileIncidentLog implements IncidentLog {
  readonly #file: string;
  #queue: Promise<unknown> = Promise.resolve();

  /** @param file `DATA/prunella/incident_log.jsonl` */
  constructor(file: string) {
    this.#file = file;
  }

  append(line: IncidentLogLine): Promise<void> {
    const done = this.#queue.then(() => appendLine(this.#file, JSON.stringify(line)));
    this.#queue = done.catch(() => {});
    return done;
  }

  async has(id: string): Promise<boolean> {
    await this.#queue;
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    return text
      .split('\n')
      .some((line) => line.includes(`"incident":${JSON.stringify(id)}`) && line.endsWith('}'));
  }
}
