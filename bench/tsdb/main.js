// npm run bench -- tsdb [--series=10000] [--hours=12]: the storage, and Prometheus on the same data where it is on the PATH.
import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Labels, Matcher } from '@prunella/metrics';
import { Database } from '@prunella/tsdb';

const { values: flags } = parseArgs({
  options: { series: { type: 'string', default: '10000' }, hours: { type: 'string', default: '12' } },
});
const SERIES = Number(flags.series);
const HOURS = Number(flags.hours);
const STEP = 15_000;
const START = Math.floor(Date.now() / 7_200_000) * 7_200_000 - (HOURS + 2) * 3_600_000;
const still = { now: () => Date.now(), setTimeout: () => ({ cancel() {} }) };
const options = { clock: still };
const rows = [];

function report(what, value) {
  rows.push([what, value]);
  console.log(`${what.padEnd(58)} ${value}`);
}

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { ms: performance.now() - start, result };
}

function rss() {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

/** Half counters, a quarter gauges that wander, a quarter that hardly change: as exporters give. */
function valueAt(i, step) {
  if (i % 4 < 2) return Math.floor(step * (1 + (i % 13)) + 5 * Math.sin(step / 7 + i));
  if (i % 4 === 2) return Math.round(1000 * Math.sin(step / 50 + i)) / 10;
  return i % 100;
}

const labelsOf = (i) =>
  Labels.from({
    __name__: `metric_${i % 100}`,
    instance: `10.0.${Math.floor(i / 1000) % 250}.7:9100`,
    job: 'node',
    region: 'eu-west',
    device: `disk${Math.floor(i / 100) % 10}`,
    id: String(i),
  });

async function fill(db, series, from, hours, maintained) {
  const all = Array.from({ length: series }, (_, i) => labelsOf(i));
  const refs = Array.from({ length: series }, () => 0);
  let appending = 0;
  let samples = 0;
  for (let step = 0; step < (hours * 3_600_000) / STEP; step++) {
    const t = from + step * STEP;
    const start = performance.now();
    // As scrapes do it: a target has some hundreds of series.
    for (let at = 0; at < series; at += 1000) {
      const appender = db.appender();
      for (let i = at; i < Math.min(series, at + 1000); i++)
        refs[i] = appender.append(refs[i], all[i], t, valueAt(i, step));
      await appender.commit();
    }
    if (step > 0) {
      appending += performance.now() - start;
      samples += series;
    }
    if (maintained && step % 240 === 0) await db.maintain();
  }
  return (appending * 1e6) / samples;
}

async function directorySize(dir) {
  let size = 0;
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isFile()) size += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return size;
}

async function select(db, matchers, mint, maxt) {
  const querier = db.querier(mint, maxt);
  let samples = 0;
  let series = 0;
  for await (const batch of querier.select(matchers)) {
    series += batch.length;
    for (const each of batch) samples += each.samples.timestamps.length;
  }
  querier.close();
  return { samples, series };
}

async function best(work) {
  let fastest = Infinity;
  let result;
  for (let i = 0; i < 3; i++) {
    const run = await timed(work);
    result = run.result;
    fastest = Math.min(fastest, run.ms);
  }
  return { ms: fastest, result };
}

async function main() {
  const root = await mkdtemp(join(tmpdir(), 'prunella-bench-'));
  report(
    'machine',
    `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
  );
  try {
    await longRange(root);
    await manySeries(root);
    await againstPrometheus(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  return rows;
}

async function longRange(root) {
  const dir = join(root, 'long');
  let db = await Database.open(dir, options);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const perSample = await fill(db, SERIES, START, HOURS, true);
  report(`append, ${SERIES} series x ${HOURS} h, commits of 1000, ns/sample`, perSample.toFixed(0));
  report('longest event-loop block while appending and compacting, ms', (delay.max / 1e6).toFixed(1));
  const blocks = db.blocks();
  const stored = blocks.reduce((sum, block) => sum + block.stats.numSamples, 0);
  const chunkBytes = await Promise.all(blocks.map((block) => directorySize(join(dir, block.ulid, 'chunks'))));
  report('chunk bytes/sample in blocks', (chunkBytes.reduce((a, b) => a + b, 0) / stored).toFixed(3));
  report('all bytes/sample in blocks', (db.stats().blocks.bytes / stored).toFixed(3));
  const end = START + HOURS * 3_600_000;
  delay.reset();
  for (const { count, matchers } of [
    { count: 1, matchers: [new Matcher('=', 'id', '7')] },
    { count: 100, matchers: [new Matcher('=~', 'id', '7..'), new Matcher('!=', 'id', '')] },
    { count: SERIES, matchers: [new Matcher('=', 'job', 'node')] },
  ]) {
    const { ms, result } = await best(() => select(db, matchers, START, end));
    report(`select ${count} series over ${HOURS} h, ms`, ms.toFixed(1));
    if (count === SERIES)
      report('decode with all around it, ns/sample', ((ms * 1e6) / result.samples).toFixed(1));
  }
  const head = await best(() => select(db, [new Matcher('=', 'job', 'node')], end - 3_600_000, end));
  report(`select ${SERIES} series over the newest hour (head), ms`, head.ms.toFixed(1));
  report('longest event-loop block while selecting, ms', (delay.max / 1e6).toFixed(1));
  delay.disable();
  await db.close();
}

async function manySeries(root) {
  for (const series of [100_000]) {
    const before = rss();
    const dir = join(root, `many-${series}`);
    let db = await Database.open(dir, options);
    const perSample = await fill(db, series, START, 0.25, false);
    report(`append with ${series} active series, ns/sample`, perSample.toFixed(0));
    report(`RSS per active series at ${series}, bytes`, ((rss() - before) / series).toFixed(0));
    await db.close();
    db = undefined;
  }
  const dir = join(root, 'replay');
  let db = await Database.open(dir, options);
  await fill(db, SERIES, START, 1, false);
  await db.close();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const { ms, result } = await timed(() => Database.open(dir, options));
  report(`replay of a 1 h log of ${SERIES} series, ms`, ms.toFixed(0));
  report('longest event-loop block while replaying, ms', (delay.max / 1e6).toFixed(1));
  delay.disable();
  await result.close();
}

async function againstPrometheus(root) {
  const prometheus = process.env.PROMETHEUS ?? 'prometheus';
  const promtool = process.env.PROMTOOL ?? 'promtool';
  const version = spawnSync(prometheus, ['--version'], { encoding: 'utf8' });
  if (version.error) return report('Prometheus', 'not on the PATH');
  report('Prometheus', version.stdout.split(',')[0]);
  const series = Math.min(SERIES, 2000);
  const lines = ['# TYPE metric gauge'];
  for (let i = 0; i < series; i++) {
    const labels = [...labelsOf(i)]
      .filter(([name]) => name !== '__name__')
      .map(([name, value]) => `${name}="${value}"`);
    for (let step = 0; step < 480; step++)
      lines.push(`metric{${labels.join(',')}} ${valueAt(i, step)} ${(START + step * STEP) / 1000}`);
  }
  const file = join(root, 'in.om');
  await writeFile(file, `${lines.join('\n')}\n# EOF\n`);
  const theirs = join(root, 'theirs');
  spawnSync(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', file, theirs]);
  report(
    'chunk bytes/sample of its blocks, same values',
    ((await chunksOf(theirs)) / (series * 480)).toFixed(3),
  );
  const ours = join(root, 'ours');
  const db = await Database.open(ours, options);
  await fill(db, series, START, 2, false);
  const appender = db.appender();
  appender.append(0, Labels.from({ __name__: 'end' }), START + 4 * 3_600_000, 1);
  await appender.commit();
  await db.maintain();
  await db.close();
  report('chunk bytes/sample of ours, same values', ((await chunksOf(ours)) / (series * 480)).toFixed(3));
  const copy = join(root, 'replay-copy');
  await cp(join(root, 'replay'), copy, { recursive: true });
  report('its start with the same 1 h log, ms', (await startTime(prometheus, copy, root)).toFixed(0));
}

async function chunksOf(dir) {
  let size = 0;
  for (const name of await readdir(dir)) size += await directorySize(join(dir, name, 'chunks'));
  return size;
}

async function startTime(binary, dir, root) {
  const config = join(root, 'empty.yml');
  await writeFile(config, '');
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
  const start = performance.now();
  const child = spawn(
    binary,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${dir}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--storage.tsdb.retention.time=10y',
    ],
    { stdio: 'ignore' },
  );
  for (let i = 0; i < 2000; i++) {
    if (
      await fetch(`http://127.0.0.1:${port}/-/ready`).then(
        (it) => it.ok,
        () => false,
      )
    )
      break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const ms = performance.now() - start;
  child.kill();
  await new Promise((resolve) => child.once('exit', resolve));
  return ms;
}

await main();
