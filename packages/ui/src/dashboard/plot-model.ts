import { bool, list, num, obj, str } from '../json.ts';
import { fieldColor } from './color.ts';
import { displayName, numberFields, timeField, type Field, type Frame } from './frame.ts';
import { alignFrames } from './plot-align.ts';
import { stackSeries, type Band } from './plot-stack.ts';
import type { FieldConfig, Thresholds } from './types.ts';
import { fieldRange } from './value.ts';

export type Point = number | null | undefined;

/** One line, row of bars or cloud of points, ready to draw. */
export interface PlotSeries {
  label: string;
  color: string;
  unit: string;
  decimals: number | undefined;
  scale: string;
  style: 'line' | 'bars' | 'points';
  interpolation: 'linear' | 'smooth' | 'stepBefore' | 'stepAfter';
  width: number;
  /** 0..1 */
  fill: number;
  gradient: boolean;
  dash: number[] | undefined;
  points: 'always' | 'never' | 'auto';
  pointSize: number;
  hideFrom: { legend: boolean; tooltip: boolean; viz: boolean };
  fillBelowTo: string;
  /** As in the data: what tooltip and legend show. */
  field: Field;
  /** On the common times; null is a gap, undefined no sample there. */
  values: Point[];
  /** What is drawn: negated and stacked. */
  drawn: Point[];
  stack: { mode: string; group: string };
  negative: boolean;
}

export interface PlotScale {
  key: string;
  unit: string;
  decimals: number | undefined;
  side: 'left' | 'right' | 'hidden';
  label: string;
  min: number | undefined;
  max: number | undefined;
  softMin: number | undefined;
  softMax: number | undefined;
  /** Base of a logarithmic scale; 0 = linear. */
  log: number;
  centeredZero: boolean;
  /** The axis takes its series' colour. */
  color: string | undefined;
}

export interface PlotThresholds {
  scale: string;
  line: boolean;
  area: boolean;
  dashed: boolean;
  thresholds: Thresholds;
  range: { min: number; max: number };
}

export interface PlotModel {
  /** ms */
  times: number[];
  series: PlotSeries[];
  scales: PlotScale[];
  bands: Band[];
  thresholds: PlotThresholds | undefined;
}

const styles = ['line', 'bars', 'points'] as const;
const interpolations = ['linear', 'smooth', 'stepBefore', 'stepAfter'] as const;
const pointModes = ['always', 'never', 'auto'] as const;

function scaleOf(config: FieldConfig, color: string): PlotScale {
  const { custom } = config;
  const distribution = obj(custom['scaleDistribution']);
  const placement = str(custom['axisPlacement'], 'auto');
  const scale: PlotScale = {
    key: '',
    unit: config.unit ?? '',
    decimals: config.decimals,
    side: placement === 'right' ? 'right' : placement === 'hidden' ? 'hidden' : 'left',
    label: str(custom['axisLabel']),
    min: config.min,
    max: config.max,
    softMin: num(custom['axisSoftMin']),
    softMax: num(custom['axisSoftMax']),
    log: distribution['type'] === 'log' ? (num(distribution['log']) ?? 10) : 0,
    centeredZero: bool(custom['axisCenteredZero']),
    color: custom['axisColorMode'] === 'series' ? color : undefined,
  };
  // As in Grafana, one axis serves all fields that agree in unit, ends, kind and explicit side.
  scale.key = [
    scale.unit,
    scale.min,
    scale.max,
    scale.softMin,
    scale.softMax,
    scale.log,
    scale.centeredZero,
    placement === 'auto' ? '' : placement,
    scale.label,
  ].join('/');
  return scale;
}

function dash(style: unknown): number[] | undefined {
  const json = obj(style);
  if (json['fill'] === 'dash')
    return list(json['dash']).length > 0
      ? list(json['dash']).flatMap((length) => num(length) ?? [])
      : [10, 10];
  return json['fill'] === 'dot' ? [0, 5] : undefined;
}

function seriesOf(field: Field, index: number, scale: string): PlotSeries {
  const { config } = field;
  const { custom } = config;
  const name = displayName(field);
  const hide = obj(custom['hideFrom']);
  const stack = obj(custom['stacking']);
  const by = config.color?.seriesBy || 'last';
  const value =
    typeof field.values.at(-1) === 'number' && by === 'last' ? (field.values.at(-1) as number) : null;
  const color = fieldColor({
    config,
    index,
    name,
    value,
    ...fieldRange(config, field.values),
    fallback: 'palette-classic',
  });
  return {
    label: name,
    color,
    unit: config.unit ?? '',
    decimals: config.decimals,
    scale,
    style: styles.find((style) => style === custom['drawStyle']) ?? 'line',
    interpolation: interpolations.find((kind) => kind === custom['lineInterpolation']) ?? 'linear',
    width: num(custom['lineWidth']) ?? 1,
    fill: (num(custom['fillOpacity']) ?? 0) / 100,
    gradient: str(custom['gradientMode'], 'none') !== 'none',
    dash: dash(custom['lineStyle']),
    points: pointModes.find((mode) => mode === custom['showPoints']) ?? 'auto',
    pointSize: num(custom['pointSize']) ?? 5,
    hideFrom: { legend: bool(hide['legend']), tooltip: bool(hide['tooltip']), viz: bool(hide['viz']) },
    fillBelowTo: str(custom['fillBelowTo']),
    field,
    values: [],
    drawn: [],
    stack: { mode: str(stack['mode'], 'none'), group: str(stack['group'], 'A') },
    negative: custom['transform'] === 'negative-Y',
  };
}

const readableFills = 6;

/** Many areas over each other turn into one grey: the more there are, the fainter each becomes. */
function thinFills(series: PlotSeries[]): void {
  const loose = series.filter((one) => one.fill > 0 && (one.stack.mode === 'none' || one.stack.mode === ''));
  if (loose.length <= readableFills) return;
  for (const one of loose) one.fill *= readableFills / loose.length;
}

/** An explicit side is kept; else the first axis is left and the others are right. */
function placeScales(scales: PlotScale[], explicit: ReadonlySet<string>): void {
  const visible = scales.filter((scale) => scale.side !== 'hidden');
  for (const [index, scale] of visible.entries()) {
    if (!explicit.has(scale.key)) scale.side = index === 0 ? 'left' : 'right';
  }
}

function readThresholds(field: Field | undefined, scale: string): PlotThresholds | undefined {
  const mode = str(obj(field?.config.custom['thresholdsStyle'])['mode'], 'off');
  const thresholds = field?.config.thresholds;
  if (!field || !thresholds || mode === 'off') return undefined;
  return {
    scale,
    line: mode.includes('line') || mode.includes('dashed'),
    area: mode.includes('area'),
    dashed: mode.includes('dashed'),
    thresholds,
    range: fieldRange(field.config, field.values),
  };
}

/**
 * What a time series panel draws, from frames with their field config applied.
 * Series named in `hidden` (switched off in the legend) keep their colour but are not stacked or drawn.
 */
export function buildPlot(frames: readonly Frame[], hidden: ReadonlySet<string> = new Set()): PlotModel {
  const scales = new Map<string, PlotScale>();
  const explicit = new Set<string>();
  const series: PlotSeries[] = [];
  const sources: { time: Field; value: Field }[] = [];
  for (const frame of frames) {
    const time = timeField(frame);
    if (!time) continue;
    for (const field of numberFields(frame)) {
      const made = seriesOf(field, series.length, '');
      const scale = scaleOf(field.config, made.color);
      made.scale = scale.key;
      if (!scales.has(scale.key)) scales.set(scale.key, scale);
      if (['left', 'right'].includes(str(field.config.custom['axisPlacement']))) explicit.add(scale.key);
      series.push(made);
      sources.push({ time, value: field });
    }
  }
  const { times, columns } = alignFrames(sources);
  for (const [index, one] of series.entries()) {
    one.values = columns[index] ?? [];
    if (hidden.has(one.label)) one.hideFrom = { ...one.hideFrom, viz: true };
    const zeros = one.field.config.custom['insertNulls'] === 'zero';
    const shown = zeros ? one.values.map((value) => value ?? 0) : one.values;
    const spans = one.field.config.custom['spanNulls'];
    const joined =
      spans === true || typeof spans === 'number' ? shown.map((value) => value ?? undefined) : shown;
    one.drawn = one.negative ? joined.map((value) => (typeof value === 'number' ? -value : value)) : joined;
  }
  const bands = stackSeries(series);
  thinFills(series);
  const all = [...scales.values()];
  placeScales(all, explicit);
  return {
    times,
    series,
    scales: all,
    bands,
    thresholds: readThresholds(series[0]?.field, series[0]?.scale ?? ''),
  };
}
