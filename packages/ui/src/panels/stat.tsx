import type { JSX } from 'preact';
import { fieldRange, reduceFrames, type ReducedValue } from '../dashboard/value.ts';
import { timeField, type Frame } from '../dashboard/frame.ts';
import { str } from '../json.ts';
import type { PanelProps } from './props.ts';
import { readReduce } from './options.ts';

/** The largest type that fits `chars` characters into a tile. */
export function fontSize(chars: number, width: number, height: number, most = 46): number {
  return Math.max(12, Math.min(most, (width - 16) / (Math.max(3, chars) * 0.66), height * 0.58));
}

/** How many columns make tiles that are nearest to twice as wide as high. */
export function columnsFor(count: number, width: number, height: number, orientation: string): number {
  if (orientation === 'horizontal') return 1;
  if (orientation === 'vertical') return count;
  let best = 1;
  let closeness = Infinity;
  for (let columns = 1; columns <= count; columns++) {
    const ratio = width / columns / (height / Math.ceil(count / columns));
    const away = Math.abs(Math.log(ratio / 2.2));
    if (away < closeness) [best, closeness] = [columns, away];
  }
  return best;
}

function sparkPoints(values: ReducedValue['field']['values'], frame: Frame): [number, number][] {
  const times = timeField(frame)?.values ?? [];
  const first = Number(times[0] ?? 0);
  const span = Number(times.at(-1) ?? 1) - first || 1;
  const { min, max } = fieldRange({ custom: {} }, values);
  return values.flatMap((value, row): [number, number][] =>
    typeof value === 'number' && Number.isFinite(value)
      ? [[((Number(times[row]) - first) / span) * 100, 38 - ((value - min) / (max - min)) * 34]]
      : [],
  );
}

/** A small line without axes: where a single value comes from. */
export function Sparkline({
  value,
  color,
}: {
  value: Pick<ReducedValue, 'field' | 'frame'>;
  color: string;
}): JSX.Element | null {
  const points = sparkPoints(value.field.values, value.frame);
  if (points.length < 2) return null;
  const line = points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(' ');
  return (
    <svg class="spark" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
      <polygon
        points={`${points[0]?.[0] ?? 0},40 ${line} ${points.at(-1)?.[0] ?? 100},40`}
        fill={color}
        opacity="0.14"
      />
      <polyline
        points={line}
        fill="none"
        stroke={color}
        stroke-width="1.3"
        vector-effect="non-scaling-stroke"
      />
    </svg>
  );
}

interface TileProps {
  value: ReducedValue;
  options: { text: string; color: string; graph: string; prefix: string; postfix: string };
  named: boolean;
  width: number;
  height: number;
  /** Characters of the longest text beside it, so that all are of one size. */
  longest: number;
}

function Tile({ value, options, named, width, height, longest }: TileProps): JSX.Element {
  const background = options.color.startsWith('background');
  const roomy = height > 40 || options.text === 'name';
  const showName =
    roomy &&
    (options.text === 'name' || options.text === 'value_and_name' || (options.text === 'auto' && named));
  const showValue = options.text !== 'name' && options.text !== 'none';
  const full = `${options.prefix}${value.prefix}${value.text}${value.suffix}${options.postfix}`;
  const size = fontSize(longest, width, showName && showValue ? height * 0.8 : height);
  const color = options.color === 'value' ? value.color : undefined;
  return (
    <div
      class={background ? 'stat filled' : 'stat'}
      style={background ? { background: `color-mix(in srgb, ${value.color} 68%, #000)` } : {}}
      title={`${value.name}: ${full}`}
    >
      {options.graph === 'area' && <Sparkline value={value} color={background ? '#ffffff' : value.color} />}
      {showName && showValue && <div class="stat-name">{value.name}</div>}
      <div
        class={color ? 'stat-value tinted' : 'stat-value'}
        style={{ fontSize: `${size}px`, ...(color ? { '--c': color } : {}) }}
      >
        {showValue ? (
          <>
            {options.prefix + value.prefix}
            {value.text}
            <small>{value.suffix + options.postfix}</small>
          </>
        ) : (
          value.name
        )}
      </div>
    </div>
  );
}

export function StatPanel({ panel, data, width, height }: PanelProps): JSX.Element {
  const { options } = panel;
  const values = reduceFrames(data.frames, readReduce(options), 'thresholds');
  const columns = columnsFor(values.length, width, height, str(options['orientation'], 'auto'));
  const gap = 4;
  const tile = {
    width: (width - gap * (columns - 1)) / columns,
    height: (height - gap * (Math.ceil(values.length / columns) - 1)) / Math.ceil(values.length / columns),
  };
  const tileOptions = {
    text: str(options['textMode'], 'auto'),
    color: str(options['colorMode'], 'value'),
    graph: str(options['graphMode'], 'area'),
    prefix: str(options['prefix']),
    postfix: str(options['postfix']),
  };
  const { prefix, postfix, text } = tileOptions;
  const lengthOf = (value: ReducedValue): number =>
    (text === 'name' ? value.name : prefix + value.prefix + value.text + value.suffix + postfix).length;
  const longest = Math.max(0, ...values.map(lengthOf));
  return (
    <div class="tiles" style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gap: `${gap}px` }}>
      {values.map((value, index) => (
        <Tile
          key={`${value.name}${index}`}
          value={value}
          options={tileOptions}
          named={values.length > 1}
          longest={longest}
          {...tile}
        />
      ))}
    </div>
  );
}
