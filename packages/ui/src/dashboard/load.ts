import { queryInstant, queryRange, type QueryAnswer } from '../api/prometheus.ts';
import { parseDuration, type AbsoluteRange } from '../time.ts';
import { applyFieldConfig } from './field-config.ts';
import type { Frame } from './frame.ts';
import { interpolateQuery, interpolateText, type BuiltIns } from './interpolate.ts';
import { alignRange, chooseSteps } from './interval.ts';
import { answerFrames } from './query-frames.ts';
import { applyTransformations } from './transform/index.ts';
import type { DatasourceRef, Panel, Scope, Target } from './types.ts';

export interface PanelContext {
  range: AbsoluteRange;
  scope: Scope;
  /** Variables whose values are regular expressions. */
  multi: ReadonlySet<string>;
  /** ms */
  scrapeInterval: number;
  /** Pixels, for the resolution of range queries. */
  width: number;
}

export interface PanelData {
  frames: Frame[];
  /** The range that was asked for, ms. */
  range: AbsoluteRange;
  errors: string[];
  warnings: string[];
  /** The expressions as they were sent. */
  queries: string[];
}

export interface QueryRunner {
  instant(expr: string, timeMs: number): Promise<QueryAnswer>;
  range(expr: string, range: AbsoluteRange & { stepMs: number }): Promise<QueryAnswer>;
}

/** Asks the Prometheus API that serves this page. */
export function serverQueries(signal?: AbortSignal): QueryRunner {
  return {
    instant: (expr, timeMs) => queryInstant(expr, timeMs, signal),
    range: (expr, range) => queryRange(expr, range, signal),
  };
}

/** A panel's own range: `timeFrom: 1h` looks back from the end, `timeShift: 1d` moves both ends. */
export function panelRange(panel: Panel, range: AbsoluteRange): AbsoluteRange {
  const back = parseDuration(panel.timeFrom.replace(/^now-/, ''));
  const shift = parseDuration(panel.timeShift) ?? 0;
  const from = back === undefined ? range.from : range.to - back;
  return { from: from - shift, to: range.to - shift };
}

/** Prometheus answers for every data source of its kind; what asks another kind is not configured here. */
export function foreignDatasource(panel: DatasourceRef, target: DatasourceRef): string | undefined {
  const type = target.type || panel.type;
  return type === '' ||
    /^(prometheus|datasource|grafana|mixed)$/.test(type) ||
    /prometheus|victoriametrics/i.test(type)
    ? undefined
    : type;
}

interface Resolved {
  expr: string;
  target: Target;
  step: number;
  range: AbsoluteRange;
}

function resolve(panel: Panel, target: Target, context: PanelContext): Resolved {
  const range = panelRange(panel, context.range);
  const scope: Scope = new Map([...context.scope, ...panel.scope]);
  const minimum = interpolateText(target.interval || panel.interval, { scope }).replace(/^>/, '');
  const { step, rate } = chooseSteps({
    range,
    maxDataPoints: panel.maxDataPoints ?? Math.max(60, Math.round(context.width)),
    minStep: parseDuration(minimum),
    scrapeInterval: context.scrapeInterval,
  });
  const wide = step * Math.max(1, target.intervalFactor);
  const builtIns: BuiltIns = { range, step: wide, rate: Math.max(rate, wide) };
  const options = { scope, multi: context.multi, builtIns };
  const legendFormat = interpolateText(target.legendFormat, options);
  return {
    expr: interpolateQuery(target.expr, options).trim(),
    target: { ...target, legendFormat },
    step: wide,
    range,
  };
}

async function ask(one: Resolved, several: boolean, run: QueryRunner, out: PanelData): Promise<Frame[]> {
  try {
    const instant = one.target.instant && !(one.target.range && one.target.format === 'time_series');
    const answer = instant
      ? await run.instant(one.expr, one.range.to)
      : await run.range(one.expr, { ...alignRange(one.range, one.step), stepMs: one.step });
    out.warnings.push(...answer.warnings);
    return answerFrames(answer, one.target, one.expr, several);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    out.errors.push(error instanceof Error ? error.message : 'the query failed');
    return [];
  }
}

/** Applies transformations and field config to raw frames. */
export function prepareFrames(frames: Frame[], panel: Panel): Frame[] {
  return applyFieldConfig(
    applyTransformations(frames, panel.transformations),
    panel.defaults,
    panel.overrides,
  );
}

/** Runs a panel's queries and prepares what it shows. Failures of queries are told in `errors`. */
export async function loadPanel(panel: Panel, context: PanelContext, run: QueryRunner): Promise<PanelData> {
  const out: PanelData = {
    frames: [],
    range: panelRange(panel, context.range),
    errors: [],
    warnings: [],
    queries: [],
  };
  const visible = panel.targets.filter((target) => !target.hide && target.expr !== '');
  const foreign = panel.targets.flatMap(
    (target) => foreignDatasource(panel.datasource, target.datasource) ?? [],
  );
  const ours = visible.filter(
    (target) => foreignDatasource(panel.datasource, target.datasource) === undefined,
  );
  if (ours.length === 0 && foreign.length > 0) out.errors.push(`not configured: data source ${foreign[0]}`);
  const resolved = ours.map((target) => resolve(panel, target, context));
  out.queries = resolved.map(({ expr }) => expr);
  const frames = await Promise.all(resolved.map((one) => ask(one, visible.length > 1, run, out)));
  out.frames = prepareFrames(frames.flat(), panel);
  return out;
}
