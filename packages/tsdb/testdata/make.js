// node packages/tsdb/testdata/make.js: makes golden-VERSION.tar.gz with the Prometheus that PROMETHEUS names. See README.md.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Labels } from '@prunella/metrics';
import { compress, encodeWriteRequest } from '@prunella/remote';

const PROMETHEUS = process.env.PROMETHEUS ?? 'prometheus';
const version = /version (\d+\.\d+)/.exec(execFileSync(PROMETHEUS, ['--version'], { encoding: 'utf8' }))[1];
const recent = Number(version.split('.')[0]) >= 3;
const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 15, 8, 0, 7);
const END = START + 4.5 * HOUR;
const STEP = 30_000;

const root = mkdtempSync(join(tmpdir(), 'prunella-golden-'));
const data = join(root, 'data');
writeFileSync(join(root, 'prometheus.yml'), 'storage: {tsdb: {out_of_order_time_window: 1h}}\n');

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Runs a Prometheus with this compression of its log, and ends it as a service manager does. */
async function running(compression, work) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const how = recent
    ? [compression === 'none' ? '--no-storage.tsdb.wal-compression' : `--storage.tsdb.wal-compression-type=${compression}`]
    : [compression === 'none' ? '--no-storage.tsdb.wal-compression' : '--storage.tsdb.wal-compression'];
  const flags = [
    `--config.file=${join(root, 'prometheus.yml')}`,
    `--storage.tsdb.path=${data}`,
    '--storage.tsdb.retention.time=10y',
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--web.enable-admin-api',
    '--enable-feature=native-histograms,exemplar-storage',
    ...how,
  ];
  const child = spawn(PROMETHEUS, flags, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  try {
    while (!(await fetch(`${url}/-/ready`).catch(() => ({ ok: false }))).ok) await pause(50);
    await work(url);
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function write(url, series) {
  const body = compress(encodeWriteRequest({ series, metadata: [] }));
  const headers = { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' };
  const response = await fetch(`${url}/api/v1/write`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(await response.text());
}

const series = (name, labels, samples, exemplars = []) => ({
  labels: Labels.from({ __name__: name, ...labels }),
  samples,
  exemplars,
});

/** Counts of whole observations: grows, changes its layout, begins anew every 90 minutes. */
function histogram(step) {
  const n = (step % 180) + 1;
  const wide = step % 180 > 40;
  return {
    kind: 'integer',
    counterResetHint: 'unknown',
    schema: 1,
    zeroThreshold: 0.001,
    zeroCount: n,
    count: wide ? 6 * n : 4 * n,
    sum: n * 1.5,
    positiveSpans: wide ? [{ offset: 1, length: 2 }, { offset: 2, length: 1 }] : [{ offset: 1, length: 2 }],
    negativeSpans: wide ? [{ offset: -1, length: 1 }] : [],
    positiveDeltas: wide ? [n, n, -n] : [n, n],
    negativeDeltas: wide ? [n] : [],
    customValues: [],
  };
}

/** The same, scaled, in fractions. */
function floatHistogram(step) {
  const n = (step % 180) / 4 + 0.25;
  return {
    ...histogram(0),
    kind: 'float',
    zeroCount: n,
    count: 4 * n,
    sum: -n,
    positiveBuckets: [n, 2 * n],
    negativeBuckets: [],
  };
}

/** A gauge: no counter, may go down. */
function gaugeHistogram(step) {
  const n = (step % 7) + 1;
  return { ...histogram(0), counterResetHint: 'gauge', zeroCount: n, count: 4 * n, sum: n, positiveDeltas: [n, n] };
}

/** Buckets with bounds of their own. */
function customHistogram(step) {
  const n = step + 1;
  return {
    kind: 'integer',
    counterResetHint: 'unknown',
    schema: -53,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 3 * n,
    sum: n / 8,
    positiveSpans: [{ offset: 0, length: 2 }],
    negativeSpans: [],
    positiveDeltas: [n, n],
    negativeDeltas: [],
    customValues: [0.1, 1, 10],
  };
}

const ODD = [0, -0, Infinity, -Infinity, NaN, 5e-324, 1.7976931348623157e308, 0.1];

/** What is scraped at one moment. */
function scrape(time) {
  const step = Math.round((time - START) / STEP);
  const at = (value) => [{ time, value }];
  const native = (h) => [{ time, value: 0, histogram: h }];
  const exemplar = { labels: Labels.from({ trace_id: `t${step}` }), value: step, timestamp: time };
  const all = [
    series('counter_total', { job: 'a' }, at(step * 3), step % 100 === 0 ? [exemplar] : []),
    series('counter_total', { job: 'b' }, at((step * 7) % 1000)),
    series('gauge', { zone: 'ü"\\\n' }, at(Math.round(1000 * Math.sin(step / 10)) / 10)),
    series('odd', {}, at(ODD[step % ODD.length])),
    series('constant', { doomed: 'yes' }, at(1)),
    series('native', {}, native(histogram(step))),
    series('native_float', {}, native(floatHistogram(step))),
    series('native_gauge', {}, native(gaugeHistogram(step))),
  ];
  if (recent) all.push(series('native_custom', {}, native(customHistogram(step))));
  // Pods come, and go with a stale marker.
  const pod = Math.floor(step / 50);
  all.push(series('pod', { pod: `p${pod}` }, at(1)));
  if (step % 50 === 0 && step > 0) all.push(series('pod', { pod: `p${pod - 1}` }, [{ time, value: NaN, stale: true }]));
  return all;
}

async function feed(url, from, to) {
  for (let time = from; time < to; time += STEP) await write(url, scrape(time));
}

async function erase(url, selector, from, to) {
  const query = new URLSearchParams({ 'match[]': selector, start: String(from / 1000), end: String(to / 1000) });
  const response = await fetch(`${url}/api/v1/admin/tsdb/delete_series?${query}`, { method: 'POST' });
  if (!response.ok) throw new Error(await response.text());
}

async function feedLate(url, from) {
  const late = [-20, -35, -21, -50].map((minutes) => from + minutes * 60_000 + 1);
  for (const time of late) {
    const list = [series('gauge', { zone: 'ü"\\\n' }, [{ time, value: time % 997 }])];
    list.push(series('only_late', {}, [{ time: time + 5, value: 1 }]));
    await write(url, list);
  }
  if (!recent) return;
  for (const time of late) await write(url, [series('native', {}, [{ time, value: 0, histogram: histogram(5) }])]);
}

async function get(url, path, params) {
  const body = await (await fetch(`${url}/api/v1/${path}?${new URLSearchParams(params)}`)).json();
  if (body.status !== 'success') throw new Error(body.error);
  return body.data;
}

/** Prometheus 2.42 gives all histograms of a window the last one's numbers; of single moments its answers are right. */
async function correctHistograms(url, series) {
  const params = { query: '{__name__=~"native.*"}', start: START / 1000, end: END / 1000 - 1, step: STEP / 1000 };
  const { result } = await get(url, 'query_range', params);
  for (const { metric, histograms } of result)
    series.find((it) => it.metric.__name__ === metric.__name__).histograms = histograms;
}

/** Everything, as it answers. */
async function expectedOf(url) {
  const time = String(END / 1000);
  const { result } = await get(url, 'query', { query: '{__name__=~".+"}[6h]', time });
  if (!recent) await correctHistograms(url, result);
  const range = { start: String(START / 1000 - 3600), end: time };
  const exemplars = await get(url, 'query_exemplars', { query: '{__name__=~".+"}', ...range });
  return { series: result, exemplars };
}

const zstd = recent ? 'zstd' : 'snappy';
let expected;
// Every start begins a segment: enough of them for a checkpoint.
for (const [i, compression] of ['none', 'snappy', zstd, 'none'].entries())
  await running(compression, (url) => feed(url, START + (i * HOUR) / 2, START + ((i + 1) * HOUR) / 2));
await running(zstd, async (url) => {
  await feed(url, START + 2 * HOUR, START + 3.2 * HOUR);
  // By now it cuts its first block and writes a checkpoint.
  await pause(3000);
  await erase(url, 'constant{doomed="yes"}', START + HOUR, START + 2.5 * HOUR);
});
await running('none', async (url) => {
  await feed(url, START + 3.2 * HOUR, START + 3.6 * HOUR);
  await feedLate(url, START + 3.6 * HOUR);
});
await running('snappy', (url) => feed(url, START + 3.6 * HOUR, START + 4 * HOUR));
await running(zstd, async (url) => {
  await feed(url, START + 4 * HOUR, END);
  expected = await expectedOf(url);
});
writeFileSync(join(root, 'expected.json'), JSON.stringify(expected));
const target = join(dirname(fileURLToPath(import.meta.url)), `golden-${version}.tar.gz`);
const tar = ['--format=ustar', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-C', root, '-czf', target];
execFileSync('tar', [...tar, '--exclude=lock', '--exclude=queries.active', 'data', 'expected.json']);
rmSync(root, { recursive: true });
console.log(target);
