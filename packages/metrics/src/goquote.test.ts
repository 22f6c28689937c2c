import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { goQuote, isUtf8, textOfBytes } from './goquote.ts';

test.each([
  ['plain', '"plain"'],
  ['a "b" \\', '"a \\"b\\" \\\\"'],
  ['\n\t\x00\x7f', '"\\n\\t\\x00\\x7f"'],
  ['é 日 😀', '"é 日 😀"'],
  ['\u00a0\u200b', '"\\u00a0\\u200b"'],
  ['\udcff', '"\\xff"'],
])('%j as Go quotes it', (text, quoted) => {
  expect(goQuote(text)).toBe(quoted);
});

test('bytes that are no UTF-8 stay apart from text', () => {
  expect(textOfBytes(Uint8Array.of(0x61, 0xc5, 0x7a))).toBe('a\udcc5z');
  expect(textOfBytes(Uint8Array.of(0xed, 0xa0, 0x80))).toBe('\udced\udca0\udc80');
  expect(textOfBytes(Uint8Array.of(0xf0, 0x9f, 0x98))).toBe('\udcf0\udc9f\udc98');
  expect(isUtf8('a\udcc5z')).toBe(false);
});

test('UTF-8 is read as what it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(textOfBytes(new TextEncoder().encode(text))).toBe(text);
      expect(isUtf8(text)).toBe(true);
    }),
  );
});
