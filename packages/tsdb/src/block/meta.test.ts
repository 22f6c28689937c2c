import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CorruptionError } from '../errors.ts';
import type { Interval } from '../intervals.ts';
import { temporaryDirectory } from '../testing.ts';
import { readMeta, writeMeta } from './meta.ts';
import { readTombstones, writeTombstones } from './tombstones.ts';

const meta = {
  ulid: '01HM0000000000000000000000',
  minTime: -5,
  maxTime: 7_200_000,
  stats: { numSamples: 1, numSeries: 1, numChunks: 1, numTombstones: 2 },
  compaction: {
    level: 2,
    sources: ['a', 'b'],
    parents: [{ ulid: 'a', minTime: 0, maxTime: 1 }],
    hints: ['x'],
  },
  version: 1,
  thanos: { labels: { from: 'elsewhere' } },
} as const;

test('a meta.json comes back, with what others have put into it', async () => {
  const dir = await temporaryDirectory();
  await writeMeta(dir, meta);
  expect(await readMeta(dir)).toEqual(meta);
});

test('any JSON, and any text, is a meta.json or refused', async () => {
  const dir = await temporaryDirectory();
  const likely = fc
    .constant(meta)
    .chain((whole) =>
      fc
        .tuple(fc.constantFrom(...Object.keys(whole)), fc.jsonValue())
        .map(([key, value]) => ({ ...whole, [key]: value })),
    );
  const text = fc.oneof(
    likely.map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(text, async (content) => {
      await writeFile(join(dir, 'meta.json'), content);
      const read = await readMeta(dir).catch((error: unknown) => error);
      if (read instanceof Error) expect(read).toBeInstanceOf(CorruptionError);
      else expect(read).toMatchObject({ version: 1, compaction: { level: expect.any(Number) } });
    }),
    { numRuns: 200 },
  );
});

const time = fc.integer({ min: -(2 ** 45), max: 2 ** 45 });
const interval = fc
  .tuple(time, fc.nat(1e9))
  .map(([mint, length]): Interval => ({ mint, maxt: mint + length }));

test('tombstones come back; damaged ones are refused', async () => {
  const dir = await temporaryDirectory();
  const all = fc.array(fc.tuple(fc.nat(2 ** 40), interval), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(all, async (list) => {
      const written = new Map(list.map(([series, each]) => [series, [each]]));
      await writeTombstones(dir, written);
      expect(await readTombstones(dir)).toEqual(written);
    }),
    { numRuns: 50 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (bytes, begins) => {
      const start = begins ? Buffer.from('0130ba3001', 'hex') : Buffer.alloc(0);
      await writeFile(join(dir, 'tombstones'), Buffer.concat([start, bytes]));
      await expect(readTombstones(dir)).rejects.toThrow(CorruptionError);
    }),
    { numRuns: 50 },
  );
});
