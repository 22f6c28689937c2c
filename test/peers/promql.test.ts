import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Labels } from '@prunella/metrics';
import { Engine, QueryError, type QueryResult } from '@prunella/promql';
import { parseRuleFile } from '@prunella/rules';
import { Database } from '@prunella/tsdb';
import { freePorts, root } from '../acceptance/demo.ts';

const hasPrometheus = (() => {
  try {
    execFileSync('prometheus', ['--version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
})();

const HOUR = 3_600_000;
/** Away from whole minutes, and samples at odd times: old releases closed ranges on the left, which must not matter here. */
const BASE = 1_700_000_000_000;

const HAND_WRITTEN = [
  // The literal expressions that the project's user asked for.
  'histogram_quantile(0.95, sum(rate(flask_http_request_duration_seconds_bucket[5m])) by (le))',
  'rate(flask_http_request_exceptions_total[5m])',
  'rate(http_requests_total[5m])',
  'rate(http_requests_total{endpoint="/data"}[5m])',
  'rate(http_requests_total{status_code=~"5.."}[5m])',
  'histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket{endpoint="/data",method="GET"}[5m])) by (le))',
  'avg(rate(http_request_duration_seconds_sum[5m])) / avg(rate(http_request_duration_seconds_count[5m]))',
  'rate(process_cpu_seconds_total[5m])',
  'rate(process_cpu_seconds_total[5m]) > 0.8',
  'rate(http_requests_total{status_code=~"5.."}[5m]) > 0.1',
  'histogram_quantile(0.95, sum by (le) (rate(app_request_latency_seconds_bucket[5m])))',
  // The rest of the language.
  'irate(http_requests_total[5m])',
  'increase(http_requests_total[1h])',
  'delta(process_resident_memory_bytes[10m])',
  'idelta(process_resident_memory_bytes[10m])',
  'deriv(process_resident_memory_bytes[10m])',
  'predict_linear(process_resident_memory_bytes[30m], 3600)',
  'resets(http_requests_total[2h])',
  'changes(up[2h])',
  'avg_over_time(process_resident_memory_bytes[20m])',
  'min_over_time(process_resident_memory_bytes[20m])',
  'max_over_time(process_resident_memory_bytes[20m])',
  'stddev_over_time(process_resident_memory_bytes[20m])',
  'stdvar_over_time(process_resident_memory_bytes[20m])',
  'quantile_over_time(0.9, process_resident_memory_bytes[20m])',
  'last_over_time(up[20m])',
  'present_over_time(up[20m])',
  'count_over_time(up[20m])',
  'sum_over_time(up[20m])',
  'absent_over_time(nothing{a="b"}[5m])',
  'holt_winters(process_resident_memory_bytes[20m], 0.3, 0.3)',
  'sum by (job) (rate(http_requests_total[5m]))',
  'sum without (instance) (rate(http_requests_total[5m]))',
  'avg(up)',
  'min by (job) (up)',
  'max by (job) (up)',
  'count by (status_code) (http_requests_total)',
  'stddev(process_resident_memory_bytes)',
  'stdvar by (job) (process_resident_memory_bytes)',
  'group by (job) (up)',
  'topk(2, process_resident_memory_bytes)',
  'bottomk(2, process_resident_memory_bytes)',
  'quantile(0.5, http_requests_total)',
  'count_values("v", up)',
  'http_requests_total / ignoring(status_code) group_left sum without (status_code) (http_requests_total)',
  'rate(http_requests_total[5m]) and on(instance) up == 1',
  'up or nothing',
  'up unless on(instance) up == 0',
  'up == bool 1',
  '1 - up',
  '-up',
  'up * 2 ^ 3 % 5',
  'process_resident_memory_bytes > 2e8 or up',
  'up offset 7m',
  'rate(http_requests_total[5m] offset 13m)',
  'up @ 1700003600',
  'max_over_time(rate(http_requests_total[5m])[30m:3m])',
  'avg_over_time((up == 1)[1h:5m])',
  'label_replace(up, "short", "$1", "instance", "(.*):.*")',
  'label_join(up, "both", "-", "job", "instance")',
  'clamp(process_resident_memory_bytes, 1e8, 1.2e8)',
  'clamp_min(up, 0.5)',
  'round(rate(http_requests_total[5m]), 0.01)',
  'ceil(rate(http_requests_total[5m]))',
  'abs(-up)',
  'sqrt(process_resident_memory_bytes)',
  'ln(process_resident_memory_bytes)',
  'sgn(up - 0.5)',
  'timestamp(up)',
  'hour(timestamp(up))',
  'day_of_week()',
  'days_in_month()',
  'time()',
  'vector(1)',
  'scalar(sum(up))',
  'sort(http_requests_total)',
  'absent(up)',
  'absent(nothing{job="x"})',
  'histogram_quantile(0.5, http_request_duration_seconds_bucket)',
  'histogram_quantile(1.5, http_request_duration_seconds_bucket)',
  '{__name__=~"process_.*", job!="worker"}',
  'count({__name__=~".+"})',
  // Wrong in themselves, or in what they meet.
  'up + on(job) http_requests_total',
  'rate(up)',
  'up{',
  'sum(up) by',
  'foo(up)',
  'label_replace(http_requests_total, "status_code", "", "", "")',
];

describe.skipIf(!hasPrometheus)(
  'our answers and the real Prometheus’s on the same directory (skipped without prometheus)',
  () => {
    let dir: string;
    let url: string;
    let prometheus: ChildProcess;
    let database: Database;
    const engine = new Engine();

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'prunella-promql-'));
      const theirs = join(dir, 'theirs');
      mkdirSync(theirs);
      const written = await Database.open(theirs);
      await writeSamples(written);
      await written.close();
      execFileSync('cp', ['-r', theirs, join(dir, 'ours')]);
      database = await Database.open(join(dir, 'ours'));
      const port = (await freePorts()).prunella;
      url = `http://127.0.0.1:${port}`;
      writeFileSync(join(dir, 'prometheus.yml'), '');
      const flags = [
        `--config.file=${join(dir, 'prometheus.yml')}`,
        `--storage.tsdb.path=${theirs}`,
        '--storage.tsdb.retention.time=100y',
      ];
      prometheus = spawn('prometheus', [...flags, `--web.listen-address=127.0.0.1:${port}`], {
        stdio: 'ignore',
      });
      for (let i = 0; i < 100; i++) {
        if (
          await fetch(`${url}/-/ready`).then(
            (answer) => answer.ok,
            () => false,
          )
        )
          return;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      throw new Error('prometheus does not start');
    });

    afterAll(async () => {
      prometheus?.kill();
      await database?.close();
      rmSync(dir, { recursive: true, force: true });
    });

    const ruleFolder = join(root, 'config/rules');
    const fromRules = readdirSync(ruleFolder)
      .filter((name) => name.endsWith('.yml'))
      .flatMap((name) => parseRuleFile(readFileSync(join(ruleFolder, name), 'utf8'), name).groups)
      .flatMap((group) => group.rules.map((rule) => rule.expr));

    test.each([...new Set([...HAND_WRITTEN, ...fromRules])])('%s', async (expr) => {
      const at = BASE + 2.6 * HOUR + 777;
      const theirs = await ask(`${url}/api/v1/query`, { query: expr, time: String(at / 1000) });
      const ours = await ourAnswer(engine.instant(database, expr, at));
      expect(comparable(ours)).toEqual(comparable(theirs));

      const [start, end, step] = [BASE + HOUR + 333, BASE + 2.5 * HOUR + 333, 97_000];
      const range = {
        query: expr,
        start: String(start / 1000),
        end: String(end / 1000),
        step: String(step / 1000),
      };
      const theirRange = await ask(`${url}/api/v1/query_range`, range);
      const ourRange = await ourAnswer(engine.range(database, expr, start, end, step));
      expect(comparable(ourRange)).toEqual(comparable(theirRange));
    });
  },
);

interface Answer {
  error?: string;
  /** `labels` → `time value`… */
  series?: Record<string, [number, number][]>;
}

async function ask(url: string, params: Record<string, string>): Promise<Answer> {
  const answer = (await (await fetch(`${url}?${new URLSearchParams(params).toString()}`)).json()) as {
    errorType?: string;
    data?: { resultType: string; result: unknown };
  };
  if (answer.errorType !== undefined) return { error: answer.errorType };
  const result = answer.data?.result;
  if (answer.data?.resultType === 'scalar')
    return { series: { scalar: [point(result as [number, string])] } };
  const list = result as {
    metric: Record<string, string>;
    value?: [number, string];
    values?: [number, string][];
  }[];
  return {
    series: Object.fromEntries(
      list.map(({ metric, value, values }) => [
        Labels.from(metric).toString(),
        (values ?? [value as [number, string]]).map(point),
      ]),
    ),
  };
}

const point = ([time, value]: [number, string]): [number, number] => [
  Math.round(time * 1000),
  Number(value.replace('Inf', 'Infinity')),
];

async function ourAnswer(query: Promise<QueryResult>): Promise<Answer> {
  try {
    const { value } = await query;
    switch (value.type) {
      case 'scalar':
        return { series: { scalar: [[value.time, value.value]] } };
      case 'vector':
        return {
          series: Object.fromEntries(
            value.samples.map(({ labels, time, value: number }) => [labels.toString(), [[time, number]]]),
          ),
        };
      case 'matrix':
        return {
          series: Object.fromEntries(
            value.series.map(({ labels, samples }) => [
              labels.toString(),
              [...samples.timestamps].map(
                (time, i) => [time, samples.values[i] as number] as [number, number],
              ),
            ]),
          ),
        };
      case 'string':
        return {};
    }
  } catch (error) {
    if (error instanceof QueryError) return { error: error.type };
    throw error;
  }
}

/** With eleven digits of every value: equal within 1e-9, whatever the order of summing. */
function comparable({ error, series = {} }: Answer): unknown {
  if (error !== undefined) return { error };
  return Object.fromEntries(
    Object.entries(series)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([labels, points]) => [labels, points.map(([time, value]) => `${time} ${roughly(value)}`)]),
  );
}

function roughly(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(10))) : String(value);
}

/** Three hours of a small shop, a sample every 15 s, with gaps, resets, an ended series and infinities. */
async function writeSamples(database: Database): Promise<void> {
  let seed = 42;
  const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const counters = new Map<string, number>();
  const series: { labels: Labels; next: (i: number) => number | 'stale' | undefined }[] = [];
  const add = (labels: Record<string, string>, next: (i: number) => number | 'stale' | undefined): void => {
    series.push({ labels: Labels.from(labels), next });
  };
  const counter = (labels: Record<string, string>, slope: number, resetAt = -1): void => {
    const key = JSON.stringify(labels);
    add(labels, (i) => {
      if (i === resetAt) counters.set(key, 0);
      const value = (counters.get(key) ?? 0) + Math.round(random() * slope);
      counters.set(key, value);
      // A gap of ten minutes now and then.
      return i % 200 > 160 ? undefined : value;
    });
  };
  for (const [job, instance] of [
    ['shop', 'a:1'],
    ['shop', 'b:1'],
    ['worker', 'c:1'],
  ] as const) {
    const target = { job, instance };
    add({ __name__: 'up', ...target }, (i) =>
      i % 97 === 0 ? 0 : instance === 'b:1' && i > 400 ? (i === 401 ? 'stale' : undefined) : 1,
    );
    add(
      { __name__: 'process_resident_memory_bytes', ...target },
      (i) => 1e8 + 1e6 * Math.sin(i / 20) + random() * 1e6,
    );
    counter({ __name__: 'process_cpu_seconds_total', ...target }, 20, 300);
    for (const endpoint of ['/data', '/health']) {
      for (const [i, code] of ['200', '404', '500'].entries()) {
        counter(
          { __name__: 'http_requests_total', ...target, endpoint, method: 'GET', status_code: code },
          10 / (i + 1),
          i === 0 ? 350 : -1,
        );
      }
      for (const name of [
        'http_request_duration_seconds',
        'flask_http_request_duration_seconds',
        'app_request_latency_seconds',
      ]) {
        let total = 0;
        const bounds = ['0.1', '0.3', '0.5', '1.0', '2.0', '5.0', '10.0', '+Inf'];
        const counts = bounds.map(() => 0);
        for (const [k, le] of bounds.entries()) {
          add(
            { __name__: `${name}_bucket`, ...target, endpoint, method: 'GET', le },
            () => (counts[k] = (counts[k] ?? 0) + 5 + k),
          );
        }
        add({ __name__: `${name}_sum`, ...target, endpoint, method: 'GET' }, () => (total += 3 + random()));
        add({ __name__: `${name}_count`, ...target, endpoint, method: 'GET' }, () => counts.at(-1));
      }
    }
    counter({ __name__: 'flask_http_request_exceptions_total', ...target }, 2);
  }
  add({ __name__: 'odd', kind: 'inf' }, (i) => (i % 3 === 0 ? Infinity : i % 3 === 1 ? -Infinity : NaN));
  for (let i = 0; i < 3 * 240; i++) {
    const appender = database.appender();
    for (const { labels, next } of series) {
      const value = next(i);
      const t = BASE + i * 15_000 + 1234;
      if (value === 'stale') appender.appendStale(0, labels, t);
      else if (value !== undefined) appender.append(0, labels, t, value);
    }
    await appender.commit();
  }
}
