import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { PageProps } from '../app.tsx';
import { dashboard as loadDashboard } from '../api/prunella.ts';
import { interpolateText } from '../dashboard/interpolate.ts';
import { layoutSections, type Section } from '../dashboard/layout.ts';
import { readDashboard } from '../dashboard/migrate.ts';
import { multiNames } from '../dashboard/resolve-variables.ts';
import type { AnnotationQuery, Dashboard, Panel, Scope } from '../dashboard/types.ts';
import { useResource } from '../live.ts';
import { Markdown } from '../panels/text.tsx';
import { location, setSearch } from '../router.ts';
import type { AbsoluteRange } from '../time.ts';
import { Loaded, PageHead } from '../ui/basics.tsx';
import { Icon } from '../ui/icon.tsx';
import { TimePicker } from '../ui/time-picker.tsx';
import { useRange } from '../view/clock.ts';
import { DashboardLinks } from '../view/dashboard-links.tsx';
import { useScrapeInterval } from '../view/own-panels.tsx';
import { PanelView, type PanelSurroundings } from '../view/panel-view.tsx';
import { useAnnotations } from '../view/use-annotations.ts';
import { useVariables } from '../view/use-variables.ts';
import { VariablesBar } from '../view/variables-bar.tsx';

const noScope: Scope = new Map();

function Grid({
  panels,
  around,
  onExpand,
}: {
  panels: readonly Panel[];
  around: PanelSurroundings;
  onExpand: (id: number) => void;
}): JSX.Element {
  return (
    <div class="grid">
      {panels.map((panel) => {
        const { x, y, w, h } = panel.gridPos;
        // Places as variables: the phone's style sheet ignores them and stacks the panels.
        const place = { '--x': x + 1, '--y': y + 1, '--w': w, '--h': h };
        return (
          <div class={h <= 3 ? 'cell low' : 'cell'} key={panel.id} style={place}>
            <PanelView panel={panel} around={around} onExpand={() => onExpand(panel.id)} />
          </div>
        );
      })}
    </div>
  );
}

function SectionView({
  section,
  around,
  onExpand,
}: {
  section: Section;
  around: PanelSurroundings;
  onExpand: (id: number) => void;
}): JSX.Element {
  const [open, setOpen] = useState(!section.collapsed);
  const title = interpolateText(section.title, { scope: new Map([...around.scope, ...section.scope]) });
  if (!section.row || title === '')
    return <Grid panels={section.panels} around={around} onExpand={onExpand} />;
  return (
    <section class="row">
      <h2>
        <button type="button" class="row-title" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? 'down' : 'right'} size={13} />
          {title}
          {!open && <small>{section.panels.length} panels</small>}
        </button>
      </h2>
      {open && <Grid panels={section.panels} around={around} onExpand={onExpand} />}
    </section>
  );
}

interface TogglesProps {
  annotations: readonly AnnotationQuery[];
  off: ReadonlySet<string>;
  onChange: (off: ReadonlySet<string>) => void;
}

/** Switches annotations on and off. */
function AnnotationToggles({ annotations, off, onChange }: TogglesProps): JSX.Element | null {
  const shown = annotations.filter((one) => !one.hidden);
  if (shown.length === 0) return null;
  const toggle = (name: string): void => {
    const next = new Set(off);
    if (!next.delete(name)) next.add(name);
    onChange(next);
  };
  return (
    <div class="annotations">
      {shown.map(({ name }) => (
        <label key={name}>
          <input type="checkbox" checked={!off.has(name)} onChange={() => toggle(name)} />
          {name}
        </label>
      ))}
    </div>
  );
}

/** Esc leaves the view of one panel. */
function useEscape(): void {
  useEffect(() => {
    const leave = (event: KeyboardEvent): void => {
      const alone = location.value.search.has('viewPanel') && !document.querySelector('dialog[open]');
      if (event.key === 'Escape' && alone) setSearch({ viewPanel: undefined });
    };
    document.addEventListener('keydown', leave);
    return () => document.removeEventListener('keydown', leave);
  }, []);
}

/** All sections, or the one panel that the address names. */
function Body({ dashboard, around }: { dashboard: Dashboard; around: PanelSurroundings }): JSX.Element {
  const sections = useMemo(() => layoutSections(dashboard.items, around.scope), [dashboard, around.scope]);
  const alone = location.value.search.get('viewPanel');
  const expand = (id: number): void => setSearch({ viewPanel: alone === null ? String(id) : undefined });
  const panels = sections.flatMap((section) => section.panels);
  const shown = alone === null ? undefined : panels.find((panel) => String(panel.id) === alone);
  useEscape();
  if (shown) {
    return (
      <div class="alone">
        <PanelView panel={shown} around={around} onExpand={() => expand(shown.id)} />
      </div>
    );
  }
  return (
    <>
      {sections.map((section) => (
        <SectionView key={section.key} section={section} around={around} onExpand={expand} />
      ))}
    </>
  );
}

function DashboardView({ dashboard }: { dashboard: Dashboard }): JSX.Element {
  const { search } = location.value;
  const written = { from: search.get('from') ?? dashboard.from, to: search.get('to') ?? dashboard.to };
  const refresh = search.get('refresh') ?? dashboard.refresh;
  const { range, reload } = useRange(written, refresh);
  const variables = useVariables(dashboard, search, range);
  const scrapeInterval = useScrapeInterval();
  const switchedOff = dashboard.annotations.filter((one) => !one.enabled).map((one) => one.name);
  const [off, setOff] = useState<ReadonlySet<string>>(new Set(switchedOff));
  const scope: Scope = useMemo(
    () => (variables ? new Map(variables.map(({ variable, value }) => [variable.name, value])) : noScope),
    [variables],
  );
  const multi = useMemo(() => multiNames(dashboard.variables), [dashboard]);
  const wanted = dashboard.annotations.filter((one) => !off.has(one.name));
  const marks = useAnnotations(wanted, range, scope, scrapeInterval, variables !== undefined);
  const onZoom = (zoomed: AbsoluteRange): void =>
    setSearch({ from: String(zoomed.from), to: String(zoomed.to) });
  const syncKey = dashboard.sharedCrosshair ? `dashboard-${dashboard.uid}` : undefined;
  const around = { range, written, scope, multi, scrapeInterval, utc: dashboard.utc, syncKey, onZoom, marks };
  return (
    <div class="dashboard">
      <PageHead
        title={dashboard.title}
        {...(dashboard.description === '' ? {} : { note: <Markdown source={dashboard.description} /> })}
      >
        <DashboardLinks links={dashboard.links} scope={scope} />
        <TimePicker
          range={written}
          refresh={refresh}
          utc={dashboard.utc}
          onChange={(next) => setSearch({ from: next.from, to: next.to })}
          onRefresh={(every) => setSearch({ refresh: every }, { replace: true })}
          onReload={reload}
        />
      </PageHead>
      {variables && <VariablesBar variables={variables} />}
      <AnnotationToggles annotations={dashboard.annotations} off={off} onChange={setOff} />
      {variables ? <Body dashboard={dashboard} around={around} /> : <div class="loading">Loading…</div>}
    </div>
  );
}

export function DashboardPage({ params }: PageProps): JSX.Element {
  const uid = params['uid'] ?? '';
  const resource = useResource(
    `dashboard ${uid}`,
    async (signal) => readDashboard(await loadDashboard(uid, signal)),
    { events: ['reload'] },
  );
  return (
    <Loaded resource={resource}>{(dashboard) => <DashboardView key={uid} dashboard={dashboard} />}</Loaded>
  );
}
