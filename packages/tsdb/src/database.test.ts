import { cp } from 'node:fs/promises';
import { AppendError, Labels, Matcher, toFloatHistogram, type Histogram } from '@prunella/metrics';
import { describe, expect, test } from 'vitest';
import { Database } from './database.ts';
import { queryAll, samplesOf, temporaryDirectory } from './testing.ts';

const up = new Matcher('=', '__name__', 'up');
const labels = (instance: string): Labels => Labels.from({ __name__: 'up', instance });

async function put(
  db: Database,
  instance: string,
  ...samples: readonly (readonly [number, number])[]
): Promise<void> {
  const appender = db.appender();
  for (const [t, v] of samples) appender.append(0, labels(instance), t, v);
  await appender.commit();
}

test('committed samples are read back, in label order, and again after a restart', async () => {
  const dir = await temporaryDirectory();
  const db = await Database.open(dir);
  await put(db, 'b', [1000, 1], [2000, 2]);
  await put(db, 'a', [1500, 3]);
  const expected = {
    'up{instance="a"}': [[1500, 3]],
    'up{instance="b"}': [
      [1000, 1],
      [2000, 2],
    ],
  };
  const found = await queryAll(db, [up]);
  expect(found).toEqual(expected);
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  await db.close();
  const again = await Database.open(dir);
  expect(await queryAll(again, [up])).toEqual(expected);
  await again.close();
});

test('nothing is visible before commit, and a rollback leaves nothing', async () => {
  const db = await Database.open(await temporaryDirectory());
  const first = db.appender();
  first.append(0, labels('a'), 1000, 1);
  expect(await queryAll(db, [up])).toEqual({});
  first.rollback();
  const second = db.appender();
  second.append(0, labels('a'), 500, 2);
  await second.commit();
  expect(await queryAll(db, [up])).toEqual({ 'up{instance="a"}': [[500, 2]] });
  await db.close();
});

test('a reference leads to its series without labels', async () => {
  const db = await Database.open(await temporaryDirectory());
  const appender = db.appender();
  const ref = appender.append(0, labels('a'), 1000, 1);
  expect(appender.append(ref, Labels.empty, 2000, 2)).toBe(ref);
  await appender.commit();
  expect(await queryAll(db, [up])).toEqual({
    'up{instance="a"}': [
      [1000, 1],
      [2000, 2],
    ],
  });
  await db.close();
});

test('a stale marker keeps its bits, in memory and through the log; an ordinary NaN is none', async () => {
  const dir = await temporaryDirectory();
  const db = await Database.open(dir);
  const appender = db.appender();
  const ref = appender.append(0, labels('a'), 1000, 1);
  appender.appendStale(ref, Labels.empty, 2000);
  appender.append(ref, Labels.empty, 3000, NaN);
  await appender.commit();
  const expected = {
    'up{instance="a"}': [
      [1000, 1],
      [2000, 'stale'],
      [3000, NaN],
    ],
  };
  expect(await queryAll(db, [up])).toEqual(expected);
  await db.close();
  const again = await Database.open(dir);
  expect(await queryAll(again, [up])).toEqual(expected);
  await again.close();
});

describe('refusals', () => {
  const hour = 3_600_000;
  const cases: [string, number, number, string][] = [
    ['the same sample again', 5 * hour, 1, 'accepted'],
    ['another value at the same time', 5 * hour, 2, 'duplicate'],
    ['an older sample', 5 * hour - 1, 1, 'out_of_order'],
    ['an older sample again', 5 * hour - 1000, 7, 'accepted'],
    ['an older sample with another value', 5 * hour - 1000, 8, 'out_of_order'],
    ['a sample older than half a block', 4 * hour - 1, 1, 'out_of_bounds'],
    ['a newer sample', 5 * hour + 1, 1, 'accepted'],
  ];
  test.each(cases)('%s', async (_, t, v, outcome) => {
    const db = await Database.open(await temporaryDirectory());
    await put(db, 'a', [5 * hour - 1000, 7], [5 * hour, 1]);
    const appender = db.appender();
    let code = 'accepted';
    try {
      appender.append(0, labels('a'), t, v);
    } catch (error) {
      code = (error as AppendError).code;
    }
    expect(code).toBe(outcome);
    appender.rollback();
    await db.close();
  });

  test('within a batch as well', async () => {
    const db = await Database.open(await temporaryDirectory());
    const appender = db.appender();
    appender.append(0, labels('a'), 2000, 1);
    expect(() => appender.append(0, labels('a'), 1000, 1)).toThrow('out of order');
    expect(() => appender.append(0, labels('a'), 2000, 2)).toThrow('duplicate');
    expect(() => appender.append(0, Labels.empty, 2000, 2)).toThrow('empty label set');
    await appender.commit();
    expect(await queryAll(db, [up])).toEqual({ 'up{instance="a"}': [[2000, 1]] });
    await db.close();
  });
});

test('matchers of all kinds', async () => {
  const db = await Database.open(await temporaryDirectory());
  const appender = db.appender();
  for (const instance of ['', 'a1', 'a2', 'b1', 'c']) appender.append(0, labels(instance), 1000, 1);
  await appender.commit();
  const find = async (...matchers: Matcher[]): Promise<string> => {
    const found = await queryAll(db, matchers);
    return Object.keys(found)
      .map((name) => /"(.*)"/.exec(name)?.[1] ?? '-')
      .join(' ');
  };
  const m = (type: '=' | '!=' | '=~' | '!~', value: string): Matcher => new Matcher(type, 'instance', value);
  expect(await find(m('=', 'a1'))).toBe('a1');
  expect(await find(m('=', ''))).toBe('-');
  expect(await find(m('!=', ''))).toBe('a1 a2 b1 c');
  expect(await find(m('!=', 'a1'))).toBe('- a2 b1 c');
  expect(await find(m('=~', 'a.*'))).toBe('a1 a2');
  expect(await find(m('=~', 'a1|c|nope'))).toBe('a1 c');
  expect(await find(m('=~', 'a1|'))).toBe('- a1');
  expect(await find(m('=~', '.+'))).toBe('a1 a2 b1 c');
  expect(await find(m('=~', '.*'))).toBe('- a1 a2 b1 c');
  expect(await find(m('!~', 'a.*'))).toBe('- b1 c');
  expect(await find(m('!~', 'a1|c'))).toBe('- a2 b1');
  expect(await find(m('!~', '.+'))).toBe('-');
  expect(await find(m('=~', '[ab]1'), m('!=', 'b1'), up)).toBe('a1');
  expect(await find(new Matcher('=', 'nope', 'x'))).toBe('');
  const querier = db.querier(0, 2000);
  expect(await querier.labelNames([])).toEqual(['__name__', 'instance']);
  expect(await querier.labelNames([m('=', '')])).toEqual(['__name__']);
  expect(await querier.labelValues('instance', [])).toEqual(['a1', 'a2', 'b1', 'c']);
  expect(await querier.labelValues('instance', [m('=~', 'a.*')], 1)).toEqual(['a1']);
  querier.close();
  await db.close();
});

test('long series: many chunks, read in part', async () => {
  const dir = await temporaryDirectory();
  const db = await Database.open(dir);
  const step = 15_000;
  const samples = Array.from({ length: 2000 }, (_, i) => [i * step, Math.sin(i)] as const);
  for (let i = 0; i < samples.length; i += 100) await put(db, 'a', ...samples.slice(i, i + 100));
  expect(await queryAll(db, [up])).toEqual({ 'up{instance="a"}': samples });
  expect(await queryAll(db, [up], 500 * step + 1, 1500 * step)).toEqual({
    'up{instance="a"}': samples.slice(501, 1501),
  });
  await db.close();
});

test('only one may open a directory', async () => {
  const dir = await temporaryDirectory();
  const db = await Database.open(dir);
  await expect(Database.open(dir)).rejects.toThrow(`in use by process ${process.pid}`);
  // A copy of a directory in use is free.
  const copy = await temporaryDirectory();
  await cp(dir, copy, { recursive: true });
  await (await Database.open(copy)).close();
  await db.close();
  await (await Database.open(dir)).close();
});

describe('native histograms', () => {
  const name = Labels.from({ __name__: 'latency' });
  const histogram = (n: number): Histogram => ({
    kind: 'integer',
    counterResetHint: 'unknown',
    schema: 2,
    zeroThreshold: 2 ** -128,
    zeroCount: n,
    count: n > 50 ? 4 * n + 1 : 3 * n + 1,
    sum: n / 3,
    positiveSpans: [{ offset: -2, length: 2 }, ...(n > 50 ? [{ offset: 3, length: 1 }] : [])],
    negativeSpans: [],
    positiveDeltas: n > 50 ? [n, 0, 1] : [n, 1],
    negativeDeltas: [],
    customValues: [],
  });

  test('of all kinds come back, beside floats, after a restart and from a block', async () => {
    const dir = await temporaryDirectory();
    let db = await Database.open(dir);
    const written: unknown[] = [];
    for (let n = 1; n <= 100; n++) {
      const integer = histogram(n);
      const appender = db.appender();
      const ref = appender.appendHistogram(0, name, n * 1000, integer);
      appender.appendHistogram(
        ref,
        name,
        n * 1000 + 200,
        toFloatHistogram({ ...integer, counterResetHint: 'gauge' }),
      );
      appender.append(ref, name, n * 1000 + 400, n);
      appender.appendHistogram(ref, name, n * 1000 + 600, {
        ...integer,
        schema: -53,
        zeroCount: 0,
        zeroThreshold: 0,
        count: 2 * n + 1,
        positiveSpans: [{ offset: 0, length: 2 }],
        positiveDeltas: [n, 1],
        customValues: [0.1, 2.5],
      });
      appender.appendStale(ref, name, n * 1000 + 800);
      await appender.commit();
      written.push(
        [n * 1000, integer.count],
        [n * 1000 + 200, integer.count],
        [n * 1000 + 400, n],
        [n * 1000 + 600, 2 * n + 1],
        [n * 1000 + 800, 'stale'],
      );
    }
    const read = async (): Promise<unknown[]> => {
      const querier = db.querier(0, 1e9);
      const found: unknown[] = [];
      for await (const batch of querier.select([new Matcher('=', '__name__', 'latency')])) {
        for (const { samples } of batch) {
          for (const [i, [t, v]] of samplesOf(samples).entries())
            found.push([t, samples.histograms?.[i]?.count ?? v]);
        }
      }
      querier.close();
      expect(querier.warnings).toEqual([]);
      return found;
    };
    expect(await read()).toEqual(written);
    await db.close();
    db = await Database.open(dir);
    expect(await read()).toEqual(written);
    const appender = db.appender();
    appender.append(0, labels('later'), 4 * 3_600_000, 1);
    await appender.commit();
    await db.maintain();
    expect(db.blocks()).toHaveLength(1);
    expect(await read()).toEqual(written);
    await db.close();
  });

  test.each([
    ['too few buckets', { positiveDeltas: [1] }, 'need 2 buckets, have 1'],
    ['negative count', { positiveDeltas: [1, -2] }, 'negative count'],
    ['count that does not add up', { count: 7 }, 'but the count is 7'],
    ['unknown schema', { schema: 9 }, 'schema 9'],
  ])('%s is refused', async (_, change, why) => {
    const db = await Database.open(await temporaryDirectory());
    const appender = db.appender();
    const good = histogram(1);
    expect(() => appender.appendHistogram(0, name, 1000, { ...good, ...change })).toThrow(why);
    appender.appendHistogram(0, name, 1000, good);
    await appender.commit();
    await db.close();
  });

  test('one that is too late is counted apart from floats', async () => {
    const db = await Database.open(await temporaryDirectory());
    const appender = db.appender();
    appender.appendHistogram(0, name, 2000, histogram(1));
    await appender.commit();
    const late = db.appender();
    expect(() => late.appendHistogram(0, name, 1000, histogram(2))).toThrow('out of order');
    late.rollback();
    expect(db.stats().head).toMatchObject({ outOfOrder: 0, outOfOrderHistograms: 1 });
    await db.close();
  });
});

test('exemplars and metadata come back after a restart', async () => {
  const dir = await temporaryDirectory();
  let db = await Database.open(dir, { maxExemplars: 3 });
  const trace = (id: string): Labels => Labels.from({ trace_id: id });
  for (const [i, t] of [1000, 2000, 3000, 4000].entries()) {
    const appender = db.appender();
    const ref = appender.append(0, labels('a'), t, i);
    appender.appendExemplar(ref, labels('a'), { labels: trace(`t${i}`), value: i + 0.5 });
    appender.updateMetadata(ref, labels('a'), { type: 'gauge', help: 'Whether it is up.', unit: '' });
    await appender.commit();
  }
  const appender = db.appender();
  expect(() =>
    appender.appendExemplar(0, labels('a'), { labels: trace('x'), value: 1, timestamp: 500 }),
  ).toThrow('out of order exemplar');
  expect(() => appender.appendExemplar(0, labels('a'), { labels: trace('x'.repeat(130)), value: 1 })).toThrow(
    'longer than 128',
  );
  appender.rollback();
  const expected = [
    {
      labels: labels('a'),
      exemplars: [1, 2, 3].map((i) => ({
        labels: trace(`t${i}`),
        value: i + 0.5,
        timestamp: 1000 * (i + 1),
      })),
    },
  ];
  const plain = (found: unknown): unknown => JSON.parse(JSON.stringify(found));
  expect(plain(await db.exemplars(0, 9000, [[up]]))).toEqual(plain(expected));
  expect(await db.exemplars(0, 9000, [[new Matcher('=', 'instance', 'b')]])).toEqual([]);
  await db.close();
  db = await Database.open(dir, { maxExemplars: 3 });
  expect(plain(await db.exemplars(0, 9000, [[new Matcher('=', 'instance', 'b')], [up]]))).toEqual(
    plain(expected),
  );
  expect(Object.fromEntries(db.metadata())).toEqual({
    up: [{ type: 'gauge', help: 'Whether it is up.', unit: '' }],
  });
  await db.close();
});

test('a snapshot is a database of its own', async () => {
  const db = await Database.open(await temporaryDirectory());
  for (let minute = 0; minute < 400; minute++) await put(db, 'a', [minute * 60_000, minute]);
  await db.maintain();
  await put(db, 'b', [400 * 60_000, 1]);
  const whole = await temporaryDirectory();
  const blocksOnly = await temporaryDirectory();
  await db.snapshot(whole);
  await db.snapshot(blocksOnly, { skipHead: true });
  const expected = await queryAll(db, [up]);
  await db.close();
  const copy = await Database.open(whole);
  expect(await queryAll(copy, [up])).toEqual(expected);
  await copy.close();
  const part = await Database.open(blocksOnly);
  const found = await queryAll(part, [up]);
  expect(Object.keys(found)).toEqual(['up{instance="a"}']);
  expect(found['up{instance="a"}']!.length).toBeGreaterThan(100);
  expect(found['up{instance="a"}']!.length).toBeLessThan(400);
  await part.close();
});

test('cardinality names what is large', async () => {
  const db = await Database.open(await temporaryDirectory());
  for (const instance of ['a', 'b', 'c']) await put(db, instance, [1000, 1]);
  const { series, labelPairs, seriesByMetric, valuesByLabel, seriesByPair, chunks } = await db.cardinality(1);
  expect({ series, labelPairs, seriesByMetric, valuesByLabel, seriesByPair, chunks }).toEqual({
    series: 3,
    labelPairs: 4,
    chunks: 3,
    seriesByMetric: [{ name: 'up', value: 3 }],
    valuesByLabel: [{ name: 'instance', value: 3 }],
    seriesByPair: [{ name: '__name__=up', value: 3 }],
  });
  await db.close();
});

test('a query does not see what is appended while it runs', async () => {
  const db = await Database.open(await temporaryDirectory());
  const round = async (t: number): Promise<void> => {
    const appender = db.appender();
    for (let i = 0; i < 1000; i++) appender.append(0, labels(String(i)), t, t);
    await appender.commit();
  };
  await round(1000);
  const querier = db.querier(0, 10_000);
  const lengths = new Set<number>();
  let batches = 0;
  for await (const batch of querier.select([up])) {
    if (batches++ === 0) await round(2000);
    for (const { samples } of batch) lengths.add(samples.timestamps.length);
  }
  expect(batches).toBeGreaterThan(2);
  expect([...lengths]).toEqual([1]);
  querier.close();
  await db.close();
});

test('a commit that comes after the end is refused, and harms nothing', async () => {
  const dir = await temporaryDirectory();
  const db = await Database.open(dir);
  await put(db, 'a', [1000, 1]);
  const late = db.appender();
  late.append(0, labels('a'), 2000, 2);
  await db.close();
  await expect(late.commit()).rejects.toThrow('the log is closed');
  expect(() => db.appender()).toThrow('the database is closed');
  const again = await Database.open(dir);
  expect(await queryAll(again, [up])).toEqual({ 'up{instance="a"}': [[1000, 1]] });
  await again.close();
});
