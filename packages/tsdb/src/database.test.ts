import { AppendError, Labels, Matcher } from '@prunella/metrics';
import { describe, expect, test } from 'vitest';
import { Database } from './database.ts';
import { queryAll, temporaryDirectory } from './testing.ts';

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
    ['a sample older than half a block', 4 * hour - 1, 1, 'out_of_bounds'],
    ['a newer sample', 5 * hour + 1, 1, 'accepted'],
  ];
  test.each(cases)('%s', async (_, t, v, outcome) => {
    const db = await Database.open(await temporaryDirectory());
    await put(db, 'a', [5 * hour, 1]);
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
  await db.close();
  await (await Database.open(dir)).close();
});
