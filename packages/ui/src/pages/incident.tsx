import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PageProps } from '../app.tsx';
import {
  decideIncident,
  incident as loadIncident,
  type Evidence,
  type Incident,
  type TimelineEntry,
} from '../api/prunella.ts';
import { useNow, useResource } from '../live.ts';
import { recall, remember } from '../theme.ts';
import { formatClock, formatSpan, timeMs } from '../time.ts';
import {
  Badge,
  Card,
  exploreHref,
  LabelChips,
  Loaded,
  PageHead,
  severityTone,
  Time,
  type Tone,
} from '../ui/basics.tsx';
import { attempt } from '../ui/toast.tsx';
import { incidentTone, outcomeText } from '../view/incident-text.ts';
import { silenceHref } from '../view/silence-link.ts';

const milestones = [
  ['Detected', 'detectedAt'],
  ['Told', 'toldAt'],
  ['Acted', 'actedAt'],
  ['Healed', 'healedAt'],
  ['Closed', 'closedAt'],
] as const;

/** The times of an incident in a line, with what lay between. */
function Milestones({ incident, now }: { incident: Incident; now: number }): JSX.Element {
  let before = NaN;
  return (
    <ol class="milestones">
      {milestones.map(([name, key]) => {
        const at = timeMs(incident[key]);
        const since = at - before;
        if (Number.isFinite(at)) before = at;
        return (
          <li key={key} class={Number.isFinite(at) ? 'reached' : ''}>
            <span class="between">{Number.isFinite(since) ? `+${formatSpan(since)}` : ''}</span>
            <i />
            <strong>{name}</strong>
            <small>{Number.isFinite(at) ? formatClock(at, now) : '–'}</small>
          </li>
        );
      })}
    </ol>
  );
}

const kindTones: Record<string, Tone> = {
  detected: 'bad',
  told: 'info',
  step: 'heal',
  guard: 'idle',
  approval: 'warn',
  verified: 'ok',
  resolved: 'ok',
  escalated: 'bad',
  note: 'idle',
  closed: 'ok',
};

function Entry({ entry, start, now }: { entry: TimelineEntry; start: number; now: number }): JSX.Element {
  const { step } = entry;
  return (
    <li class="entry">
      <span class="entry-time">
        {formatClock(timeMs(entry.time), now)}
        <small class="dim">+{formatSpan(timeMs(entry.time) - start)}</small>
      </span>
      <span>
        <Badge tone={step?.state === 'failed' ? 'bad' : (kindTones[entry.kind] ?? 'idle')}>
          {step ? `${step.index + 1}. ${step.kind}` : entry.kind}
        </Badge>
      </span>
      <span class="break">
        {entry.text}
        {step && (
          <small class="dim">
            {' '}
            {step.state}
            {step.durationMs === undefined ? '' : ` in ${formatSpan(step.durationMs)}`}
          </small>
        )}
        {step && step.error !== '' && <div class="error-text">{step.error}</div>}
      </span>
    </li>
  );
}

/** Six digits are enough to read; the whole number is in the title. */
function rounded(value: string): string {
  const number = Number(value);
  return value === '' || Number.isNaN(number) ? value : String(Number(number.toPrecision(6)));
}

function EvidenceView({ item, now }: { item: Evidence; now: number }): JSX.Element {
  return (
    <details class="evidence" open>
      <summary>
        <strong>{item.title === item.expr ? 'Query' : item.title}</strong>{' '}
        <small class="dim">
          {item.kind}, {formatClock(timeMs(item.time), now)}
        </small>
      </summary>
      {item.expr !== '' && (
        <a class="expr mono" href={exploreHref(item.expr)}>
          {item.expr}
        </a>
      )}
      {item.samples.length > 0 && (
        <ul class="rows">
          {item.samples.map((sample, index) => (
            <li key={index}>
              <div>
                <span class="grow">
                  <LabelChips labels={sample.labels} />
                </span>
                <b class="mono" title={sample.value}>
                  {rounded(sample.value)}
                </b>
              </div>
            </li>
          ))}
        </ul>
      )}
      {item.text !== '' && <pre class="log">{item.text}</pre>}
    </details>
  );
}

function Decision({ incident, onDone }: { incident: Incident; onDone: () => void }): JSX.Element {
  const [by, setBy] = useState(recall('prunella.author') ?? '');
  const [comment, setComment] = useState('');
  const decide = async (verdict: 'approve' | 'reject'): Promise<void> => {
    remember('prunella.author', by);
    if (
      await attempt(
        () => decideIncident(incident.id, verdict, { by: by.trim(), comment: comment.trim() }),
        verdict === 'approve' ? 'Approved: the runbook goes on' : 'Rejected',
      )
    )
      onDone();
  };
  return (
    <Card title={`${incident.runbook} waits for approval`} className="decision">
      <div class="decision-form">
        <label>
          By
          <input value={by} autocomplete="name" onInput={(event) => setBy(event.currentTarget.value)} />
        </label>
        <label class="grow">
          Comment
          <input value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
        </label>
        <button
          type="button"
          class="primary"
          disabled={by.trim() === ''}
          onClick={() => void decide('approve')}
        >
          Approve
        </button>
        <button
          type="button"
          class="danger"
          disabled={by.trim() === ''}
          onClick={() => void decide('reject')}
        >
          Reject
        </button>
      </div>
    </Card>
  );
}

function IncidentView({ incident, refresh }: { incident: Incident; refresh: () => void }): JSX.Element {
  const now = useNow(incident.state === 'closed' ? 60_000 : 1000);
  return (
    <>
      <PageHead
        title={incident.title}
        note={
          <>
            <Badge tone={incidentTone(incident)}>{outcomeText(incident)}</Badge>{' '}
            <Badge tone={severityTone(incident.severity)}>{incident.severity || 'no severity'}</Badge>{' '}
            detected <Time at={incident.detectedAt} now={now} ago />
            {incident.runbook !== '' &&
              `, runbook ${incident.runbook} (${incident.mode}) on ${incident.target || 'nothing'}`}
          </>
        }
      >
        <a class="button" href={`/alerts?${new URLSearchParams({ rule: incident.alertname }).toString()}`}>
          The rule
        </a>
        <a class="button" href={silenceHref(incident.labels)}>
          Silence
        </a>
      </PageHead>
      {incident.state === 'awaiting_approval' && <Decision incident={incident} onDone={refresh} />}
      <Card>
        <Milestones incident={incident} now={now} />
      </Card>
      <div class="columns wide">
        <Card title="What happened">
          <ol class="entries">
            {incident.timeline.map((entry, index) => (
              <Entry key={index} entry={entry} start={timeMs(incident.detectedAt)} now={now} />
            ))}
          </ol>
        </Card>
        <Card title="Evidence">
          {incident.evidence.length === 0 && <p class="dim">None was kept.</p>}
          {incident.evidence.map((item, index) => (
            <EvidenceView key={index} item={item} now={now} />
          ))}
        </Card>
      </div>
      <Card title="The alert">
        <LabelChips labels={incident.labels} />
        {Object.entries(incident.annotations).map(([name, text]) => (
          <p key={name} class="annotation">
            <span class="dim">{name}</span> {text}
          </p>
        ))}
      </Card>
    </>
  );
}

export function IncidentPage({ params }: PageProps): JSX.Element {
  const id = params['id'] ?? '';
  const resource = useResource(`incident ${id}`, (signal) => loadIncident(id, signal), {
    events: ['incident'],
    everyMs: 15_000,
  });
  return (
    <Loaded resource={resource}>
      {(incident) => <IncidentView incident={incident} refresh={resource.refresh} />}
    </Loaded>
  );
}
