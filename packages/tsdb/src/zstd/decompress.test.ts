import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CorruptionError } from '../errors.ts';
import { decompressZstd } from './decompress.ts';
import { samples } from './vectors.ts';

const MOST = 1 << 20;
const file = join(import.meta.dirname, '../../testdata/zstd.json');
const vectors = JSON.parse(readFileSync(file, 'utf8')) as { name: string; level: number; base64: string }[];
const expected = samples();
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

describe('zstd', () => {
  test.each(vectors)('$name, compressed at level $level', ({ name, base64 }) => {
    expect(Buffer.from(decompressZstd(bytesOf(base64), MOST)).equals(expected[name]!)).toBe(true);
  });

  test('frames behind each other, others between them', () => {
    const [a, b] = [vectors[3]!, vectors.find((it) => it.name === 'text')!];
    const skippable = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2);
    const all = Buffer.concat([bytesOf(a.base64), skippable, bytesOf(b.base64)]);
    const want = Buffer.concat([expected[a.name]!, expected[b.name]!]);
    expect(Buffer.from(decompressZstd(all, MOST)).equals(want)).toBe(true);
  });

  test('no more than asked for', () => {
    const bomb = bytesOf(vectors.find((it) => it.name === 'same')!.base64);
    expect(() => decompressZstd(bomb, 69_999)).toThrow('larger than');
  });

  test('damaged bytes are refused or give something, in no time', () => {
    const survives = (bytes: Uint8Array): void => {
      try {
        decompressZstd(bytes, MOST);
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
      }
    };
    const damaged = fc.tuple(
      fc.constantFrom(...vectors),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(damaged, ([{ base64 }, at, flip, cut]) => {
        const bytes = bytesOf(base64);
        if (cut) return survives(bytes.subarray(0, at % bytes.length));
        bytes[at % bytes.length]! ^= flip;
        return survives(bytes);
      }),
      { numRuns: 1000 },
    );
    const magic = [0x28, 0xb5, 0x2f, 0xfd];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (rest) => survives(Uint8Array.of(...magic, ...rest))),
    );
  });

  const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer };
  test.skipIf(zstdCompressSync === undefined)(
    'whatever Node.js compresses (which it does from 22.15 on)',
    () => {
      const pieces = fc.array(
        fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 60 })),
      );
      fc.assert(
        fc.property(pieces, (parts) => {
          const bytes = Buffer.concat(
            parts.flatMap(([piece, times]) => Array.from({ length: times }, () => piece)),
          );
          expect(Buffer.from(decompressZstd(zstdCompressSync!(bytes), MOST)).equals(bytes)).toBe(true);
        }),
      );
    },
  );
});
