import type { ChartMark } from '../chart/uplot.ts';
import type { PanelData } from '../dashboard/load.ts';
import type { Panel } from '../dashboard/types.ts';
import type { AbsoluteRange } from '../time.ts';

/** What every panel type is given to draw. */
export interface PanelProps {
  panel: Panel;
  data: PanelData;
  /** Pixels of the panel's body. */
  width: number;
  height: number;
  utc: boolean;
  syncKey: string | undefined;
  onZoom: ((range: AbsoluteRange) => void) | undefined;
  marks: readonly ChartMark[];
  /** Puts the dashboard's variables into text and addresses. */
  fill: (text: string) => string;
}
