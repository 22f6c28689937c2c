import type { JSX } from 'preact';
import { cssColor, defaultThresholds } from '../dashboard/color.ts';
import { fieldRange, reduceFrames, type ReducedValue } from '../dashboard/value.ts';
import { formatText } from '../dashboard/units.ts';
import { bool, str } from '../json.ts';
import { readReduce } from './options.ts';
import type { PanelProps } from './props.ts';
import { columnsFor } from './stat.tsx';

const start = -120;
const sweep = 240;

function pointAt(radius: number, share: number): string {
  const angle = ((start + sweep * Math.min(1, Math.max(0, share)) - 90) * Math.PI) / 180;
  return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(48 + radius * Math.sin(angle)).toFixed(2)}`;
}

function arc(radius: number, from: number, to: number): string {
  const large = (to - from) * sweep > 180 ? 1 : 0;
  return `M ${pointAt(radius, from)} A ${radius} ${radius} 0 ${large} 1 ${pointAt(radius, to)}`;
}

interface Marker {
  from: number;
  to: number;
  color: string;
}

/** Where each threshold's colour begins and ends, as shares of the gauge. */
function markers(value: ReducedValue, min: number, max: number): Marker[] {
  const thresholds = value.field.config.thresholds ?? defaultThresholds;
  const share = (bound: number): number =>
    thresholds.mode === 'percentage' ? bound / 100 : (bound - min) / (max - min);
  return thresholds.steps.flatMap((step, index) => {
    const from = Number.isFinite(step.value) ? Math.max(0, share(step.value)) : 0;
    const next = thresholds.steps[index + 1];
    const to = next ? Math.min(1, Math.max(0, share(next.value))) : 1;
    return to > from ? [{ from, to, color: cssColor(step.color) }] : [];
  });
}

interface DialProps {
  value: ReducedValue;
  name: string;
  showMarkers: boolean;
  showLabels: boolean;
}

/** One dial: 240 degrees, the thresholds as a thin ring, the value in the middle. */
export function Dial({ value, name, showMarkers, showLabels }: DialProps): JSX.Element {
  const { min, max } = fieldRange(value.field.config, value.field.values);
  const share = value.number === null ? 0 : Math.min(1, Math.max(0, (value.number - min) / (max - min)));
  const text = `${value.prefix}${value.text}${value.suffix}`;
  const size = Math.min(17, 86 / Math.max(4, text.length));
  return (
    <figure class="dial">
      <svg viewBox="0 0 100 82" role="img" aria-label={`${name || value.name}: ${text}`}>
        <path d={arc(38, 0, 1)} class="dial-track" />
        {share > 0 && <path d={arc(38, 0, share)} stroke={value.color} stroke-width="9" fill="none" />}
        {showMarkers &&
          markers(value, min, max).map((marker) => (
            <path
              key={marker.from}
              d={arc(45.5, marker.from, marker.to)}
              stroke={marker.color}
              stroke-width="2.2"
              fill="none"
            />
          ))}
        <text
          x="50"
          y={50 + size / 3}
          class="dial-value tinted"
          style={{ fontSize: `${size}px`, '--c': value.color }}
        >
          {text}
        </text>
        {showLabels &&
          [min, max].map((end, index) => (
            <text key={index} x={index === 0 ? 16 : 84} y="80" class="dial-end">
              {formatText(end, value.field.config.unit ?? '', 0)}
            </text>
          ))}
      </svg>
      {name !== '' && <figcaption title={name}>{name}</figcaption>}
    </figure>
  );
}

export function GaugePanel({ panel, data, width, height }: PanelProps): JSX.Element {
  const values = reduceFrames(data.frames, readReduce(panel.options), 'thresholds');
  const columns = columnsFor(
    values.length,
    width,
    height * 0.6,
    str(panel.options['orientation'], 'auto') === 'horizontal' ? 'horizontal' : 'auto',
  );
  const rows = Math.ceil(values.length / columns);
  return (
    <div
      class="tiles"
      style={{
        gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
        gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))`,
      }}
    >
      {values.map((value, index) => (
        <Dial
          key={`${value.name}${index}`}
          value={value}
          name={values.length > 1 || value.field.config.displayName ? value.name : ''}
          showMarkers={bool(panel.options['showThresholdMarkers'], true)}
          showLabels={bool(panel.options['showThresholdLabels'])}
        />
      ))}
    </div>
  );
}
