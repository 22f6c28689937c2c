// 12 h of 10 000 series: what they take on disk, and how long it takes to read them.
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inside } from './inside.js';
import { HOUR, START, STEP, encodeLabels, requestOf } from './load.js';
import { sleep, startBoth } from './servers.js';
import { number } from './table.js';

/** Steps and series to a request. */
const [STEPS, SERIES] = [40, 500];
const BLOCK = /^[0-9A-Z]{26}$/;

export async function day(root, table, { series, hours }) {
  const own = await inside('day', join(root, 'inside'), series, hours);
  const servers = await startBoth(root);
  try {
    await feed(servers, series, hours);
    for (const server of servers) await settled(server, hours);
    await disk(servers, root, table, own);
    await reading(servers, series, hours, table, own);
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function feed(servers, series, hours) {
  const labels = encodeLabels(series);
  const steps = (hours * HOUR) / STEP;
  const cpu = await Promise.all(servers.map((server) => server.cpu()));
  for (let step = 0; step < steps; step += STEPS) {
    for (let from = 0; from < series; from += SERIES) {
      const body = requestOf(
        labels,
        from,
        Math.min(series, from + SERIES),
        step,
        Math.min(STEPS, steps - step),
      );
      for (const server of servers) await server.write(body);
    }
  }
  for (const [i, server] of servers.entries()) server.feedCpu = (await server.cpu()) - cpu[i];
}

/** Waits until all that is due is in blocks: every minute someone looks. */
async function settled(server, hours) {
  const dir = join(
    server.child.spawnargs.find((arg) => arg.startsWith('--storage.tsdb.path=')).split('=')[1],
  );
  for (let i = 0; i < 180; i++) {
    const metas = await blocksOf(dir);
    const end = Math.max(0, ...metas.map((meta) => meta.maxTime));
    if (end >= START + (hours - 3) * HOUR && metas.every((meta) => meta.stats.numSamples > 0)) break;
    await sleep(1000);
  }
  await sleep(3000);
  server.dir = dir;
}

async function blocksOf(dir) {
  const names = (await readdir(dir)).filter((name) => BLOCK.test(name));
  const texts = await Promise.all(
    names.map((name) => readFile(join(dir, name, 'meta.json'), 'utf8').catch(() => '')),
  );
  return texts.filter((text) => text !== '').map((text) => JSON.parse(text));
}

async function sizeOf(dir) {
  let size = 0;
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []))
    if (entry.isFile()) size += (await stat(join(entry.parentPath, entry.name))).size;
  return size;
}

async function disk(servers, root, table, own) {
  const chunks = {};
  const all = {};
  const figures = async (column, dir) => {
    const metas = await blocksOf(dir);
    const samples = metas.reduce((sum, meta) => sum + meta.stats.numSamples, 0);
    const bytes = async (part) =>
      (await Promise.all(metas.map((meta) => sizeOf(join(dir, meta.ulid, part))))).reduce((a, b) => a + b, 0);
    chunks[column] = number((await bytes('chunks')) / samples, 3);
    all[column] = number((await bytes('')) / samples, 3);
  };
  await figures('inside', join(root, 'inside'));
  for (const [i, server] of servers.entries()) await figures(['ours', 'theirs'][i], server.dir);
  table.row('bytes/sample in blocks, chunks alone', chunks);
  table.row('bytes/sample in blocks, index and all', all);
  table.row('longest event-loop block while appending and compacting, ms (without GC, of that on the CPU)', {
    inside: own.loop.append,
  });
}

async function reading(servers, series, hours, table, own) {
  const end = START + hours * HOUR - STEP;
  const range = `${hours * 3600 - 15}s`;
  const samples = (hours * HOUR) / STEP;
  for (const [count, selector] of [
    [1, '{id="7"}'],
    [100, '{id=~"7[0-9][0-9]"}'],
    [series, '{job="node"}'],
  ]) {
    const figures = { inside: number(own.select[count], 1) };
    const best = servers.map(() => Infinity);
    const cpu = servers.map(() => Infinity);
    for (let round = 0; round < 3; round++) {
      for (const [i, server] of servers.entries()) {
        const before = await server.cpu();
        const query = `sum(count_over_time(${selector}[${range}]))`;
        // Another moment each time: nobody answers from a cache.
        const { data, ms } = await server.api('query', { query, time: String(end / 1000 + round / 1000) });
        const found = Number(data.result[0].value[1]);
        if (found < 0.98 * count * samples)
          throw new Error(`${server.name} found ${found} samples of ${count} series`);
        best[i] = Math.min(best[i], ms);
        cpu[i] = Math.min(cpu[i], (await server.cpu()) - before);
      }
    }
    for (const [i, ms] of best.entries()) figures[['ours', 'theirs'][i]] = number(ms, 1);
    table.row(`select ${count} series over ${hours} h, ms (by HTTP: count_over_time)`, figures);
    if (count !== series) continue;
    const perSample = cpu.map((ms) => number((ms * 1e6) / (count * samples)));
    table.row('decode a chunk, ns/sample', { inside: number(own.decode, 1) });
    table.row('read samples with all around it, CPU ns/sample', {
      inside: number(own.selectCpu, 1),
      ours: perSample[0],
      theirs: perSample[1],
    });
  }
  table.row('longest event-loop block while selecting, ms (without GC, of that on the CPU)', {
    inside: own.loop.select,
  });
}
