import { describe, expect, test } from 'vitest';
import { displayName, field, frame, type Cell, type Frame } from '../frame.ts';
import type { Transformation } from '../types.ts';
import { applyTransformations } from './index.ts';

type Table = Record<string, Cell[]>;

function table(refId: string, columns: Table): Frame {
  return frame(
    refId,
    Object.entries(columns).map(([name, values]) =>
      field(
        name,
        name === 'Time' ? 'time' : values.some((value) => typeof value === 'number') ? 'number' : 'string',
        values,
      ),
    ),
  );
}

function shown(frames: Frame[]): Table[] {
  return frames.map((one) => Object.fromEntries(one.fields.map((each) => [displayName(each), each.values])));
}

const use = (id: string, options: Transformation['options'] = {}): Transformation => ({
  id,
  options,
  disabled: false,
});
const cpu = table('A', { host: ['a', 'b'], 'Value #A': [1, 2] });
const mem = table('B', { host: ['b', 'c'], 'Value #B': [20, 30] });

const cases: [string, Frame[], Transformation[], Table[]][] = [
  [
    'organize hides, orders and renames',
    [table('A', { Time: [1], host: ['a'], job: ['j'], Value: [3] })],
    [
      use('organize', {
        excludeByName: { Time: true },
        indexByName: { Value: 0, host: 1, job: 2 },
        renameByName: { Value: 'CPU' },
      }),
    ],
    [{ CPU: [3], host: ['a'], job: ['j'] }],
  ],
  [
    'filterFieldsByName by names',
    [cpu],
    [use('filterFieldsByName', { include: { names: ['host'] } })],
    [{ host: ['a', 'b'] }],
  ],
  [
    'filterFieldsByName by pattern',
    [cpu],
    [use('filterFieldsByName', { include: { pattern: '^Val' } })],
    [{ 'Value #A': [1, 2] }],
  ],
  [
    'merge joins rows that agree',
    [cpu, mem],
    [use('merge')],
    [{ host: ['a', 'b', 'c'], 'Value #A': [1, 2, null], 'Value #B': [null, 20, 30] }],
  ],
  [
    'joinByField outer',
    [cpu, mem],
    [use('joinByField', { byField: 'host', mode: 'outer' })],
    [{ host: ['a', 'b', 'c'], 'Value #A': [1, 2, null], 'Value #B': [null, 20, 30] }],
  ],
  [
    'joinByField inner',
    [cpu, mem],
    [use('joinByField', { byField: 'host', mode: 'inner' })],
    [{ host: ['b'], 'Value #A': [2], 'Value #B': [20] }],
  ],
  [
    'seriesToColumns counts columns of one name',
    [
      table('A', { host: ['a'], job: ['x'], Value: [1] }),
      table('B', { host: ['a'], job: ['y'], Value: [2] }),
    ],
    [use('seriesToColumns', { byField: 'host' })],
    [{ host: ['a'], 'job 1': ['x'], 'Value 1': [1], 'job 2': ['y'], 'Value 2': [2] }],
  ],
  [
    'sortBy backwards',
    [cpu],
    [use('sortBy', { sort: [{ field: 'Value #A', desc: true }] })],
    [{ host: ['b', 'a'], 'Value #A': [2, 1] }],
  ],
  [
    'calculateField binary',
    [table('A', { used: [1, 2], all: [4, 4] })],
    [
      use('calculateField', {
        mode: 'binary',
        binary: { left: 'used', operator: '/', right: 'all' },
        alias: 'share',
      }),
    ],
    [{ used: [1, 2], all: [4, 4], share: [0.25, 0.5] }],
  ],
  [
    'calculateField with a number',
    [table('A', { used: [1, 2] })],
    [
      use('calculateField', {
        mode: 'binary',
        binary: { left: 'used', operator: '*', right: '100' },
        replaceFields: true,
        alias: 'percent',
      }),
    ],
    [{ percent: [100, 200] }],
  ],
  [
    'calculateField over a row',
    [table('A', { a: [1, 2], b: [3, null] })],
    [use('calculateField', { mode: 'reduceRow', reduce: { reducer: 'sum' } })],
    [{ a: [1, 2], b: [3, null], Total: [4, 2] }],
  ],
  [
    'groupBy',
    [table('A', { host: ['a', 'b', 'a'], Value: [1, 2, 3] })],
    [
      use('groupBy', {
        fields: {
          host: { operation: 'groupby' },
          Value: { operation: 'aggregate', aggregations: ['sum', 'lastNotNull'] },
        },
      }),
    ],
    [{ host: ['a', 'b'], 'Value (sum)': [4, 2], 'Value (lastNotNull)': [3, 2] }],
  ],
  [
    'filterByValue',
    [cpu],
    [
      use('filterByValue', {
        type: 'include',
        match: 'all',
        filters: [{ fieldName: 'Value #A', config: { id: 'greater', options: { value: 1 } } }],
      }),
    ],
    [{ host: ['b'], 'Value #A': [2] }],
  ],
  [
    'filterByRefId',
    [cpu, mem],
    [use('filterByRefId', { include: 'B' })],
    [{ host: ['b', 'c'], 'Value #B': [20, 30] }],
  ],
  [
    'reduce to rows',
    [table('A', { Time: [1, 2], x: [5, 7] })],
    [use('reduce', { reducers: ['max', 'mean'] })],
    [{ Field: ['x'], Max: [7], Mean: [6] }],
  ],
  [
    'renameByRegex',
    [table('A', { 'Value #A': [1] })],
    [use('renameByRegex', { regex: 'Value #(.*)', renamePattern: 'v$1' })],
    [{ vA: [1] }],
  ],
  ['limit', [cpu], [use('limit', { limitField: 1 })], [{ host: ['a'], 'Value #A': [1] }]],
  [
    'unknown and disabled ones change nothing',
    [cpu],
    [use('constructor'), { ...use('limit', { limitField: 0 }), disabled: true }],
    shown([cpu]),
  ],
];

describe('applyTransformations()', () => {
  for (const [name, frames, steps, want] of cases)
    test(`${name}`, () => expect(shown(applyTransformations(frames, steps))).toEqual(want));

  test('labelsToFields makes columns of labels', () => {
    const one = frame('A', [
      field('Time', 'time', [1, 2]),
      field('Value', 'number', [3, 4], { host: 'a', __name__: 'up' }),
    ]);
    expect(shown(applyTransformations([one], [use('labelsToFields')]))).toEqual([
      { Time: [1, 2], host: ['a', 'a'], up: [3, 4] },
    ]);
  });
  test('seriesToRows lists the newest first', () => {
    const one = frame('A', [
      field('Time', 'time', [1, 2]),
      { ...field('Value', 'number', [3, 4]), legend: 'x' },
    ]);
    expect(shown(applyTransformations([one], [use('seriesToRows')]))).toEqual([
      { Time: [2, 1], Metric: ['x', 'x'], Value: [4, 3] },
    ]);
  });
});
