import type { FloatHistogram, Histogram, Span } from '@prunella/metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BitReader, BitWriter } from './bits.ts';
import { ColumnBuilder } from './columns.ts';
import { isCounterReset } from './counter_reset.ts';
import { FLOAT_HISTOGRAM, HISTOGRAM } from './encoding.ts';
import { HistogramAppender, decodeHistograms } from './histogram.ts';
import { readVarbitInt, readVarbitUint, writeVarbitInt, writeVarbitUint } from './varbit.ts';

const count = fc.nat(2 ** 40);

/** A layout and, for it, a list of histograms. */
const histograms = fc
  .record({
    positive: fc.array(fc.record({ offset: fc.nat(9), length: fc.integer({ min: 1, max: 4 }) }), {
      maxLength: 3,
    }),
    negative: fc.array(fc.record({ offset: fc.nat(9), length: fc.integer({ min: 1, max: 4 }) }), {
      maxLength: 2,
    }),
    zeroThreshold: fc.constantFrom(0, 2 ** -128, 2 ** -243, 1024, 0.001, 2048),
    schema: fc.integer({ min: -4, max: 8 }),
    custom: fc.option(
      fc.array(
        fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0.005, 0.1, 2.5, 10)).map((bound) => bound + 0),
        { maxLength: 5 },
      ),
    ),
  })
  .chain(({ positive, negative, zeroThreshold, schema, custom }) =>
    fc
      .array(
        fc.record({
          step: fc.oneof(fc.constant(15_000), fc.integer({ min: 1, max: 1e6 })),
          count,
          zeroCount: count,
          sum: fc.double({ noNaN: true }),
          positiveDeltas: deltasFor(positive),
          negativeDeltas: deltasFor(negative),
        }),
        { minLength: 1, maxLength: 20 },
      )
      .map((samples) => ({
        layout: {
          positiveSpans: positive,
          negativeSpans: negative,
          zeroThreshold,
          schema: custom === null ? schema : -53,
          customValues: custom ?? [],
        },
        samples,
      })),
  );

function deltasFor(spans: readonly Span[]): fc.Arbitrary<number[]> {
  const length = spans.reduce((sum, span) => sum + span.length, 0);
  return fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { minLength: length, maxLength: length });
}

test.each(['integer', 'float'] as const)('%s histograms come back', (kind) => {
  fc.assert(
    fc.property(
      histograms,
      fc.constantFrom('unknown', 'reset', 'not_reset', 'gauge'),
      ({ layout, samples }, hint) => {
        const list = samples.map(
          ({ count, zeroCount, sum, positiveDeltas, negativeDeltas }, i): Histogram | FloatHistogram => {
            const counterResetHint = i === 0 || hint === 'gauge' ? hint : 'not_reset';
            const common = { counterResetHint, ...layout, count, zeroCount, sum };
            return kind === 'integer'
              ? { kind, ...common, positiveDeltas, negativeDeltas }
              : {
                  kind,
                  ...common,
                  positiveBuckets: positiveDeltas.map((d) => d / 7),
                  negativeBuckets: negativeDeltas,
                };
          },
        );
        const chunk = new HistogramAppender(list[0]!, hint);
        let t = -5;
        for (const [i, h] of list.entries()) chunk.append((t += samples[i]!.step), h);
        const out = new ColumnBuilder();
        const bytes = chunk.data();
        decodeHistograms(
          kind === 'integer' ? HISTOGRAM : FLOAT_HISTOGRAM,
          bytes,
          0,
          bytes.length,
          out,
          -Infinity,
          Infinity,
        );
        const columns = out.take();
        expect(columns.histograms).toEqual(list);
        expect(columns.timestamps.at(-1)).toBe(t);
      },
    ),
  );
});

test('varbit numbers come back', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (n) => {
      const out = new BitWriter();
      writeVarbitInt(out, n);
      writeVarbitUint(out, Math.abs(n));
      const input = new BitReader(out.bytes);
      expect([readVarbitInt(input), readVarbitUint(input)]).toEqual([n === 0 ? 0 : n, Math.abs(n)]);
    }),
  );
});

test.each([
  [0, 1],
  [1, 5],
  [4, 5],
  [-3, 5],
  [-4, 9],
  [5, 9],
  [32, 9],
  [33, 13],
  [2 ** 11, 17],
  [2 ** 17, 24],
  [2 ** 24, 32],
  [2 ** 24 + 1, 64],
])('%d takes %d bits', (value, bits) => {
  const out = new BitWriter();
  writeVarbitInt(out, value);
  expect(out.position).toBe(bits);
});

test('arbitrary bytes never crash or loop', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 3, maxLength: 300 }),
      fc.constantFrom(HISTOGRAM, FLOAT_HISTOGRAM),
      (bytes, encoding) => {
        try {
          decodeHistograms(encoding, bytes, 0, bytes.length, new ColumnBuilder(), -Infinity, Infinity);
        } catch (error) {
          expect((error as Error).name).toBe('CorruptionError');
        }
      },
    ),
  );
});

test('a counter reset is when anything becomes less', () => {
  const base: Histogram = {
    kind: 'integer',
    counterResetHint: 'unknown',
    schema: 0,
    zeroThreshold: 0.001,
    zeroCount: 2,
    count: 10,
    sum: 5,
    positiveSpans: [{ offset: 0, length: 2 }],
    negativeSpans: [],
    positiveDeltas: [3, 2],
    negativeDeltas: [],
    customValues: [],
  };
  const cases: [string, Partial<Histogram>, boolean][] = [
    ['the same again', {}, false],
    ['more in a bucket', { count: 11, positiveDeltas: [3, 3] }, false],
    [
      'a new bucket',
      { count: 11, positiveSpans: [{ offset: 0, length: 3 }], positiveDeltas: [3, 2, -4] },
      false,
    ],
    [
      'a bucket that moved with its spans',
      {
        positiveSpans: [
          { offset: 0, length: 1 },
          { offset: 0, length: 1 },
        ],
      },
      false,
    ],
    ['a bucket gone', { positiveSpans: [{ offset: 0, length: 1 }], positiveDeltas: [8] }, true],
    ['less in a bucket, as many in all', { positiveDeltas: [4, 0] }, true],
    ['a smaller count', { count: 9 }, true],
    ['a smaller zero bucket', { zeroCount: 1, positiveDeltas: [4, 1] }, true],
    ['another schema', { schema: 1 }, true],
    ['said so', { counterResetHint: 'reset' }, true],
  ];
  for (const [why, change, reset] of cases)
    expect(isCounterReset(base, { ...base, ...change }), why).toBe(reset);
});

const simple = (kind: 'integer' | 'float', n: number, sum: number): Histogram | FloatHistogram => {
  const common = {
    counterResetHint: 'not_reset',
    schema: 2,
    zeroThreshold: 0.001,
    zeroCount: n,
    count: 4 * n,
    sum,
    positiveSpans: [{ offset: -1, length: 2 }],
    negativeSpans: [{ offset: 3, length: 1 }],
    customValues: [],
  } as const;
  return kind === 'integer'
    ? { kind, ...common, positiveDeltas: [n, 0], negativeDeltas: [n] }
    : { kind, ...common, positiveBuckets: [n, n], negativeBuckets: [n] };
};

test.each(['integer', 'float'] as const)('sums of %s histograms that are no numbers come back', (kind) => {
  const sums = [NaN, Infinity, -Infinity, -0, 1e-300, NaN];
  const chunk = new HistogramAppender(simple(kind, 1, 0), 'unknown');
  for (const [i, sum] of sums.entries()) chunk.append(i, simple(kind, i, sum));
  const out = new ColumnBuilder();
  const bytes = chunk.data();
  decodeHistograms(chunk.encoding as 2, bytes, 0, bytes.length, out, -Infinity, Infinity);
  expect(out.take().histograms?.map((h) => h?.sum)).toEqual(sums);
});

test('flipped or cut anywhere, a chunk gives no more than it claims, or is refused', () => {
  const samples = 30;
  const whole = (['integer', 'float'] as const).map((kind) => {
    const chunk = new HistogramAppender(simple(kind, 1, 0), 'unknown');
    for (let i = 0; i < samples; i++) chunk.append(1e12 + i * 15_000, simple(kind, i, i * 1.7));
    return { encoding: chunk.encoding as 2, bytes: chunk.data().slice() };
  });
  fc.assert(
    fc.property(fc.nat(1), fc.nat(), fc.nat(7), fc.nat(), (which, where, bit, length) => {
      const { encoding, bytes } = whole[which]!;
      const damaged = bytes.slice(0, 2 + (length % (bytes.length - 1)));
      damaged[where % damaged.length]! ^= 1 << bit;
      const out = new ColumnBuilder();
      try {
        decodeHistograms(encoding, damaged, 0, damaged.length, out, -Infinity, Infinity);
      } catch (error) {
        expect((error as Error).name).toBe('CorruptionError');
      }
      expect(out.length).toBeLessThanOrEqual((damaged[0]! << 8) | damaged[1]!);
    }),
    { numRuns: 1000 },
  );
});
