import { Labels } from '@prunella/metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprint } from './fingerprint.ts';

/** The definition, with 64-bit integers: http://www.isthe.com/chongo/tech/comp/fnv */
function reference(labels: Labels): string {
  let hash = 0xcbf29ce484222325n;
  for (const text of labels.pairs) {
    for (const byte of [...Buffer.from(text), 0xff]) {
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    }
  }
  return hash.toString(16).padStart(16, '0');
}

test('fingerprint() is 64-bit FNV-1a over names and values', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), (object) => {
      const labels = Labels.from(object);
      expect(fingerprint(labels)).toBe(reference(labels));
    }),
  );
  const long = Labels.from({ a: 'ü'.repeat(5000), b: 'x' });
  expect(fingerprint(long)).toBe(reference(long));
  expect(fingerprint(Labels.empty)).toBe('cbf29ce484222325');
});
