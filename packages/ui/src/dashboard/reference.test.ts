import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { QueryAnswer } from '../api/prometheus.ts';
import { str } from '../json.ts';
import { tableFrame } from '../panels/table.tsx';
import { timelineRows } from '../panels/timeline.tsx';
import { buildHeatmap } from './heatmap-model.ts';
import { loadPanel, type PanelData, type QueryRunner } from './load.ts';
import { parseMarkdown } from './markdown.ts';
import { allPanels, readDashboard } from './migrate.ts';
import { buildPlot } from './plot-model.ts';
import { resolveVariables, type VariableSource } from './resolve-variables.ts';
import { knownTransformations } from './transform/index.ts';
import type { Dashboard, Panel, Scope } from './types.ts';
import { displayValue, reduceFrames } from './value.ts';

/** Dashboards of this repository, and (where they are) real ones from the community. */
const folders = [
  join(import.meta.dirname, '../../../../config/dashboards'),
  join(import.meta.dirname, '../../../../../shared/reference/dashboards'),
].filter((folder) => existsSync(folder));
const files = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name)),
);

const drawn = [
  'timeseries',
  'stat',
  'gauge',
  'bargauge',
  'table',
  'state-timeline',
  'status-history',
  'heatmap',
  'piechart',
  'text',
];
const knownUnits =
  /^$|^(none|short|percent|percentunit|bytes|decbytes|bits|decbits|bps|Bps|binBps|binbps|pps|ops|iops|reqps|rps|rds|wps|eps|cps|mps|opm|s|ms|µs|ns|m|h|d|dtdurations|dthms|dateTimeAsIso|dateTimeFromNow|bool|bool_yes_no|bool_on_off|hertz|celsius|rotrpm|volt|watt|amp|kbytes|mbytes|gbytes|decmbytes|string|sishort)$|[ /]|^suffix:/;

/** Three series whose labels are those that a legend or a grouping asks for. */
function answer(
  expr: string,
  matrix: boolean,
  range: { from: number; to: number; stepMs: number },
): QueryAnswer {
  const names = [
    ...new Set(
      [...expr.matchAll(/\b(?:by|without)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
        list.split(',').map((name) => name.trim()),
      ),
    ),
  ].filter((name) => name !== '');
  const times = matrix
    ? Array.from({ length: 20 }, (_none, index) => range.from + index * range.stepMs)
    : [range.to];
  const series = [1, 2, 3].map((seed) => ({
    labels: Object.fromEntries(
      [...(names.length === 0 ? ['instance', 'job', 'device'] : names), 'le'].map((name) => [
        name,
        name === 'le' ? String(seed / 10) : `${name}${seed}`,
      ]),
    ),
    times,
    values: times.map((_time, index) => (index === 7 ? NaN : seed * 10 + Math.sin(index))),
  }));
  return { type: matrix ? 'matrix' : 'vector', series, warnings: [] };
}

const sent: string[] = [];
const runner: QueryRunner = {
  instant: (expr, timeMs) => {
    sent.push(expr);
    return Promise.resolve(answer(expr, false, { from: timeMs, to: timeMs, stepMs: 1000 }));
  },
  range: (expr, range) => {
    sent.push(expr);
    return Promise.resolve(answer(expr, true, range));
  },
};
const source: VariableSource = {
  labelValues: (label) => Promise.resolve([`${label}1`, `${label}2`]),
  labelNames: () => Promise.resolve(['job', 'instance']),
  queryResult: () => Promise.resolve(['{device="sda"} 5 1', '{device="sdb"} 6 1']),
};
const range = { from: 1_795_000_000_000, to: 1_795_003_600_000 };

async function scopeOf(dashboard: Dashboard): Promise<Scope> {
  const resolved = await resolveVariables(dashboard.variables, () => undefined, source, range);
  return new Map(resolved.map(({ variable, value }) => [variable.name, value]));
}

/** Everything that a panel type computes before it draws. */
function compute(panel: Panel, data: PanelData): number {
  switch (panel.type) {
    case 'timeseries': {
      const model = buildPlot(data.frames);
      expect(model.series.every((series) => series.drawn.length === model.times.length)).toBe(true);
      return model.series.length;
    }
    case 'table': {
      const table = tableFrame(data.frames, 0);
      for (const field of table.fields)
        for (const value of field.values)
          displayValue(field, value, { index: 0, fallbackColor: 'thresholds' });
      return table.fields.length * table.length;
    }
    case 'state-timeline':
    case 'status-history':
      return timelineRows(data.frames, true).length;
    case 'heatmap':
      return buildHeatmap(data.frames, false).rows.length;
    case 'text':
      return parseMarkdown(str(panel.options['content'])).length;
    default:
      return reduceFrames(
        data.frames,
        { calcs: ['lastNotNull'], values: false, fields: '', limit: 25 },
        'thresholds',
      ).length;
  }
}

describe.skipIf(files.length === 0)('real dashboards (skipped when there are no dashboard files)', () => {
  for (const file of files) {
    const dashboard = readDashboard(JSON.parse(readFileSync(file, 'utf8')));
    const panels = allPanels(dashboard);
    const name = file.split('/').at(-1) ?? file;

    test(`${name}: all ${panels.length} panels are of a type, with units and transformations, that we draw`, () => {
      expect(panels.length).toBeGreaterThan(0);
      expect(panels.map((panel) => panel.type).filter((type) => !drawn.includes(type))).toEqual([]);
      expect(
        panels
          .flatMap((panel) => panel.transformations.map((one) => one.id))
          .filter((id) => !knownTransformations.includes(id)),
      ).toEqual([]);
      const units = panels.flatMap((panel) => [
        panel.defaults.unit ?? '',
        ...panel.overrides.flatMap((rule) =>
          rule.properties
            .filter((property) => property.id === 'unit')
            .map((property) => String(property.value)),
        ),
      ]);
      expect(units.filter((unit) => !knownUnits.test(unit))).toEqual([]);
    });

    test(`${name}: every panel computes what it shows, and no macro is left in a query`, async () => {
      const scope = await scopeOf(dashboard);
      for (const panel of panels) {
        sent.length = 0;
        const data = await loadPanel(
          panel,
          { range, scope, multi: new Set(), scrapeInterval: 15_000, width: 800 },
          runner,
        );
        expect(data.errors, panel.title).toEqual([]);
        expect(
          sent.filter((expr) => /\$|\[\[/.test(expr.replaceAll(/"[^"]*"/g, ''))),
          panel.title,
        ).toEqual([]);
        if (panel.targets.some((target) => !target.hide))
          expect(compute(panel, data), `${panel.title} (${panel.type})`).toBeGreaterThan(0);
      }
    });
  }
});
