import { silentLogger, type Clock } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { TestStorage } from '../testdata/storage.ts';
import { parsePrometheusConfig } from './config/prometheus.ts';
import { ScrapeManager } from './manager.ts';
import type { InProcessTarget } from './page.ts';

const START = 1_700_000_000_000;

/** A target in this process whose page the test writes. */
class Page implements InProcessTarget {
  readonly job = 'j';
  readonly labels = { instance: 'i' };
  readonly interval = 10_000;
  readonly timeout = 5000;
  text = '';
  error: Error | undefined;
  collect(): Promise<string> {
    return this.error ? Promise.reject(this.error) : Promise.resolve(this.text);
  }
}

interface Scene {
  clock: VirtualClock;
  storage: TestStorage;
  manager: ScrapeManager;
  registry: Registry;
  page: Page;
  /** Lets one interval pass, with one scrape of the page. */
  scrape: (text?: string) => Promise<void>;
}

async function scene(): Promise<Scene> {
  const clock = new VirtualClock(START);
  const storage = new TestStorage();
  const registry = new Registry();
  const manager = new ScrapeManager({ storage, clock, registry, logger: silentLogger });
  const page = new Page();
  await manager.apply([], [page]);
  await manager.start();
  const scrape = async (text?: string): Promise<void> => {
    page.error = undefined;
    if (text !== undefined) page.text = text;
    await clock.advance(10_000);
  };
  return { clock, storage, manager, registry, page, scrape };
}

const ME = 'instance="i", job="j"';

describe('a target', () => {
  test('is scraped every interval, at its own offset, to the millisecond', async () => {
    const { storage, scrape, manager } = await scene();
    for (let i = 1; i <= 4; i++) await scrape(`a ${i}\n`);
    expect(storage.values(`a{${ME}}`)).toEqual([1, 2, 3, 4]);
    const times = storage.times(`a{${ME}}`);
    expect(times.map((t, i) => t - (times[0] as number) - i * 10_000)).toEqual([0, 0, 0, 0]);
    expect(storage.values(`up{${ME}}`)).toEqual([1, 1, 1, 1]);
    expect(storage.values(`scrape_samples_scraped{${ME}}`)).toEqual([1, 1, 1, 1]);
    expect(storage.values(`scrape_series_added{${ME}}`)).toEqual([1, 0, 0, 0]);
    expect(
      storage.values(`scrape_duration_seconds{${ME}}`).every((v) => typeof v === 'number' && v >= 0 && v < 1),
    ).toBe(true);
    expect(manager.targets().active).toMatchObject([
      { pool: 'j', health: 'up', lastError: '', lastScrape: times[3], url: 'in-process:j' },
    ]);
    await manager.stop();
  });

  test('ends series that vanish, at once, and begins them anew when they come back', async () => {
    const { storage, scrape } = await scene();
    await scrape('a 1\nb{x="1"} 1\n');
    await scrape('a 2\n');
    await scrape('a 3\n');
    await scrape('a 4\nb{x="1"} 4\n');
    expect(storage.values(`a{${ME}}`)).toEqual([1, 2, 3, 4]);
    expect(storage.values(`b{${ME}, x="1"}`)).toEqual([1, 'stale', 4]);
  });

  test('that fails is down, and ends everything once', async () => {
    const { storage, scrape, page, manager, clock } = await scene();
    await scrape('a 1\n');
    page.error = new Error('connect ECONNREFUSED');
    await clock.advance(20_000);
    expect(storage.values(`up{${ME}}`)).toEqual([1, 0, 0]);
    expect(storage.values(`a{${ME}}`)).toEqual([1, 'stale']);
    expect(manager.targets().active[0]).toMatchObject({ health: 'down', lastError: 'connect ECONNREFUSED' });
    await scrape('a 5\n');
    expect(storage.values(`a{${ME}}`)).toEqual([1, 'stale', 5]);
    expect(storage.values(`scrape_samples_scraped{${ME}}`)).toEqual([1, 0, 0, 1]);
  });

  test('with a broken page keeps nothing of it', async () => {
    const { storage, scrape, manager } = await scene();
    await scrape('a 1\nb 1\n');
    await scrape('a 2\nb oops\n');
    expect(storage.values(`a{${ME}}`)).toEqual([1, 'stale']);
    expect(storage.values(`up{${ME}}`)).toEqual([1, 0]);
    expect(manager.targets().active[0]?.lastError).toBe('line 2: expected a value: "b oops"');
    await scrape('a 3\nb 3\n');
    expect(storage.values(`b{${ME}}`)).toEqual([1, 'stale', 3]);
  });

  test('that does not answer in time is down', async () => {
    const { storage, page, clock, manager } = await scene();
    page.collect = () => new Promise(() => {});
    await clock.advance(15_000);
    expect(storage.values(`up{${ME}}`)).toEqual([0]);
    expect(manager.targets().active[0]?.lastError).toBe('the target did not answer within 5s');
    await manager.stop();
  });

  test('is not ended by the end of the process, but by the end of its configuration', async () => {
    const one = await scene();
    await one.scrape('a 1\n');
    await one.manager.stop();
    expect(one.storage.values(`a{${ME}}`)).toEqual([1]);
    const two = await scene();
    await two.scrape('a 1\n');
    await two.manager.apply([], []);
    expect(two.storage.values(`a{${ME}}`)).toEqual([1, 'stale']);
    expect(two.storage.values(`up{${ME}}`)).toEqual([1, 'stale']);
    expect(two.manager.targets().active).toEqual([]);
  });

  test('goes on in another object with the same labels', async () => {
    const { storage, scrape, manager, clock } = await scene();
    await scrape('a 1\nb 1\n');
    const next = new Page();
    next.text = 'a 2\n';
    await manager.apply([], [next]);
    await clock.advance(10_000);
    expect(storage.values(`a{${ME}}`)).toEqual([1, 2]);
    expect(storage.values(`b{${ME}}`)).toEqual([1, 'stale']);
    expect(storage.values(`up{${ME}}`)).toEqual([1, 1]);
  });

  test('survives a disk that refuses', async () => {
    const { storage, scrape } = await scene();
    storage.failCommits = true;
    await scrape('a 1\n');
    storage.failCommits = false;
    await scrape('a 2\n');
    expect(storage.values(`a{${ME}}`)).toEqual([2]);
  });

  test('may give times of its own, which have no staleness, and may be late with them', async () => {
    const { storage, scrape, registry } = await scene();
    await scrape(`a 1 ${START}\n`);
    await scrape(`a 0 ${START - 1}\n`);
    await scrape('b 1\n');
    expect(storage.values(`a{${ME}}`)).toEqual([1]);
    expect(storage.values(`up{${ME}}`)).toEqual([1, 1, 1]);
    expect(
      await registry.getSingleMetricAsString('prometheus_target_scrapes_sample_out_of_order_total'),
    ).toContain('total 1');
  });

  test('with a very large page lets others have their turn', async () => {
    const { storage, page, scrape } = await scene();
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (turns < 1000) setImmediate(count);
    };
    page.collect = async () => {
      setImmediate(count);
      return Array.from({ length: 20_000 }, (_, i) => `a{i="${i}"} ${i}\n`).join('');
    };
    await scrape();
    await scrape();
    expect(storage.values(`a{i="19999", ${ME}}`)).toContain(19_999);
    expect(turns).toBeGreaterThan(4);
  });

  test('moves its own labels aside', async () => {
    const { storage, scrape } = await scene();
    await scrape('a{job="x",exported_job="y"} 1\n');
    expect(storage.names()).toContain(`a{exported_exported_job="x", exported_job="y", ${ME}}`);
  });

  test('tells what its metrics mean', async () => {
    const { storage, scrape, manager } = await scene();
    await scrape('# HELP a_total An a.\n# TYPE a_total counter\na_total 1\n');
    expect(storage.metadata.get('a_total')).toEqual({ type: 'counter', help: 'An a.', unit: '' });
    expect(manager.targets().active[0]?.metadata.get('a_total')?.type).toBe('counter');
  });

  test('keeps the spelling of a series apart from the series', async () => {
    const { storage, scrape } = await scene();
    await scrape('a{x="1",y="2"} 1\n');
    await scrape('a{y="2",x="1"} 2\n');
    await scrape('a{x="1",y="2"} 3\n');
    expect(storage.values(`a{${ME}, x="1", y="2"}`)).toEqual([1, 2, 3]);
  });

  test('cannot fill our memory with other nonsense every time', async () => {
    const { scrape, storage } = await scene();
    for (let i = 0; i < 5; i++) {
      const lines = Array.from({ length: 500 }, (_, n) => `bad_${i}_${n} 1\n`);
      await scrape(`${lines.join('')}oops\n`);
    }
    await scrape('a 1\n');
    expect(storage.values(`up{${ME}}`)).toEqual([0, 0, 0, 0, 0, 1]);
    expect(storage.values(`a{${ME}}`)).toEqual([1]);
  });

  test('skips the turns that it missed, and follows a clock that is set back', async () => {
    let shift = 0;
    const virtual = new VirtualClock(START);
    const clock: Clock = {
      now: () => virtual.now() + shift,
      setTimeout: (callback, delay) => virtual.setTimeout(callback, delay),
    };
    const storage = new TestStorage();
    const manager = new ScrapeManager({ storage, clock, registry: new Registry(), logger: silentLogger });
    const page = new Page();
    page.text = 'a 1\n';
    await manager.apply([], [page]);
    await manager.start();
    await virtual.advance(10_000);
    shift = 3_600_000;
    await virtual.advance(10_000);
    const forward = storage.times(`a{${ME}}`).length;
    expect(forward).toBeLessThan(5);
    shift = 0;
    page.text = 'b 1\n';
    await virtual.advance(30_000);
    expect(storage.values(`b{${ME}}`).length).toBeGreaterThanOrEqual(2);
    await manager.stop();
  });
});

describe('self-metrics', () => {
  test('have the names that dashboards ask for', async () => {
    const { registry, scrape, manager, clock, page } = await scene();
    const { scrape_configs } = parsePrometheusConfig(
      "scrape_configs: [{job_name: k, static_configs: [{targets: ['127.0.0.1:1']}]}]",
      'p.yml',
    );
    await manager.apply(scrape_configs, [page]);
    await scrape('# TYPE a gauge\na 1\n');
    await scrape('# TYPE a gauge\na 1\n');
    await clock.advance(1);
    const text = await registry.metrics();
    for (const name of [
      'prometheus_target_interval_length_seconds{quantile="0.99",interval="10s"} 10',
      'prometheus_target_scrape_pool_targets{scrape_job="k"} 1',
      'prometheus_target_scrape_pool_sync_total{scrape_job="k"}',
      'prometheus_target_sync_length_seconds_count{scrape_job="k"}',
      'prometheus_sd_discovered_targets{name="scrape",config="k"} 1',
      'prometheus_target_scrape_pools_total 1',
      'prometheus_target_metadata_cache_entries{scrape_job="j"} 1',
      'prometheus_sd_failed_configs{name="scrape"} 0',
    ])
      expect(text).toContain(name);
    await manager.stop();
  });
});
