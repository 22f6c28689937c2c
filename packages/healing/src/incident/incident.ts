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

/** One line of an incident's journal. The first one carries the origin; folding all of them gives the incident. */
export interface Change {
  readonly time: number;
  readonly open?: IncidentOrigin;
  readonly entry?: TimelineEntry;
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
    timeline: change.entry ? withEntry(base.timeline, change.entry) : base.timeline,
    evidence: change.evidence ? [...base.evidence, change.evidence] : base.evidence,
  };
}

/** The result of a step takes the place of its intent: one step, one entry. */
function withEntry(timeline: readonly TimelineEntry[], entry: TimelineEntry): TimelineEntry[] {
  const { step } = entry;
  if (step && step.state !== 'intended') {
    const at = timeline.findLastIndex(
      (each) => each.step?.index === step.index && each.step.state === 'intended',
    );
    if (at >= 0) return timeline.with(at, { ...entry, time: (timeline[at] as TimelineEntry).time });
  }
  return [...timeline, entry];
}

/** The step that was begun and of whose end nothing is known. */
export function interruptedStep(incident: Incident): TimelineStep | undefined {
  return incident.timeline.findLast((entry) => entry.step?.state === 'intended')?.step;
}

/** The index of the first step that has not been begun. */
export function nextStep(incident: Incident): number {
  return incident.timeline.reduce((next, { step }) => (step ? Math.max(next, step.index + 1) : next), 0);
}

export function isOpen(incident: Incident): boolean {
  return incident.state !== 'closed';
}
