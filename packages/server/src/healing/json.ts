/** Incidents and runbooks as docs/api.md shows them: the engine's own fields stay inside, times become RFC 3339. */
import type { Evidence, Incident, RunbookSummary, TimelineEntry } from '@prunella/healing';

type Json = Record<string, unknown>;

const TIMES = ['detectedAt', 'toldAt', 'actedAt', 'healedAt', 'closedAt'] as const;

/** @param whole with the evidence's texts and samples, which are long */
export function incidentJson(incident: Incident, whole: boolean): Json {
  const { id, title, alertname, severity, labels, annotations, state, outcome, runbook, mode, target } =
    incident;
  const times = TIMES.flatMap((name) => {
    const time = incident[name];
    return time === undefined ? [] : [[name, rfc3339(time)]];
  });
  return {
    id,
    title,
    alertname,
    severity,
    labels,
    annotations,
    state,
    ...(outcome !== undefined && { outcome }),
    ...(runbook !== undefined && { runbook }),
    ...(mode !== undefined && { mode }),
    ...(target !== undefined && { target }),
    ...Object.fromEntries(times),
    timeline: incident.timeline.map(entryJson),
    evidence: incident.evidence.map((evidence) => evidenceJson(evidence, whole)),
  };
}

export function runbookJson({ runbook, steps, lastRunAt, runs }: RunbookSummary): Json {
  const { name, description, mode, match, limits } = runbook;
  return {
    name,
    description,
    mode,
    match: match.map(String),
    steps,
    limits: { cooldownMs: limits.cooldown, attempts: limits.attempts, windowMs: limits.window },
    ...(lastRunAt !== undefined && { lastRunAt: rfc3339(lastRunAt) }),
    runs,
  };
}

function entryJson(entry: TimelineEntry): Json {
  return { ...entry, time: rfc3339(entry.time) };
}

function evidenceJson(evidence: Evidence, whole: boolean): Json {
  const { text, samples, ...rest } = evidence;
  return {
    ...rest,
    time: rfc3339(evidence.time),
    ...(whole && text !== undefined && { text }),
    ...(whole && samples !== undefined && { samples }),
  };
}

function rfc3339(time: number): string {
  return new Date(time).toISOString();
}
