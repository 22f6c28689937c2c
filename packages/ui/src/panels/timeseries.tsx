import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import { Legend } from '../chart/legend.tsx';
import { buildPlot } from '../dashboard/plot-model.ts';
import { readLegend, readTooltip } from './options.ts';
import type { PanelProps } from './props.ts';

const lineHeight = 20;

/** How much of the panel the legend below may take: what it needs, a third at most. */
function legendHeight(
  mode: 'list' | 'table',
  names: readonly string[],
  extra: number,
  height: number,
  width: number,
): number {
  // About 6 px a letter, a mark, and the gap to the next name.
  const needed = names.reduce((sum, name) => sum + Math.min(width, name.length * 6 + extra * 84 + 30), 0);
  const rows = mode === 'table' ? names.length + 1 : Math.ceil(needed / Math.max(80, width - 12));
  const most = Math.max(1, Math.floor((height * (mode === 'table' ? 0.42 : 0.3)) / lineHeight));
  return Math.min(rows, most) * lineHeight + 4;
}

export function TimeseriesPanel({
  panel,
  data,
  width,
  height,
  utc,
  syncKey,
  onZoom,
  marks,
}: PanelProps): JSX.Element {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const model = useMemo(() => buildPlot(data.frames, hidden), [data, hidden]);
  const legend = readLegend(panel.options);
  // On a narrow panel a legend on the right would leave no room for the chart.
  const right = legend.show && legend.placement === 'right' && width > 420;
  const names = model.series.filter((series) => !series.hideFrom.legend).map((series) => series.label);
  const below =
    legend.show && !right && height > 110
      ? legendHeight(legend.mode, names, legend.calcs.length, height, width)
      : 0;
  const beside = right ? Math.min(legend.mode === 'table' ? 340 : 220, Math.floor(width * 0.42)) : 0;
  const spec = {
    model,
    range: data.range,
    width: width - beside,
    height: Math.max(40, height - below),
    utc,
    tooltip: readTooltip(panel.options),
    syncKey,
    onZoom,
    marks,
  };
  return (
    <div class={right ? 'chart-box right' : 'chart-box'}>
      <Chart spec={spec} />
      {(below > 0 || right) && (
        <div
          class="legend-box"
          style={right ? { width: `${beside}px`, height: `${height}px` } : { height: `${below}px` }}
        >
          <Legend
            options={{ ...legend, placement: right ? 'right' : 'bottom' }}
            series={model.series}
            hidden={hidden}
            onChange={setHidden}
          />
        </div>
      )}
    </div>
  );
}
