import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { readableOn } from '../dashboard/contrast.ts';
import { displayName, frame, field, type Cell, type Field, type Frame } from '../dashboard/frame.ts';
import { safeUrl } from '../dashboard/markdown.ts';
import { reduceField } from '../dashboard/reduce.ts';
import { displayValue, fieldRange } from '../dashboard/value.ts';
import { bool, num, obj, objects, str, strings } from '../json.ts';
import { formatDateTime } from '../time.ts';
import type { PanelProps } from './props.ts';

const pageSize = 100;

/** A table shows one frame. Series without a common table become one row each: name and last value. */
export function tableFrame(frames: readonly Frame[], index: number): Frame {
  const chosen = frames[index] ?? frames[0];
  if (!chosen) return frame('A', []);
  const allSeries =
    frames.length > 1 && frames.every((one) => one.fields.length === 2 && one.fields[0]?.type === 'time');
  if (!allSeries) return chosen;
  const values = frames.flatMap((one) => one.fields[1] ?? []);
  return frame(chosen.refId, [
    field(
      'Series',
      'string',
      values.map((one) => displayName(one)),
    ),
    {
      ...(values[0] ?? field('Value', 'number', [])),
      name: 'Value',
      legend: 'Value',
      labels: {},
      values: values.map((one) => reduceField(one, 'lastNotNull')),
    },
  ]);
}

function compare(a: Cell, b: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a).localeCompare(String(b), 'en', { numeric: true });
}

interface CellStyle {
  type: string;
  mode: string;
}

/** `cellOptions` since Grafana 9.2; `displayMode` before. */
function cellStyle(one: Field): CellStyle {
  const options = obj(one.config.custom['cellOptions']);
  const legacy = str(one.config.custom['displayMode']);
  const type = str(options['type']) || legacy || 'auto';
  if (type === 'gradient-gauge' || type === 'lcd-gauge' || type === 'basic')
    return { type: 'gauge', mode: type };
  return { type, mode: str(options['mode']) };
}

function CellContent({
  one,
  value,
  row,
  fill,
  utc,
}: {
  one: Field;
  value: Cell;
  row: number;
  fill: (text: string) => string;
  utc: boolean;
}): JSX.Element {
  if (one.type === 'time' && typeof value === 'number' && one.config.unit === undefined)
    return <>{formatDateTime(value, utc)}</>;
  const shown = displayValue(one, value, { index: 0, fallbackColor: 'thresholds' });
  const text = value === null ? (one.config.noValue ?? '') : `${shown.prefix}${shown.text}${shown.suffix}`;
  const style = cellStyle(one);
  const link = one.config.links?.[0];
  const href = link ? safeUrl(fillLink(fill(link.url), one, value, row)) : undefined;
  const content = href ? <a href={href}>{text}</a> : <>{text}</>;
  if (style.type === 'gauge' && typeof value === 'number') {
    const { min, max } = fieldRange(one.config, one.values);
    const share = Math.min(1, Math.max(0, (value - min) / (max - min)));
    return (
      <span class="cell-gauge">
        <i style={{ width: `${share * 70}%`, background: shown.color }} />
        <span class="tinted" style={{ '--c': shown.color }}>
          {content}
        </span>
      </span>
    );
  }
  return content;
}

function fillLink(url: string, one: Field, value: Cell, row: number): string {
  return url.replace(
    /\$\{__value\.(raw|text|numeric)\}|\$\{__field\.labels\.(\w+)\}|\$\{__data\.rowIndex\}/g,
    (whole: string, part?: string, label?: string) => {
      if (part) return encodeURIComponent(String(value ?? ''));
      return label ? encodeURIComponent(one.labels[label] ?? '') : whole.includes('row') ? String(row) : '';
    },
  );
}

function cellCss(one: Field, value: Cell): Record<string, string> {
  const style = cellStyle(one);
  const align = str(one.config.custom['align']);
  const css: Record<string, string> =
    align === 'center' || align === 'right' || align === 'left' ? { textAlign: align } : {};
  if (value === null) return css;
  if (
    style.type === 'color-text' ||
    style.type === 'color-background' ||
    style.type === 'color-background-solid'
  ) {
    const { color } = displayValue(one, value, { index: 0, fallbackColor: 'thresholds' });
    if (style.type === 'color-text') css['color'] = `color-mix(in srgb, ${color} var(--tint), #000)`;
    else Object.assign(css, { background: color, color: readableOn(color) });
  }
  return css;
}

interface Sort {
  name: string;
  desc: boolean;
}

function initialSort(options: PanelProps['panel']['options'], fields: Field[]): Sort | undefined {
  const [by] = objects(options['sortBy']);
  if (by) return { name: str(by['displayName']), desc: bool(by['desc']) };
  const column = num(options['sortColumn']);
  const legacy = column === undefined ? undefined : fields[column];
  return legacy ? { name: displayName(legacy), desc: bool(options['sortDesc'], true) } : undefined;
}

function Footer({
  fields,
  options,
}: {
  fields: Field[];
  options: PanelProps['panel']['options'];
}): JSX.Element | null {
  const footer = obj(options['footer']);
  if (!bool(footer['show'])) return null;
  const calc = strings(footer['reducer'])[0] ?? 'sum';
  const chosen = strings(footer['fields']);
  return (
    <tfoot>
      <tr>
        {fields.map((one, index) => {
          const wanted = one.type === 'number' && (chosen.length === 0 || chosen.includes(displayName(one)));
          const shown = wanted
            ? displayValue({ ...one, config: { ...one.config, mappings: [] } }, reduceField(one, calc), {
                index: 0,
                fallbackColor: 'thresholds',
              })
            : undefined;
          return (
            <td key={index} class={one.type === 'number' ? 'num' : ''}>
              {shown ? `${shown.prefix}${shown.text}${shown.suffix}` : index === 0 ? calc : ''}
            </td>
          );
        })}
      </tr>
    </tfoot>
  );
}

interface HeaderProps {
  fields: readonly Field[];
  sort: Sort | undefined;
  onSort: (sort: Sort) => void;
}

function Header({ fields, sort, onSort }: HeaderProps): JSX.Element {
  return (
    <thead>
      <tr>
        {fields.map((one, index) => {
          const name = displayName(one);
          const width = num(one.config.custom['width']);
          const sorted = sort?.name === name;
          const numeric = one.type === 'number';
          return (
            <th
              key={index}
              scope="col"
              class={numeric ? 'num' : ''}
              style={width ? { minWidth: `${Math.min(width, 400)}px` } : {}}
              aria-sort={sorted ? (sort.desc ? 'descending' : 'ascending') : 'none'}
            >
              <button type="button" onClick={() => onSort({ name, desc: sorted ? !sort.desc : numeric })}>
                {name}
                {sorted ? (sort.desc ? ' ↓' : ' ↑') : ''}
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

export function TablePanel({ panel, data, fill, utc }: PanelProps): JSX.Element {
  const table = useMemo(() => tableFrame(data.frames, num(panel.options['frameIndex']) ?? 0), [data]);
  const fields = table.fields.filter(
    (one) => !bool(one.config.custom['hidden']) && !bool(obj(one.config.custom['hideFrom'])['viz']),
  );
  const [chosen, setSort] = useState<Sort | undefined>(undefined);
  const [limit, setLimit] = useState(pageSize);
  const sort = chosen ?? initialSort(panel.options, fields);
  const order = useMemo(() => {
    const rows = Array.from({ length: table.length }, (_none, row) => row);
    const key = sort && fields.find((one) => displayName(one) === sort.name);
    return key
      ? rows.sort((a, b) => compare(key.values[a] ?? null, key.values[b] ?? null) * (sort.desc ? -1 : 1))
      : rows;
  }, [table, sort?.name, sort?.desc]);
  return (
    <div class="table-box">
      <table class="data">
        {bool(panel.options['showHeader'], true) && <Header fields={fields} sort={sort} onSort={setSort} />}
        <tbody>
          {order.slice(0, limit).map((row) => (
            <tr key={row}>
              {fields.map((one, index) => (
                <td
                  key={index}
                  class={one.type === 'number' ? 'num' : ''}
                  style={cellCss(one, one.values[row] ?? null)}
                >
                  <CellContent one={one} value={one.values[row] ?? null} row={row} fill={fill} utc={utc} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        <Footer fields={fields} options={panel.options} />
      </table>
      {order.length > limit && (
        <button type="button" class="more" onClick={() => setLimit(limit + pageSize * 5)}>
          {order.length - limit} more rows
        </button>
      )}
    </div>
  );
}
