import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { timeLabels, timeTicks } from '../chart/axis.ts';
import { hideTip, showTip } from '../chart/tooltip.ts';
import { mix } from '../dashboard/color.ts';
import { buildHeatmap, type HeatmapModel } from '../dashboard/heatmap-model.ts';
import { formatText } from '../dashboard/units.ts';
import { bool, obj, str } from '../json.ts';
import { theme } from '../theme.ts';
import { formatDateTime } from '../time.ts';
import type { PanelProps } from './props.ts';

const axisWidth = 54;
const axisHeight = 22;

const ramps = {
  dark: ['#1d2433', '#2b4a7a', '#3f8f9f', '#9bc35b', '#f6e05e'],
  light: ['#eef2f7', '#a9c8e8', '#4f93c9', '#2a5f9e', '#1b2f66'],
} as const;

function draw(
  canvas: HTMLCanvasElement,
  model: HeatmapModel,
  range: { from: number; to: number },
  ramp: readonly string[],
): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const { width, height } = canvas;
  const rowHeight = height / Math.max(1, model.rows.length);
  const x = (time: number): number => ((time - range.from) / (range.to - range.from)) * width;
  context.clearRect(0, 0, width, height);
  for (const [row, cells] of model.cells.entries()) {
    for (const [column, count] of cells.entries()) {
      if (!(count > 0)) continue;
      const from = x(model.times[column] ?? 0);
      // A square root keeps the rare cells visible beside the crowded ones.
      context.fillStyle = mix(ramp, 0.12 + 0.88 * Math.sqrt(count / model.max));
      const columnWidth = x((model.times[column] ?? 0) + model.step) - from;
      // Narrow columns stand without a gap: else the gaps would be all one sees.
      const drawn = columnWidth > 4 ? columnWidth - 1 : Math.ceil(columnWidth);
      context.fillRect(from, height - (row + 1) * rowHeight, Math.max(1, drawn), Math.max(1, rowHeight - 1));
    }
  }
}

/** Counts by time and bucket. */
export function HeatmapPanel({ panel, data, width, height, utc }: PanelProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const calculate = bool(panel.options['calculate']) || str(panel.options['dataFormat']) === 'timeseries';
  const model = useMemo(() => buildHeatmap(data.frames, calculate), [data]);
  const plot = { width: Math.max(10, width - axisWidth), height: Math.max(10, height - axisHeight) };
  const ramp = ramps[theme.value];
  useLayoutEffect(() => {
    if (canvas.current) draw(canvas.current, model, data.range, ramp);
  }, [model, plot.width, plot.height, ramp]);
  const unit = str(obj(panel.options['yAxis'])['unit']) || panel.defaults.unit || '';
  const label = (row: number): string => {
    const name = model.rows[row] ?? '';
    const bound = Number(name);
    return name === '' || Number.isNaN(bound) ? name : formatText(bound, unit);
  };
  const every = Math.max(1, Math.ceil(model.rows.length / Math.max(1, plot.height / 18)));
  const ticks = timeTicks(data.range.from, data.range.to, Math.max(2, Math.floor(plot.width / 90)));
  const labels = timeLabels(ticks, utc);
  const hover = (event: PointerEvent): void => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return;
    const time =
      data.range.from + ((event.clientX - box.left) / box.width) * (data.range.to - data.range.from);
    const row = Math.floor((1 - (event.clientY - box.top) / box.height) * model.rows.length);
    const column = model.times.findIndex((start) => time >= start && time < start + model.step);
    const count = model.cells[row]?.[column];
    if (count === undefined) hideTip();
    else
      showTip(event.clientX, event.clientY, formatDateTime(model.times[column] ?? 0, utc), [
        { color: mix(ramp, count / (model.max || 1)), label: label(row), value: formatText(count, 'short') },
      ]);
  };
  return (
    <div class="heatmap">
      <div class="heatmap-y" style={{ width: `${axisWidth}px`, height: `${plot.height}px` }}>
        {model.rows.map(
          (name, row) =>
            row % every === 0 && (
              <span key={`${name}${row}`} style={{ bottom: `${(row / model.rows.length) * 100}%` }}>
                {label(row)}
              </span>
            ),
        )}
      </div>
      <canvas
        ref={canvas}
        width={plot.width}
        height={plot.height}
        onPointerMove={hover}
        onPointerLeave={hideTip}
      />
      <div class="timeline-axis" style={{ '--names': `${axisWidth - 8}px` }} aria-hidden="true">
        {ticks.map((tick, index) => (
          <span
            key={tick}
            style={{ left: `${((tick - data.range.from) / (data.range.to - data.range.from)) * 100}%` }}
          >
            {labels[index]}
          </span>
        ))}
      </div>
    </div>
  );
}
