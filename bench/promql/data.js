// The samples that every engine gets: made from one seed, so that each can be fed without keeping them.
import { Labels } from '@prunella/metrics';
import { createBlocks } from '@prunella/tsdb';

export const STEP = 15_000;
/** Where the samples end, ms. Fixed, so that a directory made once can be used again. */
export const END = Date.UTC(2026, 0, 15, 12);
const WINDOW = 2 * 3_600_000;
const SERIES_PER_INSTANCE = 121;

/** Mulberry32: 32 bits of state per series are enough here. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What an endless counter does: it grows in bursts, and starts anew now and then. */
function counter(seed, perSecond) {
  const rand = random(seed);
  let value = Math.floor(rand() * 1000);
  return () => {
    if (rand() < 1 / 1500) value = 0;
    else value += Math.floor(perSecond * (STEP / 1000) * 2 * rand());
    return value;
  };
}

function secondsCounter(seed, share) {
  const rand = random(seed);
  let value = rand() * 1000;
  return () => (value = Math.round((value + share * (STEP / 1000) * 2 * rand()) * 100) / 100);
}

function gauge(seed, middle, spread, digits) {
  const rand = random(seed);
  const unit = 10 ** digits;
  let value = middle;
  return () => {
    value += (rand() - 0.5) * spread + (middle - value) * 0.01;
    return Math.round(value * unit) / unit;
  };
}

function upDown(seed) {
  const rand = random(seed);
  let up = 1;
  return () => {
    if (rand() < (up ? 0.002 : 0.2)) up = 1 - up;
    return up;
  };
}

/** A classic histogram's buckets share one sequence of observations. */
function buckets(seed, perStep, bounds) {
  const rand = random(seed);
  const counts = bounds.map(() => 0);
  let read = 0;
  const advance = () => {
    const many = Math.floor(perStep * 2 * rand());
    let left = many;
    let seen = 0;
    for (let i = 0; i < bounds.length; i++) {
      const here = i === bounds.length - 1 ? left : Math.floor(left * (0.15 + 0.2 * rand()));
      left -= here;
      seen += here;
      counts[i] += seen;
    }
  };
  return bounds.map((_, i) => () => {
    if (read++ % bounds.length === 0) advance();
    return counts[i];
  });
}

function nativeHistogram(seed, perStep) {
  const rand = random(seed);
  const counts = Array.from({ length: 16 }, () => 0);
  let sum = 0;
  let zeroCount = 0;
  return () => {
    for (let i = 0; i < counts.length; i++)
      counts[i] += Math.floor(perStep * rand() * Math.exp(-((i - 8) ** 2) / 12));
    zeroCount += rand() < 0.1 ? 1 : 0;
    sum = Math.round((sum + perStep * rand() * 3) * 1000) / 1000;
    return {
      kind: 'integer',
      counterResetHint: 'unknown',
      schema: 1,
      zeroThreshold: 0.001,
      zeroCount,
      count: zeroCount + counts.reduce((all, each) => all + each, 0),
      sum,
      positiveSpans: [{ offset: -6, length: 16 }],
      negativeSpans: [],
      positiveDeltas: counts.map((each, i) => each - (counts[i - 1] ?? 0)),
      negativeDeltas: [],
      customValues: [],
    };
  };
}

const BOUNDS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];

/** All series: their labels, and a function that gives the next value. About `wanted` of them. */
export function seriesOf(wanted) {
  const all = [];
  const instances = Math.max(2, Math.ceil(wanted / SERIES_PER_INSTANCE));
  const add = (labels, next, phase) => all.push({ labels: Labels.from(labels), next, phase });
  for (let n = 0; n < instances; n++) {
    const seed = n * 1_000_003;
    const phase = Math.floor(random(seed)() * STEP);
    const base = {
      instance: `10.0.0.${n}:9100`,
      job: ['api', 'web', 'auth', 'search', 'batch'][n % 5],
      zone: `z${n % 3}`,
    };
    let k = 1;
    const one = (name, labels, next) => add({ __name__: name, ...base, ...labels }, next, phase);
    for (let h = 0; h < 10; h++)
      for (const code of ['200', '302', '404', '500'])
        one(
          'http_requests_total',
          { handler: `/api/v1/h${h}`, code },
          counter(seed + k++, code === '200' ? 20 : 0.3),
        );
    for (const handler of ['/query', '/write', '/login']) {
      const columns = buckets(seed + k++, 30, BOUNDS);
      for (const [i, le] of BOUNDS.entries())
        one('http_request_duration_seconds_bucket', { handler, le }, columns[i]);
      one('http_request_duration_seconds_count', { handler }, counter(seed + k++, 2));
      one('http_request_duration_seconds_sum', { handler }, secondsCounter(seed + k++, 0.4));
    }
    for (let cpu = 0; cpu < 4; cpu++)
      for (const mode of ['idle', 'user', 'system', 'iowait'])
        one(
          'node_cpu_seconds_total',
          { cpu: String(cpu), mode },
          secondsCounter(seed + k++, mode === 'idle' ? 0.8 : 0.06),
        );
    for (const device of ['sda1', 'sdb1']) {
      one('node_filesystem_avail_bytes', { device }, gauge(seed + k++, 5e10, 4e8, 0));
      one('node_filesystem_size_bytes', { device }, () => 1e11);
    }
    one('node_memory_MemAvailable_bytes', {}, gauge(seed + k++, 8e9, 2e8, 0));
    one('node_memory_MemTotal_bytes', {}, () => 16_777_216_000);
    one('node_load1', {}, gauge(seed + k++, 2, 0.4, 2));
    one('node_info', { version: `1.${n % 4}.0`, kernel: '6.1' }, () => 1);
    one('up', {}, upDown(seed + k++));
    one('process_resident_memory_bytes', {}, gauge(seed + k++, 2e8, 4e6, 0));
    one('queue_depth', { queue: 'mail' }, gauge(seed + k++, 100, 20, 0));
    for (let method = 0; method < 5; method++)
      one('rpc_duration_seconds', { method: `M${method}` }, nativeHistogram(seed + k++, 6));
    for (let c = 0; c < 8; c++) one('temperature_celsius', { sensor: `s${c}` }, gauge(seed + k++, 45, 1, 1));
  }
  return all;
}

/** The samples window by window: `{ labels, samples }` of every series. About one scrape in 2,000 is lost. */
export function* windows(series, hours) {
  const steps = WINDOW / STEP;
  const lost = random(7);
  for (let from = END - hours * 3_600_000; from < END; from += WINDOW) {
    let scraped;
    yield series.map(({ labels, next, phase }, n) => {
      if (n === 0 || phase !== series[n - 1].phase)
        scraped = Array.from({ length: steps }, () => lost() > 1 / 2000);
      const native = labels.metricName === 'rpc_duration_seconds';
      const timestamps = [];
      const values = [];
      const histograms = [];
      for (let i = 0; i < steps; i++) {
        const value = next();
        if (!scraped[i]) continue;
        timestamps.push(from + i * STEP + phase);
        values.push(native ? value.sum : value);
        if (native) histograms.push(value);
      }
      const samples = { timestamps: Float64Array.from(timestamps), values: Float64Array.from(values) };
      return { labels, samples: native ? { ...samples, histograms } : samples };
    });
  }
}

/** Writes blocks of two hours. @returns how many samples there are */
export async function writeBlocks(dir, wanted, hours) {
  let samples = 0;
  for (const window of windows(seriesOf(wanted), hours)) {
    await createBlocks(dir, window);
    samples += window.reduce((sum, each) => sum + each.samples.timestamps.length, 0);
  }
  return samples;
}

/** The same samples, without native histograms, as VictoriaMetrics imports them: one series a line. */
export async function* importLines(wanted, hours) {
  for (const window of windows(seriesOf(wanted), hours)) {
    for (const { labels, samples } of window) {
      if (samples.histograms) continue;
      const { timestamps, values } = samples;
      yield `${JSON.stringify({ metric: labels, values: [...values], timestamps: [...timestamps] })}\n`;
    }
  }
}
