import { list, num, obj, objects, str, type JsonObject } from '../json.ts';
import { legacyCalc } from './legacy-graph.ts';
import { legacyMappings, legacyThresholds } from './legacy-singlestat.ts';

/** Translates the first table panel (`styles`, `transform`, `columns`) into today's `table`. */
export function migrateTable(json: JsonObject): JsonObject {
  const styles = objects(json['styles']);
  const general = styles.find((style) => str(style['pattern']) === '/.*/');
  const sort = obj(json['sort']);
  return {
    ...json,
    type: 'table',
    targets:
      json['transform'] === 'table'
        ? objects(json['targets']).map((target) => ({ format: 'table', ...target }))
        : json['targets'],
    fieldConfig: {
      defaults: {
        custom: {},
        ...(general ? Object.fromEntries(styleProperties(general).map((p) => [p.id, p.value])) : {}),
      },
      overrides: styles.filter((style) => style !== general).map(styleOverride),
    },
    transformations: [...tableTransform(json), ...objects(json['transformations'])],
    options: {
      showHeader: true,
      sortColumn: num(sort['col']),
      sortDesc: sort['desc'] !== false,
      frameIndex: 0,
    },
  };
}

type Property = { id: string; value: unknown };

function styleOverride(style: JsonObject): JsonObject {
  const pattern = str(style['pattern']);
  const regex = /^\/.*\/[a-z]*$/s.test(pattern);
  return {
    matcher: { id: regex ? 'byRegexp' : 'byName', options: pattern },
    properties: styleProperties(style),
  };
}

const cellTypes: Record<string, string> = {
  cell: 'color-background',
  row: 'color-background',
  value: 'color-text',
};

function styleProperties(style: JsonObject): Property[] {
  const properties: Property[] = [];
  const add = (id: string, value: unknown): void => void properties.push({ id, value });
  if (str(style['alias']) !== '') add('displayName', str(style['alias']));
  switch (style['type']) {
    case 'hidden':
      add('custom.hidden', true);
      break;
    case 'date':
      add('unit', dateUnit(str(style['dateFormat'])));
      break;
    case 'number': {
      if (str(style['unit']) !== '') add('unit', str(style['unit']));
      if (num(style['decimals']) !== undefined) add('decimals', num(style['decimals']));
      const cell = cellTypes[str(style['colorMode'])];
      const thresholds = legacyThresholds(style['thresholds'], style['colors']);
      if (cell && thresholds) {
        add('thresholds', thresholds);
        add('color', { mode: 'thresholds' });
        add('custom.cellOptions', { type: cell });
      }
      break;
    }
    default:
  }
  const mappings = legacyMappings(style);
  if (mappings.length > 0) add('mappings', mappings);
  const url = str(style['linkUrl']);
  if (style['link'] === true && url !== '') add('links', [{ title: str(style['linkTooltip']) || url, url }]);
  if (['left', 'center', 'right'].includes(str(style['align']))) add('custom.align', str(style['align']));
  return properties;
}

function dateUnit(format: string): string {
  return format === ''
    ? 'dateTimeAsIso'
    : format === 'YYYY-MM-DD HH:mm:ss'
      ? 'dateTimeAsIso'
      : `time:${format}`;
}

function tableTransform(json: JsonObject): JsonObject[] {
  switch (json['transform']) {
    case 'timeseries_aggregations': {
      const reducers = objects(json['columns']).map((column) => legacyCalc(str(column['value'])));
      return [
        {
          id: 'reduce',
          options: { reducers: reducers.length === 0 ? ['mean'] : reducers, labelsToFields: false },
        },
      ];
    }
    case 'timeseries_to_columns':
      return [{ id: 'joinByField', options: { byField: 'Time', mode: 'outer' } }];
    case 'timeseries_to_rows':
      return [{ id: 'seriesToRows', options: {} }];
    case 'table':
      return list(json['targets']).length > 1 ? [{ id: 'merge', options: {} }] : [];
    default:
      return [];
  }
}
