import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Labels, compareStrings } from '@prunella/metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PageCache } from '../block/file.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { CorruptionError } from '../errors.ts';
import { temporaryDirectory } from '../testing.ts';
import { TOC_BYTES, type ChunkRef } from './format.ts';
import { IndexReader } from './reader.ts';
import { IndexWriter } from './writer.ts';

interface Written {
  readonly labels: Labels;
  readonly chunks: readonly ChunkRef[];
}

const value = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
const chunks = fc
  .array(fc.tuple(fc.nat(1e6), fc.nat(1e6), fc.nat(2 ** 40)), { minLength: 1, maxLength: 4 })
  .map((steps) => {
    let t = -1000;
    return steps.map(([gap, length, ref]): ChunkRef => ({ mint: (t += gap), maxt: (t += length), ref }));
  });
const series = fc
  .uniqueArray(
    fc.record({
      labels: fc
        .dictionary(fc.constantFrom('a', 'b', 'ü', '__name__'), value)
        .map((pairs) => Labels.from(pairs)),
      chunks,
    }),
    {
      maxLength: 60,
      selector: ({ labels }) => labels.key,
    },
  )
  .map((all) =>
    all.filter(({ labels }) => labels.size > 0).sort((a, b) => Labels.compare(a.labels, b.labels)),
  );

async function write(path: string, all: readonly Written[]): Promise<void> {
  const symbols = new Set(['', ...all.flatMap(({ labels }) => labels.pairs)]);
  const writer = await IndexWriter.create(path, [...symbols].sort(compareStrings));
  for (const each of all) await writer.addSeries(each.labels, each.chunks);
  await writer.finish();
}

/** Everything that an index says. */
async function readAll(
  path: string,
): Promise<{ all: Written[]; values: Record<string, string[]>; lists: number[][] }> {
  const index = await IndexReader.open(path, new PageCache(1 << 20));
  try {
    const all: Written[] = [];
    for (const number of await index.all()) {
      const entry = await index.series(number);
      all.push({ labels: await index.labels(entry), chunks: entry.chunks });
    }
    const values: Record<string, string[]> = {};
    const lists: number[][] = [];
    for (const name of index.table.names()) {
      values[name] = await index.values(name, '');
      for (const list of await index.lists(name, values[name])) lists.push([...list]);
    }
    return { all, values, lists };
  } finally {
    await index.close();
  }
}

test('an index gives back what was put in', async () => {
  const dir = await temporaryDirectory();
  let n = 0;
  await fc.assert(
    fc.asyncProperty(series, async (written) => {
      const path = join(dir, String(n++));
      await write(path, written);
      const { all, values, lists } = await readAll(path);
      expect(all).toEqual(written);
      for (const [name, found] of Object.entries(values)) {
        const expected = new Set(written.map(({ labels }) => labels.get(name)).filter((each) => each !== ''));
        expect(found).toEqual([...expected].sort(compareStrings));
      }
      expect(lists.flat().length).toBe(written.reduce((sum, { labels }) => sum + labels.size, 0));
    }),
    { numRuns: 60 },
  );
});

/** Where the parts with a checksum of their own lie: from, to; the checksum stands behind. */
function sections(bytes: Buffer): [number, number][] {
  const toc = bytes.length - TOC_BYTES;
  const found: [number, number][] = [[toc, bytes.length - 4]];
  const offsets = [0, 1, 2, 3, 4, 5].map((i) => Number(bytes.readBigUInt64BE(toc + 8 * i)));
  const [symbols, firstSeries, labelIndices, , postings] = offsets;
  for (const offset of [symbols!, offsets[5]!, postings!])
    found.push([offset + 4, offset + 4 + bytes.readUInt32BE(offset)]);
  // The first series entry, whose length is a short varint.
  if (firstSeries! + 16 < labelIndices!) {
    const at = Math.ceil(firstSeries! / 16) * 16;
    if (bytes[at]! < 128) found.push([at + 1, at + 1 + bytes[at]!]);
  }
  return found;
}

test('nonsense with the right checksum is read or refused', async () => {
  const dir = await temporaryDirectory();
  const path = join(dir, 'index');
  await write(
    path,
    Array.from({ length: 40 }, (_, i) => ({
      labels: Labels.from({ __name__: `m${i % 7}`, i: String(i).padStart(3, '0') }),
      chunks: [{ mint: 0, maxt: 10, ref: 8 + i * 30 }],
    })).sort((a, b) => Labels.compare(a.labels, b.labels)),
  );
  const original = await readFile(path);
  const places = sections(original);
  const edit = fc.tuple(fc.nat(places.length - 1), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 9 }));
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const damaged = Buffer.from(original);
      for (const [which, where, bytes] of edits) {
        const [from, to] = places[which]!;
        const at = from + (where % Math.max(1, to - from));
        damaged.set(bytes.subarray(0, to - at), at);
        damaged.writeUInt32BE(crc32c(damaged, from, to), to);
      }
      await writeFile(path, damaged);
      await readAll(path).catch((error: unknown) => {
        if (!(error instanceof CorruptionError)) throw error;
      });
    }),
    { numRuns: 400 },
  );
});
