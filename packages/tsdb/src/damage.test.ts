import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Labels, Matcher, type Series } from '@prunella/metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBlocks } from './create.ts';
import { DatabaseReader } from './reader.ts';
import { temporaryDirectory } from './testing.ts';

const every = [new Matcher('=~', '__name__', '.+')];
const SERIES = 40;
const SAMPLES = 150;

/** Sample i of series n is at i minutes and has a value that names both. */
function written(): Series[] {
  return Array.from({ length: SERIES }, (_, n) => ({
    labels: Labels.from({ __name__: `m${n % 3}`, n: String(n), odd: n % 2 === 1 ? 'yes' : '' }),
    samples: {
      timestamps: Float64Array.from({ length: SAMPLES }, (_, i) => i * 60_000),
      values: Float64Array.from({ length: SAMPLES }, (_, i) => n * 1000 + i),
    },
  }));
}

/** Reads all; every sample read must be one that was written. @returns how many, and whether anything was said */
async function readAll(dir: string): Promise<{ samples: number; said: boolean }> {
  const reader = await DatabaseReader.open(dir);
  const querier = reader.querier(0, Infinity);
  let samples = 0;
  for await (const batch of querier.select(every)) {
    for (const { labels, samples: columns } of batch) {
      const n = Number(labels.get('n'));
      expect(labels.metricName).toBe(`m${n % 3}`);
      for (const [i, t] of columns.timestamps.entries())
        expect(columns.values[i]).toBe(n * 1000 + t / 60_000);
      samples += columns.timestamps.length;
    }
  }
  const said = querier.warnings.length > 0;
  querier.close();
  reader.close();
  return { samples, said };
}

test('a flipped bit anywhere in a block: nothing wrong is served, and what is missing is told', async () => {
  const dir = await temporaryDirectory();
  const [meta] = await createBlocks(dir, written(), { blockMs: 10 * 3_600_000 });
  expect(await readAll(dir)).toEqual({ samples: SERIES * SAMPLES, said: false });
  const files = ['index', 'chunks/000001', 'tombstones'].map((name) => join(dir, meta!.ulid, name));
  const originals = await Promise.all(files.map((path) => readFile(path)));
  await fc.assert(
    fc.asyncProperty(
      fc.nat(2),
      fc.double({ min: 0, max: 0.999999, noNaN: true }),
      fc.nat(7),
      async (which, where, bit) => {
        const damaged = Buffer.from(originals[which]!);
        const at = Math.floor(where * damaged.length);
        damaged[at]! ^= 1 << bit;
        await writeFile(files[which]!, damaged);
        const { samples, said } = await readAll(dir);
        if (samples < SERIES * SAMPLES) expect(said).toBe(true);
        await writeFile(files[which]!, originals[which]!);
      },
    ),
    { numRuns: 150 },
  );
});

test('a file cut short anywhere: likewise', async () => {
  const dir = await temporaryDirectory();
  const [meta] = await createBlocks(dir, written(), { blockMs: 10 * 3_600_000 });
  const block = join(dir, meta!.ulid);
  const names = ['index', 'chunks/000001', 'tombstones', 'meta.json'];
  expect((await readdir(block)).sort()).toEqual(['chunks', 'index', 'meta.json', 'tombstones']);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      async (name, part) => {
        const path = join(block, name);
        const original = await readFile(path);
        await writeFile(path, original.subarray(0, Math.floor(part * original.length)));
        const { samples, said } = await readAll(dir);
        if (samples < SERIES * SAMPLES) expect(said).toBe(true);
        await writeFile(path, original);
      },
    ),
    { numRuns: 60 },
  );
});
