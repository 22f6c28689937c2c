import type { ComponentChildren, JSX } from 'preact';
import { actOnWorkload, type Workload, type WorkloadAction } from '../api/prunella.ts';
import { formatText } from '../dashboard/units.ts';
import { location } from '../router.ts';
import { formatAge, timeMs } from '../time.ts';
import { Badge, Time } from '../ui/basics.tsx';
import { confirmAction } from '../ui/dialog.tsx';
import { attempt } from '../ui/toast.tsx';
import { exitText, stateTone } from './workload-text.ts';

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

function isAlive({ state }: Workload): boolean {
  return state === 'running' || state === 'starting' || state === 'restarting';
}

function Fact({
  name,
  bad = false,
  children,
}: {
  name: string;
  bad?: boolean;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={bad ? 'bad' : ''}>{children}</dd>
    </div>
  );
}

function Facts({
  workload,
  responseMs,
  now,
}: Pick<CardProps, 'workload' | 'responseMs' | 'now'>): JSX.Element {
  const { exit } = workload;
  const since = isAlive(workload) ? workload.startedAt : (exit?.time ?? '');
  return (
    <dl class="facts">
      {responseMs !== undefined && (
        <Fact name="Response">{formatText(responseMs, 'ms', responseMs < 10 ? 2 : 0)}</Fact>
      )}
      <Fact name={isAlive(workload) ? 'Up for' : 'Down for'}>{formatAge(now - timeMs(since))}</Fact>
      <Fact name="Restarts">{workload.restarts}</Fact>
      {exit && (
        <Fact name="Last exit" bad={!exit.expected}>
          {exitText(exit)}, <Time at={exit.time} now={now} ago />
        </Fact>
      )}
    </dl>
  );
}

const questions: Record<WorkloadAction, string> = {
  start: 'It will be started again.',
  stop: 'It stays stopped until it is started again. Its alerts may fire.',
  restart: 'It is stopped and started again; requests under way may fail.',
};

/** Asks, acts, and tells how it went. */
async function actOn({ name }: Workload, action: WorkloadAction, onDone: () => void): Promise<void> {
  const sentence = `${action[0]?.toUpperCase() ?? ''}${action.slice(1)} ${name}`;
  const asked = {
    title: `${sentence}?`,
    text: questions[action],
    action: sentence,
    danger: action !== 'start',
  };
  if (!(await confirmAction(asked))) return;
  if (await attempt(() => actOnWorkload(name, action), `${name}: ${action} asked`)) onDone();
}

function Actions({
  workload,
  onLogs,
  onScale,
  onDone,
}: Omit<CardProps, 'now' | 'hostBytes' | 'responseMs'>): JSX.Element {
  const button = (action: WorkloadAction, text: string): JSX.Element => (
    <button
      type="button"
      class={action === 'stop' ? 'danger' : ''}
      onClick={() => void actOn(workload, action, onDone)}
    >
      {text}
    </button>
  );
  return (
    <div class="workload-actions">
      <button type="button" onClick={onLogs}>
        Logs
      </button>
      {isAlive(workload) ? (
        <>
          {button('restart', 'Restart')}
          {button('stop', 'Stop')}
        </>
      ) : (
        button('start', 'Start')
      )}
      <button type="button" onClick={onScale}>
        Scale
      </button>
    </div>
  );
}

/** One process or container: how it does, and what can be done with it. */
export function WorkloadCard(props: CardProps): JSX.Element {
  const { workload } = props;
  const { name, cpuPercent: cpu, pid, ports } = workload;
  const marked = location.value.search.get('open') === name;
  return (
    <section class={marked ? 'card workload marked' : 'card workload'} aria-label={name}>
      <header class="card-head">
        <h2>
          <i class={`dot ${stateTone(workload.state)}`} /> {name}
        </h2>
        <Badge tone={stateTone(workload.state)}>{workload.state}</Badge>
      </header>
      <small class="dim">
        {workload.service} · {workload.kind}
        {pid === undefined ? '' : ` · pid ${pid}`}
        {ports.length > 0 ? ` · port ${ports.join(', ')}` : ''}
      </small>
      <div class="meters">
        <Meter
          label="CPU"
          share={cpu === undefined ? undefined : cpu / 100}
          text={cpu === undefined ? '–' : `${cpu.toFixed(1)}%`}
          note="of one core"
        />
        {memoryMeter(workload, props.hostBytes)}
      </div>
      <Facts workload={workload} responseMs={props.responseMs} now={props.now} />
      <Actions workload={workload} onLogs={props.onLogs} onScale={props.onScale} onDone={props.onDone} />
    </section>
  );
}
