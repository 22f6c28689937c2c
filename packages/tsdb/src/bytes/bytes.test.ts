import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';
import { ByteReader } from './reader.ts';
import { ByteWriter } from './writer.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test('the checksum has the published values', () => {
  expect(crc32c(ascii('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
});

test('a checksum can be taken in pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      const at = Math.min(cut, bytes.length);
      expect(crc32c(bytes, at, bytes.length, crc32c(bytes, 0, at))).toBe(crc32c(bytes));
    }),
  );
});

test('numbers and strings come back', () => {
  const whole = fc.maxSafeInteger();
  fc.assert(
    fc.property(
      fc.nat(Number.MAX_SAFE_INTEGER),
      whole,
      fc.string({ unit: 'binary', maxLength: 200 }),
      (u, i, s) => {
        const out = new ByteWriter(1);
        const signed = Math.trunc(i / 2);
        out.uvarint(u);
        out.varint(signed);
        out.u64(i);
        out.string(s);
        const input = new ByteReader(out.written());
        expect([input.uvarint(), input.varint(), input.i64(), input.string(), input.remaining]).toEqual([
          u,
          signed === 0 ? 0 : signed,
          i,
          s,
          0,
        ]);
      },
    ),
  );
});

test('reading past the end is refused', () => {
  const input = new ByteReader(new Uint8Array([0x80]));
  expect(() => input.uvarint()).toThrow('runs past the end');
  expect(() => new ByteReader(new Uint8Array(3)).u32()).toThrow('4 bytes wanted, 3 left');
});
