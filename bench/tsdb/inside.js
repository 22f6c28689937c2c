// Our library measured in a process of its own: `node inside.js WHAT ARGS` prints its figures as JSON.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Matcher } from '@prunella/metrics';
import { Database } from '@prunella/tsdb';
// What the library keeps to itself, for the bare decoder.
import { ColumnBuilder } from '../../packages/tsdb/dist/chunks/columns.js';
import { decodeChunk } from '../../packages/tsdb/dist/chunks/decode.js';
import { encodeColumns } from '../../packages/tsdb/dist/compact/encode.js';
import { HOUR, START, STEP, labelsOf, valueAt } from './load.js';
import { LoopWatch } from './loop.js';

const file = fileURLToPath(import.meta.url);
const options = { clock: { now: () => Date.now(), setTimeout: () => ({ cancel() {} }) }, retentionMs: 0 };

/** Runs one of the parts below. */
export async function inside(what, ...args) {
  const node = ['--expose-gc', '--max-semi-space-size=4', file, what, ...args.map(String)];
  const { stdout, stderr, status } = spawnSync(process.execPath, node, {
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  if (status !== 0) throw new Error(`${what}: ${stderr}`);
  return JSON.parse(stdout);
}

/** As scrapes do it: a target has some hundreds of series. */
async function append(db, all, refs, step) {
  const t = START + step * STEP;
  for (let at = 0; at < all.length; at += 1000) {
    const appender = db.appender();
    for (let i = at; i < Math.min(all.length, at + 1000); i++)
      refs[i] = appender.append(refs[i], all[i], t, valueAt(i, step));
    await appender.commit();
  }
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function select(db, matchers, mint, maxt) {
  const querier = db.querier(mint, maxt);
  let samples = 0;
  for await (const batch of querier.select(matchers))
    for (const each of batch) samples += each.samples.timestamps.length;
  querier.close();
  return samples;
}

async function memory() {
  globalThis.gc();
  const status = await readFile('/proc/self/status', 'utf8');
  const of = (field) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)[1]) * 1024;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

async function day(dir, series, hours) {
  const db = await Database.open(dir, options);
  const all = Array.from({ length: series }, (_, i) => labelsOf(i));
  const refs = all.map(() => 0);
  const watch = new LoopWatch();
  for (let step = 0; step < (hours * HOUR) / STEP; step++) {
    await append(db, all, refs, step);
    if (step % 240 === 0) await db.maintain();
  }
  const loop = { append: watch.longest() };
  const end = START + hours * HOUR;
  const selects = {};
  let selectCpu = 0;
  for (const [count, matchers] of [
    [1, [new Matcher('=', 'id', '7')]],
    [100, [new Matcher('=~', 'id', '7[0-9][0-9]')]],
    [series, [new Matcher('=', 'job', 'node')]],
  ]) {
    selects[count] = Infinity;
    for (let round = 0; round < 3; round++) {
      const [begun, cpu] = [performance.now(), cpuMs()];
      const samples = await select(db, matchers, START, end);
      selects[count] = Math.min(selects[count], performance.now() - begun);
      selectCpu = ((cpuMs() - cpu) * 1e6) / samples;
    }
  }
  loop.select = watch.longest();
  watch.stop();
  await db.close();
  return { loop, select: selects, selectCpu, decode: bareDecode() };
}

/** Chunks of 120 samples, of all kinds of series, again and again. @returns ns/sample */
function bareDecode() {
  const chunks = Array.from({ length: 1000 }, (_, i) => {
    const steps = Array.from({ length: 120 }, (__, step) => step + 1000);
    const timestamps = Float64Array.from(steps, (step) => START + step * STEP);
    return encodeColumns({ timestamps, values: Float64Array.from(steps, (step) => valueAt(i, step)) })[0];
  });
  const builder = new ColumnBuilder();
  let best = Infinity;
  for (let round = 0; round < 30; round++) {
    const begun = performance.now();
    for (const { encoding, data } of chunks) {
      decodeChunk(encoding, data, 0, data.length, builder, -Infinity, Infinity);
      builder.take();
    }
    best = Math.min(best, performance.now() - begun);
  }
  return (best * 1e6) / (120 * chunks.length);
}

async function active(root, series, minutes) {
  const db = await Database.open(`${root}/inside`, options);
  const all = Array.from({ length: series }, (_, i) => labelsOf(i));
  const refs = all.map(() => 0);
  // Labels are the caller's: they are there before and after.
  const idle = (await memory()).now;
  await append(db, all, refs, 0);
  const watch = new LoopWatch();
  const [begun, cpu] = [performance.now(), cpuMs()];
  const steps = (minutes * 60_000) / STEP;
  for (let step = 1; step < steps; step++) await append(db, all, refs, step);
  const samples = (steps - 1) * series;
  const figures = {
    append: ((performance.now() - begun) * 1e6) / samples,
    appendCpu: ((cpuMs() - cpu) * 1e6) / samples,
    loop: watch.longest(),
    memory: await memory(),
    idle,
  };
  watch.stop();
  await db.close();
  return figures;
}

async function replay(dir, series) {
  const db = await Database.open(dir, options);
  const all = Array.from({ length: series }, (_, i) => labelsOf(i));
  const refs = all.map(() => 0);
  for (let step = 0; step < HOUR / STEP; step++) await append(db, all, refs, step);
  await db.close();
  return openTimed(dir);
}

async function openTimed(dir) {
  globalThis.gc();
  const watch = new LoopWatch();
  const [begun, before] = [performance.now(), cpuMs()];
  const db = await Database.open(dir, options);
  const [ms, cpu] = [performance.now() - begun, cpuMs() - before];
  const loop = watch.longest();
  watch.stop();
  await db.close();
  return { ms, cpu, loop };
}

if (process.argv[1] === file) {
  const [what, first, ...rest] = process.argv.slice(2);
  const parts = { day, active, replay, open: openTimed };
  console.log(JSON.stringify(await parts[what](first, ...rest.map(Number))));
}
