/** One thing that went wrong, from its detection to its end: what docs/api.md shows, with times in ms. */
import type { Mode } from '../config/config.ts';

export type IncidentState =
  | 'detected'
  | 'awaiting_approval'
  | 'healing'
  | 'verifying'
  | 'escalated'
  | 'closed';

export type Outcome = 'healed' | 'resolved' | 'escalated' | 'rejected' | 'dry_run' | 'no_runbook';

export interface TimelineStep {
  readonly index: number;
  readonly kind: string;
  readonly state: 'intended' | 'done' | 'failed' | 'skipped';
  readonly durationMs?: number;
  readonly error?: string;
}

export interface TimelineEntry {
  readonly time: number;
  readonly kind:
    | 'detected'
    | 'told'
    | 'step'
    | 'guard'
    | 'approval'
    | 'verified'
    | 'resolved'
    | 'escalated'
    | 'note'
    | 'closed';
  readonly text: string;
  readonly step?: TimelineStep;
}

export interface Evidence {
  readonly time: number;
  readonly kind: 'log' | 'query' | 'workload';
  readonly title: string;
  readonly expr?: string;
  readonly text?: string;
  readonly samples?: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number | string;
  }[];
}

/** What is known when an incident begins. */
export interface IncidentOrigin {
  readonly id: string;
  /** `crash`: a workload ended unexpectedly, and no alert was needed to know. */
  readonly origin: 'alert' | 'crash';
  readonly title: string;
  readonly alertname: string;
  readonly severity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  /** The alert's; with the fingerprint it names one activity of one alert. */
  readonly startsAt: number;
  readonly simulated: boolean;
  readonly generatorURL?: string;
  readonly runbook?: string;
  /** Of the runbook's steps, to notice after a restart that they have been changed. */
  readonly steps?: string;
  readonly mode?: Mode;
  readonly target?: string;
  readonly detectedAt: number;
}

export interface IncidentProgress {
  readonly state: IncidentState;
  readonly outcome?: Outcome;
  readonly toldAt?: number;
  readonly approvedAt?: number;
  readonly actedAt?: number;
  readonly healedAt?: number;
  /** When the alert's end was heard of; null when it fired again afterwards. */
  readonly resolvedAt?: number | null;
  readonly closedAt?: number;
  /** When its line was written to incident_log.jsonl. */
  readonly loggedAt?: number;
  /** What was done so far, in words. */
  readonly actions: readonly string[];
}

export interface Incident extends IncidentOrigin, IncidentProgress {
  readonly timeline: readonly TimelineEntry[];
  readonly evidence: readonly Evidence[];
}

/**
 * One line of an incident's journal: on disk as a whole or not at all, so what belongs together is in one. The first line
 * carries the origin; folding all of them gives the incident.
 */
export interface Change {
  readonly time: number;
  readonly open?: IncidentOrigin;
  readonly entries?: readonly TimelineEntry[];
  readonly evidence?: Evidence;
  readonly set?: Partial<IncidentProgress>;
}

/** @returns undefined while the origin is missing */
export function fold(incident: Incident | undefined, change: Change): Incident | undefined {
  const base: Incident | undefined = change.open
    ? { ...change.open, state: 'detected', actions: [], timeline: [], evidence: [] }
    : incident;
  if (!base) return undefined;
  return {
    ...base,
    ...change.set,
    timeline: (change.entries ?? []).reduce(withEntry, base.timeline),
    evidence: change.evidence ? [...base.evidence, change.evidence] : base.evidence,
  };
}

/**
 * One step, one entry: its result takes the place of its intent, and where it is begun again after a restart of Prunella
 * the new intent replaces the old one.
 */
function withEntry(timeline: readonly TimelineEntry[], entry: TimelineEntry): readonly TimelineEntry[] {
  const { step } = entry;
  if (!step) return [...timeline, entry];
  const at = timeline.findLastIndex(
    (each) => each.step?.index === step.index && each.step.state === 'intended',
  );
  if (at < 0) return [...timeline, entry];
  if (step.state === 'intended') return [...timeline.toSpliced(at, 1), entry];
  return timeline.with(at, { ...entry, time: (timeline[at] as TimelineEntry).time });
}

/** The step that was begun last. */
export function lastStep(incident: Incident): TimelineStep | undefined {
  return incident.timeline.findLast((entry) => entry.step !== undefined)?.step;
}

/** The step that was begun and of whose end nothing is known. */
export function interruptedStep(incident: Incident): TimelineStep | undefined {
  const last = lastStep(incident);
  return last?.state === 'intended' ? last : undefined;
}

export function isBegun(incident: Incident, index: number): boolean {
  return incident.timeline.some(({ step }) => step?.index === index && step.state !== 'skipped');
}

export function isOpen(incident: Incident): boolean {
  return incident.state !== 'closed';
}
