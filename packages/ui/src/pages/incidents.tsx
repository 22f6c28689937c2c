import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { incidents, runbooks, type Incident, type Runbook } from '../api/prunella.ts';
import { useNow, useResource } from '../live.ts';
import { formatDuration, formatSpan, timeMs } from '../time.ts';
import { Badge, Card, Empty, Loaded, PageHead, severityTone, Time } from '../ui/basics.tsx';
import { incidentTone, outcomeText } from '../view/incident-text.ts';

function between(from: string, to: string): string {
  const distance = timeMs(to) - timeMs(from);
  return formatSpan(distance);
}

function IncidentTable({ all, now }: { all: readonly Incident[]; now: number }): JSX.Element {
  return (
    <div class="table-box">
      <table class="data stack">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Incident</th>
            <th scope="col">Runbook</th>
            <th scope="col">Detected</th>
            <th scope="col" class="num">
              Told after
            </th>
            <th scope="col" class="num">
              Acted after
            </th>
            <th scope="col" class="num">
              Healed after
            </th>
          </tr>
        </thead>
        <tbody>
          {all.map((incident) => (
            <tr key={incident.id}>
              <td data-label="State">
                <Badge tone={incidentTone(incident)}>{outcomeText(incident)}</Badge>
              </td>
              <td data-label="Incident">
                <a href={`/incidents/${encodeURIComponent(incident.id)}`}>
                  <strong>{incident.title}</strong>
                </a>{' '}
                <Badge tone={severityTone(incident.severity)}>{incident.severity || 'none'}</Badge>
              </td>
              <td data-label="Runbook">{incident.runbook || <span class="dim">none</span>}</td>
              <td data-label="Detected" class="nowrap">
                <Time at={incident.detectedAt} now={now} />
              </td>
              <td data-label="Told after" class="num">
                {between(incident.detectedAt, incident.toldAt)}
              </td>
              <td data-label="Acted after" class="num">
                {between(incident.detectedAt, incident.actedAt)}
              </td>
              <td data-label="Healed after" class="num">
                {between(incident.detectedAt, incident.healedAt)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RunbookView({ runbook, now }: { runbook: Runbook; now: number }): JSX.Element {
  const { limits } = runbook;
  return (
    <li class="alert">
      <div class="alert-head">
        <Badge tone={runbook.mode === 'auto' ? 'heal' : runbook.mode === 'approve' ? 'warn' : 'idle'}>
          {runbook.mode}
        </Badge>
        <strong>{runbook.name}</strong>
        <small class="dim">
          {runbook.runs} run{runbook.runs === 1 ? '' : 's'}
          {runbook.lastRunAt !== '' && (
            <>
              , last <Time at={runbook.lastRunAt} now={now} ago />
            </>
          )}
        </small>
      </div>
      <p>{runbook.description}</p>
      <ol class="steps">
        {runbook.steps.map((step, index) => (
          <li key={index}>
            <b>{step.kind}</b> {step.text}
          </li>
        ))}
      </ol>
      <small class="dim">
        <code>{runbook.match.join(', ')}</code> · cooldown {formatDuration(limits.cooldownMs)}, at most{' '}
        {limits.attempts} in {formatDuration(limits.windowMs)}
      </small>
    </li>
  );
}

export function IncidentsPage(): JSX.Element {
  const now = useNow(5000);
  const resource = useResource('incidents', (signal) => incidents(200, signal), {
    events: ['incident'],
    everyMs: 30_000,
  });
  const books = useResource('runbooks', (signal) => runbooks(signal), { events: ['incident', 'reload'] });
  const [only, setOnly] = useState<'all' | 'open' | 'closed'>('all');
  return (
    <>
      <PageHead title="Incidents" note="What went wrong, who was told, what was done, and the proof">
        <div class="tabs">
          {(['all', 'open', 'closed'] as const).map((state) => (
            <button type="button" key={state} aria-selected={only === state} onClick={() => setOnly(state)}>
              {state[0]?.toUpperCase() + state.slice(1)}
            </button>
          ))}
        </div>
      </PageHead>
      <Loaded resource={resource}>
        {(all) => {
          const shown = all.filter(
            (incident) => only === 'all' || (incident.state === 'closed') === (only === 'closed'),
          );
          return (
            <Card>
              {shown.length === 0 ? (
                <Empty title="No incidents">
                  {all.length === 0 ? 'Nothing has happened yet.' : 'None in this state.'}
                </Empty>
              ) : (
                <IncidentTable all={shown} now={now} />
              )}
            </Card>
          );
        }}
      </Loaded>
      {books.data && books.data.length > 0 && (
        <Card title="Runbooks">
          <ul class="alert-list">
            {books.data.map((runbook) => (
              <RunbookView key={runbook.name} runbook={runbook} now={now} />
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}
