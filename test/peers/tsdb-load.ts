/**
 * What a company of some size scrapes in a working day: the same samples whoever takes them, and whenever. Counters
 * that begin anew, gauges, classic and native histograms, pods that come and go, instances that were down for a
 * while; each instance is scraped at its own moment.
 */
import { Labels, toFloatHistogram, type FloatHistogram, type Histogram } from '@prunella/metrics';
import type { RemoteSample, RemoteSeries } from '@prunella/remote';

export const STEP = 15_000;
/** Not on the border of any block. */
export const START: number = Date.UTC(2026, 0, 15, 7, 23, 30);
export const HOURS: number = Number(process.env['PRUNELLA_TSDB_HOURS'] ?? 6.5);
export const END: number = START + HOURS * 3_600_000;
export const STEPS: number = (END - START) / STEP;

const INSTANCES = Number(process.env['PRUNELLA_TSDB_INSTANCES'] ?? 400);
const WITH_HISTOGRAMS = Math.ceil(INSTANCES / 10);
const MODES = ['user', 'system', 'idle', 'iowait'];
const BOUNDS = ['0.005', '0.01', '0.05', '0.1', '0.5', '1', '5', '+Inf'];
const POD_STEPS = 240;
export const WINDOW = 20;
/** Counters stay far from 0: how a rate is extrapolated towards it changed with Prometheus 3. */
const BASE = 100_000;

type Value = number | 'stale' | Histogram | FloatHistogram | undefined;

/** One series of the load: what it is at each step. */
export interface LoadSeries {
  readonly labels: Labels;
  /** ms behind the step at which it is scraped. */
  readonly offset: number;
  readonly at: (step: number) => Value;
}

/**
 * Every tenth instance is down for 20 minutes; its counters begin anew. A stale marker stands first in its window:
 * of one request Prometheus takes a series's floats before its histograms, and then drops what comes late.
 */
function whileUp(instance: number, value: (stepsUp: number) => Value): (step: number) => Value {
  if (instance % 10 !== 3) return value;
  const down = 24 * WINDOW + WINDOW * (Math.floor(instance / 10) % 20);
  const up = down + 4 * WINDOW;
  return (step) => {
    if (step < down) return value(step);
    if (step < up) return step === down ? 'stale' : undefined;
    return value(step - up);
  };
}

/** All series there ever are. */
export function loadSeries(): LoadSeries[] {
  const all: LoadSeries[] = [];
  for (let i = 0; i < INSTANCES; i++) {
    const instance = `i${i}`;
    const add = (labels: Record<string, string>, value: (step: number) => Value): void => {
      const at = whileUp(i, value);
      all.push({ labels: Labels.from({ instance, ...labels }), offset: (i * 37) % 14_000, at });
    };
    add({ __name__: 'up', job: 'api' }, () => 1);
    for (const [c, code] of ['200', '404', '500'].entries()) {
      const rate = (i % 7) + 1 + 10 * (2 - c);
      add(
        { __name__: 'requests_total', job: 'api', code },
        (step) => BASE + Math.floor(step * rate + c * i + rate * Math.sin(step / 9)),
      );
    }
    for (let m = 0; m < 8; m++) {
      const share = 0.1 + ((i + 3 * m) % 17) / 10;
      add(
        { __name__: 'cpu_seconds_total', job: 'node', cpu: String(m >> 2), mode: MODES[m & 3]! },
        (step) => BASE + Math.round(100 * (step * share + Math.sin(step / 20 + m))) / 100,
      );
    }
    add(
      { __name__: 'temperature', zone: i % 2 === 0 ? 'a' : 'ü"\\' },
      (step) => 20 + i * Math.sin(step / 100),
    );
    for (const [k, kind] of ['free', 'used', 'cached'].entries())
      add(
        { __name__: 'memory_bytes', job: 'node', kind },
        (step) => 4096 * Math.floor(1e5 * (k + 2 + Math.sin((step + i) / 50))),
      );
    for (const [b, le] of BOUNDS.entries())
      add(
        { __name__: 'latency_bucket', job: 'api', le },
        (step) => BASE + Math.floor((step * (b + 1) * (i % 5)) / 4),
      );
    add({ __name__: 'latency_count', job: 'api' }, (step) => BASE + Math.floor((step * 8 * (i % 5)) / 4));
    add({ __name__: 'latency_sum', job: 'api' }, (step) => BASE + step * 0.37 * (i % 5));
    if (i >= WITH_HISTOGRAMS) continue;
    add({ __name__: 'latency_native', job: 'api' }, (step) => nativeHistogram(step + i));
    add({ __name__: 'latency_float', job: 'api' }, (step) => toFloatHistogram(nativeHistogram(step + i)));
  }
  all.push(...pods(), ...oddities());
  return all;
}

/** Each lives for an hour; a fortieth of them is replaced at each of 40 moments of it. */
function pods(): LoadSeries[] {
  const all: LoadSeries[] = [];
  const alive = Math.ceil(INSTANCES / 4);
  for (let n = 0; n < alive * (STEPS / POD_STEPS + 1); n++) {
    const born = Math.floor((n - alive) / alive) * POD_STEPS + (n % 40) * 6;
    const labels = Labels.from({ __name__: 'pod_info', job: 'k8s', pod: `p${n}`, node: `n${n % 9}` });
    const at = (step: number): Value => {
      if (step < born || step > born + POD_STEPS) return undefined;
      return step === born + POD_STEPS ? 'stale' : 1;
    };
    all.push({ labels, offset: 500, at });
  }
  return all;
}

const EXTREMES = [0, -0, Infinity, -Infinity, 1e-300, 5e-324, 1.7976931348623157e308, 0.1];

function oddities(): LoadSeries[] {
  return [
    { labels: Labels.from({ __name__: 'odd', kind: 'mixed' }), offset: 0, at: (step) => EXTREMES[step % 8] },
    { labels: Labels.from({ __name__: 'odd', kind: 'nan' }), offset: 0, at: () => NaN },
    {
      labels: Labels.from({ __name__: 'temperature', gone: 'yes' }),
      offset: 0,
      at: (step) => (step > 50 ? undefined : step === 50 ? 'stale' : step),
    },
  ];
}

/** Grows with every step, in layout too, and starts anew now and then. */
export function nativeHistogram(step: number): Histogram {
  const n = (step % 1000) + 1;
  const wide = step % 1000 > 300;
  const positiveDeltas = wide ? [n, n, -n] : [n, n];
  return {
    kind: 'integer',
    counterResetHint: 'unknown',
    schema: 1,
    zeroThreshold: 0.001,
    zeroCount: n,
    count: wide ? 5 * n : 4 * n,
    sum: n * 1.5,
    positiveSpans: wide
      ? [
          { offset: 1, length: 2 },
          { offset: 2, length: 1 },
        ]
      : [{ offset: 1, length: 2 }],
    negativeSpans: [],
    positiveDeltas,
    negativeDeltas: [],
    customValues: [],
  };
}

/** The samples of one series at some steps; a hole where it has none. */
export interface WindowSeries {
  readonly index: number;
  readonly labels: Labels;
  readonly samples: readonly (RemoteSample | undefined)[];
}

/** The load, `length` steps at a time. */
export function* windows(series: readonly LoadSeries[], length: number = WINDOW): Generator<WindowSeries[]> {
  for (let from = 0; from <= STEPS; from += length) {
    const window: WindowSeries[] = [];
    for (const [index, { labels, offset, at }] of series.entries()) {
      const samples: (RemoteSample | undefined)[] = [];
      for (let step = from; step < Math.min(from + length, STEPS + 1); step++) {
        const value = at(step);
        // Scrapes are late by a few milliseconds.
        const time = START + step * STEP + offset + ((step * 7 + index) % 5);
        samples.push(value === undefined ? undefined : sampleOf(time, value));
      }
      if (samples.some((sample) => sample !== undefined)) window.push({ index, labels, samples });
    }
    yield window;
  }
}

function sampleOf(time: number, value: Exclude<Value, undefined>): RemoteSample {
  if (value === 'stale') return { time, value: NaN, stale: true };
  return typeof value === 'number' ? { time, value } : { time, value: 0, histogram: value };
}

/** A window for remote write, some hundred series to a request. */
export function* requests(window: readonly WindowSeries[], length = 500): Generator<RemoteSeries[]> {
  for (let i = 0; i < window.length; i += length) {
    yield window.slice(i, i + length).map(({ labels, samples }) => ({
      labels,
      samples: samples.filter((sample) => sample !== undefined),
      exemplars: [],
    }));
  }
}
