import { labelsOf, list, num, obj, objects, str, strings } from '../json.ts';
import { prometheus } from './http.ts';

export type Labels = Record<string, string>;

/** A series of an answer: parallel columns, times in ms. Native histograms are told apart, not drawn. */
export interface Series {
  labels: Labels;
  times: number[];
  values: number[];
  histogram?: boolean;
}

export interface QueryAnswer {
  type: 'scalar' | 'string' | 'vector' | 'matrix';
  series: Series[];
  /** The text of a string result. */
  text?: string;
  warnings: string[];
}

function sampleValue(value: unknown): number {
  const text = str(value);
  if (text === '+Inf' || text === 'Inf') return Infinity;
  return text === '-Inf' ? -Infinity : text === 'NaN' ? NaN : Number(text);
}

function column(points: unknown): { times: number[]; values: number[] } {
  const times: number[] = [];
  const values: number[] = [];
  for (const point of list(points)) {
    const pair = list(point);
    times.push((num(pair[0]) ?? 0) * 1000);
    values.push(sampleValue(pair[1]));
  }
  return { times, values };
}

function histogramCount(value: unknown): unknown {
  return [list(value)[0], obj(list(value)[1])['count']];
}

function series(entry: Record<string, unknown>): Series {
  const labels = labelsOf(entry['metric']);
  if (entry['values'] !== undefined) return { labels, ...column(entry['values']) };
  if (entry['value'] !== undefined) return { labels, ...column([entry['value']]) };
  // A native histogram is shown by its count of observations.
  const points = entry['histograms'] === undefined ? [entry['histogram']] : list(entry['histograms']);
  return { labels, ...column(points.map(histogramCount)), histogram: true };
}

/** Reads the `data` of /query and /query_range. */
export function readQueryData(data: unknown, warnings: string[] = []): QueryAnswer {
  const { resultType, result } = obj(data);
  switch (resultType) {
    case 'scalar':
      return { type: 'scalar', series: [{ labels: {}, ...column([result]) }], warnings };
    case 'string':
      return { type: 'string', series: [], text: str(list(result)[1]), warnings };
    case 'vector':
    case 'matrix':
      return { type: resultType, series: objects(result).map(series), warnings };
    default:
      throw new Error(`unknown result type ${str(resultType)}`);
  }
}

/** Instant query at a time in ms. */
export async function queryInstant(expr: string, timeMs: number, signal?: AbortSignal): Promise<QueryAnswer> {
  const form = new URLSearchParams({ query: expr, time: String(timeMs / 1000) });
  const { data, warnings } = await prometheus('/api/v1/query', { form, signal });
  return readQueryData(data, warnings);
}

/** Range query, all times in ms. */
export async function queryRange(
  expr: string,
  range: { from: number; to: number; stepMs: number },
  signal?: AbortSignal,
): Promise<QueryAnswer> {
  const form = new URLSearchParams({
    query: expr,
    start: String(range.from / 1000),
    end: String(range.to / 1000),
    step: String(range.stepMs / 1000),
  });
  const { data, warnings } = await prometheus('/api/v1/query_range', { form, signal });
  return readQueryData(data, warnings);
}

interface Span {
  from?: number;
  to?: number;
}

function selection(selectors: string[], span: Span): URLSearchParams {
  const form = new URLSearchParams(selectors.map((selector) => ['match[]', selector]));
  if (span.from !== undefined) form.set('start', String(span.from / 1000));
  if (span.to !== undefined) form.set('end', String(span.to / 1000));
  return form;
}

export async function labelNames(
  selectors: string[],
  span: Span = {},
  signal?: AbortSignal,
): Promise<string[]> {
  return strings((await prometheus('/api/v1/labels', { form: selection(selectors, span), signal })).data);
}

export async function labelValues(
  label: string,
  selectors: string[],
  span: Span = {},
  signal?: AbortSignal,
): Promise<string[]> {
  const path = `/api/v1/label/${encodeURIComponent(label)}/values?${selection(selectors, span).toString()}`;
  return strings((await prometheus(path, { signal })).data);
}

export interface MetricMetadata {
  type: string;
  help: string;
  unit: string;
}

export async function metadata(): Promise<Record<string, MetricMetadata>> {
  const { data } = await prometheus('/api/v1/metadata');
  const out: Record<string, MetricMetadata> = {};
  for (const [name, entries] of Object.entries(obj(data))) {
    const first = objects(entries)[0] ?? {};
    out[name] = { type: str(first['type']), help: str(first['help']), unit: str(first['unit']) };
  }
  return out;
}

export type RuleHealth = 'ok' | 'err' | 'unknown';

export interface RuleAlert {
  labels: Labels;
  annotations: Labels;
  state: string;
  activeAt: string;
  value: string;
}

export interface Rule {
  kind: 'alerting' | 'recording';
  name: string;
  query: string;
  labels: Labels;
  annotations: Labels;
  forSeconds: number;
  keepFiringForSeconds: number;
  state: 'inactive' | 'pending' | 'firing' | 'unknown';
  health: RuleHealth;
  lastError: string;
  lastEvaluation: string;
  evaluationSeconds: number;
  alerts: RuleAlert[];
}

export interface RuleGroup {
  name: string;
  file: string;
  intervalSeconds: number;
  rules: Rule[];
}

function alert(entry: Record<string, unknown>): RuleAlert {
  return {
    labels: labelsOf(entry['labels']),
    annotations: labelsOf(entry['annotations']),
    state: str(entry['state']),
    activeAt: str(entry['activeAt']),
    value: str(entry['value']),
  };
}

const ruleStates = ['inactive', 'pending', 'firing'] as const;

function rule(entry: Record<string, unknown>): Rule {
  const health = str(entry['health']);
  return {
    kind: entry['type'] === 'recording' ? 'recording' : 'alerting',
    name: str(entry['name']),
    query: str(entry['query']),
    labels: labelsOf(entry['labels']),
    annotations: labelsOf(entry['annotations']),
    forSeconds: num(entry['duration']) ?? 0,
    keepFiringForSeconds: num(entry['keepFiringFor']) ?? 0,
    state: ruleStates.find((state) => state === entry['state']) ?? 'unknown',
    health: health === 'ok' || health === 'err' ? health : 'unknown',
    lastError: str(entry['lastError']),
    lastEvaluation: str(entry['lastEvaluation']),
    evaluationSeconds: num(entry['evaluationTime']) ?? 0,
    alerts: objects(entry['alerts']).map(alert),
  };
}

export async function rules(signal?: AbortSignal): Promise<RuleGroup[]> {
  const { data } = await prometheus('/api/v1/rules', { signal });
  return objects(obj(data)['groups']).map((group) => ({
    name: str(group['name']),
    file: str(group['file']),
    intervalSeconds: num(group['interval']) ?? 0,
    rules: objects(group['rules']).map(rule),
  }));
}

export interface Target {
  pool: string;
  url: string;
  health: 'up' | 'down' | 'unknown';
  labels: Labels;
  discovered: Labels;
  lastError: string;
  lastScrape: string;
  scrapeSeconds: number;
  interval: string;
}

export async function targets(signal?: AbortSignal): Promise<{ active: Target[]; dropped: Labels[] }> {
  const { data } = await prometheus('/api/v1/targets', { signal });
  const active = objects(obj(data)['activeTargets']).map((entry): Target => {
    const health = str(entry['health']);
    return {
      pool: str(entry['scrapePool']),
      url: str(entry['scrapeUrl']),
      health: health === 'up' || health === 'down' ? health : 'unknown',
      labels: labelsOf(entry['labels']),
      discovered: labelsOf(entry['discoveredLabels']),
      lastError: str(entry['lastError']),
      lastScrape: str(entry['lastScrape']),
      scrapeSeconds: num(entry['lastScrapeDuration']) ?? 0,
      interval: str(entry['scrapeInterval']),
    };
  });
  return {
    active,
    dropped: objects(obj(data)['droppedTargets']).map((entry) => labelsOf(entry['discoveredLabels'])),
  };
}

export interface Cardinality {
  name: string;
  value: number;
}

export interface TsdbStatus {
  head: { label: string; value: string }[];
  tables: { title: string; rows: Cardinality[] }[];
}

const cardinalityTables: [string, string][] = [
  ['seriesCountByMetricName', 'Series by metric'],
  ['labelValueCountByLabelName', 'Values by label'],
  ['memoryInBytesByLabelName', 'Memory by label, bytes'],
  ['seriesCountByLabelValuePair', 'Series by label pair'],
];

export async function tsdbStatus(signal?: AbortSignal): Promise<TsdbStatus> {
  const data = obj((await prometheus('/api/v1/status/tsdb', { signal })).data);
  return {
    head: Object.entries(obj(data['headStats'])).map(([label, value]) => ({ label, value: str(value) })),
    tables: cardinalityTables.map(([key, title]) => ({
      title,
      rows: objects(data[key]).map((row) => ({ name: str(row['name']), value: num(row['value']) ?? 0 })),
    })),
  };
}

/** Any of the flat /api/v1/status pages: flags, runtimeinfo, buildinfo. */
export async function statusTable(name: string, signal?: AbortSignal): Promise<[string, string][]> {
  const { data } = await prometheus(`/api/v1/status/${name}`, { signal });
  return Object.entries(obj(data)).map(([key, value]) => [key, str(value)]);
}

export async function statusConfig(signal?: AbortSignal): Promise<string> {
  return str(obj((await prometheus('/api/v1/status/config', { signal })).data)['yaml']);
}
