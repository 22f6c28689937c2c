import { ChangeLog, Labels, type Querier, type Queryable, type Series } from '@prunella/metrics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Engine } from '../engine.ts';
import { parse } from '../parser/parse.ts';
import { MemoryStorage } from '../testing/memory.ts';
import { dependsOnPast } from './cache.ts';

/** A storage that takes samples in any order, forgets them on demand, and tells so. */
class ChangingStorage implements Queryable {
  readonly changes: ChangeLog = new ChangeLog();
  readonly #samples = new Map<string, Map<number, number | 'stale'>>();

  add(name: string, time: number, value: number | 'stale'): void {
    const samples = this.#samples.get(name) ?? new Map<number, number | 'stale'>();
    this.#samples.set(name, samples.set(time, value));
    this.changes.note(time);
  }

  remove(name: string, mint: number, maxt: number): void {
    for (const time of this.#samples.get(name)?.keys() ?? [])
      if (time >= mint && time <= maxt) this.#samples.get(name)?.delete(time);
    this.changes.note(mint);
  }

  querier(mint: number, maxt: number): Querier {
    const sorted = new MemoryStorage();
    for (const [name, samples] of this.#samples)
      for (const [time, value] of [...samples].sort(([a], [b]) => a - b))
        sorted.add({ __name__: 'm', name, kind: name < 'c' ? 'x' : 'y' }, time, value);
    return sorted.querier(mint, maxt);
  }
}

const STEP = 15_000;
const NAMES = ['a', 'b', 'c', 'd'];
const QUERIES = [
  'm',
  'rate(m[1m])',
  'delta(m[1m])',
  'sum by (kind) (m)',
  'max_over_time(m[2m])',
  'quantile_over_time(0.5, m[90s])',
  'topk(2, m)',
  'm offset 1m > 5',
  'absent(m{name="a"})',
  'sum(max_over_time(rate(m[1m])[2m:15s]))',
  'm{name="a"} / on () group_right m',
  'count_values("v", m)',
  'timestamp(m)',
];

const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('scrape' as const) }) },
  fc.record({
    kind: fc.constant('late' as const),
    name: fc.constantFrom(...NAMES),
    ago: fc.nat(40),
    value: fc.nat(20),
  }),
  fc.record({
    kind: fc.constant('delete' as const),
    name: fc.constantFrom(...NAMES),
    ago: fc.nat(40),
    length: fc.nat(10),
  }),
  fc.record({ kind: fc.constant('stale' as const), name: fc.constantFrom(...NAMES) }),
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('refresh' as const),
      query: fc.nat(1),
      steps: fc.integer({ min: 5, max: 30 }),
    }),
  },
);

describe('the cache of range queries', () => {
  test('never answers what evaluating all steps would not', async () => {
    let reused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 10, maxLength: 80 }),
        fc.nat(1000),
        async (changes, seed) => {
          const storage = new ChangingStorage();
          const engine = new Engine();
          let now = 1_000_000_000_000 + seed;
          const scrape = (): void => {
            now += STEP;
            for (const [i, name] of NAMES.entries())
              if ((now / STEP + i * seed) % 7 >= 1)
                storage.add(name, now - i * 100, Math.floor(now / 1e4) % (10 + i));
          };
          for (let i = 0; i < 20; i++) scrape();
          for (const each of changes) {
            if (each.kind === 'scrape') scrape();
            else if (each.kind === 'late') storage.add(each.name, now - each.ago * 7000, each.value);
            else if (each.kind === 'stale') storage.add(each.name, now, 'stale');
            else if (each.kind === 'delete')
              storage.remove(each.name, now - each.ago * 7000, now - (each.ago - each.length) * 7000);
            else {
              const query = QUERIES[(seed + each.query) % QUERIES.length] as string;
              const end = Math.ceil(now / STEP) * STEP;
              const start = end - each.steps * STEP;
              const cached = await engine.range(storage, query, start, end, STEP);
              const fresh = await engine.range(storage, query, start, end, STEP, { fresh: true });
              expect(plain(cached.value)).toEqual(plain(fresh.value));
              expect([cached.warnings, cached.infos]).toEqual([fresh.warnings, fresh.infos]);
            }
          }
          reused += engine.cache.reusedSteps;
        },
      ),
      { numRuns: 150 },
    );
    expect(reused).toBeGreaterThan(1000);
  });

  test('evaluates only the new steps of a window that moves on', async () => {
    const storage = new ChangingStorage();
    const engine = new Engine();
    for (let t = 0; t <= 100 * STEP; t += STEP) storage.add('a', t, t);
    await engine.range(storage, 'avg_over_time(m[1m])', 10 * STEP, 90 * STEP, STEP);
    storage.add('a', 101 * STEP, 1);
    await engine.range(storage, 'avg_over_time(m[1m])', 12 * STEP, 92 * STEP, STEP);
    expect(engine.cache).toMatchObject({ hits: 1, misses: 1, reusedSteps: 79, evaluatedSteps: 83 });
  });

  test('keeps what is told beside a result, as long as that is sure', async () => {
    const storage = new ChangingStorage();
    const engine = new Engine();
    for (let t = 0; t <= 100 * STEP; t += STEP) storage.add('a', t, t);
    const ask = (last: number): Promise<{ infos: readonly string[] }> =>
      engine.range(storage, 'rate(m[1m])', (last - 50) * STEP, last * STEP, STEP);
    const doubt = (await ask(90)).infos;
    expect(doubt).toMatchObject({ length: 1 });
    expect((await ask(92)).infos).toEqual(doubt);
    expect((await ask(92)).infos).toEqual(doubt);
    expect(engine.cache).toMatchObject({ hits: 2, misses: 1 });
    // No step is left that it could be about.
    expect((await ask(160)).infos).toEqual([]);
  });

  test('stays within its bounds', async () => {
    const storage = new ChangingStorage();
    const engine = new Engine({ cacheBytes: 20_000 });
    for (let t = 0; t <= 100 * STEP; t += STEP) storage.add('a', t, t);
    for (let i = 1; i < 60; i++) await engine.range(storage, `m > ${i}`, 0, 100 * STEP, STEP);
    expect(engine.cache.bytes).toBeLessThanOrEqual(20_000);
    expect(engine.cache.entries).toBeGreaterThan(5);
    await engine.range(storage, 'm', 0, 10_000 * STEP, STEP);
    expect(engine.cache.bytes).toBeLessThanOrEqual(20_000);
  });

  test.each([
    'm @ 10',
    'rate(m[1m] @ end())',
    'm offset -1m',
    'm + start()',
    'max_over_time(m[5m:1m] offset -5s)',
  ])('does not keep %s', (query) =>
    expect(
      dependsOnPast(
        parse(query, { features: new Set(['promql-duration-expr', 'promql-experimental-functions']) }),
      ),
    ).toBe(false),
  );
});

function plain(value: unknown): unknown {
  const { series } = value as { series: readonly Series[] };
  return series.map(({ labels, samples }) => ({
    labels: Labels.prototype.toString.call(labels),
    times: [...samples.timestamps],
    values: [...samples.values],
  }));
}
