import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@prunella/promql';
import { describe, expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../config/dashboards');
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const TYPES = new Set(['row', 'timeseries', 'stat', 'gauge', 'bargauge', 'table', 'state-timeline']);

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: object;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly expr: string;
    readonly refId: string;
    readonly datasource: object;
  }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
}
interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
}
interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const dashboards = files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dashboard);
const dashboard = (uid: string): Dashboard => {
  const found = dashboards.find((each) => each.uid === uid);
  if (!found) throw new Error(`No dashboard ${uid}`);
  return found;
};

/** What Grafana puts in place of its variables, so that the rest can be parsed. */
const interpolated = (expr: string): string =>
  expr.replace(/\$__(rate_interval|interval|range)\b/g, '1m').replace(/\$\{?[a-z_]+\}?/g, '.*');

describe.each(dashboards)('$title', ({ uid, schemaVersion, panels, templating }) => {
  const queries = panels.flatMap((panel) => panel.targets ?? []);

  test('is what Grafana imports', () => {
    expect(files).toContain(`${uid}.json`);
    expect(schemaVersion).toBe(39);
    expect(templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const panel of panels) {
      expect(TYPES, panel.title).toContain(panel.type);
      if (panel.type === 'row') continue;
      expect(panel.datasource, panel.title).toEqual(DATASOURCE);
      expect(panel.targets?.length, panel.title).toBeGreaterThan(0);
      expect(panel.fieldConfig?.defaults.unit, panel.title).not.toBe('');
    }
    for (const target of queries) expect(target.datasource).toEqual(DATASOURCE);
  });

  test('its panels stand beside each other', () => {
    const taken = new Map<string, string>();
    for (const { gridPos, title } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x},${y}`), `${title} over`).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
      }
    }
  });

  test('every expression is PromQL, and uses only variables that there are', () => {
    const known = new Set(templating.list.map(({ name }) => name));
    for (const { expr } of queries) {
      for (const [, name = ''] of expr.matchAll(/\$\{?([a-z]\w*)/g)) expect(known, expr).toContain(name);
      expect(() => parse(interpolated(expr)), expr).not.toThrow();
    }
  });
});

describe('what was asked for, word for word', () => {
  test.each([
    ['shop', 'histogram_quantile(0.95, sum(rate(flask_http_request_duration_seconds_bucket[5m])) by (le))'],
    ['shop', 'rate(flask_http_request_exceptions_total[5m])'],
    ['shop', 'rate(process_cpu_seconds_total[5m])'],
    ['shop', 'rate(http_requests_total[5m])'],
    ['shop', 'rate(http_requests_total{endpoint="/data"}[5m])'],
    [
      'shop',
      'histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket{endpoint="/data",method="GET"}[5m])) by (le))',
    ],
    [
      'shop',
      'avg(rate(http_request_duration_seconds_sum[5m])) / avg(rate(http_request_duration_seconds_count[5m]))',
    ],
  ])('%s has %s', (uid, expr) => {
    const all = dashboard(uid).panels.flatMap(({ targets }) => targets ?? []);
    expect(all.map((target) => target.expr)).toContain(expr);
  });

  test.each([
    ['shop', ['instance', 'method', 'endpoint', 'status_code']],
    ['system', ['instance']],
    ['services', ['name']],
    ['postgres', ['datname']],
  ])('%s can be narrowed by %j', (uid, names) => {
    const known = dashboard(uid).templating.list.map(({ name }) => name);
    for (const name of names) expect(known).toContain(name);
  });

  test.each([
    ['services', 'Status', 'stat'],
    ['services', 'CPU', 'gauge'],
    ['services', 'Memory', 'stat'],
    ['services', 'Response time', 'stat'],
    ['services', 'Up and down', 'state-timeline'],
    ['services', 'Latency', 'timeseries'],
    ['services', 'CPU and memory together', 'timeseries'],
    ['services', 'Network', 'timeseries'],
    ['services', 'Storage', 'timeseries'],
    ['alerts-healing', 'Recent alerts', 'table'],
    ['uptime', 'Uptime probe', 'state-timeline'],
    ['uptime', 'Latency', 'timeseries'],
  ])('%s has the panel %s, a %s', (uid, title, type) => {
    expect(dashboard(uid).panels.some((panel) => panel.title === title && panel.type === type)).toBe(true);
  });

  test('response times are in milliseconds', () => {
    const panel = dashboard('services').panels.find(({ title }) => title === 'Response time');
    expect(panel?.fieldConfig?.defaults.unit).toBe('ms');
  });
});
