// npm run bench -- scrape [--targets=50] [--series=1000] [--seconds=15]: parsing pages, and scraping targets every second into the
// storage, beside Prometheus where it is on the PATH.
import { fork, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { silentLogger, systemClock, TextParser } from '@prunella/metrics';
import { parsePrometheusConfig, ScrapeManager } from '@prunella/scrape';
import { Database } from '@prunella/tsdb';
import { Registry } from 'prom-client';
import { freePort } from '../port.js';

const { values: flags } = parseArgs({
  options: {
    targets: { type: 'string', default: '50' },
    series: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '15' },
  },
});
const TARGETS = Number(flags.targets);
const SERIES = Number(flags.series);
const SECONDS = Number(flags.seconds);

const report = (what, value) => console.log(`${what.padEnd(52)} ${value}`);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

console.log(
  `${cpus().length} × ${cpus()[0]?.model}, Node.js ${process.version}; ${TARGETS} targets × ${SERIES} series, every second, for ${SECONDS} s`,
);

const port = await freePort();
const targets = fork(new URL('./targets.js', import.meta.url), [String(SERIES), String(port)]);
await new Promise((resolve) => targets.once('message', resolve));
const folder = await mkdtemp(join(tmpdir(), 'prunella-bench-scrape-'));
try {
  await benchParser();
  await benchOurs();
  if (spawnSync('prometheus', ['--version']).status === 0) await benchPrometheus();
  else report('Prometheus', 'not on the PATH');
} finally {
  targets.kill();
  await rm(folder, { recursive: true, force: true });
}

async function benchParser() {
  const pages = [];
  for (let i = 0; i < 4; i++)
    pages.push(Buffer.from(await (await fetch(`http://127.0.0.1:${port}/metrics`)).arrayBuffer()));
  const parse = (parser, page) => {
    parser.start(page);
    let count = 0;
    while (parser.next()) count += 1;
    return count;
  };
  const measure = (what, work) => {
    const until = performance.now() + 2000;
    let samples = 0;
    let bytes = 0;
    const start = performance.now();
    for (let i = 0; performance.now() < until; i++) {
      const page = pages[i % pages.length];
      samples += work(page);
      bytes += page.length;
    }
    const seconds = (performance.now() - start) / 1000;
    report(
      what,
      `${(samples / seconds / 1e6).toFixed(2)} M samples/s, ${(bytes / seconds / 1e6).toFixed(0)} MB/s`,
    );
  };
  const known = new TextParser('text');
  measure('parsing a page of known lines', (page) => parse(known, page));
  measure('parsing a page of new lines', (page) => parse(new TextParser('text'), page));
}

/** One server stands for all targets: each has a job of its own. */
function config() {
  const jobs = Array.from(
    { length: TARGETS },
    (_, i) => `- {job_name: job_${i}, static_configs: [{targets: ['127.0.0.1:${port}']}]}`,
  );
  return `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n${jobs.join('\n')}\n`;
}

async function benchOurs() {
  const database = await Database.open(join(folder, 'ours'), { clock: systemClock, logger: silentLogger });
  const manager = new ScrapeManager({ storage: database, registry: new Registry(), logger: silentLogger });
  await manager.apply(parsePrometheusConfig(config(), 'prometheus.yml').scrape_configs);
  await manager.start();
  await wait(5000);
  globalThis.gc?.();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = process.cpuUsage();
  await wait(SECONDS * 1000);
  const { user, system } = process.cpuUsage(before);
  delay.disable();
  const { active } = manager.targets();
  const up = active.filter(({ health }) => health === 'up').length;
  report(
    'Prunella: CPU',
    `${((user + system) / 1e4 / SECONDS).toFixed(1)} % of one core, ${up} of ${active.length} targets up`,
  );
  report(
    'Prunella: event loop delay p99 / max',
    `${(delay.percentile(99) / 1e6).toFixed(1)} / ${(delay.max / 1e6).toFixed(1)} ms`,
  );
  report('Prunella: resident memory', `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`);
  await manager.stop();
  await database.close();
}

async function benchPrometheus() {
  await writeFile(join(folder, 'prometheus.yml'), config());
  const own = await freePort();
  const args = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/theirs`,
    `--web.listen-address=127.0.0.1:${own}`,
  ];
  const peer = spawn('prometheus', args, { stdio: 'ignore' });
  try {
    await wait(7000);
    const before = await cpuSeconds(peer.pid);
    await wait(SECONDS * 1000);
    const used = (await cpuSeconds(peer.pid)) - before;
    const status = await readFile(`/proc/${peer.pid}/status`, 'utf8');
    report('Prometheus: CPU', `${((used / SECONDS) * 100).toFixed(1)} % of one core`);
    report(
      'Prometheus: resident memory',
      `${(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024).toFixed(0)} MiB`,
    );
  } finally {
    const exited = new Promise((resolve) => peer.once('exit', resolve));
    peer.kill();
    await exited;
  }
}

async function cpuSeconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
