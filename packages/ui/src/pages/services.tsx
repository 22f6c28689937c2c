import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { queryInstant } from '../api/prometheus.ts';
import { scaleWorkload, workloads, type Workload } from '../api/prunella.ts';
import { useNow, useResource } from '../live.ts';
import type { AbsoluteRange } from '../time.ts';
import { Empty, Loaded, PageHead } from '../ui/basics.tsx';
import { TimePicker } from '../ui/time-picker.tsx';
import { attempt } from '../ui/toast.tsx';
import { useRange } from '../view/clock.ts';
import { LogDrawer } from '../view/log-drawer.tsx';
import { OwnPanel, useSurroundings } from '../view/own-panels.tsx';
import { ScaleDialog } from '../view/scale-dialog.tsx';
import { servicePanels } from '../view/service-panels.ts';
import { WorkloadCard } from '../view/workload-card.tsx';

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
