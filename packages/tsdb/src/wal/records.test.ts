import { Labels, type FloatHistogram, type Histogram, type Metadata } from '@prunella/metrics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import { CorruptionError } from '../errors.ts';
import { filterRecord } from './checkpoint.ts';
import * as records from './records.ts';

const ref = fc.nat(2 ** 40);
const time = fc.integer({ min: -(2 ** 45), max: 2 ** 45 });
const text = fc.string({ unit: 'binary', maxLength: 40 });
const labels = fc
  .dictionary(text, fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }))
  .map((pairs) => Labels.from(pairs));
const word = fc.nat(2 ** 32 - 1);
const finite = fc.double({ noNaN: true });
const span = fc.record({ offset: fc.integer({ min: -100, max: 100 }), length: fc.nat(5) });
const whole = fc.nat(2 ** 40);
const difference = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });

function histogramOf(kind: 'integer' | 'float', custom: boolean): fc.Arbitrary<Histogram | FloatHistogram> {
  const number = kind === 'integer' ? whole : finite;
  const buckets = fc.array(kind === 'integer' ? difference : finite, { maxLength: 6 });
  return fc
    .record({
      counterResetHint: fc.constantFrom('unknown', 'reset', 'not_reset', 'gauge'),
      schema: custom ? fc.constant(-53) : fc.integer({ min: -4, max: 8 }),
      zeroThreshold: finite,
      zeroCount: number,
      count: number,
      sum: finite,
      positiveSpans: fc.array(span, { maxLength: 4 }),
      negativeSpans: fc.array(span, { maxLength: 4 }),
      customValues: custom ? fc.array(finite, { maxLength: 5 }) : fc.constant([]),
      positive: buckets,
      negative: buckets,
    })
    .map(({ positive, negative, ...common }) =>
      kind === 'integer'
        ? { kind, ...common, positiveDeltas: positive, negativeDeltas: negative }
        : { kind, ...common, positiveBuckets: positive, negativeBuckets: negative },
    );
}

/** A kind of record: what may be in it, how it is written, and what a reader says. */
interface Kind<T> {
  readonly type: number;
  readonly entry: fc.Arbitrary<T>;
  write(out: ByteWriter, entries: readonly T[]): void;
  read(input: ByteReader): unknown[];
}

function sampleKind<T extends { ref: number; t: number }>(
  type: number,
  entry: fc.Arbitrary<T>,
  write: (out: ByteWriter, entry: T) => void,
  read: (input: ByteReader, base: records.SampleBase, found: unknown[]) => void,
): Kind<T> {
  return {
    type,
    entry,
    write: (out, entries) => {
      const base = new records.SampleBase();
      base.writeFirst(out, entries[0]!.ref, entries[0]!.t);
      for (const each of entries) {
        base.write(out, each.ref, each.t);
        write(out, each);
      }
    },
    read: (input) => {
      const found: unknown[] = [];
      const base = records.SampleBase.read(input);
      while (input.remaining > 0) read(input, base, found);
      return found;
    },
  };
}

function histogramKind(
  type: number,
  kind: 'integer' | 'float',
  custom: boolean,
): Kind<{ ref: number; t: number }> {
  return sampleKind<{ ref: number; t: number; h: Histogram | FloatHistogram }>(
    type,
    fc.record({ ref, t: time, h: histogramOf(kind, custom) }),
    (out, { h }) => records.writeHistogram(out, h),
    (input, base, found) =>
      records.readHistograms(input, base, type, (r, t, h) => found.push({ ref: r, t, h }), 2),
  ) as Kind<{ ref: number; t: number }>;
}

const kinds: Record<string, Kind<never>> = {
  series: {
    type: records.SERIES,
    entry: fc.record({ ref, labels }),
    write: (out: ByteWriter, all: readonly { ref: number; labels: Labels }[]) =>
      all.forEach((each) => records.writeSeries(out, each.ref, each.labels)),
    read: (input: ByteReader) => {
      const found: unknown[] = [];
      while (input.remaining > 0) records.readSeries(input, (r, l) => found.push({ ref: r, labels: l }), 2);
      return found;
    },
  },
  samples: sampleKind(
    records.SAMPLES,
    fc.record({ ref, t: time, high: word, low: word }),
    (out, { high, low }) => out.words(high, low),
    (input, base, found) => {
      const floats = new records.LoggedFloats(2);
      records.readSamples(input, base, floats);
      const { refs, timestamps, words } = floats;
      for (let i = 0; i < floats.length; i++) {
        const [high, low] = [words[2 * i + HIGH_WORD]!, words[2 * i + LOW_WORD]!];
        found.push({ ref: refs[i]!, t: timestamps[i]!, high, low });
      }
    },
  ),
  tombstones: {
    type: records.TOMBSTONES,
    entry: fc.record({ ref, mint: time, maxt: time }),
    write: (out: ByteWriter, all: readonly { ref: number; mint: number; maxt: number }[]) =>
      all.forEach((each) => records.writeTombstone(out, each.ref, each.mint, each.maxt)),
    read: (input: ByteReader) => {
      const found: unknown[] = [];
      while (input.remaining > 0)
        records.readTombstones(input, (r, mint, maxt) => found.push({ ref: r, mint, maxt }), 2);
      return found;
    },
  },
  exemplars: sampleKind(
    records.EXEMPLARS,
    fc.record({ ref, t: time, value: finite, labels }),
    (out, { value, labels: own }) => {
      out.f64(value);
      records.writeLabels(out, own);
    },
    (input, base, found) => records.readExemplars(input, base, (exemplar) => found.push(exemplar), 2),
  ),
  metadata: {
    type: records.METADATA,
    entry: fc.record({
      ref,
      metadata: fc.record({
        type: fc.constantFrom('unknown', 'counter', 'gauge', 'histogram', 'stateset'),
        help: text,
        unit: text,
      }),
    }),
    write: (out: ByteWriter, all: readonly { ref: number; metadata: Metadata }[]) =>
      all.forEach((each) => records.writeMetadata(out, each.ref, each.metadata)),
    read: (input: ByteReader) => {
      const found: unknown[] = [];
      while (input.remaining > 0)
        records.readMetadata(input, (r, metadata) => found.push({ ref: r, metadata }), 2);
      return found;
    },
  },
  'integer histograms': histogramKind(records.HISTOGRAMS, 'integer', false),
  'float histograms': histogramKind(records.FLOAT_HISTOGRAMS, 'float', false),
  'integer histograms with custom buckets': histogramKind(records.CUSTOM_HISTOGRAMS, 'integer', true),
  'float histograms with custom buckets': histogramKind(records.CUSTOM_FLOAT_HISTOGRAMS, 'float', true),
} as unknown as Record<string, Kind<never>>;

function written<T>(kind: Kind<T>, entries: readonly T[]): Uint8Array {
  const out = new ByteWriter();
  out.u8(kind.type);
  kind.write(out, entries);
  return out.written();
}

describe.each(Object.entries(kinds))('%s', (_, kind) => {
  const entries = fc.array(kind.entry, { minLength: 1, maxLength: 8 });

  test('come back, read two at a time; a checkpoint that keeps all keeps them as they are', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const record = written(kind, all);
        expect(kind.read(new ByteReader(record, 1))).toEqual(all);
        const kept = filterRecord(record, () => true, -Infinity)!;
        expect(kind.read(new ByteReader(kept, 1))).toEqual(all);
        expect(filterRecord(record, () => false, -Infinity)).toBeUndefined();
      }),
    );
  });

  test('flipped, cut short, or of arbitrary bytes: they are read or refused', () => {
    const damaged = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(entries, fc.nat(), fc.nat(7), fc.nat()).map(([all, where, bit, length]) => {
        const record = written(kind, all).slice(1);
        record[where % record.length]! ^= 1 << bit;
        return record.subarray(0, length % (record.length + 1));
      }),
    );
    fc.assert(
      fc.property(damaged, (bytes) => {
        try {
          kind.read(new ByteReader(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptionError);
        }
        const record = Uint8Array.of(kind.type, ...bytes);
        const kept = filterRecord(record, (each) => each % 2 === 0, 0);
        // What is kept is no more than there was, and can be read.
        if (kept !== undefined) kind.read(new ByteReader(kept, 1));
      }),
      { numRuns: 500 },
    );
  });
});

test('a checkpoint drops what is too old, and what nobody needs', () => {
  const { samples } = kinds as unknown as {
    samples: Kind<{ ref: number; t: number; high: number; low: number }>;
  };
  const at = (r: number, t: number) => ({ ref: r, t, high: 1, low: 2 });
  const record = written(samples, [at(1, 10), at(2, 20), at(1, 30), at(3, 30)]);
  const kept = filterRecord(record, (each) => each < 3, 20)!;
  expect(samples.read(new ByteReader(kept, 1))).toEqual([at(2, 20), at(1, 30)]);
  expect(filterRecord(Uint8Array.of(200, 1, 2, 3), () => true, 0)).toBeUndefined();
});
