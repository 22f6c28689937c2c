import { readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteWriter } from '../bytes/writer.ts';
import { Database } from '../database.ts';
import { queryAll, temporaryDirectory } from '../testing.ts';
import { Labels, Matcher } from '@prunella/metrics';
import { PAGE_BYTES, frame } from './page.ts';
import { readSegment, type WalDamage } from './reader.ts';
import { listSegments, segmentName } from './segments.ts';
import { WalWriter } from './writer.ts';

async function readAll(
  dir: string,
  segment: number,
): Promise<{ records: Uint8Array[]; damages: WalDamage[] }> {
  const records: Uint8Array[] = [];
  const damages: WalDamage[] = [];
  for await (const record of readSegment(dir, segment, (it) => damages.push(it)))
    records.push(record.slice());
  return { records, damages };
}

test('records of any size come back, over pages and segments', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(3 * PAGE_BYTES), fc.nat(255)), { minLength: 1, maxLength: 12 }),
      async (sizes) => {
        const dir = await temporaryDirectory();
        const records = sizes.map(([size, seed]) =>
          Uint8Array.from({ length: size }, (_, i) => (i * i * 31 + seed) ^ (i >> 3)),
        );
        const wal = new WalWriter(dir, 0, 5 * PAGE_BYTES);
        for (const record of records) await wal.log([record]);
        await wal.close();
        const back: Uint8Array[] = [];
        for (const segment of await listSegments(dir)) {
          const { records: found, damages } = await readAll(dir, segment);
          expect(damages).toEqual([]);
          back.push(...found);
        }
        expect(back.map((record) => record.length)).toEqual(records.map((record) => record.length));
        expect(Buffer.concat(back).equals(Buffer.concat(records))).toBe(true);
      },
    ),
    { numRuns: 30 },
  );
});

test('a fragment is framed as the format says: a worked example', () => {
  const out = new ByteWriter();
  expect(frame(out, PAGE_BYTES - 10, new TextEncoder().encode('123456789'), 0)).toBe(2);
  const hex = Buffer.from(out.written()).toString('hex');
  // first, 3 bytes, crc("123"), then in the next page: last, 6 bytes, crc("456789")
  expect(hex).toMatch(/^020003[0-9a-f]{8}313233040006[0-9a-f]{8}343536373839$/);
});

test('arbitrary bytes as a segment: what is read is whole, and nothing throws', async () => {
  const dir = await temporaryDirectory();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
      await writeFile(join(dir, segmentName(0)), bytes);
      await readAll(dir, 0);
    }),
    { numRuns: 200 },
  );
});

const all = [new Matcher('=~', '__name__', '.+')];

/** A database with 60 commits of two series, closed. */
async function sampleDirectory(): Promise<string> {
  const dir = await temporaryDirectory();
  const db = await Database.open(dir);
  for (let i = 1; i <= 3000; i++) {
    const appender = db.appender();
    for (const name of ['a', 'b']) appender.append(0, Labels.from({ __name__: name }), i * 1000, i);
    await appender.commit();
  }
  await db.close();
  return dir;
}

/** Opens the directory, and expects what is there to be a part of what was written. */
async function reopened(dir: string): Promise<number> {
  const db = await Database.open(dir);
  let count = 0;
  for (const samples of Object.values(await queryAll(db, all))) {
    for (const [t, v] of samples) expect(v).toBe(t / 1000);
    count += samples.length;
  }
  const appender = db.appender();
  appender.append(0, Labels.from({ __name__: 'new' }), 3_000_000, 3000);
  await appender.commit();
  await db.close();
  return count;
}

test('a torn tail costs the torn record only, and is kept aside', async () => {
  const dir = await sampleDirectory();
  const path = join(dir, 'wal', segmentName(0));
  const whole = (await readFile(path)).length;
  // The last page is padded: find where the records end.
  const bytes = await readFile(path);
  let end = whole;
  while (bytes[end - 1] === 0) end--;
  await truncate(path, end - 3);
  expect(await reopened(dir)).toBe(6000 - 2);
  // Nobody was promised the torn record: queries say nothing.
  const kept = await readdir(join(dir, 'prunella', 'quarantine'));
  expect(kept).toHaveLength(1);
  expect(await reopened(dir)).toBe(6000 - 2 + 1);
  expect(await readdir(join(dir, 'prunella', 'quarantine'))).toEqual(kept);
});

test('a flipped bit costs what lies in its page from there on; later pages are read', async () => {
  const dir = await sampleDirectory();
  const path = join(dir, 'wal', segmentName(0));
  const bytes = await readFile(path);
  bytes[PAGE_BYTES + 5000]! ^= 1;
  await writeFile(path, bytes);
  const left = await reopened(dir);
  expect(left).toBeGreaterThan(4000);
  expect(left).toBeLessThan(6000);
  expect(
    await readFile(
      join(
        dir,
        'prunella',
        'quarantine',
        (await readdir(join(dir, 'prunella', 'quarantine')))[0]!,
        'wal-00000000',
      ),
    ),
  ).toEqual(bytes);
  const db = await Database.open(dir);
  const [damage] = db.stats().damages;
  expect(damage).toMatchObject({ reason: 'checksum mismatch' });
  const [mint, maxt] = [damage!.mint!, damage!.maxt!];
  expect(0 < mint && mint < maxt && maxt < 3_000_000).toBe(true);
  expect(db.querier(mint, maxt).warnings).toEqual([expect.stringContaining('checksum mismatch')]);
  expect(db.querier(maxt + 1, 3_000_000).warnings).toEqual([]);
  expect(db.querier(0, mint - 1).warnings).toEqual([]);
  await db.close();
  // Repaired: nothing is damaged any more.
  expect(await reopened(dir)).toBe(left + 1);
  expect(await readdir(join(dir, 'prunella', 'quarantine'))).toHaveLength(2);
});

test('a missing segment is reported, and does not keep the others from being read', async () => {
  const dir = await temporaryDirectory();
  for (let i = 0; i < 3; i++) {
    const db = await Database.open(dir);
    const appender = db.appender();
    appender.append(0, Labels.from({ __name__: 'a', i: String(i) }), 1000 + i, (1000 + i) / 1000);
    await appender.commit();
    await db.close();
  }
  await rm(join(dir, 'wal', segmentName(1)));
  expect(await reopened(dir)).toBe(2);
  expect(await listSegments(join(dir, 'wal'))).toEqual([0, 1, 2, 3]);
});
