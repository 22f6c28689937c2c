import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { reduceField, reducerLabel } from '../dashboard/reduce.ts';
import type { PlotSeries } from '../dashboard/plot-model.ts';
import { formatText } from '../dashboard/units.ts';

export interface LegendOptions {
  show: boolean;
  mode: 'list' | 'table';
  placement: 'bottom' | 'right';
  calcs: string[];
  sortBy: string;
  sortDesc: boolean;
  hideEmpty: boolean;
  hideZero: boolean;
}

interface LegendProps {
  options: LegendOptions;
  series: readonly PlotSeries[];
  hidden: ReadonlySet<string>;
  onChange: (hidden: ReadonlySet<string>) => void;
}

/** A click shows one series alone, or all again; with Ctrl, Cmd or Shift it switches that one. */
function toggled(
  label: string,
  all: readonly string[],
  hidden: ReadonlySet<string>,
  single: boolean,
): ReadonlySet<string> {
  if (single) {
    const next = new Set(hidden);
    if (!next.delete(label)) next.add(label);
    return next.size === all.length ? new Set() : next;
  }
  const alone = !hidden.has(label) && hidden.size === all.length - 1;
  return alone ? new Set() : new Set(all.filter((other) => other !== label));
}

function calcOf(series: PlotSeries, calc: string): number | null {
  const value = reduceField(series.field, calc);
  return typeof value === 'number' ? value : null;
}

function isSortedBy(calc: string, sortBy: string): boolean {
  return calc === sortBy || reducerLabel(calc).replace(' *', '') === sortBy.replace(' *', '');
}

function shown({ options, series }: LegendProps): PlotSeries[] {
  return series.filter((one) => {
    if (one.hideFrom.legend) return false;
    if (options.hideEmpty && one.field.values.every((value) => value === null)) return false;
    return !(options.hideZero && one.field.values.every((value) => value === 0 || value === null));
  });
}

function Name(props: { series: PlotSeries; legend: LegendProps }): JSX.Element {
  const { series, legend } = props;
  const all = legend.series.map((one) => one.label);
  const off = legend.hidden.has(series.label);
  return (
    <button
      type="button"
      class={off ? 'legend-name off' : 'legend-name'}
      aria-pressed={!off}
      title={series.label}
      onClick={(event) =>
        legend.onChange(
          toggled(series.label, all, legend.hidden, event.ctrlKey || event.metaKey || event.shiftKey),
        )
      }
    >
      <i class="legend-mark" style={{ background: series.color }} />
      <span>{series.label}</span>
    </button>
  );
}

function LegendTable(props: LegendProps): JSX.Element {
  const { options } = props;
  const [sort, setSort] = useState({ by: options.sortBy, desc: options.sortDesc });
  const by = options.calcs.find((calc) => isSortedBy(calc, sort.by));
  const rows = shown(props);
  if (by)
    rows.sort((a, b) => ((calcOf(a, by) ?? -Infinity) - (calcOf(b, by) ?? -Infinity)) * (sort.desc ? -1 : 1));
  return (
    <table class="legend-table">
      <thead>
        <tr>
          <th scope="col">Name</th>
          {options.calcs.map((calc) => (
            <th key={calc} scope="col" class="num">
              <button
                type="button"
                onClick={() => setSort({ by: calc, desc: by === calc ? !sort.desc : true })}
              >
                {reducerLabel(calc)}
                {by === calc ? (sort.desc ? ' ↓' : ' ↑') : ''}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((series, index) => (
          <tr key={`${series.label}${index}`}>
            <td>
              <Name series={series} legend={props} />
            </td>
            {options.calcs.map((calc) => {
              const value = calcOf(series, calc);
              return (
                <td key={calc} class="num">
                  {value === null
                    ? '–'
                    : formatText(value, calc === 'count' ? '' : series.unit, series.decimals)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The legend of a chart: names, and calculations over each series in the range shown. */
export function Legend(props: LegendProps): JSX.Element | null {
  const { options } = props;
  if (!options.show) return null;
  const className = `legend ${options.placement} ${options.mode}`;
  if (options.mode === 'table') {
    return (
      <div class={className}>
        <LegendTable {...props} />
      </div>
    );
  }
  return (
    <div class={className}>
      {shown(props).map((series, index) => (
        <span class="legend-item" key={`${series.label}${index}`}>
          <Name series={series} legend={props} />
          {options.calcs.map((calc) => (
            <span class="legend-calc" key={calc}>
              {reducerLabel(calc)}: {formatText(calcOf(series, calc) ?? NaN, series.unit, series.decimals)}
            </span>
          ))}
        </span>
      ))}
    </div>
  );
}
