import type { Incident } from '../api/prunella.ts';
import type { Tone } from '../ui/basics.tsx';

const outcomes: Record<string, string> = {
  healed: 'healed',
  resolved: 'resolved by itself',
  escalated: 'escalated',
  rejected: 'rejected',
  dry_run: 'dry run',
  no_runbook: 'no runbook',
};

/** What became of an incident, or where it stands. */
export function outcomeText(incident: Pick<Incident, 'outcome' | 'state'>): string {
  if (incident.outcome === '') return incident.state.replaceAll('_', ' ');
  return outcomes[incident.outcome] ?? incident.outcome;
}

export function incidentTone(incident: Pick<Incident, 'outcome' | 'state'>): Tone {
  if (incident.outcome === 'healed' || incident.outcome === 'resolved') return 'ok';
  if (incident.outcome === 'escalated' || incident.state === 'escalated') return 'bad';
  if (incident.outcome !== '') return 'idle';
  return /healing|verifying/.test(incident.state) ? 'heal' : 'warn';
}
