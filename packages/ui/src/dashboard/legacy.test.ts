import { describe, expect, test } from 'vitest';
import { readPanel } from './panel-json.ts';

describe('legacy panels', () => {
  test('graph: drawing, axes, overrides, legend, thresholds', () => {
    const panel = readPanel({
      type: 'graph',
      title: 'Net',
      lines: true,
      fill: 2,
      linewidth: 3,
      stack: true,
      percentage: false,
      nullPointMode: 'connected',
      decimals: 1,
      yaxes: [
        { format: 'bytes', min: '0', logBase: 10, label: 'volume' },
        { format: 's', show: true },
      ],
      aliasColors: { total: '#FF0000' },
      seriesOverrides: [
        { alias: '/rx/', transform: 'negative-Y' },
        { alias: 'latency', yaxis: 2, fill: 0, stack: false },
      ],
      legend: {
        show: true,
        values: true,
        alignAsTable: true,
        rightSide: true,
        avg: true,
        current: true,
        sort: 'current',
        sortDesc: true,
      },
      thresholds: [{ value: 90, colorMode: 'critical', line: true, fill: true, op: 'gt' }],
      tooltip: { shared: true, sort: 2 },
      targets: [{ expr: 'x', legendFormat: '{{a}}', step: 20, intervalFactor: 2 }],
    });
    expect(panel.type).toBe('timeseries');
    expect(panel.defaults).toMatchObject({
      unit: 'bytes',
      min: 0,
      decimals: 1,
      custom: {
        fillOpacity: 20,
        lineWidth: 3,
        spanNulls: true,
        axisLabel: 'volume',
        stacking: { mode: 'normal' },
        scaleDistribution: { type: 'log', log: 10 },
        thresholdsStyle: { mode: 'line+area' },
      },
    });
    expect(panel.overrides).toEqual([
      {
        matcher: { id: 'byName', options: 'total' },
        properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: '#FF0000' } }],
      },
      {
        matcher: { id: 'byRegexp', options: '/rx/' },
        properties: [{ id: 'custom.transform', value: 'negative-Y' }],
      },
      {
        matcher: { id: 'byName', options: 'latency' },
        properties: [
          { id: 'custom.axisPlacement', value: 'right' },
          { id: 'unit', value: 's' },
          { id: 'custom.fillOpacity', value: 0 },
          { id: 'custom.stacking', value: { mode: 'none' } },
        ],
      },
    ]);
    expect(panel.options).toMatchObject({
      legend: {
        displayMode: 'table',
        placement: 'right',
        calcs: ['mean', 'lastNotNull'],
        sortBy: 'lastNotNull',
        sortDesc: true,
      },
      tooltip: { mode: 'multi', sort: 'desc' },
    });
    expect(panel.targets[0]).toMatchObject({
      interval: '20s',
      intervalFactor: 2,
      instant: false,
      range: true,
    });
  });
  test('the oldest graphs: y_formats and grid', () => {
    expect(
      readPanel({ type: 'graph', y_formats: ['percent', 'short'], grid: { leftMin: 0, leftMax: 100 } })
        .defaults,
    ).toMatchObject({ unit: 'percent', min: 0, max: 100 });
  });
  test('graph with bars only, with points only', () => {
    expect(readPanel({ type: 'graph', lines: false, bars: true }).defaults.custom['drawStyle']).toBe('bars');
    expect(readPanel({ type: 'graph', lines: false, points: true }).defaults.custom['drawStyle']).toBe(
      'points',
    );
  });
  test('singlestat becomes stat', () => {
    const panel = readPanel({
      type: 'singlestat',
      format: 's',
      valueName: 'current',
      thresholds: '70,90',
      colors: ['green', 'orange', 'red'],
      colorValue: true,
      sparkline: { show: true },
      prefix: '~',
      valueMaps: [
        { value: 'null', op: '=', text: 'N/A' },
        { value: '0', op: '=', text: 'DOWN' },
      ],
      mappingType: 1,
      nullText: 'none',
    });
    expect(panel).toMatchObject({
      type: 'stat',
      options: {
        reduceOptions: { calcs: ['lastNotNull'] },
        graphMode: 'area',
        colorMode: 'value',
        prefix: '~',
      },
    });
    expect(panel.defaults.thresholds?.steps).toEqual([
      { value: -Infinity, color: 'green' },
      { value: 70, color: 'orange' },
      { value: 90, color: 'red' },
    ]);
    expect(panel.defaults.mappings?.map((mapping) => mapping.type)).toEqual(['special', 'value']);
    expect(panel.defaults.noValue).toBe('none');
  });
  test('singlestat with a gauge becomes gauge; one of a table column keeps to it', () => {
    expect(
      readPanel({ type: 'singlestat', gauge: { show: true, minValue: 0, maxValue: 200 }, thresholds: '1,2' }),
    ).toMatchObject({ type: 'gauge', defaults: { min: 0, max: 200 } });
    expect(readPanel({ type: 'singlestat', tableColumn: 'version' }).options).toMatchObject({
      reduceOptions: { fields: '/^version$/' },
    });
  });
  test('table with styles', () => {
    const panel = readPanel({
      type: 'table',
      transform: 'table',
      styles: [
        { pattern: 'Time', type: 'hidden' },
        {
          pattern: '/Value/',
          type: 'number',
          unit: 'bytes',
          decimals: 2,
          alias: 'Size',
          colorMode: 'cell',
          thresholds: ['10', '20'],
          colors: ['green', 'orange', 'red'],
        },
      ],
      targets: [{ expr: 'a' }, { expr: 'b' }],
    });
    expect(
      panel.overrides.map(({ matcher, properties }) => [
        matcher.id,
        properties.map((property) => property.id),
      ]),
    ).toEqual([
      ['byName', ['custom.hidden']],
      ['byRegexp', ['displayName', 'unit', 'decimals', 'thresholds', 'color', 'custom.cellOptions']],
    ]);
    expect(panel.transformations.map((one) => one.id)).toEqual(['merge']);
    expect(panel.targets.map((target) => target.format)).toEqual(['table', 'table']);
  });
  test('nonsense is survived', () => {
    for (const json of [
      {},
      { type: 5, targets: 'x', fieldConfig: [], options: null },
      { type: 'graph', yaxes: {}, seriesOverrides: [null, 3], legend: [] },
      { type: 'singlestat', thresholds: 7, valueMaps: {} },
    ]) {
      expect(() => readPanel(json as Record<string, unknown>)).not.toThrow();
    }
  });
});
