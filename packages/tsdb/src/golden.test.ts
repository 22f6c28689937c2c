/** Directories that real Prometheis have written, read with none of them at hand: `../testdata/README.md`. */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  Labels,
  Matcher,
  isStaleAt,
  systemClock,
  toFloatHistogram,
  wordsOf,
  type Queryable,
} from '@prunella/metrics';
import { describe, expect, test } from 'vitest';
import { Database } from './database.ts';
import { DatabaseReader } from './reader.ts';
import { temporaryDirectory } from './testing.ts';

const testdata = join(import.meta.dirname, '../testdata');
const still = {
  ...systemClock,
  now: () => Date.UTC(2026, 0, 15, 12, 30),
  setTimeout: () => ({ cancel: () => {} }),
};
const everything = [new Matcher('=~', '__name__', '.+')];

/** What Prometheus answered when it was asked for everything. */
interface Expected {
  readonly series: readonly {
    readonly metric: Record<string, string>;
    readonly values?: readonly [number, string][];
    readonly histograms?: readonly [number, { count: string; sum: string; buckets?: string[][] }][];
  }[];
  readonly exemplars: readonly {
    readonly seriesLabels: Record<string, string>;
    readonly exemplars: readonly { labels: Record<string, string>; value: string; timestamp: number }[];
  }[];
}

/** Unpacks a ustar archive. @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
async function untar(archive: Uint8Array, dir: string): Promise<void> {
  const text = (from: number, length: number): string =>
    Buffer.from(archive.subarray(from, from + length))
      .toString('latin1')
      .replace(/\0.*$/s, '');
  for (let at = 0; archive[at] !== 0;) {
    const path = join(dir, text(at, 100));
    const size = Number.parseInt(text(at + 124, 12), 8);
    const body = at + 512;
    if (text(at + 156, 1) === '5') await mkdir(path, { recursive: true });
    else {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, archive.subarray(body, body + size));
    }
    at = body + Math.ceil(size / 512) * 512;
  }
}

async function golden(version: string): Promise<{ data: string; expected: Expected }> {
  const dir = await temporaryDirectory();
  await untar(gunzipSync(await readFile(join(testdata, `golden-${version}.tar.gz`))), dir);
  const expected = JSON.parse(await readFile(join(dir, 'expected.json'), 'utf8')) as Expected;
  return { data: join(dir, 'data'), expected };
}

type Line = readonly [t: number, value: number | { count: number; sum: number; buckets: number[] }];

const byValue = (a: number, b: number): number => a - b;

function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

function theirs({ series }: Expected): Map<string, Line[]> {
  return new Map(
    series.map(({ metric, values = [], histograms = [] }) => [
      Labels.from(metric).toString(),
      [
        ...values.map(([t, v]): Line => [Math.round(t * 1000), numberOf(v)]),
        ...histograms.map(([t, { count, sum, buckets = [] }]): Line => [
          Math.round(t * 1000),
          { count: +count, sum: +sum, buckets: buckets.map((bucket) => Number(bucket[3])).sort(byValue) },
        ]),
      ],
    ]),
  );
}

/** The same of ours: no stale markers, of a histogram what the API shows. */
async function ours(storage: Queryable): Promise<{ found: Map<string, Line[]>; stale: number }> {
  const found = new Map<string, Line[]>();
  let stale = 0;
  const querier = storage.querier(-Infinity, Infinity);
  for await (const batch of querier.select(everything)) {
    for (const { labels, samples } of batch) {
      const words = wordsOf(samples.values);
      const lines: Line[] = [];
      for (const [i, t] of samples.timestamps.entries()) {
        const h = samples.histograms?.[i];
        if (h === undefined && isStaleAt(words, i)) stale++;
        else if (h === undefined) lines.push([t, samples.values[i]!]);
        else {
          const { count, sum, zeroCount, positiveBuckets, negativeBuckets } = toFloatHistogram(h);
          const buckets = [zeroCount, ...positiveBuckets, ...negativeBuckets].filter((n) => n !== 0);
          lines.push([t, { count, sum, buckets: buckets.sort(byValue) }]);
        }
      }
      if (lines.length > 0) found.set(labels.toString(), lines);
    }
  }
  expect(querier.warnings).toEqual([]);
  querier.close();
  return { found, stale };
}

/** The kinds of compression of a segment's records: bits of the byte that begins each (docs/formats.md, "Log"). */
async function compressionsIn(data: string): Promise<Set<string>> {
  const kinds = new Set<string>();
  for (const name of await readdir(join(data, 'wal'))) {
    if (!/^\d{8}$/.test(name)) continue;
    const [first = 0] = await readFile(join(data, 'wal', name));
    kinds.add((first & 0x10) !== 0 ? 'zstd' : (first & 0x08) !== 0 ? 'snappy' : 'none');
  }
  return kinds;
}

describe.each(['2.42', '3.5'])('a directory of Prometheus %s', (version) => {
  test('holds every kind of file', async () => {
    const { data } = await golden(version);
    const names = await readdir(data);
    expect(names.filter((name) => name.length === 26)).toHaveLength(1);
    expect(await readdir(join(data, 'chunks_head'))).toHaveLength(2);
    expect(await readdir(join(data, 'wal'))).toContain('checkpoint.00000002');
    expect((await readdir(join(data, 'wbl'))).length).toBeGreaterThan(0);
    const kinds = ['none', 'snappy', ...(version === '2.42' ? [] : ['zstd'])];
    expect([...(await compressionsIn(data))].sort()).toEqual(kinds);
  });

  test('is answered from as by itself', async () => {
    const { data, expected } = await golden(version);
    const db = await Database.open(data, { clock: still, outOfOrderWindowMs: 3_600_000 });
    expect(db.stats().damages).toEqual([]);
    const { found, stale } = await ours(db);
    expect(found).toEqual(theirs(expected));
    expect(stale).toBeGreaterThan(5);
    // It forgets exemplars of times that are in blocks, at its next start.
    const exemplars = await db.exemplars(db.blocks().at(-1)!.maxTime, Infinity, [everything]);
    expect(
      exemplars.map(({ labels, exemplars: list }) => ({
        seriesLabels: labels.toObject(),
        exemplars: list.map((it) => ({
          labels: it.labels.toObject(),
          value: String(it.value),
          timestamp: it.timestamp! / 1000,
        })),
      })),
    ).toEqual(expected.exemplars);
    await db.close();
  });

  test('is read without touching it', async () => {
    const { data, expected } = await golden(version);
    const before = await readdir(data, { recursive: true });
    const reader = await DatabaseReader.open(data);
    expect(reader.warnings).toEqual([]);
    expect((await ours(reader)).found).toEqual(theirs(expected));
    reader.close();
    expect(await readdir(data, { recursive: true })).toEqual(before);
  });

  test('keeps what it holds when we go on with it', async () => {
    const { data, expected } = await golden(version);
    const options = { clock: still, outOfOrderWindowMs: 3_600_000 };
    const db = await Database.open(data, options);
    const appender = db.appender();
    appender.append(0, Labels.from({ __name__: 'new' }), Date.UTC(2026, 0, 15, 16), 1);
    await appender.commit();
    await db.maintain();
    await db.cleanTombstones();
    expect(db.blocks().length).toBeGreaterThan(1);
    await db.close();
    const again = await Database.open(data, options);
    const { found } = await ours(again);
    found.delete('new');
    expect(found).toEqual(theirs(expected));
    await again.close();
  });
});
