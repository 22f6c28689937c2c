import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { metricNames } from '../api/metric-names.ts';
import { rules, targets, type Rule } from '../api/prometheus.ts';
import {
  inbox,
  incidents,
  status,
  workloads,
  type Incident,
  type Message,
  type Status,
  type Workload,
} from '../api/prunella.ts';
import { formatText } from '../dashboard/units.ts';
import { useNow, useResource } from '../live.ts';
import { formatAge, timeMs } from '../time.ts';
import { Badge, Card, CopyButton, Note, PageHead, severityTone, Time } from '../ui/basics.tsx';
import { Icon } from '../ui/icon.tsx';
import { useRange } from '../view/clock.ts';
import { goldenSignals, hostSignals } from '../view/golden-signals.ts';
import { incidentTone, outcomeText } from '../view/incident-text.ts';
import { OwnPanel, useSurroundings } from '../view/own-panels.tsx';
import { stateTone } from '../view/workload-text.ts';

const lately = { from: 'now-15m', to: 'now' };

interface Health {
  firing: Rule[];
  pending: Rule[];
  broken: Rule[];
  down: number;
  targets: number;
  open: Incident[];
  failed: Workload[];
}

/** The one question of this page, answered in a sentence. */
function Verdict({ health }: { health: Health }): JSX.Element {
  const troubles = [
    health.firing.length > 0 &&
      `${health.firing.length} alert${health.firing.length === 1 ? '' : 's'} firing`,
    health.down > 0 && `${health.down} target${health.down === 1 ? '' : 's'} down`,
    health.failed.length > 0 &&
      `${health.failed.length} service${health.failed.length === 1 ? '' : 's'} not running`,
  ].filter((text) => text !== false);
  const healing = health.open.some((incident) => /healing|verifying/.test(incident.state));
  const tone = troubles.length === 0 ? 'ok' : healing ? 'heal' : 'bad';
  const title = troubles.length === 0 ? 'All is well' : healing ? 'Healing' : 'Needs a look';
  return (
    <section class={`verdict ${tone}`} aria-live="polite">
      <Icon name={tone === 'ok' ? 'check' : tone === 'heal' ? 'incidents' : 'warning'} size={26} />
      <div>
        <h2>{title}</h2>
        <p>
          {troubles.length === 0
            ? 'No alert fires, every target answers, every service runs.'
            : `${troubles.join(', ')}.`}
        </p>
      </div>
      <dl>
        <a href="/alerts">
          <dt>Firing</dt>
          <dd class={health.firing.length > 0 ? 'bad' : ''}>{health.firing.length}</dd>
        </a>
        <a href="/alerts">
          <dt>Pending</dt>
          <dd class={health.pending.length > 0 ? 'warn' : ''}>{health.pending.length}</dd>
        </a>
        <a href="/targets">
          <dt>Targets up</dt>
          <dd class={health.down > 0 ? 'bad' : ''}>
            {health.targets - health.down}/{health.targets}
          </dd>
        </a>
        <a href="/incidents">
          <dt>Open incidents</dt>
          <dd class={health.open.length > 0 ? 'warn' : ''}>{health.open.length}</dd>
        </a>
      </dl>
    </section>
  );
}

function usage({ cpuPercent, memoryBytes }: Workload): string {
  const parts = [
    cpuPercent === undefined ? '' : `${cpuPercent.toFixed(0)}% cpu`,
    memoryBytes === undefined ? '' : formatText(memoryBytes, 'bytes', 0),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function Services({ all }: { all: readonly Workload[] }): JSX.Element {
  return (
    <ul class="strip">
      {all.map((workload) => (
        <li key={workload.name}>
          <a href={`/services?open=${encodeURIComponent(workload.name)}`}>
            <i class={`dot ${stateTone(workload.state)}`} />
            <strong>{workload.name}</strong>
            <small>{workload.state}</small>
            <span class="dim">{usage(workload)}</span>
          </a>
        </li>
      ))}
      {all.length === 0 && <li class="dim">No services are named in prunella.yml.</li>}
    </ul>
  );
}

function Healed({ all, now }: { all: readonly Incident[]; now: number }): JSX.Element {
  return (
    <ul class="rows">
      {all.slice(0, 6).map((incident) => {
        const healed = timeMs(incident.healedAt) - timeMs(incident.detectedAt);
        return (
          <li key={incident.id}>
            <a href={`/incidents/${encodeURIComponent(incident.id)}`}>
              <Badge tone={incidentTone(incident)}>{outcomeText(incident)}</Badge>
              <span class="grow">
                <strong>{incident.title}</strong>
                <small class="dim">{incident.runbook || 'no runbook'}</small>
              </span>
              {Number.isFinite(healed) && <span class="fast">in {formatAge(healed)}</span>}
              <small class="dim nowrap">
                <Time at={incident.detectedAt} now={now} ago />
              </small>
            </a>
          </li>
        );
      })}
      {all.length === 0 && <li class="dim">Nothing has happened yet.</li>}
    </ul>
  );
}

function FiringList({ firing }: { firing: readonly Rule[] }): JSX.Element | null {
  if (firing.length === 0) return null;
  return (
    <Card title="Firing now" actions={<a href="/alerts">All alerts</a>}>
      <ul class="rows">
        {firing.map((rule) => (
          <li key={rule.name}>
            <a href={`/alerts?rule=${encodeURIComponent(rule.name)}`}>
              <Badge tone={severityTone(rule.labels['severity'] ?? '')}>
                {rule.labels['severity'] ?? 'firing'}
              </Badge>
              <strong class="grow">{rule.name}</strong>
              <small class="dim">
                {rule.alerts.length === 1 ? '1 series' : `${rule.alerts.length} series`}
              </small>
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function TryIt({ commands }: { commands: Status['tryIt'] }): JSX.Element | null {
  if (commands.length === 0) return null;
  return (
    <Card title="Try it">
      <ol class="try">
        {commands.map((item) => (
          <li key={item.command}>
            <strong>{item.title}</strong>
            <div class="command">
              <code>{item.command}</code>
              <CopyButton text={item.command} label={`Copy: ${item.title}`} />
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}

/** The shop's signals when its metrics are there, else the host's. */
function useSignals(): readonly Record<string, unknown>[] {
  const [signals, setSignals] = useState<readonly Record<string, unknown>[]>([]);
  useEffect(() => {
    metricNames().then(
      (names) =>
        setSignals(
          names.has('http_requests_total') || names.has('http_request_duration_seconds_bucket')
            ? goldenSignals
            : hostSignals,
        ),
      () => setSignals([]),
    );
  }, []);
  return signals;
}

function Told({ messages, now }: { messages: readonly Message[]; now: number }): JSX.Element {
  return (
    <ul class="rows">
      {messages.map((message) => (
        <li key={message.id}>
          <a href="/notifications">
            <Badge tone={message.status === 'firing' ? 'bad' : 'ok'}>{message.status}</Badge>
            <span class="grow">{message.title}</span>
            <small class="dim nowrap">
              <Time at={message.time} now={now} ago />
            </small>
          </a>
        </li>
      ))}
      {messages.length === 0 && <li class="dim">The inbox is empty.</li>}
    </ul>
  );
}

interface Facts extends Health {
  services: readonly Workload[];
  incidents: readonly Incident[];
  /** Whether enough is known for a verdict. */
  known: boolean;
  errors: string[];
}

/** Rules, targets, services and incidents, as far as they tell how things stand. */
function useFacts(): Facts {
  const groups = useResource('rules', (signal) => rules(signal), { events: ['alerts'], everyMs: 10_000 });
  const scraped = useResource('targets', (signal) => targets(signal), { everyMs: 10_000 });
  const services = useResource('workloads', (signal) => workloads(signal), {
    events: ['workloads'],
    everyMs: 5000,
  });
  const found = useResource('incidents', (signal) => incidents(20, signal), {
    events: ['incident'],
    everyMs: 30_000,
  });
  const all = (groups.data ?? []).flatMap((group) => group.rules);
  const active = scraped.data?.active ?? [];
  return {
    firing: all.filter((rule) => rule.state === 'firing'),
    pending: all.filter((rule) => rule.state === 'pending'),
    broken: all.filter((rule) => rule.health === 'err'),
    down: active.filter((target) => target.health === 'down').length,
    targets: active.length,
    open: (found.data ?? []).filter((incident) => incident.state !== 'closed'),
    failed: (services.data ?? []).filter((workload) => workload.state === 'failed'),
    services: services.data ?? [],
    incidents: found.data ?? [],
    known: groups.data !== undefined && scraped.data !== undefined,
    errors: [groups.error, scraped.error, services.error].filter((error) => error !== undefined),
  };
}

function Signals(): JSX.Element {
  const { range } = useRange(lately, '10s');
  const around = useSurroundings(range, lately, 'overview');
  return (
    <div class="signals">
      {useSignals().map((json) => (
        <OwnPanel key={String(json['title'])} json={json} around={around} />
      ))}
    </div>
  );
}

export function OverviewPage(): JSX.Element {
  const now = useNow(5000);
  const state = useResource('status', (signal) => status(signal), { events: ['reload'], everyMs: 30_000 });
  const messages = useResource('inbox', (signal) => inbox(5, signal), { events: ['inbox'] });
  const facts = useFacts();
  const about = state.data;
  const note = about && `Prunella ${about.version}, up for ${formatAge(now - timeMs(about.startedAt))}`;
  return (
    <>
      <PageHead title="Overview" note={note} />
      {[...new Set(facts.errors)].map((error) => (
        <Note key={error} tone="bad">
          {error}
        </Note>
      ))}
      {about?.warnings.map((warning) => (
        <Note key={warning} tone="warn">
          {warning}
        </Note>
      ))}
      {facts.known && <Verdict health={facts} />}
      {facts.broken.length > 0 && (
        <Note tone="bad">
          {facts.broken.length} rule{facts.broken.length === 1 ? '' : 's'} cannot be evaluated:{' '}
          <a href="/alerts?tab=rules">{facts.broken.map((rule) => rule.name).join(', ')}</a>
        </Note>
      )}
      <Signals />
      <Card title="Services" actions={<a href="/services">All services</a>}>
        <Services all={facts.services} />
      </Card>
      <div class="columns">
        <div class="stacked">
          <FiringList firing={facts.firing} />
          <Card title="Healed lately" actions={<a href="/incidents">All incidents</a>}>
            <Healed all={facts.incidents} now={now} />
          </Card>
        </div>
        <div class="stacked">
          <TryIt commands={about?.tryIt ?? []} />
          <Card title="Told lately" actions={<a href="/notifications">All messages</a>}>
            <Told messages={messages.data ?? []} now={now} />
          </Card>
        </div>
      </div>
    </>
  );
}
