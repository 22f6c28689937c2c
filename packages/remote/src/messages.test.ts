import { Labels, Matcher, type FloatHistogram, type Histogram } from '@prunella/metrics';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeWriteRequest, encodeWriteRequest, type WriteRequest } from './messages.ts';
import { decodeReadRequest, encodeReadRequest } from './read.ts';
import { compress, RemoteError, uncompress } from './snappy.ts';

const time = fc.integer({ min: -1e15, max: 1e15 });
const labels = fc
  .dictionary(fc.constantFrom('__name__', 'a', 'b', 'ü'), fc.string({ unit: 'grapheme', minLength: 1 }), {
    minKeys: 1,
  })
  .map((entries) => Labels.from(entries));
const span = fc.record({ offset: fc.integer({ min: -99, max: 99 }), length: fc.nat(9) });
const shared = {
  counterResetHint: fc.constantFrom('unknown', 'reset', 'not_reset', 'gauge'),
  schema: fc.constantFrom(-53, -4, 0, 3, 8),
  zeroThreshold: fc.double({ noNaN: true }),
  sum: fc.double({ noNaN: true }),
  positiveSpans: fc.array(span, { maxLength: 3 }),
  negativeSpans: fc.array(span, { maxLength: 3 }),
  customValues: fc.array(fc.double({ noNaN: true }), { maxLength: 3 }),
};
const deltas = fc.array(fc.integer({ min: -1e6, max: 1e6 }), { maxLength: 5 });
const counts = fc.array(fc.double({ noNaN: true }), { maxLength: 5 });
const histogram: fc.Arbitrary<Histogram | FloatHistogram> = fc.oneof(
  fc.record({
    kind: fc.constant('integer'),
    ...shared,
    count: fc.nat(),
    zeroCount: fc.nat(),
    positiveDeltas: deltas,
    negativeDeltas: deltas,
  }),
  fc.record({
    kind: fc.constant('float'),
    ...shared,
    count: fc.double({ noNaN: true }),
    zeroCount: fc.double({ noNaN: true }),
    positiveBuckets: counts,
    negativeBuckets: counts,
  }),
) as fc.Arbitrary<Histogram | FloatHistogram>;
const sample = fc.record({ time, value: fc.double() });
const request: fc.Arbitrary<WriteRequest> = fc.record({
  series: fc.array(
    fc.record({
      labels,
      samples: fc.array(sample, { maxLength: 4 }),
      exemplars: fc.array(fc.record({ labels, value: fc.double(), timestamp: time }), { maxLength: 2 }),
    }),
    { maxLength: 4 },
  ),
  metadata: fc.array(
    fc.tuple(
      fc.string({ minLength: 1 }),
      fc.record({
        type: fc.constantFrom('counter', 'gauge', 'unknown', 'stateset'),
        help: fc.string(),
        unit: fc.string(),
      }),
    ),
    { maxLength: 3 },
  ) as fc.Arbitrary<WriteRequest['metadata']>,
});

describe('remote write messages', () => {
  test('come back as they went', () => {
    fc.assert(
      fc.property(request, (message) => {
        expect(decodeWriteRequest(encodeWriteRequest(message))).toEqual(message);
      }),
    );
  });

  test('histograms come back as they went', () => {
    fc.assert(
      fc.property(histogram, time, (h, at) => {
        const message = {
          series: [
            {
              labels: Labels.from({ a: 'b' }),
              samples: [{ time: at, value: h.sum, histogram: h }],
              exemplars: [],
            },
          ],
          metadata: [],
        };
        expect(decodeWriteRequest(encodeWriteRequest(message))).toEqual(message);
      }),
    );
  });

  test('a stale marker keeps its bits, and an ordinary NaN is none', () => {
    const samples = [
      { time: 1, value: NaN, stale: true },
      { time: 2, value: NaN },
    ];
    const bytes = encodeWriteRequest({
      series: [{ labels: Labels.from({ a: 'b' }), samples, exemplars: [] }],
      metadata: [],
    });
    expect(Buffer.from(bytes).includes(Buffer.from('020000000000f07f', 'hex'))).toBe(true);
    expect(decodeWriteRequest(bytes).series[0]?.samples).toEqual(samples);
  });

  test('the bytes are those of the format', () => {
    const series = [
      {
        labels: Labels.from({ __name__: 'up', job: 'a' }),
        samples: [{ time: 1000, value: 1 }],
        exemplars: [],
      },
    ];
    const expected = [
      '0a28',
      '0a0e0a085f5f6e616d655f5f12027570',
      '0a080a036a6f62120161',
      '120c09000000000000f03f10e807',
    ];
    expect(Buffer.from(encodeWriteRequest({ series, metadata: [] })).toString('hex')).toBe(expected.join(''));
  });

  test('labels in any order are sorted; a name given twice is refused', () => {
    const unsorted = Buffer.from('0a140a060a016212017a0a060a0161120179120212' + '00', 'hex');
    expect(decodeWriteRequest(unsorted.subarray(0, 22)).series[0]?.labels.toObject()).toEqual({
      a: 'y',
      b: 'z',
    });
    const twice = Buffer.from('0a100a060a0161120179' + '0a060a016112017a', 'hex');
    expect(() => decodeWriteRequest(twice)).toThrow('label name "a" is not unique');
  });

  test('any damage is a RemoteError or reads as something', () => {
    const whole = Buffer.from(
      encodeWriteRequest({
        series: [
          { labels: Labels.from({ __name__: 'a', b: 'c' }), samples: [{ time: 5, value: 1 }], exemplars: [] },
        ],
        metadata: [['a', { type: 'gauge', help: 'h', unit: '' }]],
      }),
    );
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(whole.length),
        (at, byte, cut) => {
          const bytes = Buffer.from(whole.subarray(0, cut));
          if (at < cut) bytes[at] = byte;
          for (const read of [
            () => decodeWriteRequest(bytes),
            () => decodeReadRequest(bytes),
            () => uncompress(bytes, 1000),
          ]) {
            try {
              read();
            } catch (error) {
              expect(error).toBeInstanceOf(RemoteError);
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test('remote read requests come back as they went', () => {
  const queries = [
    {
      start: -5,
      end: 1_700_000_000_000,
      matchers: [new Matcher('=', '__name__', 'up'), new Matcher('!~', 'job', 'a|b')],
    },
  ];
  const [back] = decodeReadRequest(encodeReadRequest(queries));
  expect([back?.start, back?.end, back?.matchers.map(String)]).toEqual([
    -5,
    1_700_000_000_000,
    ['__name__="up"', 'job!~"a|b"'],
  ]);
});

test('a snappy bomb is given up', () => {
  expect(() => uncompress(compress(new Uint8Array(5_000_000)), 1000)).toThrow(RemoteError);
});
