import { describe, expect, test } from 'vitest';
import { cssColor, thresholdColor } from './color.ts';
import { applyFieldConfig } from './field-config.ts';
import { readFieldConfig } from './field-json.ts';
import { displayName, field, frame, type Frame } from './frame.ts';
import { reduceValues } from './reduce.ts';
import type { Override } from './types.ts';
import { displayValue, mapValue, reduceFrames } from './value.ts';

const series = (name: string, values: (number | null)[], refId = 'A'): Frame => {
  const value = field('Value', 'number', values, { instance: name });
  value.legend = name;
  return frame(refId, [
    field(
      'Time',
      'time',
      values.map((_value, index) => index * 1000),
    ),
    value,
  ]);
};

describe('reduceValues()', () => {
  const cases: [string, (number | null)[], number | null][] = [
    ['lastNotNull', [1, 2, null], 2],
    ['last', [1, 2, null], null],
    ['first', [3, 2], 3],
    ['firstNotNull', [null, 2], 2],
    ['mean', [1, 3, null], 2],
    ['min', [4, -1], -1],
    ['max', [4, -1], 4],
    ['sum', [1, 2, 3], 6],
    ['count', [1, null, 3], 3],
    ['range', [1, 9], 8],
    ['delta', [10, 12, 3, 4], 6],
    ['diff', [10, 12, 3], -7],
    ['p95', Array.from({ length: 100 }, (_none, index) => index + 1), 96],
    ['changeCount', [1, 1, 2, 1], 2],
    ['mean', [], null],
    ['max', [null], null],
  ];
  for (const [calc, values, want] of cases)
    test(`${calc} of ${JSON.stringify(values.slice(0, 5))}`, () =>
      expect(reduceValues(values, calc)).toBe(want));
});

describe('field config', () => {
  const override = (id: string, options: unknown, property: string, value: unknown): Override => ({
    matcher: { id, options },
    properties: [{ id: property, value }],
  });
  const matched = (rule: Override, frames: Frame[]): string[] =>
    applyFieldConfig(frames, readFieldConfig({}), [rule]).flatMap((one) =>
      one.fields.filter((each) => each.config.unit === 'bytes').map((each) => displayName(each)),
    );
  const frames = [series('eth0', [1, 5]), series('eth1', [0, 0]), series('lo', [9, 9], 'B')];
  const cases: [Override, string[]][] = [
    [override('byName', 'lo', 'unit', 'bytes'), ['lo']],
    [override('byRegexp', '/^eth/', 'unit', 'bytes'), ['eth0', 'eth1']],
    [override('byRegexp', 'ETH1', 'unit', 'bytes'), []],
    [override('byRegexp', '/ETH1/i', 'unit', 'bytes'), ['eth1']],
    [override('byFrameRefID', 'B', 'unit', 'bytes'), ['Time', 'lo']],
    [
      override('byNames', { mode: 'exclude', names: ['lo'] }, 'unit', 'bytes'),
      ['Time', 'eth0', 'Time', 'eth1', 'Time'],
    ],
    [override('byType', 'number', 'unit', 'bytes'), ['eth0', 'eth1', 'lo']],
    [override('byValue', { reducer: 'max', op: 'gt', value: 4 }, 'unit', 'bytes'), ['eth0', 'lo']],
  ];
  for (const [rule, want] of cases)
    test(`${rule.matcher.id} ${JSON.stringify(rule.matcher.options)}`, () =>
      expect(matched(rule, frames)).toEqual(want));

  test('later overrides win, custom paths nest, a null limit is taken away', () => {
    const defaults = readFieldConfig({
      unit: 'short',
      max: 10,
      custom: { lineWidth: 1, hideFrom: { legend: true } },
    });
    const rules: Override[] = [
      override('byName', 'lo', 'unit', 's'),
      {
        matcher: { id: 'byName', options: 'lo' },
        properties: [
          { id: 'unit', value: 'ms' },
          { id: 'custom.hideFrom.viz', value: true },
          { id: 'max', value: null },
        ],
      },
    ];
    const config = applyFieldConfig(frames, defaults, rules)[2]?.fields[1]?.config;
    expect(config).toMatchObject({
      unit: 'ms',
      custom: { lineWidth: 1, hideFrom: { legend: true, viz: true } },
    });
    expect(config).not.toHaveProperty('max');
    expect(defaults.custom).toEqual({ lineWidth: 1, hideFrom: { legend: true } });
  });
  test('displayName may use labels', () => {
    const config = readFieldConfig({ displayName: 'on ${__field.labels.instance}' });
    expect(
      applyFieldConfig([series('h1', [1])], config, []).flatMap((one) => one.fields.map(displayName)),
    ).toEqual(['Time', 'on h1']);
  });
});

describe('mappings and thresholds', () => {
  const config = readFieldConfig({
    mappings: [
      { type: 'value', options: { '0': { text: 'down', color: 'red' }, '1': { text: 'up' } } },
      { type: 'range', options: { from: 2, to: 5, result: { text: 'few' } } },
      { type: 'special', options: { match: 'null', result: { text: 'N/A' } } },
      { type: 'special', options: { match: 'nan', result: { text: 'not a number' } } },
      { type: 'regex', options: { pattern: '^v(\\d+)', result: { text: 'version $1' } } },
    ],
  });
  const cases: [number | string | null, string | undefined][] = [
    [0, 'down'],
    [1, 'up'],
    [3, 'few'],
    [9, undefined],
    [null, 'N/A'],
    [NaN, 'not a number'],
    ['v3.1', 'version 3'],
  ];
  for (const [value, want] of cases)
    test(`${String(value)} is ${want}`, () => expect(mapValue(config.mappings, value)?.text).toBe(want));
  test('the old numeric types', () => {
    const old = readFieldConfig({
      mappings: [
        { type: 1, value: 'null', text: 'N/A' },
        { type: 2, from: '1', to: '3', text: 'some' },
      ],
    });
    expect([mapValue(old.mappings, null)?.text, mapValue(old.mappings, 2)?.text]).toEqual(['N/A', 'some']);
  });
  test('absolute and percentage thresholds', () => {
    const absolute = readFieldConfig({
      thresholds: {
        mode: 'absolute',
        steps: [
          { value: null, color: '#00ff00' },
          { value: 80, color: '#ff0000' },
        ],
      },
    }).thresholds;
    const percent = readFieldConfig({
      thresholds: { mode: 'percentage', steps: [{ color: '#00ff00' }, { value: 50, color: '#ff0000' }] },
    }).thresholds;
    if (!absolute || !percent) throw new Error('thresholds were not read');
    expect([79, 80, -5].map((value) => thresholdColor(absolute, value, 0, 100))).toEqual([
      '#00ff00',
      '#ff0000',
      '#00ff00',
    ]);
    expect([4, 5].map((value) => thresholdColor(percent, value, 0, 10))).toEqual(['#00ff00', '#ff0000']);
  });
  test('noValue stands for what is missing', () => {
    const one = {
      ...field('Value', 'number', [null]),
      config: readFieldConfig({ noValue: 'not a replica set' }),
    };
    expect(displayValue(one, null, { index: 0, fallbackColor: 'thresholds' }).text).toBe('not a replica set');
  });
});

test('cssColor() takes names and literals and nothing that loads or runs', () => {
  expect(['red', 'semi-dark-orange', '#abc', 'rgba(1, 2, 3, 0.5)', 'transparent'].map(cssColor)).toEqual([
    '#f2495c',
    '#ff780a',
    '#abc',
    'rgba(1, 2, 3, 0.5)',
    'transparent',
  ]);
  expect(['url(http://x)', 'red;background:url(x)', 'expression(alert(1))'].map(cssColor)).toEqual([
    '#8fa5b8',
    '#8fa5b8',
    '#8fa5b8',
  ]);
});

test('reduceFrames() gives one value for each series, and keeps to the fields asked for', () => {
  const frames = applyFieldConfig(
    [series('a', [1, 2]), series('b', [3, null])],
    readFieldConfig({ unit: 'short' }),
    [],
  );
  const values = reduceFrames(
    frames,
    { calcs: ['lastNotNull'], values: false, fields: '', limit: 25 },
    'thresholds',
  );
  expect(values.map((value) => [value.name, value.text])).toEqual([
    ['a', '2'],
    ['b', '3'],
  ]);
  expect(
    reduceFrames(frames, { calcs: ['max'], values: false, fields: '/^b$/', limit: 25 }, 'thresholds').map(
      (value) => value.name,
    ),
  ).toEqual(['b']);
  expect(
    reduceFrames(frames.slice(0, 1), { calcs: [], values: true, fields: '', limit: 25 }, 'thresholds'),
  ).toHaveLength(2);
});
