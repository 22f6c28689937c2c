import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { queryInstant } from '../api/prometheus.ts';
import {
  actOnWorkload,
  scaleWorkload,
  workloads,
  type Workload,
  type WorkloadAction,
} from '../api/prunella.ts';
import { formatText } from '../dashboard/units.ts';
import { useNow, useResource } from '../live.ts';
import { location } from '../router.ts';
import { formatAge, timeMs, type AbsoluteRange } from '../time.ts';
import { Badge, Empty, Loaded, PageHead, Time } from '../ui/basics.tsx';
import { confirmAction } from '../ui/dialog.tsx';
import { TimePicker } from '../ui/time-picker.tsx';
import { attempt } from '../ui/toast.tsx';
import { useRange } from '../view/clock.ts';
import { LogDrawer } from '../view/log-drawer.tsx';
import { OwnPanel, useSurroundings } from '../view/own-panels.tsx';
import { ScaleDialog } from '../view/scale-dialog.tsx';
import { servicePanels } from '../view/service-panels.ts';
import { exitText, stateTone } from '../view/workload-text.ts';

function Meter({
  label,
  share,
  text,
  note,
}: {
  label: string;
  share: number | undefined;
  text: string;
  note: string;
}): JSX.Element {
  const tone = share === undefined ? '' : share > 0.9 ? 'bad' : share > 0.75 ? 'warn' : '';
  return (
    <div class="meter">
      <div class="meter-text">
        <span class="dim">{label}</span>
        <b>{text}</b>
        <small class="dim">{note}</small>
      </div>
      <div
        class="meter-bar"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round((share ?? 0) * 100)}
      >
        <i class={tone} style={{ width: `${Math.min(100, (share ?? 0) * 100)}%` }} />
      </div>
    </div>
  );
}

/** Memory as a share of the workload's own limit, else of the host. */
function memoryMeter(workload: Workload, hostBytes: number | undefined): JSX.Element {
  const used = workload.memoryBytes;
  const limit = workload.memoryLimitBytes ?? hostBytes;
  const share = used === undefined || limit === undefined ? undefined : used / limit;
  const text = used === undefined ? '–' : formatText(used, 'bytes', 1);
  const note =
    share === undefined || limit === undefined
      ? ''
      : `${(share * 100).toFixed(1)}% of ${formatText(limit, 'bytes', 0)}${workload.memoryLimitBytes === undefined ? ' (host)' : ''}`;
  return <Meter label="Memory" share={share} text={text} note={note} />;
}

interface CardProps {
  workload: Workload;
  hostBytes: number | undefined;
  responseMs: number | undefined;
  now: number;
  onLogs: () => void;
  onScale: () => void;
  onDone: () => void;
}

const questions: Record<WorkloadAction, string> = {
  start: 'It will be started again.',
  stop: 'It stays stopped until it is started again. Its alerts may fire.',
  restart: 'It is stopped and started again; requests under way may fail.',
};

function WorkloadCard({
  workload,
  hostBytes,
  responseMs,
  now,
  onLogs,
  onScale,
  onDone,
}: CardProps): JSX.Element {
  const act = async (action: WorkloadAction): Promise<void> => {
    const title = `${action[0]?.toUpperCase() ?? ''}${action.slice(1)} ${workload.name}?`;
    if (
      !(await confirmAction({
        title,
        text: questions[action],
        action: title.slice(0, -1),
        danger: action !== 'start',
      }))
    )
      return;
    if (await attempt(() => actOnWorkload(workload.name, action), `${workload.name}: ${action} asked`))
      onDone();
  };
  const alive =
    workload.state === 'running' || workload.state === 'starting' || workload.state === 'restarting';
  return (
    <section
      class={`card workload ${location.value.search.get('open') === workload.name ? 'marked' : ''}`}
      aria-label={workload.name}
    >
      <header class="card-head">
        <h2>
          <i class={`dot ${stateTone(workload.state)}`} /> {workload.name}
        </h2>
        <Badge tone={stateTone(workload.state)}>{workload.state}</Badge>
      </header>
      <small class="dim">
        {workload.service} · {workload.kind}
        {workload.pid === undefined ? '' : ` · pid ${workload.pid}`}
        {workload.ports.length > 0 ? ` · port ${workload.ports.join(', ')}` : ''}
      </small>
      <div class="meters">
        <Meter
          label="CPU"
          share={workload.cpuPercent === undefined ? undefined : workload.cpuPercent / 100}
          text={workload.cpuPercent === undefined ? '–' : `${workload.cpuPercent.toFixed(1)}%`}
          note="of one core"
        />
        {memoryMeter(workload, hostBytes)}
      </div>
      <dl class="facts">
        {responseMs !== undefined && (
          <div>
            <dt>Response</dt>
            <dd>{formatText(responseMs, 'ms', responseMs < 10 ? 2 : 0)}</dd>
          </div>
        )}
        <div>
          <dt>{alive ? 'Up for' : 'Down for'}</dt>
          <dd>
            {alive
              ? formatAge(now - timeMs(workload.startedAt))
              : workload.exit
                ? formatAge(now - timeMs(workload.exit.time))
                : '–'}
          </dd>
        </div>
        <div>
          <dt>Restarts</dt>
          <dd>{workload.restarts}</dd>
        </div>
        {workload.exit && (
          <div>
            <dt>Last exit</dt>
            <dd class={workload.exit.expected ? '' : 'bad'}>
              {exitText(workload.exit)}, <Time at={workload.exit.time} now={now} ago />
            </dd>
          </div>
        )}
      </dl>
      <div class="workload-actions">
        <button type="button" onClick={onLogs}>
          Logs
        </button>
        {alive ? (
          <>
            <button type="button" onClick={() => void act('restart')}>
              Restart
            </button>
            <button type="button" class="danger" onClick={() => void act('stop')}>
              Stop
            </button>
          </>
        ) : (
          <button type="button" onClick={() => void act('start')}>
            Start
          </button>
        )}
        <button type="button" onClick={onScale}>
          Scale
        </button>
      </div>
    </section>
  );
}

/** Probe durations by address in ms, and the host's memory: what the workload list itself does not know. */
async function surroundings(
  signal: AbortSignal,
): Promise<{ probes: Map<string, number>; hostBytes: number | undefined }> {
  const now = Date.now();
  const [probes, memory] = await Promise.all([
    queryInstant('probe_duration_seconds * 1000', now, signal).catch(() => undefined),
    queryInstant('max(node_memory_MemTotal_bytes)', now, signal).catch(() => undefined),
  ]);
  return {
    probes: new Map(
      probes?.series.map((series) => [series.labels['instance'] ?? '', series.values[0] ?? NaN]),
    ),
    hostBytes: memory?.series[0]?.values[0],
  };
}

function responseOf(workload: Workload, probes: Map<string, number> | undefined): number | undefined {
  if (workload.healthUrl === '' || !probes) return undefined;
  return (
    probes.get(workload.healthUrl) ??
    [...probes].find(([instance]) => workload.healthUrl.includes(instance) && instance !== '')?.[1]
  );
}

function Workloads({ onLogs }: { onLogs: (name: string) => void }): JSX.Element {
  const now = useNow();
  const resource = useResource('workloads', (signal) => workloads(signal), {
    events: ['workloads'],
    everyMs: 3000,
  });
  const host = useResource('workload surroundings', surroundings, { everyMs: 5000 });
  const [scaled, setScaled] = useState<Workload | undefined>(undefined);
  const scale = async ({ name, service }: Workload, replicas: number): Promise<void> => {
    setScaled(undefined);
    if (await attempt(() => scaleWorkload(name, replicas), `${service}: ${replicas} asked`))
      resource.refresh();
  };
  const card = (workload: Workload): JSX.Element => (
    <WorkloadCard
      key={workload.name}
      workload={workload}
      hostBytes={host.data?.hostBytes}
      responseMs={responseOf(workload, host.data?.probes)}
      now={now}
      onLogs={() => onLogs(workload.name)}
      onScale={() => setScaled(workload)}
      onDone={resource.refresh}
    />
  );
  return (
    <Loaded resource={resource}>
      {(all) => (
        <>
          {all.length === 0 && (
            <Empty title="No services">
              Name processes or a Docker socket under “workloads” in prunella.yml.
            </Empty>
          )}
          <div class="workloads">{all.map(card)}</div>
          {scaled && (
            <ScaleDialog
              workload={scaled}
              present={all.filter((other) => other.service === scaled.service).length}
              onClose={() => setScaled(undefined)}
              onScale={(replicas) => scale(scaled, replicas)}
            />
          )}
        </>
      )}
    </Loaded>
  );
}

export function ServicesPage(): JSX.Element {
  const [logs, setLogs] = useState('');
  const [written, setWritten] = useState({ from: 'now-1h', to: 'now' });
  const [refresh, setRefresh] = useState('10s');
  const { range, reload } = useRange(written, refresh);
  const onZoom = (zoomed: AbsoluteRange): void =>
    setWritten({ from: String(zoomed.from), to: String(zoomed.to) });
  const around = { ...useSurroundings(range, written, 'services'), onZoom };
  return (
    <>
      <PageHead title="Services" note="The processes and containers that Prunella watches and mends">
        <TimePicker
          range={written}
          refresh={refresh}
          onChange={setWritten}
          onRefresh={setRefresh}
          onReload={reload}
        />
      </PageHead>
      <Workloads onLogs={setLogs} />
      <div class="service-panels">
        {servicePanels.map((json) => (
          <OwnPanel key={String(json['title'])} json={json} around={around} />
        ))}
      </div>
      {logs !== '' && <LogDrawer name={logs} onClose={() => setLogs('')} />}
    </>
  );
}
