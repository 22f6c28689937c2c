import { bool, list, num, obj, objects, str, strings, type JsonObject } from '../json.ts';
import { readFieldConfig } from './field-json.ts';
import { migrateGraph } from './legacy-graph.ts';
import { migratePie, migrateSinglestat } from './legacy-singlestat.ts';
import { migrateTable } from './legacy-table.ts';
import type { DatasourceRef, GridPos, Link, Override, Panel, Target, Transformation } from './types.ts';

/** A data source is written as `{uid, type}`, as `"$ds"` or a plain name, or as null for the default. */
export function readDatasource(value: unknown): DatasourceRef {
  if (typeof value === 'string') return { uid: value, type: '' };
  return { uid: str(obj(value)['uid']), type: str(obj(value)['type']) };
}

export function readLinks(value: unknown): Link[] {
  return objects(value).flatMap((link) => {
    const url = str(link['url']);
    const keep = { keepTime: bool(link['keepTime']), keepVariables: bool(link['includeVars']) };
    if (link['type'] === 'dashboards') {
      const tags = strings(link['tags']);
      return [{ title: str(link['title']), url: '', newTab: bool(link['targetBlank']), tags, ...keep }];
    }
    if (url === '') return [];
    return [{ title: str(link['title']) || url, url, newTab: bool(link['targetBlank']), ...keep }];
  });
}

function readGridPos(value: unknown): GridPos {
  const pos = obj(value);
  const whole = (key: string, fallback: number): number => Math.max(0, Math.round(num(pos[key]) ?? fallback));
  const w = Math.min(24, Math.max(1, whole('w', 12)));
  return { x: Math.min(whole('x', 0), 24 - w), y: whole('y', 0), w, h: Math.max(1, whole('h', 8)) };
}

const formats = ['time_series', 'table', 'heatmap'] as const;

function readTarget(json: JsonObject, index: number): Target {
  const instant = bool(json['instant']);
  return {
    refId: str(json['refId']) || String.fromCodePoint(65 + (index % 26)),
    expr: str(json['expr']) || str(json['query']),
    legendFormat: str(json['legendFormat']),
    format: formats.find((format) => format === json['format']) ?? 'time_series',
    instant,
    range: bool(json['range'], !instant),
    hide: bool(json['hide']),
    interval: str(json['interval']) || (num(json['step']) === undefined ? '' : `${num(json['step'])}s`),
    intervalFactor: num(json['intervalFactor']) ?? 1,
    datasource: readDatasource(json['datasource']),
  };
}

function readOverrides(value: unknown): Override[] {
  return objects(value).map((entry) => ({
    matcher: { id: str(obj(entry['matcher'])['id']), options: obj(entry['matcher'])['options'] },
    properties: objects(entry['properties']).map((property) => ({
      id: str(property['id']),
      value: property['value'],
    })),
  }));
}

function readTransformations(value: unknown): Transformation[] {
  return objects(value).map((entry) => ({
    id: str(entry['id']),
    options: obj(entry['options']),
    disabled: bool(entry['disabled']),
  }));
}

/** Turns a retired panel type into JSON of the type that replaced it. */
function modernize(json: JsonObject): JsonObject {
  switch (str(json['type'])) {
    case 'graph':
      return migrateGraph(json);
    case 'singlestat':
    case 'grafana-singlestat-panel':
      return migrateSinglestat(json);
    case 'grafana-piechart-panel':
      return migratePie(json);
    case 'table':
    case 'table-old':
      return json['styles'] !== undefined || json['columns'] !== undefined || json['type'] === 'table-old'
        ? migrateTable(json)
        : json;
    case 'state-timeline':
    case 'status-history':
    default:
      return json;
  }
}

export function readPanel(source: JsonObject): Panel {
  const json = modernize(source);
  const fieldConfig = obj(json['fieldConfig']);
  return {
    kind: 'panel',
    id: num(json['id']) ?? 0,
    type: str(json['type'], 'text'),
    title: str(json['title']),
    description: str(json['description']),
    transparent: bool(json['transparent']),
    gridPos: readGridPos(json['gridPos']),
    datasource: readDatasource(json['datasource']),
    targets: list(json['targets']).map((target, index) => readTarget(obj(target), index)),
    defaults: readFieldConfig(fieldConfig['defaults']),
    overrides: readOverrides(fieldConfig['overrides']),
    options: obj(json['options']),
    transformations: readTransformations(json['transformations']),
    interval: str(json['interval']),
    maxDataPoints: num(json['maxDataPoints']),
    timeFrom: str(json['timeFrom']),
    timeShift: str(json['timeShift']),
    repeat: str(json['repeat']),
    repeatDirection: json['repeatDirection'] === 'v' ? 'v' : 'h',
    maxPerRow: num(json['maxPerRow']) ?? 4,
    links: readLinks(json['links']),
    scope: new Map(),
  };
}
