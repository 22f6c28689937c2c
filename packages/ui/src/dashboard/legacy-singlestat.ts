import { bool, list, num, obj, objects, str, type JsonObject } from '../json.ts';
import { legacyCalc } from './legacy-graph.ts';

/** `thresholds: "70,90"` with `colors: [low, middle, high]` as the steps used since Grafana 7. */
export function legacyThresholds(thresholds: unknown, colors: unknown): JsonObject | undefined {
  const bounds = (Array.isArray(thresholds) ? thresholds : str(thresholds).split(',')).flatMap(
    (bound) => num(str(bound).trim()) ?? [],
  );
  const palette = list(colors).map((color) => str(color));
  if (bounds.length === 0 && palette.length === 0) return undefined;
  const steps = [null, ...bounds].map((value, index) => ({
    value,
    color: palette[index] ?? palette.at(-1) ?? 'green',
  }));
  return { mode: 'absolute', steps };
}

/** `valueMaps` and `rangeMaps`: "null" there stands for a missing value. */
export function legacyMappings(json: JsonObject): JsonObject[] {
  const values = objects(json['valueMaps']).flatMap((map): JsonObject[] => {
    const text = str(map['text']);
    const value = str(map['value']);
    if (value === '') return [];
    if (value === 'null') return [{ type: 'special', options: { match: 'null', result: { text } } }];
    return [{ type: 'value', options: { [value]: { text } } }];
  });
  const ranges = objects(json['rangeMaps']).flatMap((map): JsonObject[] => {
    const text = str(map['text']);
    if (str(map['from']) === 'null')
      return text === '' ? [] : [{ type: 'special', options: { match: 'null', result: { text } } }];
    return [{ type: 'range', options: { from: num(map['from']), to: num(map['to']), result: { text } } }];
  });
  if (json['mappingType'] === 2) return ranges;
  return json['mappingType'] === undefined ? [...values, ...ranges] : values;
}

/** Translates `singlestat` into `stat`, or into `gauge` when its gauge was shown. */
export function migrateSinglestat(json: JsonObject): JsonObject {
  const gauge = obj(json['gauge']);
  const isGauge = bool(gauge['show']);
  const column = str(json['tableColumn']);
  const colored = bool(json['colorValue']) || bool(json['colorBackground']);
  return {
    ...json,
    type: isGauge ? 'gauge' : 'stat',
    fieldConfig: {
      defaults: {
        unit: str(json['format']),
        decimals: num(json['decimals']),
        min: isGauge ? num(gauge['minValue']) : undefined,
        max: isGauge ? num(gauge['maxValue']) : undefined,
        noValue: str(json['nullText']) || undefined,
        color: { mode: 'thresholds' },
        thresholds: colored || isGauge ? legacyThresholds(json['thresholds'], json['colors']) : undefined,
        mappings: legacyMappings(json),
        custom: {},
      },
      overrides: [],
    },
    options: {
      reduceOptions: {
        calcs: [legacyCalc(str(json['valueName'], 'avg'))],
        fields: column === '' || column === 'Value' ? '' : `/^${escapeRegex(column)}$/`,
      },
      textMode: json['valueName'] === 'name' ? 'name' : 'value',
      graphMode: bool(obj(json['sparkline'])['show']) ? 'area' : 'none',
      colorMode: bool(json['colorBackground']) ? 'background' : bool(json['colorValue']) ? 'value' : 'none',
      prefix: str(json['prefix']),
      postfix: str(json['postfix']),
      showThresholdLabels: bool(gauge['thresholdLabels']),
      showThresholdMarkers: bool(gauge['thresholdMarkers'], true),
    },
  };
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** Translates the community's `grafana-piechart-panel` into `piechart`. */
export function migratePie(json: JsonObject): JsonObject {
  const overrides = Object.entries(obj(json['aliasColors'])).map(([alias, color]) => ({
    matcher: { id: 'byName', options: alias },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: str(color) } }],
  }));
  const legend = obj(json['legend']);
  return {
    ...json,
    type: 'piechart',
    fieldConfig: {
      defaults: {
        unit: str(json['format']),
        decimals: num(json['decimals']),
        color: { mode: 'palette-classic' },
        custom: {},
      },
      overrides,
    },
    options: {
      pieType: json['pieType'] === 'donut' ? 'donut' : 'pie',
      reduceOptions: { calcs: [legacyCalc(str(json['valueName'], 'current'))] },
      legend: {
        showLegend: bool(legend['show'], true),
        displayMode: 'list',
        placement: str(json['legendType']).startsWith('Right') ? 'right' : 'bottom',
        values: [bool(legend['percentage']) ? 'percent' : '', bool(legend['values']) ? 'value' : ''].filter(
          (value) => value !== '',
        ),
      },
    },
  };
}
