import { describe, expect, test } from 'vitest';
import { axisRange, tickLabels } from '../chart/axis.ts';
import { applyFieldConfig } from './field-config.ts';
import { readFieldConfig } from './field-json.ts';
import { field, frame, type Frame } from './frame.ts';
import { buildPlot, type PlotScale } from './plot-model.ts';

function series(name: string, times: number[], values: (number | null)[], refId = 'A'): Frame {
  return frame(refId, [field('Time', 'time', times), { ...field('Value', 'number', values), legend: name }]);
}

const styled = (frames: Frame[], custom: Record<string, unknown>): Frame[] =>
  applyFieldConfig(frames, readFieldConfig({ custom }), []);

describe('buildPlot()', () => {
  test('a missing sample breaks the line, a time of another series does not', () => {
    const model = buildPlot([
      series('a', [0, 10, 20, 50], [1, 2, 3, 4]),
      series('b', [0, 15, 30, 45], [5, 6, 7, 8]),
    ]);
    expect(model.times).toEqual([0, 10, 15, 20, 30, 45, 50]);
    expect(model.series[0]?.values).toEqual([1, 2, undefined, 3, null, undefined, 4]);
    expect(model.series[1]?.values).toEqual([5, undefined, 6, undefined, 7, 8, undefined]);
  });
  test('spanNulls joins over gaps', () => {
    const [frames] = [styled([series('a', [0, 10, 40], [1, 2, 3])], { spanNulls: true })];
    expect(buildPlot(frames).series[0]?.drawn).toEqual([1, 2, undefined, 3]);
  });
  test('stacking adds up, and what is negated adds up below', () => {
    const up = styled(
      [series('a', [0, 10], [1, 2]), series('b', [0, 10], [10, null]), series('c', [0, 10], [5, 6])],
      { stacking: { mode: 'normal', group: 'A' } },
    );
    const down = applyFieldConfig(
      [series('d', [0, 10], [3, 4])],
      readFieldConfig({ custom: { stacking: { mode: 'normal', group: 'A' }, transform: 'negative-Y' } }),
      [],
    );
    const model = buildPlot([...up, ...down]);
    expect(model.series.map((one) => one.drawn)).toEqual([
      [1, 2],
      [11, null],
      [16, 8],
      [-3, -4],
    ]);
    expect(model.series.map((one) => one.values)).toEqual([
      [1, 2],
      [10, null],
      [5, 6],
      [3, 4],
    ]);
    expect(model.bands).toEqual([
      { upper: 1, lower: 0 },
      { upper: 2, lower: 1 },
    ]);
  });
  test('a series switched off in the legend leaves the stack', () => {
    const frames = styled([series('a', [0], [1]), series('b', [0], [2])], { stacking: { mode: 'normal' } });
    const model = buildPlot(frames, new Set(['a']));
    expect(model.series[1]?.drawn).toEqual([2]);
    expect(model.bands).toEqual([]);
  });
  test('percent stacking ends at one', () => {
    const frames = styled([series('a', [0], [1]), series('b', [0], [3])], { stacking: { mode: 'percent' } });
    expect(buildPlot(frames).series.map((one) => one.drawn)).toEqual([[0.25], [1]]);
  });
  test('two units make two axes, left and right', () => {
    const frames = [
      ...applyFieldConfig([series('cpu', [0], [1])], readFieldConfig({ unit: 'percent' }), []),
      ...applyFieldConfig([series('mem', [0], [1e9])], readFieldConfig({ unit: 'bytes' }), []),
    ];
    expect(buildPlot(frames).scales.map((scale) => [scale.unit, scale.side])).toEqual([
      ['percent', 'left'],
      ['bytes', 'right'],
    ]);
  });
  test('null as zero', () => {
    expect(
      buildPlot(styled([series('a', [0, 10], [1, null])], { insertNulls: 'zero' })).series[0]?.drawn,
    ).toEqual([1, 0]);
  });
});

const linear: PlotScale = {
  key: '',
  unit: '',
  decimals: undefined,
  side: 'left',
  label: '',
  min: undefined,
  max: undefined,
  softMin: undefined,
  softMax: undefined,
  log: 0,
  centeredZero: false,
  color: undefined,
};

describe('axisRange()', () => {
  const cases: [string, Partial<PlotScale>, [number | null, number | null], [number, number]][] = [
    ['starts at zero when the data is near', {}, [10, 100], [0, 105.4]],
    ['stays close when it is far', {}, [1000, 1010], [999.4, 1010.6]],
    ['fixed ends', { min: 0, max: 1 }, [0.2, 0.4], [0, 1]],
    ['soft ends give way', { softMin: 0, softMax: 10 }, [2, 50], [0, 50]],
    ['soft ends hold', { softMin: 0, softMax: 10 }, [2, 5], [0, 10]],
    ['zero in the middle', { centeredZero: true }, [-2, 10], [-10.72, 10.72]],
    ['flat at zero', {}, [0, 0], [0, 1]],
    ['nothing at all', {}, [null, null], [0, 1.06]],
    ['powers of ten', { log: 10 }, [3, 420], [1, 1000]],
    ['powers of two', { log: 2 }, [3, 5], [2, 8]],
    ['logarithms of zero', { log: 10 }, [0, 50], [0.1, 100]],
  ];
  for (const [name, scale, [low, high], want] of cases) {
    test(`${name}`, () => {
      const [from, to] = axisRange({ ...linear, ...scale }, low, high);
      expect(from).toBeCloseTo(want[0], 6);
      expect(to).toBeCloseTo(want[1], 6);
    });
  }
});

test('tickLabels() are free of floating-point dust and told apart', () => {
  expect(tickLabels([0.1, 0.2, 0.30000000000000004], '', undefined)).toEqual(['0.1', '0.2', '0.3']);
  expect(tickLabels([0, 0.5, 1], 'short', 0)).toEqual(['0', '0.5', '1']);
  expect(tickLabels([0, 1, 2], 'percent', 1)).toEqual(['0.0%', '1.0%', '2.0%']);
});
