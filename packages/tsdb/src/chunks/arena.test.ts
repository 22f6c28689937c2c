import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Arena } from './arena.ts';

test('pieces never overlap, and freed ones are used again', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 200_000 }), fc.boolean()), { maxLength: 60 }),
      (steps) => {
        const arena = new Arena();
        const live = new Map<number, { length: number; mark: number }>();
        let mark = 0;
        for (const [length, free] of steps) {
          const [oldest] = live;
          if (free && oldest !== undefined) {
            arena.free(oldest[0], oldest[1].length);
            live.delete(oldest[0]);
          }
          const address = arena.allocate(length);
          expect(live.has(address)).toBe(false);
          mark = (mark + 1) % 256;
          live.set(address, { length, mark });
          arena.slab(address).fill(mark, arena.offset(address), arena.offset(address) + length);
        }
        for (const [address, { length, mark: own }] of live) {
          const bytes = arena.slab(address).subarray(arena.offset(address), arena.offset(address) + length);
          expect(bytes.length).toBe(length);
          expect(bytes.every((byte) => byte === own)).toBe(true);
        }
      },
    ),
  );
});

test('the same sizes over and over need no more memory', () => {
  const arena = new Arena();
  for (let round = 0; round < 50; round++) {
    const pieces = Array.from({ length: 1000 }, (_, i) => ({
      length: 30 + (i % 300),
      address: arena.allocate(30 + (i % 300)),
    }));
    for (const { address, length } of pieces) arena.free(address, length);
  }
  expect(arena.used).toBe(0);
  expect(arena.held).toBe(1 << 20);
});
