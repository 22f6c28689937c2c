import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { timeLabels, timeTicks } from '../chart/axis.ts';
import { hideTip, showTip } from '../chart/tooltip.ts';
import { readableOn } from '../dashboard/contrast.ts';
import { displayName, timeField, type Cell } from '../dashboard/frame.ts';
import type { Frame } from '../dashboard/frame.ts';
import { displayValue } from '../dashboard/value.ts';
import { num } from '../json.ts';
import { formatAge, formatDateTime, type AbsoluteRange } from '../time.ts';
import type { PanelProps } from './props.ts';

/** A stretch of time in which a row's text did not change. */
export interface Segment {
  from: number;
  to: number;
  text: string;
  color: string;
}

export interface TimelineRow {
  name: string;
  segments: Segment[];
}

function usualStep(times: readonly Cell[]): number {
  let step = Infinity;
  for (let row = 1; row < times.length; row++)
    step = Math.min(step, Number(times[row]) - Number(times[row - 1]));
  return Number.isFinite(step) ? step : 60_000;
}

/** Rows of segments; equal neighbours become one unless each sample is to stand alone (status history). */
export function timelineRows(frames: readonly Frame[], merge: boolean): TimelineRow[] {
  const rows: TimelineRow[] = [];
  for (const frame of frames) {
    const times = timeField(frame)?.values;
    if (!times) continue;
    const step = usualStep(times);
    for (const field of frame.fields) {
      if (field.type === 'time') continue;
      const segments: Segment[] = [];
      for (const [row, time] of times.entries()) {
        const value = field.values[row] ?? null;
        if (value === null) continue;
        const shown = displayValue(field, value, { index: rows.length, fallbackColor: 'thresholds' });
        const text = `${shown.prefix}${shown.text}${shown.suffix}`;
        const from = Number(time);
        const last = segments.at(-1);
        // The state of a sample holds until the next one is due.
        if (merge && last && last.text === text && last.color === shown.color && from - last.to < step)
          last.to = from + step;
        else segments.push({ from, to: from + step, text, color: shown.color });
      }
      rows.push({ name: displayName(field), segments });
    }
  }
  return rows;
}

interface TimelineProps {
  rows: readonly TimelineRow[];
  range: AbsoluteRange;
  utc: boolean;
  /** Share of the row's height that segments take. */
  rowHeight: number;
  showText: boolean;
  /** Pixels for the bars. */
  width: number;
  /** Pixels for the names. */
  names: number;
}

function SegmentBar({
  segment,
  row,
  props,
}: {
  segment: Segment;
  row: TimelineRow;
  props: TimelineProps;
}): JSX.Element {
  const { range, utc } = props;
  const from = shareOf(segment.from, range);
  const share = shareOf(segment.to, range) - from;
  const title = `${formatDateTime(segment.from, utc)} – ${formatDateTime(segment.to, utc).slice(11)}`;
  const show = (event: PointerEvent): void =>
    showTip(event.clientX, event.clientY, title, [
      { color: segment.color, label: row.name, value: segment.text },
      { color: 'transparent', label: 'lasted', value: formatAge(segment.to - segment.from) },
    ]);
  const roomy = share * props.width > segment.text.length * 7 + 10;
  const style = {
    left: `${from * 100}%`,
    width: `calc(${share * 100}% - 1px)`,
    height: `${props.rowHeight * 100}%`,
    background: segment.color,
    color: readableOn(segment.color),
  };
  return (
    <i style={style} onPointerMove={show}>
      {props.showText && roomy ? segment.text : ''}
    </i>
  );
}

/** Where a time stands between the ends of the range, 0 to 1. */
function shareOf(time: number, range: AbsoluteRange): number {
  return (Math.min(range.to, Math.max(range.from, time)) - range.from) / (range.to - range.from);
}

/** States over time: one bar for each row, a colour for each state. Plain elements, so that it prints and zooms. */
export function Timeline(props: TimelineProps): JSX.Element {
  const { rows, range, utc, names } = props;
  const ticks = timeTicks(range.from, range.to, Math.max(2, Math.floor(props.width / 110)));
  const labels = timeLabels(ticks, utc);
  return (
    <div class="timeline" style={{ '--names': `${names}px` }}>
      {rows.map((row, index) => (
        <div class="timeline-row" key={`${row.name}${index}`}>
          <span class="timeline-name" title={row.name}>
            {row.name}
          </span>
          <div class="timeline-track" onPointerLeave={hideTip}>
            {row.segments
              .filter((segment) => segment.to > range.from && segment.from < range.to)
              .map((segment) => (
                <SegmentBar key={segment.from} segment={segment} row={row} props={props} />
              ))}
          </div>
        </div>
      ))}
      <div class="timeline-axis" aria-hidden="true">
        {ticks.map((tick, index) => (
          <span key={tick} style={{ left: `${shareOf(tick, range) * 100}%` }}>
            {labels[index]}
          </span>
        ))}
      </div>
    </div>
  );
}

export function TimelinePanel({ panel, data, width, utc }: PanelProps): JSX.Element {
  const history = panel.type === 'status-history';
  const rows = useMemo(
    () => timelineRows(data.frames, !history && panel.options['mergeValues'] !== false),
    [data],
  );
  const longest = Math.max(0, ...rows.map((row) => row.name.length));
  const names = Math.round(Math.min(longest * 6.6 + 8, width * 0.32, 280));
  const rowHeight = num(panel.options['rowHeight']) ?? 0.9;
  const showText = !history && panel.options['showValue'] !== 'never';
  return (
    <Timeline {...{ rows, range: data.range, utc, rowHeight, showText, names }} width={width - names - 8} />
  );
}
