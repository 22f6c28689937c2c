import type { ComponentChildren, JSX } from 'preact';
import { Component } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { metricNames } from '../api/metric-names.ts';
import type { ChartMark } from '../chart/uplot.ts';
import { interpolateText } from '../dashboard/interpolate.ts';
import { loadPanel, serverQueries, type PanelData } from '../dashboard/load.ts';
import { safeUrl } from '../dashboard/markdown.ts';
import { metricsIn } from '../dashboard/metrics-in.ts';
import type { Panel, Scope } from '../dashboard/types.ts';
import { panelTypes } from '../panels/index.ts';
import type { AbsoluteRange, TimeRange } from '../time.ts';
import { Icon } from '../ui/icon.tsx';
import { useSize, useVisible } from './use-size.ts';

/** What the panels of a page have in common. */
export interface PanelSurroundings {
  range: AbsoluteRange;
  /** As written, for links to Explore. */
  written: TimeRange;
  scope: Scope;
  multi: ReadonlySet<string>;
  scrapeInterval: number;
  utc: boolean;
  syncKey: string | undefined;
  onZoom: ((range: AbsoluteRange) => void) | undefined;
  marks: readonly ChartMark[];
}

interface PanelViewProps {
  panel: Panel;
  around: PanelSurroundings;
  /** Opens the panel alone, or closes it. */
  onExpand?: (() => void) | undefined;
}

/** A panel that throws shows its error; the others go on. */
class PanelBoundary extends Component<{ children: ComponentChildren; panel: Panel }, { message: string }> {
  override state = { message: '' };
  static override getDerivedStateFromError(error: unknown): { message: string } {
    console.error(error);
    return { message: error instanceof Error ? error.message : String(error) };
  }
  override componentWillReceiveProps(next: { panel: Panel }): void {
    if (next.panel !== this.props.panel && this.state.message !== '') this.setState({ message: '' });
  }
  override render(): ComponentChildren {
    return this.state.message === '' ? (
      this.props.children
    ) : (
      <div class="panel-state bad">This panel failed: {this.state.message}</div>
    );
  }
}

interface LoadState {
  data: PanelData | undefined;
  loading: boolean;
  missing: string;
}

/** When nothing came back: which metric, if any, does the server not know at all? */
async function missingMetric(data: PanelData): Promise<string> {
  if (data.frames.some((frame) => frame.length > 0) || data.errors.length > 0) return '';
  const used = data.queries.flatMap((query) => metricsIn(query));
  const known = await metricNames();
  return used.length > 0 && used.every((name) => !known.has(name)) ? (used[0] ?? '') : '';
}

function usePanelData(panel: Panel, around: PanelSurroundings, width: number, visible: boolean): LoadState {
  const [state, setState] = useState<LoadState>({ data: undefined, loading: false, missing: '' });
  const { range, scope, multi, scrapeInterval } = around;
  // A few pixels more or less do not ask for new data.
  const points = Math.ceil(width / 100) * 100;
  const loaded = useRef<unknown[]>([]);
  useEffect(() => {
    const wanted = [panel, range.from, range.to, scope, points];
    if (!visible || width === 0 || wanted.every((part, index) => part === loaded.current[index]))
      return undefined;
    if (panel.type === 'text') {
      setState({
        data: { frames: [], range, errors: [], warnings: [], queries: [] },
        loading: false,
        missing: '',
      });
      return undefined;
    }
    const control = new AbortController();
    setState((old) => ({ ...old, loading: true }));
    loadPanel(panel, { range, scope, multi, scrapeInterval, width: points }, serverQueries(control.signal))
      .then(async (data) => ({ data, missing: await missingMetric(data).catch(() => '') }))
      .then(({ data, missing }) => {
        if (control.signal.aborted) return;
        loaded.current = wanted;
        setState({ data, loading: false, missing });
      })
      .catch((error: unknown) => {
        if (control.signal.aborted) return;
        const message = error instanceof Error ? error.message : 'the panel could not be loaded';
        setState({
          data: { frames: [], range, errors: [message], warnings: [], queries: [] },
          loading: false,
          missing: '',
        });
      });
    return () => control.abort();
  }, [panel, range.from, range.to, scope, points, visible, width === 0]);
  return state;
}

function hasData(data: PanelData): boolean {
  return data.frames.some((frame) => frame.length > 0 && frame.fields.some((field) => field.type !== 'time'));
}

function Body({
  panel,
  state,
  around,
  size,
}: {
  panel: Panel;
  state: LoadState;
  around: PanelSurroundings;
  size: { width: number; height: number };
}): JSX.Element | null {
  const { data } = state;
  const fill = useMemo(() => {
    const scope = new Map([...around.scope, ...panel.scope]);
    return (text: string): string =>
      interpolateText(text, { scope, builtIns: { range: around.range, step: 60_000, rate: 240_000 } });
  }, [around.scope, panel, around.range]);
  if (!data) return null;
  const Type = Object.hasOwn(panelTypes, panel.type) ? panelTypes[panel.type] : undefined;
  if (!Type) return <div class="panel-state">Panels of type “{panel.type}” are not drawn here</div>;
  if (panel.type !== 'text' && !hasData(data)) {
    const [error] = data.errors;
    if (error !== undefined)
      return (
        <div class={error.startsWith('not configured') ? 'panel-state' : 'panel-state bad'}>
          {error.startsWith('not configured') ? error : `Error: ${error}`}
        </div>
      );
    if (panel.defaults.noValue) return <div class="panel-state">{panel.defaults.noValue}</div>;
    if (state.missing !== '')
      return <div class="panel-state">Not configured: nothing collects {state.missing}</div>;
    return <div class="panel-state">No data</div>;
  }
  const { utc, syncKey, onZoom, marks } = around;
  return (
    <Type
      panel={panel}
      data={data}
      width={size.width}
      height={size.height}
      utc={utc}
      syncKey={syncKey}
      onZoom={onZoom}
      marks={marks}
      fill={fill}
    />
  );
}

function exploreLink(panel: Panel, state: LoadState, around: PanelSurroundings): string | undefined {
  if (!state.data || state.data.queries.length === 0) return undefined;
  const search = new URLSearchParams(state.data.queries.map((query) => ['expr', query]));
  search.set(
    'from',
    panel.timeFrom === '' ? around.written.from : `now-${panel.timeFrom.replace(/^now-/, '')}`,
  );
  search.set('to', around.written.to);
  return `/explore?${search.toString()}`;
}

interface ToolsProps {
  panel: Panel;
  scope: Scope;
  title: string;
  explore: string | undefined;
  onExpand: (() => void) | undefined;
}

/** The panel's links, and what can be done with it. */
function Tools({ panel, scope, title, explore, onExpand }: ToolsProps): JSX.Element {
  return (
    <span class="panel-tools">
      {panel.links.map((link) => {
        const href = safeUrl(interpolateText(link.url, { scope }));
        const target = link.newTab ? '_blank' : undefined;
        return (
          href && (
            <a
              key={link.url}
              href={href}
              title={link.title}
              aria-label={link.title}
              target={target}
              rel="noreferrer noopener"
            >
              <Icon name="external" size={13} />
            </a>
          )
        );
      })}
      {explore && (
        <a href={explore} title="Explore the queries" aria-label={`Explore the queries of ${title}`}>
          <Icon name="explore" size={13} />
        </a>
      )}
      {onExpand && (
        <button type="button" title="View alone" aria-label={`View ${title} alone`} onClick={onExpand}>
          <Icon name="expand" size={13} />
        </button>
      )}
    </span>
  );
}

export function PanelView({ panel, around, onExpand }: PanelViewProps): JSX.Element {
  const [box, size] = useSize<HTMLDivElement>();
  const visible = useVisible(box);
  const state = usePanelData(panel, around, size.width, visible);
  const scope = new Map([...around.scope, ...panel.scope]);
  const title = interpolateText(panel.title, { scope });
  const errors = state.data?.errors ?? [];
  return (
    <section
      class={panel.transparent ? 'panel transparent' : 'panel'}
      aria-label={title || panel.type}
      data-type={panel.type}
    >
      <header class="panel-head">
        <h3 title={title}>{title}</h3>
        {panel.description !== '' && (
          <span
            class="panel-info"
            tabIndex={0}
            title={interpolateText(panel.description, { scope })}
            aria-label={panel.description}
          >
            <Icon name="info" size={13} />
          </span>
        )}
        {panel.timeFrom !== '' && <small class="dim">Last {panel.timeFrom.replace(/^now-/, '')}</small>}
        {errors.length > 0 && state.data && hasData(state.data) && (
          <span class="panel-warn" title={errors.join('\n')}>
            <Icon name="warning" size={13} />
          </span>
        )}
        {state.loading && state.data === undefined && <span class="spinner" aria-label="Loading" />}
        <Tools
          panel={panel}
          scope={scope}
          title={title}
          explore={exploreLink(panel, state, around)}
          onExpand={onExpand}
        />
      </header>
      <div class="panel-body" ref={box}>
        {size.width > 0 && (
          <PanelBoundary panel={panel}>
            <Body panel={panel} state={state} around={around} size={size} />
          </PanelBoundary>
        )}
      </div>
    </section>
  );
}
