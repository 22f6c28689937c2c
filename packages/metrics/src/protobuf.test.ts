import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtobufError, ProtobufReader, ProtobufWriter } from './protobuf.ts';

test('numbers of every kind come back', () => {
  fc.assert(
    fc.property(
      fc.maxSafeInteger(),
      fc.double(),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      (whole, real, text) => {
        const writer = new ProtobufWriter();
        writer.int64(1, whole);
        writer.sint64(2, Math.trunc(whole / 4));
        writer.uint64(3, Math.abs(whole));
        writer.message(4, () => {
          writer.string(1, text);
          writer.rawDouble(2, real);
        });
        const reader = new ProtobufReader(writer.finish());
        const seen: Record<number, unknown> = {};
        while (reader.next()) {
          if (reader.field === 1) seen[1] = reader.int64();
          else if (reader.field === 2) seen[2] = reader.sint64();
          else if (reader.field === 3) seen[3] = reader.varint();
          else {
            const inner = reader.message();
            while (inner.next()) seen[inner.field * 10] = inner.field === 1 ? inner.string() : inner.double();
          }
        }
        expect(seen[1] ?? 0).toBe(whole);
        expect(seen[2] ?? 0).toBe(Math.trunc(whole / 4) + 0);
        expect(seen[3] ?? 0).toBe(Math.abs(whole));
        expect(seen[10] ?? '').toBe(text);
        expect(seen[20]).toBe(real);
      },
    ),
  );
});

test.each([[128], [16_384], [2_097_152]])('a message of %d bytes has its length before it', (size) => {
  const writer = new ProtobufWriter();
  writer.message(1, () => writer.string(1, 'x'.repeat(size)));
  writer.uint64(2, 7);
  const reader = new ProtobufReader(writer.finish());
  reader.next();
  const inner = reader.message();
  inner.next();
  expect(inner.string()).toHaveLength(size);
  expect(reader.next() && reader.varint()).toBe(7);
});

test('a nested message is read in place, and no further than its end', () => {
  const writer = new ProtobufWriter();
  writer.message(1, () => writer.uint64(1, 5));
  writer.uint64(2, 7);
  const reader = new ProtobufReader(writer.finish());
  reader.next();
  const outer = reader.enter();
  expect([reader.next(), reader.varint(), reader.done, reader.next()]).toEqual([true, 5, true, false]);
  expect(() => reader.varint()).toThrow(ProtobufError);
  reader.leave(outer);
  expect([reader.done, reader.next(), reader.varint()]).toEqual([false, true, 7]);
});

test.each([
  ['a length beyond the end', [0x0a, 0x05, 0x01]],
  ['an endless varint', [0x08, ...Array.from({ length: 11 }, () => 0xff)]],
  ['field number 0', [0x00, 0x00]],
])('%s is a ProtobufError', (_, bytes) => {
  const reader = new ProtobufReader(Uint8Array.from(bytes));
  expect(() => {
    while (reader.next()) reader.skip();
  }).toThrow(ProtobufError);
});
