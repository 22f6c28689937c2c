import { expect, test } from 'vitest';
import { displayName } from './frame.ts';
import { loadPanel, panelRange, type PanelContext, type QueryRunner } from './load.ts';
import { readPanel } from './panel-json.ts';

const context: PanelContext = {
  range: { from: 0, to: 3_600_000 },
  scope: new Map(),
  multi: new Set(),
  scrapeInterval: 15_000,
  width: 600,
};

function recording(): QueryRunner & { asked: unknown[] } {
  const asked: unknown[] = [];
  const series = [
    { labels: { job: 'a', instance: 'x' }, times: [0], values: [1] },
    { labels: { job: 'a', instance: 'y' }, times: [0], values: [2] },
  ];
  return {
    asked,
    instant: (expr, timeMs) => (
      asked.push(['instant', expr, timeMs]),
      Promise.resolve({ type: 'vector', series, warnings: [] })
    ),
    range: (expr, { from, to, stepMs }) => (
      asked.push(['range', expr, from, to, stepMs]),
      expr === 'broken'
        ? Promise.reject(new Error('parse error'))
        : Promise.resolve({ type: 'matrix', series, warnings: ['slow'] })
    ),
  };
}

test('asks for what the targets say', async () => {
  const run = recording();
  const panel = readPanel({
    type: 'timeseries',
    targets: [
      { refId: 'A', expr: 'rate(x[$__rate_interval])' },
      { refId: 'B', expr: 'y', instant: true },
      { refId: 'C', expr: 'z', hide: true },
      { refId: 'D', expr: '' },
    ],
  });
  const data = await loadPanel(panel, context, run);
  expect(run.asked).toEqual([
    ['range', 'rate(x[1m])', 0, 3_600_000, 15_000],
    ['instant', 'y', 3_600_000],
  ]);
  expect(data.warnings).toEqual(['slow']);
  expect(data.frames).toHaveLength(4);
});

test('one failed query is told, the others are shown', async () => {
  const data = await loadPanel(
    readPanel({
      type: 'timeseries',
      targets: [{ expr: 'broken' }, { expr: 'x', legendFormat: '{{instance}}' }],
    }),
    context,
    recording(),
  );
  expect(data.errors).toEqual(['parse error']);
  expect(data.frames.flatMap((frame) => frame.fields.map(displayName))).toEqual(['Time', 'x', 'Time', 'y']);
});

test('an automatic legend names what differs', async () => {
  const data = await loadPanel(
    readPanel({ type: 'timeseries', targets: [{ expr: 'x', legendFormat: '__auto' }] }),
    context,
    recording(),
  );
  expect(data.frames.map((frame) => frame.fields[1] && displayName(frame.fields[1]))).toEqual(['x', 'y']);
});

test('a table has a column for each label', async () => {
  const data = await loadPanel(
    readPanel({ type: 'table', targets: [{ refId: 'A', expr: 'x', format: 'table', instant: true }] }),
    context,
    recording(),
  );
  expect(data.frames[0]?.fields.map((field) => [field.name, field.values])).toEqual([
    ['Time', [0, 0]],
    ['instance', ['x', 'y']],
    ['job', ['a', 'a']],
    ['Value', [1, 2]],
  ]);
});

test('another kind of data source is not configured', async () => {
  const run = recording();
  const data = await loadPanel(
    readPanel({
      type: 'timeseries',
      datasource: { type: 'loki', uid: 'x' },
      targets: [{ expr: '{job="a"}' }],
    }),
    context,
    run,
  );
  expect([data.errors, run.asked]).toEqual([['not configured: data source loki'], []]);
});

test('timeFrom looks back from the end, timeShift moves both', () => {
  const range = { from: 100_000_000, to: 103_600_000 };
  expect(panelRange(readPanel({ timeFrom: '5m' }), range)).toEqual({ from: 103_300_000, to: 103_600_000 });
  expect(panelRange(readPanel({ timeShift: '1h' }), range)).toEqual({ from: 96_400_000, to: 100_000_000 });
});
