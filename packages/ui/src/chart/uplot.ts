import uPlot from 'uplot';
import { cssColor } from '../dashboard/color.ts';
import type { PlotModel, PlotScale, PlotSeries, PlotThresholds } from '../dashboard/plot-model.ts';
import { formatText } from '../dashboard/units.ts';
import { cssVariable } from '../theme.ts';
import { formatDateTime, type AbsoluteRange } from '../time.ts';
import { axisRange, tickLabels, tickSteps, timeLabels } from './axis.ts';
import { hideTip, showTip, type TipRow } from './tooltip.ts';

/** The only file that knows uPlot: a model in, a chart in an element out. */
export interface ChartSpec {
  model: PlotModel;
  /** The range on the x axis, ms; data may be less. */
  range: AbsoluteRange;
  width: number;
  height: number;
  utc: boolean;
  tooltip: { mode: 'single' | 'multi' | 'none'; sort: 'asc' | 'desc' | 'none' };
  /** Charts with the same key share a crosshair. */
  syncKey: string | undefined;
  /** A range was dragged, ms. */
  onZoom: ((range: AbsoluteRange) => void) | undefined;
  marks: readonly ChartMark[];
}

/** An annotation: a line at a time. */
export interface ChartMark {
  time: number;
  color: string;
  title: string;
  text: string;
}

export interface Chart {
  /** New data for the same series; the caller makes a new chart when the series change. */
  update(spec: ChartSpec): void;
  destroy(): void;
}

function alpha(color: string, share: number): string {
  const hex = /^#([0-9a-f]{6})$/i.exec(color)?.[1];
  if (hex)
    return `#${hex}${Math.round(Math.min(1, share) * 255)
      .toString(16)
      .padStart(2, '0')}`;
  const rgb = /^rgba?\(([^)]*?)(?:,\s*[\d.]+)?\)$/.exec(color);
  return rgb && color.startsWith('rgb(') ? `rgba(${rgb[1] ?? ''}, ${share})` : color;
}

type Fill = string | ((plot: uPlot, index: number) => string | CanvasGradient);

function fillOf(series: PlotSeries): Fill {
  if (!series.gradient) return alpha(series.color, series.fill);
  return (plot) => {
    const { top, height } = plot.bbox;
    if (!Number.isFinite(height) || height <= 0) return alpha(series.color, series.fill);
    const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
    gradient.addColorStop(0, alpha(series.color, series.fill * 1.2));
    gradient.addColorStop(1, alpha(series.color, series.fill * 0.15));
    return gradient;
  };
}

function pathsOf(series: PlotSeries): uPlot.Series.PathBuilder | null {
  const { linear, spline, stepped, bars } = uPlot.paths;
  if (series.style === 'points') return () => null;
  if (series.style === 'bars') return bars?.({ size: [0.75, 40, 1], align: 0 }) ?? null;
  if (series.interpolation === 'smooth') return spline?.() ?? null;
  if (series.interpolation === 'stepAfter') return stepped?.({ align: 1 }) ?? null;
  if (series.interpolation === 'stepBefore') return stepped?.({ align: -1 }) ?? null;
  return linear?.() ?? null;
}

function uplotSeries(series: PlotSeries): uPlot.Series {
  const pointsOnly = series.style === 'points';
  const made: uPlot.Series = {
    label: series.label,
    scale: series.scale,
    show: !series.hideFrom.viz,
    stroke: series.color,
    width: pointsOnly ? 0 : series.width,
    paths: pathsOf(series) ?? (() => null),
    spanGaps: false,
    points: { size: Math.max(series.pointSize, series.width + 2), width: 0, fill: series.color },
  };
  if (series.fill > 0 && !pointsOnly) made.fill = fillOf(series) as string;
  if (series.dash) made.dash = series.dash;
  if (pointsOnly || series.points === 'always') made.points = { ...made.points, show: true };
  // Points of their own are drawn only where a line cannot be: one sample between two gaps.
  if (series.points === 'never' && !pointsOnly)
    made.points = { ...made.points, show: (_plot, _index, from, to) => from === to };
  return made;
}

const font = '11px Inter, system-ui, sans-serif';

function yAxis(scale: PlotScale, first: boolean): uPlot.Axis {
  const axis: uPlot.Axis = {
    scale: scale.key,
    side: scale.side === 'right' ? 1 : 3,
    show: scale.side !== 'hidden',
    font,
    stroke: scale.color ?? cssVariable('--text-dim'),
    grid: { show: first, stroke: cssVariable('--grid'), width: 1 },
    ticks: { show: false },
    gap: 6,
    space: 34,
    values: (_plot, ticks) => tickLabels(ticks, scale.unit, scale.decimals),
    size: (_plot, values) =>
      Math.ceil(Math.max(20, ...(values ?? []).map((text) => (text ?? '').length * 6.1)) + 12),
  };
  const steps = tickSteps(scale.unit);
  if (steps && scale.log === 0) axis.incrs = steps;
  if (scale.label !== '')
    Object.assign(axis, { label: scale.label, labelSize: 18, labelFont: font, labelGap: 0 });
  return axis;
}

function xAxis(utc: boolean): uPlot.Axis {
  return {
    font,
    stroke: cssVariable('--text-dim'),
    grid: { stroke: cssVariable('--grid'), width: 1 },
    ticks: { show: false },
    size: 24,
    gap: 6,
    space: 72,
    values: (_plot, ticks) => timeLabels(ticks, utc),
  };
}

function uplotScale(scale: PlotScale): uPlot.Scale {
  const made: uPlot.Scale = { range: (_plot, low, high) => axisRange(scale, low, high) };
  if (scale.log > 0) Object.assign(made, { distr: 3, log: scale.log === 2 ? 2 : 10 });
  return made;
}

function drawThresholds(plot: uPlot, { scale, line, area, dashed, thresholds, range }: PlotThresholds): void {
  const { ctx, bbox } = plot;
  const value = (step: number): number =>
    thresholds.mode === 'percentage' ? range.min + (step / 100) * (range.max - range.min) : step;
  const bottom = plot.scales[scale]?.min ?? 0;
  const top = plot.scales[scale]?.max ?? 1;
  const at = (y: number): number => plot.valToPos(Math.min(top, Math.max(bottom, y)), scale, true);
  ctx.save();
  for (const [index, step] of thresholds.steps.entries()) {
    const color = cssColor(step.color);
    if (step.color === 'transparent') continue;
    const low = Number.isFinite(step.value) ? value(step.value) : bottom;
    const next = thresholds.steps[index + 1];
    const high = next ? value(next.value) : top;
    if (area && high > bottom && low < top) {
      ctx.fillStyle = alpha(color, 0.09);
      ctx.fillRect(bbox.left, at(high), bbox.width, at(low) - at(high));
    }
    if (line && Number.isFinite(step.value) && low >= bottom && low <= top) {
      ctx.strokeStyle = alpha(color, 0.75);
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash(dashed ? [6 * devicePixelRatio, 4 * devicePixelRatio] : []);
      ctx.beginPath();
      ctx.moveTo(bbox.left, at(low));
      ctx.lineTo(bbox.left + bbox.width, at(low));
      ctx.stroke();
    }
  }
  ctx.restore();
}

function drawMarks(plot: uPlot, marks: readonly ChartMark[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const mark of marks) {
    const x = plot.valToPos(mark.time, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = alpha(cssColor(mark.color), 0.8);
    ctx.fillStyle = cssColor(mark.color);
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const size = 4 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x - size, bbox.top + bbox.height + size * 1.6);
    ctx.lineTo(x + size, bbox.top + bbox.height + size * 1.6);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.fill();
  }
  ctx.restore();
}

function nearestSeries(plot: uPlot, spec: ChartSpec, row: number, top: number): number {
  let best = -1;
  let distance = Infinity;
  for (const [index, series] of spec.model.series.entries()) {
    const value = series.drawn[row];
    if (series.hideFrom.viz || typeof value !== 'number') continue;
    const away = Math.abs(plot.valToPos(value, series.scale) - top);
    if (away < distance) [best, distance] = [index, away];
  }
  return best;
}

function tipRows(plot: uPlot, spec: ChartSpec, row: number, top: number): TipRow[] {
  const near = nearestSeries(plot, spec, row, top);
  const entries = spec.model.series.flatMap((series, index) => {
    const value = series.values[row];
    if (series.hideFrom.viz || series.hideFrom.tooltip || typeof value !== 'number') return [];
    return [
      {
        value,
        row: {
          color: series.color,
          label: series.label,
          value: formatText(value, series.unit, series.decimals),
          near: index === near,
        },
      },
    ];
  });
  const { mode, sort } = spec.tooltip;
  if (mode === 'single') return entries.filter((entry) => entry.row.near).map((entry) => entry.row);
  // Grafana's "none" keeps the order of series; a tooltip sorted by value reads better, so that is our default.
  entries.sort((a, b) => (sort === 'asc' ? a.value - b.value : b.value - a.value));
  return entries.map((entry) => entry.row);
}

function markRows(plot: uPlot, spec: ChartSpec, left: number): TipRow[] {
  return spec.marks
    .filter((mark) => Math.abs(plot.valToPos(mark.time, 'x') - left) < 6)
    .map((mark) => ({ color: cssColor(mark.color), label: mark.title, value: mark.text }));
}

function onCursor(plot: uPlot, spec: ChartSpec): void {
  const { left = -1, top = -1, idx } = plot.cursor;
  const event = plot.cursor.event;
  // Only the chart under the pointer shows a tooltip; synchronized ones show their crosshair.
  if (
    left < 0 ||
    idx === null ||
    idx === undefined ||
    spec.tooltip.mode === 'none' ||
    !event ||
    !plot.over.matches(':hover')
  ) {
    if (event?.type === 'mouseleave' || left < 0) hideTip();
    return;
  }
  const time = spec.model.times[idx];
  if (time === undefined) return;
  const rows = [...markRows(plot, spec, left), ...tipRows(plot, spec, idx, top)];
  if (rows.length === 0) hideTip();
  else showTip(event.clientX, event.clientY, formatDateTime(time, spec.utc), rows);
}

function onSelect(plot: uPlot, spec: ChartSpec): void {
  const { left, width } = plot.select;
  if (width > 8 && spec.onZoom) {
    const from = Math.round(plot.posToVal(left, 'x'));
    const to = Math.round(plot.posToVal(left + width, 'x'));
    if (to - from >= 1000) spec.onZoom({ from, to });
  }
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

function dataOf(model: PlotModel): uPlot.AlignedData {
  return [model.times, ...model.series.map((series) => series.drawn)] as uPlot.AlignedData;
}

/** Charts share the crosshair; a range dragged in one must not be dragged in all of them. */
const onlyMoves = { pub: (type: string): boolean => type === 'mousemove' || type === 'mouseleave' };

function optionsOf(current: { spec: ChartSpec }): uPlot.Options {
  const { model, width, height, utc, syncKey } = current.spec;
  const scales = Object.fromEntries(model.scales.map((scale) => [scale.key, uplotScale(scale)]));
  return {
    ms: 1,
    width,
    height,
    padding: [
      8,
      model.scales.some((scale) => scale.side === 'right') ? 0 : 10,
      0,
      model.scales.some((scale) => scale.side === 'left') ? 0 : 10,
    ],
    legend: { show: false },
    focus: { alpha: 1 },
    scales: { x: { time: true, range: () => [current.spec.range.from, current.spec.range.to] }, ...scales },
    axes: [xAxis(utc), ...model.scales.map((scale, index) => yAxis(scale, index === 0))],
    series: [{}, ...model.series.map(uplotSeries)],
    bands: model.bands.map(({ upper, lower }) => ({ series: [upper + 1, lower + 1] as [number, number] })),
    cursor: {
      y: true,
      points: { size: 6, width: 0 },
      drag: { x: true, y: false, setScale: false },
      ...(syncKey === undefined
        ? {}
        : {
            sync: {
              key: syncKey,
              setSeries: false,
              scales: ['x', null] as [string, null],
              filters: onlyMoves,
            },
          }),
    },
    hooks: {
      setCursor: [(plot) => onCursor(plot, current.spec)],
      setSelect: [(plot) => onSelect(plot, current.spec)],
      drawClear: [
        (plot) => current.spec.model.thresholds && drawThresholds(plot, current.spec.model.thresholds),
      ],
      draw: [(plot) => drawMarks(plot, current.spec.marks)],
    },
  };
}

export function createChart(host: HTMLElement, spec: ChartSpec): Chart {
  const current = { spec };
  const plot = new uPlot(optionsOf(current), dataOf(spec.model), host);
  const hide = (): void => hideTip();
  plot.over.addEventListener('mouseleave', hide);
  return {
    update(next) {
      const resized = next.width !== current.spec.width || next.height !== current.spec.height;
      current.spec = next;
      plot.setData(dataOf(next.model), true);
      if (resized) plot.setSize({ width: next.width, height: next.height });
    },
    destroy() {
      plot.over.removeEventListener('mouseleave', hide);
      hideTip();
      plot.destroy();
    },
  };
}
