import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { ActiveAlert, AlertGroup } from '../api/alertmanager.ts';
import { safeUrl } from '../dashboard/markdown.ts';
import { location, setSearch } from '../router.ts';
import { Badge, Card, Empty, LabelChips, severityTone, Time } from '../ui/basics.tsx';
import { More } from '../ui/more.tsx';
import { Acknowledge } from './acknowledge.tsx';
import { filterGroups, filterProblem, stateOf, type AlertState } from './alert-filter.ts';
import { silenceHref } from './silence-link.ts';

const GROUPS_SHOWN = 30;
const ALERTS_SHOWN = 10;

function AlertView({ alert, now }: { alert: ActiveAlert; now: number }): JSX.Element {
  const source = safeUrl(alert.generatorUrl.replace(window.location.origin, ''));
  const state = stateOf(alert);
  const severity = alert.labels['severity'];
  const silence = alert.silencedBy[0];
  return (
    <li class="alert">
      <div class="alert-head">
        <Badge tone={state === 'active' ? severityTone(severity ?? 'critical') : 'idle'}>
          {state === 'active' ? (severity ?? 'active') : state}
        </Badge>
        <strong class="break">{alert.labels['alertname'] ?? 'alert'}</strong>
        <small class="dim">
          <Time at={alert.startsAt} now={now} ago />
        </small>
        <span class="alert-links">
          {source && <a href={source}>Source</a>}
          {state === 'active' && <Acknowledge alert={alert} />}
          {silence === undefined ? (
            <a href={silenceHref(alert.labels)}>Silence</a>
          ) : (
            <a href={`/silences?id=${encodeURIComponent(silence)}`}>Silenced by</a>
          )}
        </span>
      </div>
      {Object.entries(alert.annotations).map(([name, text]) => (
        <p key={name} class="annotation">
          <span class="dim">{name}</span> {text}
        </p>
      ))}
      <LabelChips labels={alert.labels} skip={['alertname', 'severity']} />
    </li>
  );
}

function GroupCard({ group, now }: { group: AlertGroup; now: number }): JSX.Element {
  const { labels, receiver, alerts } = group;
  return (
    <Card
      title={Object.keys(labels).length === 0 ? 'Not grouped' : <LabelChips labels={labels} />}
      actions={
        <small class="dim break">
          {`${alerts.length} alert${alerts.length === 1 ? '' : 's'} to ${receiver}`}{' '}
          <a href={silenceHref(labels)} hidden={Object.keys(labels).length === 0}>
            Silence all
          </a>
        </small>
      }
    >
      <More items={alerts} step={ALERTS_SHOWN} what="alerts">
        {(shown) => (
          <ul class="alert-list">
            {shown.map((alert) => (
              <AlertView key={alert.fingerprint} alert={alert} now={now} />
            ))}
          </ul>
        )}
      </More>
    </Card>
  );
}

const states: readonly (readonly [AlertState, string])[] = [
  ['', 'All'],
  ['active', 'Active'],
  ['silenced', 'Silenced'],
  ['inhibited', 'Inhibited'],
];

interface FiltersProps {
  groups: readonly AlertGroup[];
  text: string;
  onText: (text: string) => void;
  receiver: string;
  state: AlertState;
}

function Filters({ groups, text, onText, receiver, state }: FiltersProps): JSX.Element {
  const receivers = [...new Set([...groups.map((group) => group.receiver), receiver])].filter(Boolean).sort();
  const problem = filterProblem(text);
  return (
    <>
      <div class="filters">
        <input
          type="search"
          class="wide"
          aria-label="Filter alerts"
          aria-invalid={problem !== ''}
          placeholder='Filter: severity="critical", service=~"api|web", or a word'
          value={text}
          onInput={(event) => onText(event.currentTarget.value)}
        />
        {receivers.length > 1 && (
          <select
            aria-label="Receiver"
            value={receiver}
            onChange={(event) => setSearch({ receiver: event.currentTarget.value || undefined })}
          >
            <option value="">All receivers</option>
            {receivers.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
        <div class="tabs">
          {states.map(([key, title]) => (
            <button
              type="button"
              key={key}
              aria-selected={state === key}
              onClick={() => setSearch({ state: key || undefined }, { replace: true })}
            >
              {title}
            </button>
          ))}
        </div>
      </div>
      {problem !== '' && <p class="error-text">{problem}</p>}
    </>
  );
}

/** The alerts as receivers are told of them, with what narrows the view in the page's address. */
export function AlertGroups({ groups, now }: { groups: readonly AlertGroup[]; now: number }): JSX.Element {
  const { search } = location.value;
  const [text, setText] = useState(search.get('filter') ?? '');
  // Links in messages quote the name as for a regular expression, as Alertmanager does.
  const receiver = (search.get('receiver') ?? '').replace(/\\(.)/g, '$1');
  const asked = search.get('state');
  const state = states.find(([key]) => key === asked)?.[0] ?? '';
  const shown = useMemo(
    () => filterGroups(groups, { text, receiver, state }),
    [groups, text, receiver, state],
  );
  const onText = (next: string): void => {
    setText(next);
    setSearch({ filter: next || undefined }, { replace: true });
  };
  if (groups.length === 0) return <Empty title="No alert groups found">No alert is active.</Empty>;
  return (
    <>
      <Filters groups={groups} text={text} onText={onText} receiver={receiver} state={state} />
      {shown.length === 0 && <Empty title="No alert groups found">None fits the filter.</Empty>}
      <More items={shown} step={GROUPS_SHOWN} what="groups">
        {(some) =>
          some.map((group) => (
            <GroupCard key={group.receiver + JSON.stringify(group.labels)} group={group} now={now} />
          ))
        }
      </More>
    </>
  );
}
