import { Labels } from '@prunella/metrics';
import type { Database } from '@prunella/tsdb';
import { addNativeHistograms } from './promql-native.ts';
import type { Random } from './promql-random.ts';
import { CLUSTERS, INSTANCES, SeriesList, type Generated, type Sample } from './promql-series.ts';

/** First sample, ms; a multiple of every step in use, so that edges of ranges meet samples. */
export const BASE = 1_700_006_400_000;
export const HOURS = 6;
const TICK = 15_000;
const TICKS = (HOURS * 3_600_000) / TICK;

export interface DataOptions {
  /** Leaves out what releases before 3.0 take otherwise: samples on the left edge of a range, for one. */
  readonly old: boolean;
  /** Native histograms among the series. */
  readonly native: boolean;
}

/** Six hours of more than 2,000 series with everything that makes answers differ. Returns their number. */
export async function writeSamples(database: Database, options: DataOptions): Promise<number> {
  const series = allSeries(options);
  const refs = series.map(() => 0);
  for (let i = 0; i < TICKS; i++) {
    const appender = database.appender();
    for (const [k, { labels, every, phase, next }] of series.entries()) {
      if (i % every !== 0) continue;
      const sample = next(i / every);
      const t = BASE + i * TICK + phase;
      const ref = refs[k] as number;
      if (sample === undefined) continue;
      if (sample === 'stale') refs[k] = appender.appendStale(ref, labels, t);
      else if (typeof sample === 'number') refs[k] = appender.append(ref, labels, t, sample);
      else refs[k] = appender.appendHistogram(ref, labels, t, sample);
    }
    await appender.commit();
  }
  return series.length;
}

function allSeries({ old, native }: DataOptions): Generated[] {
  const list = new SeriesList(old);
  addShop(list);
  addRequests(list, old);
  addTemperatures(list);
  addOdd(list, old);
  addClassicHistograms(list);
  addBrokenHistograms(list);
  addNames(list, old);
  if (native) addNativeHistograms(list);
  // Prometheus reads what is in memory in the order in which series came, and so do topk and its like.
  return list.series.sort((a, b) => Labels.compare(a.labels, b.labels));
}

/** A counter that restarts now and then, and is not scraped for a while now and then. */
function counter(random: Random, slope: number, resetEvery = 0, gapEvery = 0): (i: number) => Sample {
  let value = random.below(1000);
  const shift = random.below(500);
  return (i) => {
    if (resetEvery > 0 && (i + shift) % resetEvery === 0) value = random.below(3);
    value += Math.round(random.next() * slope);
    return gapEvery > 0 && (i + shift) % gapEvery < 20 ? undefined : value;
  };
}

/** What the shipped rules and the literal queries of the project's user ask for. */
function addShop(list: SeriesList): void {
  const { random } = list;
  for (const [job, instance] of [
    ['shop', 'a:1'],
    ['shop', 'b:1'],
    ['worker', 'c:1'],
  ] as const) {
    const target = { job, instance };
    list.add(
      { __name__: 'up', ...target },
      (i) => {
        if (i % 97 === 0) return 0;
        if (instance !== 'b:1' || i < 800) return 1;
        return i === 800 ? 'stale' : undefined;
      },
      1,
    );
    const memory = { __name__: 'process_resident_memory_bytes', ...target };
    list.add(memory, (i) => 1e8 + 1e6 * Math.sin(i / 20) + random.next() * 1e6);
    list.add({ __name__: 'process_cpu_seconds_total', ...target }, counter(random, 20, 300), 1);
    for (const endpoint of ['/data', '/health']) {
      for (const [i, code] of ['200', '404', '500'].entries()) {
        const labels = {
          __name__: 'http_requests_total',
          ...target,
          endpoint,
          method: 'GET',
          status_code: code,
        };
        list.add(labels, counter(random, 10 / (i + 1), i === 0 ? 350 : 0, 200), 1);
      }
      for (const name of ['http_request', 'flask_http_request', 'app_request_latency_seconds']) {
        const whole = name.endsWith('seconds') ? name : `${name}_duration_seconds`;
        addClassic(list, whole, { ...target, endpoint, method: 'GET' }, LATENCIES);
      }
    }
    list.add({ __name__: 'flask_http_request_exceptions_total', ...target }, counter(random, 2, 0, 200));
  }
}

/** Counters of every kind of scrape: 2 clusters × 3 jobs × 6 instances × 5 paths × 5 codes. */
function addRequests(list: SeriesList, old: boolean): void {
  const { random } = list;
  for (const cluster of CLUSTERS)
    for (const job of ['api', 'web', 'db'])
      for (const instance of INSTANCES) {
        const target = { cluster, job, instance };
        const resetEvery = instance === 'i0' ? 0 : 80 + random.below(300);
        const every = instance === 'i1' ? 1 : instance === 'i2' ? 4 : 2;
        for (const path of ['/', '/a', '/b', '/c', '/d'])
          for (const code of ['200', '204', '404', '500', '503']) {
            const labels = { __name__: 'requests_total', ...target, path, code };
            const gapEvery = instance === 'i3' ? 150 : 0;
            // Where a gap meets a counter near zero, releases before 3.0 extrapolate otherwise.
            const next = counter(
              random,
              code === '200' ? 40 : 3,
              old && gapEvery > 0 ? 0 : resetEvery,
              gapEvery,
            );
            list.add(labels, next, every, instance === 'i4');
          }
        list.add({ __name__: 'build_info', ...target, version: `v1.${random.below(3)}` }, () => 1, 4);
        list.add({ __name__: 'target_info', ...target, os: random.of(['linux', 'bsd']) }, () => 1, 4);
        list.add({ __name__: 'start_time_seconds', ...target }, () => BASE / 1000 - 12_345.678, 4);
      }
}

/** Gauges on both sides of zero, whole and broken numbers. */
function addTemperatures(list: SeriesList): void {
  const { random } = list;
  for (const cluster of CLUSTERS)
    for (const instance of INSTANCES)
      for (const zone of ['a', 'b', 'c', 'd']) {
        const labels = { cluster, instance, zone };
        const shift = random.below(1000);
        const ended = 150 + random.below(500);
        list.add(
          { __name__: 'temperature', ...labels },
          (i) => {
            if (zone === 'd' && i >= ended && i < ended + 60) return i === ended ? 'stale' : undefined;
            return 20 * Math.sin((i + shift) / 50) + random.next();
          },
          2,
          zone === 'c',
        );
        let level = random.below(50) - 25;
        list.add({ __name__: 'queue_length', ...labels }, () => (level += random.below(7) - 3), 2);
        list.add({ __name__: 'limit_value', ...labels }, (i) => (i % 90 < 70 ? 10 : 15), 4);
        list.add({ __name__: 'enabled', ...labels }, (i) => ((i + shift) % 45 < 30 ? 1 : 0), 2);
      }
}

/** Values at the borders of what a double is, and series at the borders of what a series is. */
function addOdd(list: SeriesList, old: boolean): void {
  const { random } = list;
  const kinds: Record<string, (i: number) => Sample> = {
    inf: () => Infinity,
    neginf: () => -Infinity,
    infs: (i) => [Infinity, -Infinity, NaN][i % 3],
    infstart: (i) => (i % 40 === 0 ? Infinity : i),
    nan: () => NaN,
    nansometimes: (i) => (i % 7 === 3 ? NaN : i),
    nanstart: (i) => (i % 60 < 30 ? NaN : 5),
    zero: () => 0,
    negzero: () => -0,
    zeros: (i) => (i % 2 ? 0 : -0),
    huge: (i) => 1.7e308 - i * 1e304,
    hugerise: (i) => 1e300 * i,
    tiny: (i) => 3e-308 * (i % 9),
    small: (i) => 1e-300 * (i + 1),
    constant: () => 0.1,
    third: () => 1 / 3,
    beyond: (i) => 2 ** 53 + i * 2,
    cancel: (i) => [1e16, 1, -1e16, 2][i % 4],
    falling: (i) => 10_000 - i,
    negative: (i) => -i * 3,
    alternating: (i) => i % 2,
    steps: (i) => Math.floor(i / 33),
    single: (i) => (i === 400 ? 7 : undefined),
    pair: (i) => (i === 400 || i === 420 ? i : undefined),
    sparse: (i) => (i % 16 === 0 ? i : undefined),
    sparser: (i) => (i % 40 === 0 ? i : undefined),
    ended: (i) => (i < 300 ? i : i === 300 ? 'stale' : undefined),
    back: (i) => (i % 100 < 50 ? i : i % 100 === 50 ? 'stale' : undefined),
    flapping: (i) => (i % 5 === 4 ? 'stale' : i),
    onlystale: () => 'stale',
    late: (i) => (i > 500 ? i * i : undefined),
    gone: (i) => (i < 60 ? i : undefined),
    timestamp: (i) => BASE / 1000 + i * 86_400 * 3.7,
    longago: (i) => -1e9 * i,
    far: (i) => 1e12 * i,
    fraction: () => random.next(),
    percent: (i) => (i % 11) / 10,
    whole: () => random.below(5),
  };
  for (const [kind, next] of Object.entries(kinds)) {
    // Sums kept the sign of a zero, until they were compensated.
    if (old && /^(negzero|zeros)$/.test(kind)) continue;
    list.add({ __name__: 'odd', kind }, next);
    list.add({ __name__: 'odd_total', kind, group: String(kind.length % 3) }, next, 1, true);
  }
}

const LATENCIES = ['0.1', '0.3', '0.5', '1.0', '2.0', '5.0', '10.0', '+Inf'];

/** The three kinds of series of one classic histogram, which restarts now and then. */
function addClassic(
  list: SeriesList,
  name: string,
  labels: Readonly<Record<string, string>>,
  bounds: readonly string[],
  resetEvery = 0,
): void {
  const { random } = list;
  const counts = bounds.map(() => 0);
  let sum = 0;
  let observed = -1;
  // Whichever of its series is asked first moves the whole histogram on.
  const observe = (i: number): void => {
    if (i === observed) return;
    observed = i;
    if (resetEvery > 0 && i % resetEvery === resetEvery - 1) {
      counts.fill(0);
      sum = 0;
    }
    let added = 0;
    for (let k = 0; k < counts.length; k++) {
      added += random.below(4);
      counts[k] = (counts[k] as number) + added;
    }
    sum += added * random.next();
  };
  for (const [k, le] of bounds.entries()) {
    list.add({ __name__: `${name}_bucket`, ...labels, le }, (i) => {
      observe(i);
      return counts[k];
    });
  }
  list.add({ __name__: `${name}_sum`, ...labels }, (i) => {
    observe(i);
    return sum;
  });
  list.add({ __name__: `${name}_count`, ...labels }, (i) => {
    observe(i);
    return counts.at(-1);
  });
}

function addClassicHistograms(list: SeriesList): void {
  const bounds = ['0.005', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];
  for (const cluster of CLUSTERS)
    for (const instance of INSTANCES)
      for (const job of ['api', 'web', 'db'])
        addClassic(list, 'latency_seconds', { cluster, instance, job }, bounds, 200);
  for (const instance of INSTANCES) {
    const centred = ['-10', '-5', '-1', '0', '1', '5', '10', '+Inf'];
    addClassic(list, 'offset_seconds', { cluster: 'eu', instance }, centred, 333);
  }
}

/** Buckets that no client library writes, by what is wrong with them: bounds and counts. */
const BROKEN: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  noinf: [
    ['0.1', 1],
    ['1', 2],
    ['10', 3],
  ],
  onlyinf: [['+Inf', 9]],
  nothing: [
    ['0.1', 0],
    ['1', 0],
    ['+Inf', 0],
  ],
  equal: [
    ['1', 2],
    ['1.0', 3],
    ['1e0', 4],
    ['2', 9],
    ['+Inf', 9],
  ],
  close: [
    ['1', 2],
    ['1.0000000000001', 2],
    ['2', 9],
    ['+Inf', 9],
  ],
  falls: [
    ['0.1', 5],
    ['1', 3],
    ['5', 8],
    ['10', 7],
    ['+Inf', 10],
  ],
  fallsabit: [
    ['0.1', 5],
    ['1', 5 - 1e-13],
    ['5', 8],
    ['+Inf', 8],
  ],
  infless: [
    ['0.1', 5],
    ['1', 8],
    ['+Inf', 6],
  ],
  badle: [
    ['0.1', 1],
    ['big', 2],
    ['', 2],
    ['+Inf', 3],
  ],
  negative: [
    ['-5', 1],
    ['-1', 4],
    ['+Inf', 6],
  ],
  zerole: [
    ['0', 3],
    ['1', 5],
    ['+Inf', 6],
  ],
  neginf: [
    ['-Inf', 1],
    ['1', 5],
    ['+Inf', 6],
  ],
  nan: [
    ['0.1', NaN],
    ['1', 5],
    ['+Inf', NaN],
  ],
  infs: [
    ['0.1', 1],
    ['1', Infinity],
    ['+Inf', Infinity],
  ],
  two: [
    ['1', 1],
    ['+Inf', 2],
  ],
  flat: [
    ['1', 4],
    ['2', 4],
    ['+Inf', 4],
  ],
  infinity: [
    ['1', 4],
    ['Inf', 6],
  ],
};

function addBrokenHistograms(list: SeriesList): void {
  for (const [kind, buckets] of Object.entries(BROKEN))
    for (const [le, count] of buckets) {
      list.add({ __name__: 'broken_bucket', kind, le }, (i) => count * (i + 1));
      list.add({ __name__: 'frozen_bucket', kind, le }, () => count, 4);
    }
}

/** Names and values that are not letters, and label sets that are equal but for the name. */
function addNames(list: SeriesList, old: boolean): void {
  const values = [
    '',
    ' ',
    'a b',
    'ä',
    '日本',
    '🌱',
    '"quoted"',
    'back\\slash',
    'new\nline',
    '\t',
    '$1',
    '.*',
    'a.b',
    'A',
    'x'.repeat(300),
  ];
  for (const [k, v] of values.entries()) {
    // A dot did not match a new line.
    if (old && v.includes('\n')) continue;
    list.add({ __name__: 'weird', n: String(k), v }, (i) => i + k, 4);
    list.add({ __name__: 'weird_too', n: String(k % 5), v, 'dotted.label': `v${k % 3}` }, (i) => i * k, 4);
  }
  for (const name of ['dotted.metric', 'spaced metric', 'ünïcödé', '0digit', 'a-b'])
    for (const x of ['1', '2']) list.add({ __name__: name, x, 'label.of': name }, (i) => i * Number(x), 4);
  for (const name of ['twin_a', 'twin_b', 'twin_c'])
    for (const x of ['1', '2', '3'])
      list.add({ __name__: name, x }, (i) => i + name.charCodeAt(5) * Number(x), 4);
  list.add({ nameless: 'yes' }, (i) => i, 4);
}
