/** Queries over the load of tsdb-load.ts, and how two engines' answers to them are compared. */
import type { Queryable } from '@prunella/metrics';
import { Engine } from '@prunella/promql';
import { queryAnswer } from '../../packages/server/src/query/json.ts';
import type { Prometheus } from './prometheus.ts';
import { END, START } from './tsdb-load.ts';

/**
 * Just before a step, when no instance is scraped: whether a window's left border counts differs between Prometheus 2
 * and 3. Steps, windows and offsets are multiples of the scrape interval.
 */
const STEP_S = 1020;
const END_S = END / 1000 - 0.1;
const START_S = END_S - STEP_S * Math.floor((END_S - START / 1000 - 3600) / STEP_S);

export const QUERIES: readonly string[] = [
  'requests_total{code="500"}',
  'temperature',
  'pod_info',
  'odd',
  'up{instance=~"i3|i13|i23|i.*3"}',
  'temperature{instance=~"i1.*"}',
  'temperature{instance!~"i1.*",instance!=""}',
  '{zone="a",instance=~"i[0-9]"}',
  '{__name__=~"pod.*|odd"}',
  '{job=~"k.s",node!="n1"}',
  'requests_total{code="404"} offset 1h',
  'temperature @ end()',
  'count({job!=""})',
  'count by (__name__) ({__name__!=""})',
  'sum(requests_total)',
  'sum by (instance) (requests_total)',
  'avg without (instance) (cpu_seconds_total)',
  'count by (zone) (temperature)',
  'min(temperature)',
  'max by (zone) (temperature)',
  'stddev(temperature)',
  'group by (job) ({job!=""})',
  'topk(3, temperature)',
  'bottomk(2, temperature)',
  'quantile(0.9, memory_bytes)',
  'count_values("v", up)',
  'rate(requests_total{code="200"}[5m])',
  'irate(requests_total{code="404"}[5m])',
  'increase(requests_total{code="200"}[1h])',
  'sum by (code) (rate(requests_total[10m]))',
  'sum by (mode) (rate(cpu_seconds_total[5m]))',
  'histogram_quantile(0.9, sum by (le) (rate(latency_bucket[10m])))',
  'rate(latency_sum[10m]) / rate(latency_count[10m])',
  'delta(temperature[30m])',
  'idelta(temperature[5m])',
  'deriv(temperature[20m])',
  'predict_linear(memory_bytes{kind="free"}[1h], 3600)',
  'resets(requests_total{code="200"}[3h]) > 0',
  'changes(temperature[1h])',
  'avg_over_time(temperature[1h])',
  'min_over_time(temperature[1h])',
  'max_over_time(temperature[1h])',
  'sum_over_time(pod_info[1h])',
  'count_over_time({__name__=~"up|odd|pod_info"}[1h])',
  'last_over_time(pod_info[3h])',
  'present_over_time(pod_info[3h])',
  'quantile_over_time(0.5, temperature[1h])',
  'stddev_over_time(temperature[1h])',
  'absent_over_time(pod_info{pod="nope"}[1h])',
  'absent(pod_info{pod="p0"})',
  'abs(temperature - 20)',
  'clamp_max(temperature, 21) > 20',
  'requests_total{code="200"} / on (instance) temperature{zone="a"}',
  'temperature and on (instance) requests_total > 100',
  'label_replace(pod_info, "n", "$1", "pod", "p(.*)")',
  'timestamp(up)',
  'max_over_time(temperature{zone="a"}[1h:5m])',
  'latency_native',
  'latency_float{instance="i1"}',
  'histogram_count(latency_native)',
  'histogram_sum(latency_float)',
  'histogram_count(rate(latency_native[10m]))',
  'sum(latency_float)',
  'histogram_fraction(-1, 0.001, latency_native)',
];

/** What the API answers to a range query, by labels. */
export type Matrix = ReadonlyMap<string, MatrixEntry>;

interface MatrixEntry {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: readonly (readonly [number, string])[];
  readonly histograms?: readonly (readonly [number, HistogramJson])[];
}

interface HistogramJson {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [number, string, string, string])[];
}

function matrixOf(result: readonly MatrixEntry[]): Matrix {
  const keyOf = ({ metric }: MatrixEntry): string =>
    JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
  return new Map(result.map((entry) => [keyOf(entry), entry]));
}

/** What Prometheus answers. */
export async function askPeer(peer: Prometheus, query: string): Promise<Matrix> {
  const params = { query, start: String(START_S), end: String(END_S), step: String(STEP_S) };
  return matrixOf((await peer.query(params)) as MatrixEntry[]);
}

const engine = new Engine();

/** What our engine answers, through the JSON of our API. */
export async function askOurs(storage: Queryable, query: string): Promise<Matrix> {
  const result = await engine.range(storage, query, START_S * 1000, END_S * 1000, STEP_S * 1000);
  const body = JSON.parse([...queryAnswer(result)].join('')) as { data: { result: MatrixEntry[] } };
  return matrixOf(body.data.result);
}

/** The first few differences, in words; sums may differ in the last digits, for they are added up in other orders. */
export function differences(there: Matrix, here: Matrix): string[] {
  const found: string[] = [];
  for (const [key, entry] of there) {
    const own = here.get(key);
    const where = own === undefined ? 'series missing' : differenceOf(entry, own);
    if (where !== undefined) found.push(`${key}: ${where}`);
  }
  for (const key of here.keys()) if (!there.has(key)) found.push(`${key}: series too many`);
  return found.slice(0, 5);
}

function differenceOf(there: MatrixEntry, here: MatrixEntry): string | undefined {
  const flat = ({ values = [], histograms = [] }: MatrixEntry): (readonly [number, number[]])[] => [
    ...values.map(([t, v]): [number, number[]] => [t, [numberOf(v)]]),
    ...histograms.map(([t, h]): [number, number[]] => [t, numbersOf(h)]),
  ];
  const [a, b] = [flat(there), flat(here)];
  if (a.length !== b.length) return `${a.length} points there, ${b.length} here`;
  for (const [i, [t, expected]] of a.entries()) {
    const [time, own] = b[i]!;
    if (time !== t || own.length !== expected.length || !expected.every((v, k) => close(v, own[k]!)))
      return `at ${t}: ${expected.join(' ')} there, at ${time}: ${own.join(' ')} here`;
  }
  return undefined;
}

function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

function numbersOf({ count, sum, buckets = [] }: HistogramJson): number[] {
  return [count, sum, ...buckets.flatMap((bucket) => bucket.map(String))].map(numberOf);
}

function close(a: number, b: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a));
}
