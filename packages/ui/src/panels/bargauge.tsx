import type { JSX } from 'preact';
import { defaultThresholds, mix, schemeStops, thresholdColor } from '../dashboard/color.ts';
import { fieldRange, reduceFrames, type ReducedValue } from '../dashboard/value.ts';
import { str } from '../json.ts';
import { readReduce } from './options.ts';
import type { PanelProps } from './props.ts';

type Mode = 'basic' | 'gradient' | 'lcd';
const cells = 40;

function colorAt(value: ReducedValue, share: number, min: number, max: number): string {
  const { config } = value.field;
  const at = min + share * (max - min);
  const stops = schemeStops(config.color?.mode ?? '');
  if (stops) return mix(stops, share);
  if ((config.color?.mode ?? 'thresholds') === 'thresholds')
    return thresholdColor(config.thresholds ?? defaultThresholds, at, min, max);
  return value.color;
}

function Bar({
  value,
  mode,
  min,
  max,
  vertical,
}: {
  value: ReducedValue;
  mode: Mode;
  min: number;
  max: number;
  vertical: boolean;
}): JSX.Element {
  const share = value.number === null ? 0 : Math.min(1, Math.max(0, (value.number - min) / (max - min)));
  if (mode === 'lcd') {
    return (
      <div class="bar lcd">
        {Array.from({ length: cells }, (_none, index) => {
          const position = index / cells;
          const on = position < share;
          return (
            <i
              key={index}
              style={{ background: colorAt(value, position, min, max), opacity: on ? 1 : 0.16 }}
            />
          );
        })}
      </div>
    );
  }
  const direction = vertical ? 'to top' : 'to right';
  const fill =
    mode === 'gradient'
      ? `linear-gradient(${direction}, ${colorAt(value, 0, min, max)}, ${value.color})`
      : value.color;
  const size = `${share * 100}%`;
  return (
    <div class="bar">
      <i
        style={{
          background: fill,
          ...(vertical ? { height: size, width: '100%' } : { width: size, height: '100%' }),
        }}
      />
    </div>
  );
}

/** Bars with one common scale: for comparing instances, disks, containers. */
export function BarGaugePanel({ panel, data, width, height }: PanelProps): JSX.Element {
  const { options } = panel;
  const values = reduceFrames(data.frames, readReduce(options), 'thresholds');
  const mode: Mode =
    options['displayMode'] === 'lcd' ? 'lcd' : options['displayMode'] === 'basic' ? 'basic' : 'gradient';
  const orientation = str(options['orientation'], 'auto');
  const vertical =
    orientation === 'vertical' || (orientation === 'auto' && height > width * 1.2 && values.length < 6);
  const { min, max } = fieldRange(
    panel.defaults,
    values.map((value) => value.number),
  );
  const ends = (value: ReducedValue): { min: number; max: number } => {
    const own = value.field.config;
    return {
      min: own.min ?? Math.min(0, min),
      max: own.max ?? (own.unit === 'percent' ? 100 : own.unit === 'percentunit' ? 1 : max),
    };
  };
  return (
    <div class={vertical ? 'bars vertical' : 'bars'}>
      {values.map((value, index) => (
        <div
          class="bar-row"
          key={`${value.name}${index}`}
          title={`${value.name}: ${value.prefix}${value.text}${value.suffix}`}
        >
          <span class="bar-name">{value.name}</span>
          <Bar
            value={value}
            mode={vertical && mode === 'lcd' ? 'basic' : mode}
            vertical={vertical}
            {...ends(value)}
          />
          <span class="bar-value tinted" style={{ '--c': value.color }}>
            {value.prefix}
            {value.text}
            {value.suffix}
          </span>
        </div>
      ))}
    </div>
  );
}
