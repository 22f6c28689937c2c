import type { JSX } from 'preact';
import { hideTip, showTip } from '../chart/tooltip.ts';
import { readableOn } from '../dashboard/contrast.ts';
import { reduceFrames, type ReducedValue } from '../dashboard/value.ts';
import { obj, str, strings } from '../json.ts';
import { readLegend, readReduce } from './options.ts';
import type { PanelProps } from './props.ts';

interface Slice {
  value: ReducedValue;
  from: number;
  to: number;
}

function slices(values: readonly ReducedValue[]): Slice[] {
  const positive = values
    .filter((value) => (value.number ?? 0) > 0)
    .sort((a, b) => (b.number ?? 0) - (a.number ?? 0));
  const total = positive.reduce((sum, value) => sum + (value.number ?? 0), 0);
  let from = 0;
  return positive.map((value) => {
    const slice = { value, from, to: from + (value.number ?? 0) / total };
    from = slice.to;
    return slice;
  });
}

function point(radius: number, share: number): string {
  const angle = (share * 360 - 90) * (Math.PI / 180);
  return `${(50 + radius * Math.cos(angle)).toFixed(3)} ${(50 + radius * Math.sin(angle)).toFixed(3)}`;
}

function sector(from: number, to: number, inner: number): string {
  const end = to - from > 0.9999 ? from + 0.9999 : to; // a full circle has no arc
  const large = end - from > 0.5 ? 1 : 0;
  return `M ${point(48, from)} A 48 48 0 ${large} 1 ${point(48, end)} L ${point(inner, end)} A ${inner} ${inner} 0 ${large} 0 ${point(inner, from)} Z`;
}

const percent = (slice: Slice): string =>
  `${((slice.to - slice.from) * 100).toFixed(slice.to - slice.from < 0.1 ? 1 : 0)}%`;
const written = ({ value }: Slice): string => `${value.prefix}${value.text}${value.suffix}`;

export function PiePanel({ panel, data, width, height }: PanelProps): JSX.Element {
  const parts = slices(reduceFrames(data.frames, readReduce(panel.options), 'palette-classic'));
  const legend = readLegend(panel.options);
  const shown = strings(obj(panel.options['legend'])['values']);
  const labels = strings(panel.options['displayLabels']);
  const inner = str(panel.options['pieType'], 'pie') === 'donut' ? 30 : 0.01;
  const right = legend.placement === 'right' && width > height;
  return (
    <div class={right ? 'pie right' : 'pie'}>
      <svg
        viewBox="0 0 100 100"
        role="img"
        aria-label={parts.map((slice) => `${slice.value.name} ${percent(slice)}`).join(', ')}
      >
        {parts.map((slice) => (
          <g
            key={slice.from}
            onPointerMove={(event) =>
              showTip(event.clientX, event.clientY, slice.value.name, [
                { color: slice.value.color, label: percent(slice), value: written(slice) },
              ])
            }
            onPointerLeave={hideTip}
          >
            <path d={sector(slice.from, slice.to, inner)} fill={slice.value.color} class="slice" />
            {labels.length > 0 && slice.to - slice.from > 0.06 && (
              <text
                class="slice-label"
                fill={readableOn(slice.value.color)}
                x={point(36, (slice.from + slice.to) / 2).split(' ')[0]}
                y={point(36, (slice.from + slice.to) / 2).split(' ')[1]}
              >
                {labels.includes('percent')
                  ? percent(slice)
                  : labels.includes('value')
                    ? written(slice)
                    : slice.value.name}
              </text>
            )}
          </g>
        ))}
      </svg>
      {legend.show && (
        <ul class="pie-legend">
          {parts.map((slice) => (
            <li key={slice.from}>
              <i class="legend-mark" style={{ background: slice.value.color }} />
              <span>{slice.value.name}</span>
              {(shown.length === 0 || shown.includes('value')) && <b>{written(slice)}</b>}
              {shown.includes('percent') && <b>{percent(slice)}</b>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
