import { bool, list, num, obj, objects, str, strings, type JsonObject } from '../json.ts';
import { readDatasource, readLinks, readPanel } from './panel-json.ts';
import type { AnnotationQuery, Dashboard, Panel, Row } from './types.ts';
import { readVariables } from './variable-json.ts';

/**
 * Reads Grafana dashboard JSON of any schema version (`rows[]` with `span`, gridPos, API envelope
 * `{dashboard: …}`) into one form. Never throws: what is missing or wrong gets the value Grafana would use.
 */
export function readDashboard(json: unknown): Dashboard {
  const envelope = obj(json);
  const source =
    envelope['dashboard'] !== undefined && !Array.isArray(envelope['panels'])
      ? obj(envelope['dashboard'])
      : envelope;
  const time = obj(source['time']);
  return {
    uid: str(source['uid']),
    title: str(source['title'], 'Untitled'),
    description: str(source['description']),
    tags: strings(source['tags']),
    from: str(time['from'], 'now-1h'),
    to: str(time['to'], 'now'),
    refresh: str(source['refresh']).replace(/^(false|true)$/, ''),
    utc: source['timezone'] === 'utc',
    sharedCrosshair: (num(source['graphTooltip']) ?? 0) > 0 || bool(source['sharedCrosshair']),
    variables: readVariables(objects(obj(source['templating'])['list'])),
    annotations: objects(obj(source['annotations'])['list']).flatMap(readAnnotation),
    links: readLinks(source['links']),
    items:
      list(source['rows']).length > 0
        ? legacyRows(objects(source['rows']))
        : gridItems(objects(source['panels'])),
  };
}

function readAnnotation(entry: JsonObject): AnnotationQuery[] {
  const target = obj(entry['target']);
  const expr = str(entry['expr']) || str(target['expr']);
  if (expr === '') return []; // Grafana's built-in annotations have no query
  return [
    {
      name: str(entry['name'], 'annotation'),
      expr,
      color: str(entry['iconColor'], '#5794F2'),
      enabled: bool(entry['enable'], true),
      hidden: bool(entry['hide']),
      step: str(entry['step']),
      title: str(entry['titleFormat']),
      text: str(entry['textFormat']),
      tags: str(entry['tagKeys']),
      useValueForTime: bool(entry['useValueForTime']),
    },
  ];
}

function emptyRow(id: number, title: string, y: number): Row {
  return {
    kind: 'row',
    id,
    title,
    collapsed: false,
    repeat: '',
    gridPos: { x: 0, y, w: 24, h: 1 },
    panels: [],
  };
}

/** Since schema 16: panels with gridPos; a `row` panel owns what follows it, or (collapsed) what it nests. */
function gridItems(panels: JsonObject[]): (Panel | Row)[] {
  const items: (Panel | Row)[] = [];
  let open: Row | undefined;
  const byPosition = panels
    .map((json, index) => ({ json, index, pos: obj(json['gridPos']) }))
    .sort(
      (a, b) =>
        (num(a.pos['y']) ?? 0) - (num(b.pos['y']) ?? 0) ||
        (num(a.pos['x']) ?? 0) - (num(b.pos['x']) ?? 0) ||
        a.index - b.index,
    );
  for (const { json } of byPosition) {
    if (json['type'] === 'row') {
      open = emptyRow(num(json['id']) ?? 0, str(json['title']), num(obj(json['gridPos'])['y']) ?? 0);
      open.collapsed = bool(json['collapsed']);
      open.repeat = str(json['repeat']);
      open.panels = objects(json['panels']).map((panel) => readPanel(panel));
      items.push(open);
    } else {
      (open?.panels ?? items).push(readPanel(json));
    }
  }
  return items;
}

/** Before schema 16: rows of panels whose `span` are twelfths and whose height is in pixels of the row. */
function legacyRows(rows: JsonObject[]): Row[] {
  let y = 0;
  return rows.map((json, index) => {
    const title = str(json['title']);
    const row = emptyRow(
      10_000 + index,
      bool(json['showTitle'], true) || bool(json['collapse']) ? title : '',
      y,
    );
    row.collapsed = bool(json['collapse']);
    row.repeat = str(json['repeat']);
    y += row.title === '' && !row.collapsed ? 0 : 1;
    y = placeSpans(row, objects(json['panels']), y, rowHeight(json['height']));
    return row;
  });
}

const pixelsPerUnit = 38; // Grafana's own migration: 30 px cells with 8 px gaps

function rowHeight(value: unknown): number {
  const pixels = num(str(value).replace('px', '')) ?? 250;
  return Math.max(3, Math.ceil(pixels / pixelsPerUnit));
}

function placeSpans(row: Row, panels: JsonObject[], top: number, height: number): number {
  let x = 0;
  let y = top;
  let tallest = 0;
  for (const json of panels) {
    const panel = readPanel(json);
    const w = Math.min(24, Math.max(2, Math.floor((num(json['span']) ?? 4) * 2)));
    const h = json['height'] === undefined ? height : rowHeight(json['height']);
    if (x + w > 24) {
      x = 0;
      y += tallest;
      tallest = 0;
    }
    panel.gridPos = { x, y, w, h };
    x += w;
    tallest = Math.max(tallest, h);
    row.panels.push(panel);
  }
  return y + tallest;
}

/** Every panel of a dashboard, those of collapsed rows included. */
export function allPanels(dashboard: Dashboard): Panel[] {
  return dashboard.items.flatMap((item) => (item.kind === 'row' ? item.panels : [item]));
}

export { readDatasource };
