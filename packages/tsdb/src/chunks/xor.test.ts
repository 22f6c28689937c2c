import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ColumnBuilder, HIGH_WORD, LOW_WORD } from './columns.ts';
import { XorAppender, decodeXor } from './xor.ts';

const words = fc.tuple(
  fc.oneof(fc.constant(0x7ff00000), fc.constant(0x40590000), fc.integer({ min: 0, max: 0xffffffff })),
  fc.oneof(fc.constant(2), fc.constant(0), fc.integer({ min: 0, max: 0xffffffff })),
);
const step = fc.oneof(
  fc.constant(15_000),
  fc.integer({ min: 1, max: 30_000 }),
  fc.integer({ min: 1, max: 2 ** 40 }),
);
const samples = fc.array(fc.tuple(step, words), { minLength: 1, maxLength: 300 });

function encode(list: readonly (readonly [number, readonly [number, number]])[], start: number): XorAppender {
  const chunk = new XorAppender();
  let t = start;
  for (const [delta, [high, low]] of list) {
    t += delta;
    chunk.append(t, high, low);
  }
  return chunk;
}

test('every sample comes back with the same bits, NaN payloads included', () => {
  fc.assert(
    fc.property(samples, fc.integer({ min: -(2 ** 42), max: 2 ** 42 }), (list, start) => {
      const bytes = encode(list, start).data();
      const out = new ColumnBuilder();
      decodeXor(bytes, 0, bytes.length, out, -Infinity, Infinity);
      expect(out.length).toBe(list.length);
      let t = start;
      for (const [i, [delta, [high, low]]] of list.entries()) {
        t += delta;
        expect([out.timestamps[i], out.words[2 * i + HIGH_WORD], out.words[2 * i + LOW_WORD]]).toEqual([
          t,
          high,
          low,
        ]);
      }
    }),
  );
});

test('a reset appender writes the same bytes as a new one', () => {
  fc.assert(
    fc.property(samples, samples, (first, second) => {
      const reused = encode(first, 0);
      reused.reset();
      let t = 5;
      for (const [delta, [high, low]] of second) reused.append((t += delta), high, low);
      expect(reused.data()).toEqual(encode(second, 5).data());
    }),
  );
});

test('only the samples of the range asked for are decoded', () => {
  const bytes = encode(
    Array.from({ length: 10 }, (_, i) => [10, [0x40000000 + i, 0]] as const),
    0,
  ).data();
  const out = new ColumnBuilder();
  decodeXor(bytes, 0, bytes.length, out, 30, 50);
  expect([...out.take().timestamps]).toEqual([30, 40, 50]);
});

test('the bytes are those of the format: a worked example', () => {
  // 1.5 is 0x3ff80000_00000000. t=1000 (zigzag 2000 = d0 0f), +15000 (98 75), same value, +15000, then 2.5.
  const chunk = new XorAppender();
  chunk.append(1000, 0x3ff80000, 0);
  chunk.append(16000, 0x3ff80000, 0);
  chunk.append(31000, 0x40040000, 0);
  // 0 (value as before) 0 (same step) 11 00001 001101 then 13 bits from bit 1 of 0x7ffc0000_00000000
  expect(Buffer.from(chunk.data()).toString('hex')).toBe('0003d00f3ff80000000000009875309bfff0');
});

test('arbitrary bytes never crash or loop: they decode or are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const out = new ColumnBuilder();
      try {
        decodeXor(bytes, 0, bytes.length, out, -Infinity, Infinity);
      } catch (error) {
        expect((error as Error).name).toBe('CorruptionError');
      }
    }),
  );
});
