// npm run bench -- promql [--series=5000] [--hours=12] [--rounds=5] [--only=REGEXP] [--data=DIR]
// Queries of dashboards and rules to ours and, where they are on the PATH or named by PROMETHEUS and VICTORIA_METRICS,
// to the real Prometheus and to VictoriaMetrics: first whether the answers agree, then how long they take.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { difference } from './compare.js';
import { END, writeBlocks } from './data.js';
import { ask, queryPath, startPrometheus, startPrunella, startVictoria, versionOf } from './engines.js';
import { measureLatency } from './latency.js';
import { ALSO_COMPARED, QUERIES, SHAPES } from './queries.js';

const { values: flags } = parseArgs({
  options: {
    series: { type: 'string', default: '5000' },
    hours: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    shapes: { type: 'string', default: '' },
    data: { type: 'string' },
    skip: { type: 'string', default: '' },
  },
});
const [SERIES, HOURS, ROUNDS] = [flags.series, flags.hours, flags.rounds].map(Number);
/** No query is measured for longer than this on all engines together, ms. */
const BUDGET = 3000;

const root = flags.data ?? (await mkdtemp(join(tmpdir(), 'prunella-bench-promql-')));
const running = [];

/** The query's times, in seconds, when a dashboard shows it for the n-th time: every refresh is one step later. */
function timesOf({ range, step }, n) {
  const end = END / 1000 - 600;
  if (range === undefined) return { time: end + 15 * n };
  // On multiples of the step, as Grafana asks.
  const last = Math.floor((end - 1200) / step) * step + step * n;
  return { start: last - Math.min(range, HOURS * 3600 - 3600), end: last, step };
}

async function startEngines() {
  if (!existsSync(join(root, 'blocks'))) {
    const started = performance.now();
    await mkdir(root, { recursive: true });
    const samples = await writeBlocks(join(root, 'blocks'), SERIES, HOURS);
    console.log(`${samples} samples written in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  const ours = await startPrunella(root);
  running.push(ours);
  const columns = [
    { name: 'ours', engine: ours, extra: { nocache: '1' } },
    { name: 'ours, cached', engine: ours, extra: {} },
  ];
  const prometheus = process.env.PROMETHEUS ?? 'prometheus';
  const version = versionOf(prometheus);
  if (version) {
    running.push(await startPrometheus(root, prometheus));
    columns.push({ name: `Prometheus ${version}`, engine: running.at(-1), extra: {} });
  } else console.log('Prometheus is not on the PATH');
  const victoria = process.env.VICTORIA_METRICS ?? 'victoria-metrics';
  if (versionOf(victoria)) {
    running.push(await startVictoria(root, victoria, SERIES, HOURS));
    columns.push({ name: 'Victoria', engine: running.at(-1), extra: { nocache: '1' } });
    columns.push({ name: 'Victoria, cached', engine: running.at(-1), extra: {} });
  } else console.log('VictoriaMetrics is not on the PATH');
  return columns;
}

async function answer({ engine, extra }, expr, times) {
  return JSON.parse((await ask(engine.url, queryPath(expr, times, extra))).body);
}

/** Ours, with the cache and without, has to say what Prometheus says. */
async function compareAnswers(columns, cases) {
  const theirs = columns.find(({ name }) => name.startsWith('Prometheus'));
  if (!theirs) return;
  let differences = 0;
  for (const { query, shape } of cases) {
    const times = timesOf(shape, 0);
    const expected = await answer(theirs, query.expr, times);
    for (const column of columns.slice(0, 2)) {
      const found = difference(await answer(column, query.expr, times), expected);
      if (!found) continue;
      differences++;
      console.log(`DIFFERENT: ${query.name}, ${shape.name}, ${column.name}: ${found}`);
    }
  }
  console.log(`${cases.length} queries compared with Prometheus, ${differences} answers differ`);
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const geometric = (list) => Math.exp(list.reduce((sum, each) => sum + Math.log(each), 0) / list.length);

/** Median ms per column; the engines take turns, so that noise hits all. */
async function measure(columns, { query, shape }) {
  const asked = columns.filter(({ name }) => query.victoria !== false || !name.startsWith('Victoria'));
  const times = new Map(asked.map(({ name }) => [name, []]));
  const started = performance.now();
  for (let n = 0; n <= ROUNDS; n++) {
    for (const { name, engine, extra } of asked) {
      const { ms, status } = await ask(engine.url, queryPath(query.expr, timesOf(shape, n), extra));
      if (status !== 200) throw new Error(`${name}: ${query.expr}: ${status}`);
      // The first round is for warming up.
      if (n > 0) times.get(name).push(ms);
    }
    if (n >= 2 && performance.now() - started > BUDGET) break;
  }
  return Object.fromEntries([...times].map(([name, list]) => [name, median(list)]));
}

function row(first, cells) {
  console.log(first.padEnd(32) + cells.map((cell) => String(cell).padStart(18)).join(''));
}

const show = (ms) => (ms === undefined ? '-' : ms.toFixed(ms < 100 ? 2 : 0));

function summarize(columns, results) {
  const [ours, cached, ...others] = columns.map(({ name }) => name);
  for (const shape of [...new Set(results.map((each) => each.shape)), 'all']) {
    const rows = results.filter((each) => shape === 'all' || each.shape === shape).map(({ ms }) => ms);
    row(
      `geometric mean, ${shape}`,
      columns.map(({ name }) => show(geometric(rows.flatMap((ms) => ms[name] ?? [])))),
    );
    // With its cache ours is what dashboards meet; peers with a cache are met with ours.
    const pairs = others.flatMap((other) =>
      (other.endsWith('cached') ? [cached] : other.startsWith('Prometheus') ? [ours, cached] : [ours]).map(
        (mine) => [mine, other],
      ),
    );
    for (const [mine, other] of pairs) {
      const both = rows.filter((ms) => ms[other] !== undefined);
      const ratios = both.map((ms) => ms[mine] / ms[other]);
      console.log(
        `    ${mine} / ${other}: ${geometric(ratios).toFixed(2)}, worst ${Math.max(...ratios).toFixed(2)}, above 1.2 in ${ratios.filter((each) => each > 1.2).length} of ${ratios.length}`,
      );
    }
  }
}

async function main() {
  console.log(`${cpus().length} cores, ${cpus()[0]?.model}, Node ${process.version}`);
  const columns = await startEngines();
  const shapes = SHAPES.filter(({ name }) => new RegExp(flags.shapes).test(name));
  const casesOf = (queries) =>
    queries
      .filter(({ name }) => new RegExp(flags.only).test(name))
      .flatMap((query) => shapes.map((shape) => ({ query, shape })));
  const cases = casesOf(QUERIES);
  if (flags.skip !== 'answers') await compareAnswers(columns, casesOf([...QUERIES, ...ALSO_COMPARED]));
  row(
    'ms, median',
    columns.map(({ name }) => name),
  );
  const results = [];
  for (const each of cases) {
    const ms = await measure(columns, each);
    results.push({ shape: each.shape.name, ms });
    row(
      `${each.query.name}, ${each.shape.name}`,
      columns.map(({ name }) => show(ms[name])),
    );
  }
  summarize(columns, results);
  if (flags.skip !== 'latency') await measureLatency(columns[0].engine, END / 1000 - 600, HOURS);
  for (const engine of running) {
    const { now, peak } = await engine.memory();
    console.log(`memory of ${engine.name}: ${now} MB, ${peak} MB at most`);
  }
}

try {
  await main();
} finally {
  for (const engine of running) await engine.stop();
  if (flags.data === undefined) await rm(root, { recursive: true });
}
