import { describe, expect, test } from 'vitest';
import { annotationMarks } from '../dashboard/annotations.ts';
import { applyFieldConfig } from '../dashboard/field-config.ts';
import { readFieldConfig } from '../dashboard/field-json.ts';
import { field, frame, type Frame } from '../dashboard/frame.ts';
import { buildHeatmap } from '../dashboard/heatmap-model.ts';
import { answerFrames } from '../dashboard/query-frames.ts';
import { readPanel } from '../dashboard/panel-json.ts';
import { tableFrame } from './table.tsx';
import { timelineRows } from './timeline.tsx';

function series(name: string, times: number[], values: (number | null)[]): Frame {
  return frame('A', [field('Time', 'time', times), { ...field('Value', 'number', values), legend: name }]);
}

const upDown = readFieldConfig({
  mappings: [{ type: 'value', options: { '1': { text: 'up' }, '0': { text: 'down' } } }],
});

describe('timelineRows()', () => {
  const frames = applyFieldConfig([series('a', [0, 10, 20, 30, 60], [1, 1, 0, 0, 1])], upDown, []);
  test('equal neighbours are one segment; a gap in the samples is a gap', () => {
    const [row] = timelineRows(frames, true);
    expect(row?.segments.map(({ from, to, text }) => [from, to, text])).toEqual([
      [0, 20, 'up'],
      [20, 40, 'down'],
      [60, 70, 'up'],
    ]);
  });
  test('a history keeps every sample', () =>
    expect(timelineRows(frames, false)[0]?.segments).toHaveLength(5));
});

describe('tableFrame()', () => {
  test('series become rows with their last values', () => {
    const table = tableFrame([series('a', [0, 1], [1, 2]), series('b', [0, 1], [3, null])], 0);
    expect(table.fields.map((one) => one.values)).toEqual([
      ['a', 'b'],
      [2, 3],
    ]);
  });
  test('a table stays as it is', () => {
    const one = frame('A', [field('x', 'string', ['p', 'q'])]);
    expect(tableFrame([one], 3)).toBe(one);
  });
});

describe('heatmaps', () => {
  test('cumulative buckets are told apart', () => {
    const bucket = (le: string, values: number[]): object => ({ labels: { le }, times: [0, 1000], values });
    const { targets } = readPanel({ targets: [{ expr: 'x', format: 'heatmap' }] });
    const answer = {
      type: 'matrix' as const,
      warnings: [],
      series: [bucket('+Inf', [9, 9]), bucket('0.1', [2, 3]), bucket('1', [5, 9])] as never,
    };
    if (!targets[0]) throw new Error('no target');
    const model = buildHeatmap(answerFrames(answer, targets[0], 'x', false), false);
    expect(model).toMatchObject({
      rows: ['0.1', '1', '+Inf'],
      cells: [
        [2, 3],
        [3, 6],
        [4, 0],
      ],
      max: 6,
      step: 1000,
    });
  });
  test('plain values are counted', () => {
    const model = buildHeatmap([series('a', [0, 10], [0, 20]), series('b', [0, 10], [1, 20])], true);
    expect(model.cells.at(-1)).toEqual([0, 2]);
    expect(model.cells[0]).toEqual([1, 0]);
  });
});

test('annotationMarks() marks where something begins', () => {
  const annotation = {
    name: 'deploy',
    expr: 'x',
    color: 'red',
    enabled: true,
    hidden: false,
    step: '',
    title: 'v{{version}}',
    text: '',
    tags: '',
    useValueForTime: false,
  };
  const one = { labels: { version: '3' }, times: [0, 10, 20, 50, 60], values: [0, 1, 1, 1, 1] };
  const answer = { type: 'matrix' as const, series: [one], warnings: [] };
  expect(annotationMarks(annotation, answer, 10).map((mark) => [mark.time, mark.title])).toEqual([
    [10, 'v3'],
    [50, 'v3'],
  ]);
  expect(
    annotationMarks(
      { ...annotation, useValueForTime: true },
      { ...answer, series: [{ ...one, values: [99] }] },
      10,
    )[0]?.time,
  ).toBe(99);
});
