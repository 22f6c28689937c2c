import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { alertGroups } from '../api/alertmanager.ts';
import { rules, type Rule, type RuleAlert, type RuleGroup } from '../api/prometheus.ts';
import { inbox } from '../api/prunella.ts';
import { useNow, useResource } from '../live.ts';
import { location, setSearch } from '../router.ts';
import { formatDuration } from '../time.ts';
import {
  Badge,
  Card,
  Empty,
  exploreHref,
  LabelChips,
  Loaded,
  PageHead,
  severityTone,
  Time,
  type Tone,
} from '../ui/basics.tsx';
import { AlertGroups } from '../view/alert-groups.tsx';
import { MessageList } from '../view/message-list.tsx';
import { silenceHref } from '../view/silence-link.ts';

const stateTones: Record<Rule['state'], Tone> = {
  firing: 'bad',
  pending: 'warn',
  inactive: 'ok',
  unknown: 'idle',
};
const stateOrder: Rule['state'][] = ['firing', 'pending', 'unknown', 'inactive'];

function RuleAlerts({ alerts, now }: { alerts: readonly RuleAlert[]; now: number }): JSX.Element {
  return (
    <div class="table-box">
      <table class="data stack">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Labels</th>
            <th scope="col">Since</th>
            <th scope="col" class="num">
              Value
            </th>
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          {alerts.map((alert) => (
            <tr key={JSON.stringify(alert.labels)}>
              <td data-label="State">
                <Badge tone={alert.state === 'firing' ? 'bad' : 'warn'}>{alert.state}</Badge>
              </td>
              <td data-label="Labels">
                <LabelChips labels={alert.labels} skip={['alertname']} />
              </td>
              <td data-label="Since" class="nowrap">
                <Time at={alert.activeAt} now={now} ago />
              </td>
              <td data-label="Value" class="num">
                {String(Number(Number(alert.value).toPrecision(4)))}
              </td>
              <td>
                <a href={silenceHref(alert.labels)}>Silence</a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RuleView({ rule, now }: { rule: Rule; now: number }): JSX.Element {
  const wanted = location.value.search.get('rule') === rule.name;
  const limits = [
    rule.forSeconds > 0 && `for ${formatDuration(rule.forSeconds * 1000)}`,
    rule.keepFiringForSeconds > 0 && `keep firing for ${formatDuration(rule.keepFiringForSeconds * 1000)}`,
  ];
  return (
    <details class="rule" open={wanted || rule.state === 'firing' || rule.health === 'err'}>
      <summary>
        {rule.kind === 'alerting' ? (
          <Badge tone={stateTones[rule.state]}>{rule.state}</Badge>
        ) : (
          <Badge tone="idle">recording</Badge>
        )}
        <strong class="break">{rule.name}</strong>
        {rule.labels['severity'] !== undefined && (
          <Badge tone={severityTone(rule.labels['severity'])}>{rule.labels['severity']}</Badge>
        )}
        {rule.health === 'err' && <Badge tone="bad">error</Badge>}
        <small class="dim">{limits.filter(Boolean).join(', ')}</small>
        <small class="dim rule-time">
          evaluated <Time at={rule.lastEvaluation} now={now} ago /> in{' '}
          {(rule.evaluationSeconds * 1000).toFixed(1)} ms
        </small>
      </summary>
      <div class="rule-body">
        <a class="expr mono" href={exploreHref(rule.query)} title="Open in Explore">
          {rule.query}
        </a>
        {rule.lastError !== '' && <p class="error-text">{rule.lastError}</p>}
        {Object.keys(rule.labels).length > 0 && <LabelChips labels={rule.labels} />}
        {Object.entries(rule.annotations).map(([name, text]) => (
          <p key={name} class="annotation">
            <span class="dim">{name}</span> {text}
          </p>
        ))}
        {rule.alerts.length > 0 && <RuleAlerts alerts={rule.alerts} now={now} />}
      </div>
    </details>
  );
}

function Rules({ groups, now }: { groups: readonly RuleGroup[]; now: number }): JSX.Element {
  const [filter, setFilter] = useState('');
  const [only, setOnly] = useState<string>('');
  const all = groups.flatMap((group) => group.rules);
  const matches = (rule: Rule): boolean =>
    (only === '' || rule.state === only) &&
    `${rule.name} ${rule.query}`.toLowerCase().includes(filter.toLowerCase());
  return (
    <>
      <div class="filters">
        <input
          type="search"
          aria-label="Filter rules"
          placeholder="Filter by name or expression"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <div class="tabs">
          <button type="button" aria-selected={only === ''} onClick={() => setOnly('')}>
            All {all.length}
          </button>
          {stateOrder
            .filter((state) => all.some((rule) => rule.kind === 'alerting' && rule.state === state))
            .map((state) => (
              <button type="button" key={state} aria-selected={only === state} onClick={() => setOnly(state)}>
                {state} {all.filter((rule) => rule.kind === 'alerting' && rule.state === state).length}
              </button>
            ))}
        </div>
      </div>
      {groups.map((group) => {
        const shown = group.rules.filter(matches);
        if (shown.length === 0) return null;
        return (
          <Card
            key={group.file + group.name}
            title={group.name}
            actions={
              <small class="dim break">{`${group.file} · every ${formatDuration(group.intervalSeconds * 1000)}`}</small>
            }
          >
            {[...shown]
              .sort((a, b) => stateOrder.indexOf(a.state) - stateOrder.indexOf(b.state))
              .map((rule, index) => (
                <RuleView key={`${rule.name}${index}`} rule={rule} now={now} />
              ))}
          </Card>
        );
      })}
      {groups.length === 0 && (
        <Empty title="No rules">Name rule files under “rule_files” in prometheus.yml.</Empty>
      )}
    </>
  );
}

const tabs = [
  ['groups', 'Alert groups'],
  ['rules', 'Rules'],
  ['inbox', 'Inbox'],
] as const;

export function AlertsPage(): JSX.Element {
  const now = useNow(5000);
  const ruleGroups = useResource('rules', (signal) => rules(signal), {
    events: ['alerts', 'reload'],
    everyMs: 10_000,
  });
  const groups = useResource('groups', (signal) => alertGroups(signal), {
    events: ['alerts', 'inbox'],
    everyMs: 10_000,
  });
  const messages = useResource('inbox', (signal) => inbox(100, signal), { events: ['inbox'] });
  const chosen = location.value.search.get('tab') ?? (location.value.search.has('rule') ? 'rules' : 'groups');
  const counts: Record<string, number | undefined> = {
    rules: ruleGroups.data?.flatMap((group) => group.rules).length,
    groups: groups.data?.flatMap((group) => group.alerts).length,
    inbox: messages.data?.length,
  };
  return (
    <>
      <PageHead title="Alerts">
        <a class="button" href="/silences?new=1">
          New silence
        </a>
        <div class="tabs" role="tablist">
          {tabs.map(([key, title]) => (
            <button
              type="button"
              key={key}
              role="tab"
              aria-selected={chosen === key}
              onClick={() => setSearch({ tab: key }, { replace: true })}
            >
              {title}
              {counts[key] === undefined ? '' : ` ${counts[key]}`}
            </button>
          ))}
        </div>
      </PageHead>
      {chosen === 'groups' && (
        <Loaded resource={groups}>{(data) => <AlertGroups groups={data} now={now} />}</Loaded>
      )}
      {chosen === 'inbox' && (
        <Loaded resource={messages}>{(data) => <MessageList messages={data} now={now} />}</Loaded>
      )}
      {chosen === 'rules' && (
        <Loaded resource={ruleGroups}>{(data) => <Rules groups={data} now={now} />}</Loaded>
      )}
    </>
  );
}
