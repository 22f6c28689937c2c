import { bool, list, num, obj, objects, str, type JsonObject } from '../json.ts';

/** Translates the retired `graph` panel (Angular, until Grafana 11) into `timeseries` JSON. */
export function migrateGraph(json: JsonObject): JsonObject {
  const axis = readAxis(json, 0);
  return {
    ...json,
    type: 'timeseries',
    fieldConfig: {
      defaults: {
        unit: axis.unit,
        min: axis.min,
        max: axis.max,
        decimals: num(json['decimals']),
        color: { mode: 'palette-classic' },
        thresholds: graphThresholds(json['thresholds']),
        custom: {
          ...drawing(json),
          ...axisCustom(axis),
          thresholdsStyle: thresholdsStyle(json['thresholds']),
        },
      },
      overrides: [
        ...colorOverrides(json),
        ...objects(json['seriesOverrides']).flatMap((entry) => seriesOverride(entry, json)),
      ],
    },
    options: { legend: legend(json), tooltip: tooltip(json) },
  };
}

interface Axis {
  unit: string;
  min: number | undefined;
  max: number | undefined;
  logBase: number;
  label: string;
  show: boolean;
}

/** `yaxes` since Grafana 2.6; before, `y_formats` and `grid.leftMin` and the like. */
function readAxis(json: JsonObject, index: 0 | 1): Axis {
  const axis = objects(json['yaxes'])[index] ?? {};
  const grid = obj(json['grid']);
  const side = index === 0 ? 'left' : 'right';
  return {
    unit: str(axis['format']) || str(list(json['y_formats'])[index]),
    min: num(axis['min']) ?? num(grid[`${side}Min`]),
    max: num(axis['max']) ?? num(grid[`${side}Max`]),
    logBase: num(axis['logBase']) ?? num(grid[`${side}LogBase`]) ?? 1,
    label: str(axis['label']) || str(json[`${side}YAxisLabel`]),
    show: bool(axis['show'], true),
  };
}

function axisCustom(axis: Axis): JsonObject {
  return {
    axisLabel: axis.label,
    axisPlacement: axis.show ? 'auto' : 'hidden',
    scaleDistribution: axis.logBase > 1 ? { type: 'log', log: axis.logBase } : { type: 'linear' },
  };
}

function drawing(json: JsonObject): JsonObject {
  const lines = bool(json['lines'], true);
  const bars = bool(json['bars']);
  const stacked = bool(json['stack']);
  return {
    drawStyle: bars && !lines ? 'bars' : lines ? 'line' : 'points',
    lineWidth: num(json['linewidth']) ?? 1,
    fillOpacity: (num(json['fill']) ?? 1) * 10,
    lineInterpolation: bool(json['steppedLine']) ? 'stepAfter' : 'linear',
    showPoints: bool(json['points']) ? 'always' : 'never',
    pointSize: (num(json['pointradius']) ?? 2) * 2,
    spanNulls: json['nullPointMode'] === 'connected',
    insertNulls: json['nullPointMode'] === 'null as zero' ? 'zero' : undefined,
    stacking: { mode: stacked ? (bool(json['percentage']) ? 'percent' : 'normal') : 'none', group: 'A' },
  };
}

function graphThresholds(value: unknown): JsonObject | undefined {
  const thresholds = objects(value).filter((threshold) => num(threshold['value']) !== undefined);
  if (thresholds.length === 0) return undefined;
  const steps = thresholds
    .map((threshold) => ({ value: num(threshold['value']) ?? 0, color: thresholdColor(threshold) }))
    .sort((a, b) => a.value - b.value);
  return { mode: 'absolute', steps: [{ value: null, color: 'transparent' }, ...steps] };
}

function thresholdColor(threshold: JsonObject): string {
  const own = str(threshold['lineColor']) || str(threshold['fillColor']);
  const mode = str(threshold['colorMode']);
  return mode === 'critical' ? 'red' : mode === 'warning' ? 'orange' : mode === 'ok' ? 'green' : own || 'red';
}

function thresholdsStyle(value: unknown): JsonObject {
  const [first] = objects(value);
  if (!first) return { mode: 'off' };
  const line = bool(first['line'], true);
  const fill = bool(first['fill'], true);
  return { mode: line && fill ? 'line+area' : fill ? 'area' : 'line' };
}

/** Names of a legacy override are exact, or a regular expression between slashes. */
function matcherOf(alias: string): JsonObject {
  return /^\/.*\/[a-z]*$/s.test(alias)
    ? { id: 'byRegexp', options: alias }
    : { id: 'byName', options: alias };
}

function colorOverrides(json: JsonObject): JsonObject[] {
  return Object.entries(obj(json['aliasColors'])).map(([alias, color]) => ({
    matcher: { id: 'byName', options: alias },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: str(color) } }],
  }));
}

type Property = { id: string; value: unknown };

function seriesOverride(entry: JsonObject, panel: JsonObject): JsonObject[] {
  const alias = str(entry['alias']);
  if (alias === '') return [];
  const properties = Object.entries(entry).flatMap(([key, value]) => overrideProperty(key, value, panel));
  return properties.length === 0 ? [] : [{ matcher: matcherOf(alias), properties }];
}

function overrideProperty(key: string, value: unknown, panel: JsonObject): Property[] {
  switch (key) {
    case 'color':
      return [{ id: 'color', value: { mode: 'fixed', fixedColor: str(value) } }];
    case 'fill':
      return [{ id: 'custom.fillOpacity', value: (num(value) ?? 0) * 10 }];
    case 'linewidth':
      return [{ id: 'custom.lineWidth', value: num(value) ?? 1 }];
    case 'transform':
      return value === 'negative-Y' ? [{ id: 'custom.transform', value: 'negative-Y' }] : [];
    case 'stack':
      return [{ id: 'custom.stacking', value: stackGroup(value, panel) }];
    case 'lines':
      return value === false
        ? [{ id: 'custom.lineWidth', value: 0 }]
        : [{ id: 'custom.drawStyle', value: 'line' }];
    case 'bars':
      return value === true ? [{ id: 'custom.drawStyle', value: 'bars' }] : [];
    case 'points':
      return [{ id: 'custom.showPoints', value: value === true ? 'always' : 'never' }];
    case 'steppedLine':
      return value === true ? [{ id: 'custom.lineInterpolation', value: 'stepAfter' }] : [];
    case 'dashes':
      return value === true ? [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } }] : [];
    case 'fillBelowTo':
      return [{ id: 'custom.fillBelowTo', value: str(value) }];
    case 'hideTooltip':
    case 'hiddenSeries':
    case 'legend': {
      const part = key === 'legend' ? 'legend' : key === 'hideTooltip' ? 'tooltip' : 'viz';
      const hidden = key === 'legend' ? value === false : value === true;
      return hidden ? [{ id: `custom.hideFrom.${part}`, value: true }] : [];
    }
    case 'yaxis':
      return num(value) === 2 ? rightAxis(panel) : [];
    case 'nullPointMode':
      return [{ id: 'custom.spanNulls', value: value === 'connected' }];
    default:
      return [];
  }
}

function stackGroup(value: unknown, panel: JsonObject): JsonObject {
  if (value === false || value === 'false') return { mode: 'none' };
  const mode = bool(panel['percentage']) ? 'percent' : 'normal';
  return { mode, group: value === true ? 'A' : str(value, 'A') };
}

function rightAxis(panel: JsonObject): Property[] {
  const axis = readAxis(panel, 1);
  const properties: Property[] = [{ id: 'custom.axisPlacement', value: axis.show ? 'right' : 'hidden' }];
  if (axis.unit !== '') properties.push({ id: 'unit', value: axis.unit });
  if (axis.min !== undefined) properties.push({ id: 'min', value: axis.min });
  if (axis.max !== undefined) properties.push({ id: 'max', value: axis.max });
  if (axis.label !== '') properties.push({ id: 'custom.axisLabel', value: axis.label });
  if (axis.logBase > 1)
    properties.push({ id: 'custom.scaleDistribution', value: { type: 'log', log: axis.logBase } });
  return properties;
}

const legendCalcs: [string, string][] = [
  ['min', 'min'],
  ['max', 'max'],
  ['avg', 'mean'],
  ['current', 'lastNotNull'],
  ['total', 'sum'],
];

/** The calculation that a legacy name such as `current` or `avg` stands for. */
export function legacyCalc(name: string): string {
  return (
    legendCalcs.find(([legacy]) => legacy === name)?.[1] ??
    { first: 'first', delta: 'delta', range: 'range', diff: 'diff' }[name] ??
    'lastNotNull'
  );
}

function legend(json: JsonObject): JsonObject {
  const source = obj(json['legend']);
  const values = bool(source['values']);
  const calcs = values ? legendCalcs.filter(([name]) => bool(source[name])).map(([, calc]) => calc) : [];
  return {
    showLegend: bool(source['show'], true),
    displayMode: bool(source['alignAsTable']) ? 'table' : 'list',
    placement: bool(source['rightSide']) ? 'right' : 'bottom',
    calcs,
    sortBy:
      source['sort'] === undefined || source['sort'] === null ? undefined : legacyCalc(str(source['sort'])),
    sortDesc: bool(source['sortDesc']),
    hideEmpty: bool(source['hideEmpty']),
    hideZero: bool(source['hideZero']),
  };
}

function tooltip(json: JsonObject): JsonObject {
  const source = obj(json['tooltip']);
  const sort = num(source['sort']) ?? 0;
  return {
    mode: bool(source['shared'], true) ? 'multi' : 'single',
    sort: sort === 2 ? 'desc' : sort === 1 ? 'asc' : 'none',
  };
}
