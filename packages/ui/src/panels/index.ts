import type { ComponentType } from 'preact';
import { BarGaugePanel } from './bargauge.tsx';
import { GaugePanel } from './gauge.tsx';
import { HeatmapPanel } from './heatmap.tsx';
import { PiePanel } from './piechart.tsx';
import type { PanelProps } from './props.ts';
import { StatPanel } from './stat.tsx';
import { TablePanel } from './table.tsx';
import { TextPanel } from './text.tsx';
import { TimelinePanel } from './timeline.tsx';
import { TimeseriesPanel } from './timeseries.tsx';

/** The panel types that are drawn; legacy types were migrated to these when the dashboard was read. */
export const panelTypes: Readonly<Record<string, ComponentType<PanelProps>>> = {
  timeseries: TimeseriesPanel,
  stat: StatPanel,
  gauge: GaugePanel,
  bargauge: BarGaugePanel,
  table: TablePanel,
  'state-timeline': TimelinePanel,
  'status-history': TimelinePanel,
  heatmap: HeatmapPanel,
  piechart: PiePanel,
  text: TextPanel,
};
