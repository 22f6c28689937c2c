import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cells } from './cells.ts';
import { ByteChains } from './chains.ts';

test('cells never overlap, and freed ones are used again', () => {
  fc.assert(
    fc.property(fc.constantFrom(32, 64), fc.array(fc.boolean(), { maxLength: 200 }), (size, steps) => {
      const cells = new Cells(size);
      const live = new Map<number, number>();
      let mark = 0;
      for (const free of steps) {
        const [oldest] = live.keys();
        if (free && oldest !== undefined) {
          cells.free(oldest);
          live.delete(oldest);
        }
        const cell = cells.allocate();
        expect(cell).not.toBe(0);
        expect(live.has(cell)).toBe(false);
        mark = (mark + 1) % 256;
        live.set(cell, mark);
        cells.slab(cell).u8.fill(mark, cells.offset(cell), cells.offset(cell) + size);
      }
      for (const [cell, own] of live) {
        const bytes = cells.slab(cell).u8.subarray(cells.offset(cell), cells.offset(cell) + size);
        expect(bytes.every((byte) => byte === own)).toBe(true);
      }
      expect(cells.used).toBe(live.size * size);
    }),
  );
});

test('what comes and goes in any size needs no more memory', () => {
  const chains = new ByteChains();
  for (let round = 0; round < 30; round++) {
    const all = Array.from({ length: 1000 }, (_, i) =>
      chains.put(new Uint8Array(1 + ((i * 7 + round * 31) % 600))),
    );
    for (const first of all) chains.free(first);
  }
  expect(chains.used).toBe(0);
  expect(chains.held).toBe(1 << 20);
});

test('chains that grow side by side, byte by byte or by many, give back what was written', () => {
  const writes = fc.array(fc.tuple(fc.nat(4), fc.uint8Array({ minLength: 1, maxLength: 150 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(writes, (steps) => {
      const chains = new ByteChains();
      const all = Array.from({ length: 5 }, () => {
        const first = chains.begin();
        return { first, last: first, bytes: [] as number[] };
      });
      for (const [which, data] of steps) {
        const chain = all[which]!;
        chain.last = chains.write(chain.last, chain.bytes.length, data, 0, data.length);
        chain.bytes.push(...data);
        chains.setByte(chain.first, 0, (chain.bytes[0] = 7));
        expect(chains.byteAt(chain.last, chain.bytes.length - 1)).toBe(chain.bytes.at(-1));
      }
      for (const { first, bytes } of all) expect([...chains.read(first, bytes.length)]).toEqual(bytes);
    }),
  );
});
