import { readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { CorruptionError } from '../errors.ts';
import { temporaryDirectory } from '../testing.ts';
import { HeadChunkFiles, nameOf, type HeadChunk, type HeadChunkEntry } from './chunk_files.ts';

const chunk: fc.Arbitrary<HeadChunk> = fc.record({
  ref: fc.integer({ min: 1, max: 2 ** 50 }),
  mint: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
  maxt: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
  encoding: fc.constantFrom(1, 2, 3, 0x81),
  data: fc.uint8Array({ maxLength: 400 }),
});

function files(dir: string): HeadChunkFiles {
  const all = new HeadChunkFiles(dir);
  onTestFinished(() => all.close());
  return all;
}

async function loaded(all: HeadChunkFiles): Promise<{ entries: HeadChunkEntry[]; damage: unknown }> {
  const entries: HeadChunkEntry[] = [];
  const damage = await all.load((entry) => entries.push(entry));
  return { entries, damage };
}

function chunkAt(all: HeadChunkFiles, entry: HeadChunkEntry): HeadChunk {
  const { ref, mint, maxt, encoding, file, offset, length } = entry;
  return { ref, mint, maxt, encoding, data: all.read(file, offset, length).slice() };
}

test('chunks come back, by position and after a restart', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(chunk, { maxLength: 5 }), { maxLength: 5 }), async (batches) => {
      const dir = await temporaryDirectory();
      const first = new HeadChunkFiles(dir);
      const entries: HeadChunkEntry[] = [];
      for (const batch of batches) entries.push(...(await first.write(batch)));
      expect(entries.map((entry) => chunkAt(first, entry))).toEqual(batches.flat());
      await first.close();
      const second = new HeadChunkFiles(dir);
      expect(await loaded(second)).toEqual({ entries, damage: undefined });
      expect(entries.map((entry) => chunkAt(second, entry))).toEqual(batches.flat());
      // It goes on in a new file.
      await second.write([{ ref: 1, mint: 0, maxt: 1, encoding: 1, data: new Uint8Array(3) }]);
      await second.close();
      expect((await readdir(dir)).length).toBe(batches.length > 0 ? 2 : 1);
    }),
    { numRuns: 30 },
  );
});

test('the bytes are those of the format: a worked example', async () => {
  const dir = await temporaryDirectory();
  await files(dir).write([{ ref: 7, mint: 1000, maxt: 2000, encoding: 1, data: Uint8Array.of(0xaa, 0xbb) }]);
  expect((await readFile(join(dir, '000001'))).toString('hex')).toBe(
    '0130bc9101000000' + // magic, version, padding
      '0000000000000007' + // series
      '00000000000003e8' + // from
      '00000000000007d0' + // to
      '0102aabb' + // encoding, length, data
      '6e77b00d', // CRC-32C
  );
});

test('files whose time is up go, from the oldest on', async () => {
  const dir = await temporaryDirectory();
  for (const maxt of [10, 30, 20]) {
    const all = new HeadChunkFiles(dir);
    await all.load(() => {});
    await all.write([{ ref: 1, mint: 0, maxt, encoding: 1, data: new Uint8Array(20) }]);
    await all.close();
  }
  const all = files(dir);
  await all.load(() => {});
  // The third is old enough, but would leave a gap.
  await all.truncate(25);
  expect((await readdir(dir)).sort()).toEqual(['000002', '000003']);
  await all.truncate(100);
  expect(await readdir(dir)).toEqual([]);
  await all.write([{ ref: 1, mint: 0, maxt: 200, encoding: 1, data: new Uint8Array(20) }]);
  expect(await readdir(dir)).toEqual(['000004']);
  expect(() => all.read(2, 8, 20)).toThrow(CorruptionError);
});

test('a flipped bit or a cut anywhere: what comes before is read, nothing behind it, and the place is told', async () => {
  const dir = await temporaryDirectory();
  const writer = files(dir);
  const chunks = Array.from({ length: 20 }, (_, i) => ({
    ref: i + 1,
    mint: i,
    maxt: i + 5,
    encoding: 1,
    data: new Uint8Array(30 + i).fill(i + 1),
  }));
  const entries = await writer.write(chunks);
  const path = join(dir, nameOf(1));
  const original = await readFile(path);
  await fc.assert(
    fc.asyncProperty(fc.nat(original.length - 1), fc.nat(7), fc.boolean(), async (at, bit, cut) => {
      const damaged = Buffer.from(original);
      damaged[at]! ^= 1 << bit;
      await writeFile(path, cut ? damaged.subarray(0, at) : damaged);
      const all = new HeadChunkFiles(dir);
      const { entries: read, damage } = await loaded(all);
      const whole = entries.filter(({ offset, length }) => offset + 30 + length <= at);
      // Cut between two entries it is whole, and cut within the zeros that a reference begins with as good as.
      const boundary = cut && (at === 0 || entries.some(({ offset }) => at >= offset && at < offset + 8));
      // A reference that becomes 0 looks like the end; padding in the header is nobody's.
      const end = !cut && (at < 8 || damage === undefined);
      if (!end) expect(read).toEqual(whole);
      if (!end && !boundary) expect(damage).toMatchObject({ path });
      for (const entry of entries) {
        try {
          expect(chunkAt(all, entry)).toEqual(chunks[entry.ref - 1]);
        } catch (error) {
          if (!(error instanceof CorruptionError)) throw error;
        }
      }
      await all.close();
      await writeFile(path, original);
    }),
    { numRuns: 80 },
  );
});

test('arbitrary bytes behind a header are read or refused', async () => {
  const dir = await temporaryDirectory();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, header) => {
      const start = header ? Buffer.from('0130bc9101000000', 'hex') : Buffer.alloc(0);
      await writeFile(join(dir, '000001'), Buffer.concat([start, bytes]));
      const all = new HeadChunkFiles(dir);
      await all.load(() => {});
      await all.close();
    }),
    { numRuns: 200 },
  );
});

test('a missing file ends it: what is behind could leave holes', async () => {
  const dir = await temporaryDirectory();
  for (let i = 0; i < 3; i++) {
    const all = new HeadChunkFiles(dir);
    await all.load(() => {});
    await all.write([{ ref: 1, mint: i, maxt: i, encoding: 1, data: new Uint8Array(20) }]);
    await all.close();
  }
  await rm(join(dir, '000002'));
  const { entries, damage } = await loaded(files(dir));
  expect(entries.map(({ file }) => file)).toEqual([1]);
  expect(damage).toEqual({
    path: join(dir, '000003'),
    behind: [],
    offset: 0,
    reason: 'a file before it is missing',
  });
});

test('an empty file, or one longer than what was written, is none the worse', async () => {
  const dir = await temporaryDirectory();
  const [entry] = await files(dir).write([
    { ref: 1, mint: 0, maxt: 1, encoding: 1, data: new Uint8Array(20) },
  ]);
  await truncate(join(dir, '000001'), 5000);
  await writeFile(join(dir, '000002'), '');
  expect(await loaded(files(dir))).toEqual({ entries: [entry], damage: undefined });
});
