import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CounterResetHint, FloatHistogram } from '@prunella/metrics';
import { HISTOGRAM_RANGE, type Report } from './range.ts';
import { SteadyCounter } from './steady.ts';

const silent: Report = {
  mixed: () => {},
  mixedSchemas: () => {},
  notCounter: () => {},
  notGauge: () => {},
  overlap: () => {},
  notes: () => {},
};

const histogram = (counts: readonly number[], hint: CounterResetHint, offset: number): FloatHistogram => ({
  kind: 'float',
  counterResetHint: hint,
  schema: 0,
  zeroThreshold: 0.001,
  zeroCount: 0,
  count: counts.reduce((all, each) => all + each, 0),
  sum: 3 * (counts[0] as number),
  positiveSpans: [{ offset, length: counts.length }],
  negativeSpans: [],
  positiveBuckets: counts,
  negativeBuckets: [],
  customValues: [],
});

const hints = fc.constantFrom<CounterResetHint>('unknown', 'unknown', 'not_reset', 'reset', 'gauge');
const samples = fc.array(
  fc.record({ counts: fc.tuple(fc.nat(9), fc.nat(9)), reset: fc.nat(6), hint: hints, moved: fc.nat(9) }),
  { minLength: 1, maxLength: 12 },
);

// Where it answers at all, it has to answer as the function that looks at every sample.
test('a steady window is the same from its ends', () => {
  let answered = 0;
  fc.assert(
    fc.property(samples, fc.nat(11), fc.nat(12), (given, from, length) => {
      const total = [0, 0];
      const column = given.map(({ counts, reset, hint, moved }) => {
        for (const k of [0, 1]) total[k] = (reset === 0 ? 0 : (total[k] as number)) + (counts[k] as number);
        return histogram(
          [...total],
          reset === 0 && hint === 'not_reset' ? 'unknown' : hint,
          moved === 0 ? 1 : 0,
        );
      });
      const times = Float64Array.from(column, (_, i) => 15_000 * (i + 1));
      const to = Math.min(from + length, column.length);
      if (from >= to) return;
      const [start, end] = [(times[from] as number) - 9000, (times[to - 1] as number) + 4000];
      for (const func of ['rate', 'increase']) {
        const quick = new SteadyCounter(times, column).increase(from, to, start, end, func === 'rate');
        if (!quick) continue;
        answered++;
        const window = {
          times: [...times.subarray(from, to)],
          values: column.slice(from, to).map(({ sum }) => sum),
          histograms: column.slice(from, to),
          start,
          end,
          exact: false,
        };
        expect(quick).toEqual(HISTOGRAM_RANGE[func]?.(window, silent));
      }
    }),
    { numRuns: 2000 },
  );
  expect(answered).toBeGreaterThan(100);
});
