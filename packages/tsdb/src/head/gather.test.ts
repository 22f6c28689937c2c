import { Labels } from '@prunella/metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ColumnBuilder } from '../chunks/columns.ts';
import { LoggedFloats } from '../wal/records.ts';
import { FloatRuns } from './gather.ts';
import { Head } from './head.ts';

const RANGE = 2 * 3_600_000;

/** All that a series has. */
function samplesOf(head: Head, ref: number): [number, number][] {
  const builder = new ColumnBuilder();
  head.series.byRef(ref)!.read(head, builder, -Infinity, Infinity, (error) => {
    throw error;
  });
  const { timestamps, values } = builder.take();
  return Array.from(timestamps, (t, i) => [t, values[i]!]);
}

function headWith(series: number): Head {
  const head = new Head(RANGE, 0);
  for (let n = 1; n <= series; n++) head.addSeries(n, Labels.from({ __name__: 'm', n: String(n) }));
  return head;
}

function floatOf(ref: number, t: number, value: number): LoggedFloats {
  const float = new LoggedFloats(1);
  float.refs[0] = ref;
  float.timestamps[0] = t;
  float.words.set(new Uint32Array(Float64Array.of(value).buffer));
  float.length = 1;
  return float;
}

const sample = fc.record({
  ref: fc.integer({ min: 1, max: 5 }),
  // Also twice the same time, back in time, and over borders of blocks.
  step: fc.constantFrom(0, 1, 1, 1, 15_000, 15_000, 15_000, 3_600_000, -15_000),
  value: fc.oneof(fc.constantFrom(0, 1, NaN, -0), fc.double()),
});

test('gathered floats lie in the head as if each had been added alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sample, { maxLength: 600 }), async (samples) => {
      const [gathering, plain] = [headWith(5), headWith(5)];
      const runs = new FloatRuns(gathering);
      let t = 1_700_000_000_000;
      for (const { ref, step, value } of samples) {
        t += step;
        const float = floatOf(ref, t, value);
        expect(runs.add(float, 0)).toBe(true);
        plain.append(plain.series.byRef(ref)!, float, 0, 1);
      }
      await runs.finish();
      for (let ref = 1; ref <= 5; ref++) expect(samplesOf(gathering, ref)).toEqual(samplesOf(plain, ref));
      expect(gathering.chunkCount).toBe(plain.chunkCount);
      expect([gathering.minTime, gathering.maxTime]).toEqual([plain.minTime, plain.maxTime]);
      expect(gathering.counters.floats).toBe(plain.counters.floats);
    }),
    { numRuns: 60 },
  );
});

test('a series under two references takes its floats in order', async () => {
  const head = headWith(1);
  head.series.alias(9, head.series.byRef(1)!);
  const runs = new FloatRuns(head);
  for (let t = 1; t <= 40; t++) runs.add(floatOf(t % 2 === 0 ? 1 : 9, t, t), 0);
  expect(runs.add(floatOf(7, 1, 0), 0), 'nobody knows 7').toBe(false);
  await runs.finish();
  expect(samplesOf(head, 1).map(([t]) => t)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
});

test('floats that are on their way come before a sample of another kind', () => {
  const head = headWith(1);
  const runs = new FloatRuns(head);
  const series = head.series.byRef(1)!;
  runs.add(floatOf(1, 10, 0), 0);
  expect(runs.interrupt(series, 10)).toBe(false);
  expect(runs.interrupt(series, 20)).toBe(true);
  expect(series.maxTime).toBe(10);
  runs.add(floatOf(1, 20, 0), 0);
  runs.interrupt(series, 30);
  expect(series.maxTime, 'what is not newer than the other kind is left out').toBe(10);
});
