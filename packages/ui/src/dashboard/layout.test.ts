import { describe, expect, test } from 'vitest';
import { layoutSections } from './layout.ts';
import { readDashboard } from './migrate.ts';
import type { Scope } from './types.ts';

const scope: Scope = new Map([
  ['host', { values: ['a', 'b', 'c'], texts: ['a', 'b', 'c'], all: true, allValue: '' }],
]);
const at = (x: number, y: number, w: number, h: number): object => ({
  gridPos: { x, y, w, h },
  type: 'stat',
});

describe('layoutSections()', () => {
  test('rows own what follows them, collapsed rows what they nest', () => {
    const { items } = readDashboard({
      panels: [
        { ...at(0, 0, 6, 4), title: 'top' },
        { type: 'row', title: 'Open', gridPos: { x: 0, y: 4, w: 24, h: 1 } },
        { ...at(0, 5, 6, 4), title: 'in' },
        {
          type: 'row',
          title: 'Shut',
          collapsed: true,
          gridPos: { x: 0, y: 9, w: 24, h: 1 },
          panels: [{ ...at(0, 10, 6, 4), title: 'nested' }],
        },
      ],
    });
    const sections = layoutSections(items, new Map());
    expect(
      sections.map((section) => [
        section.title,
        section.collapsed,
        section.panels.map((panel) => [panel.title, panel.gridPos.y]),
      ]),
    ).toEqual([
      ['', false, [['top', 0]]],
      ['Open', false, [['in', 0]]],
      ['Shut', true, [['nested', 0]]],
    ]);
  });
  test('a repeated panel fills rows and pushes the next one down', () => {
    const { items } = readDashboard({
      panels: [
        { ...at(0, 0, 24, 4), id: 1, repeat: 'host', maxPerRow: 2 },
        { ...at(0, 4, 24, 4), id: 2 },
      ],
    });
    const [section] = layoutSections(items, scope);
    expect(section?.panels.map(({ gridPos: { x, y, w } }) => [x, y, w])).toEqual([
      [0, 0, 12],
      [12, 0, 12],
      [0, 4, 12],
      [0, 8, 24],
    ]);
    expect(section?.panels[1]?.scope.get('host')?.values).toEqual(['b']);
  });
  test('a repeated row stands once for each value', () => {
    const { items } = readDashboard({
      panels: [
        { type: 'row', title: 'On $host', repeat: 'host', gridPos: { x: 0, y: 0, w: 24, h: 1 } },
        at(0, 1, 6, 4),
      ],
    });
    expect(
      layoutSections(items, scope).map((section) => [...(section.scope.get('host')?.values ?? [])]),
    ).toEqual([['a'], ['b'], ['c']]);
  });
  test('legacy rows and spans become places', () => {
    const { items } = readDashboard({
      rows: [
        {
          title: 'R',
          height: '250px',
          panels: [
            { type: 'graph', span: 8 },
            { type: 'singlestat', span: 4 },
            { type: 'graph', span: 12, height: 100 },
          ],
        },
      ],
    });
    expect(
      layoutSections(items, new Map())[0]?.panels.map(({ type, gridPos: { x, y, w, h } }) => [
        type,
        x,
        y,
        w,
        h,
      ]),
    ).toEqual([
      ['timeseries', 0, 0, 16, 7],
      ['stat', 16, 0, 8, 7],
      ['timeseries', 0, 7, 24, 3],
    ]);
  });
});
