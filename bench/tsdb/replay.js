// How long it takes to start with the log of an hour.
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inside } from './inside.js';
import { HOUR, STEP, encodeLabels, requestOf } from './load.js';
import { prometheusVersion, startPrometheus, startPrunella } from './servers.js';
import { number } from './table.js';

const [STEPS, SERIES] = [20, 2000];

export async function replay(root, table, { series }) {
  const written = join(root, 'ours');
  const own = await inside('replay', written, series);
  await measure(`start with a 1 h log of ${series} series that Prunella wrote, ms (CPU)`, written, own);
  if (prometheusVersion() === undefined) return;
  const theirs = join(root, 'theirs');
  await writeTheirs(theirs, series);
  const names = await readdir(join(theirs, 'wal'));
  const again = await inside('open', await copyOf(theirs, 'library'));
  await measure(`… that Prometheus wrote (${names.length} segments, chunks_head), ms (CPU)`, theirs, again);

  async function measure(what, dir, { ms, cpu, loop }) {
    const starts = { ours: [], theirs: [] };
    for (let round = 0; round < 3; round++) {
      for (const column of prometheusVersion() === undefined ? ['ours'] : ['ours', 'theirs']) {
        const copy = await copyOf(dir, `${column}-${round}`);
        const server = await (column === 'ours' ? startPrunella(copy) : startPrometheus(copy));
        starts[column].push({ ms: server.startMs, cpu: await server.cpu() });
        await server.stop();
      }
    }
    const least = (list, what) =>
      list.length === 0 ? undefined : Math.min(...list.map((each) => each[what]));
    const text = (ms, cpuMs) => (ms === undefined ? undefined : `${number(ms)} (${number(cpuMs)})`);
    const best = (list) => text(least(list, 'ms'), least(list, 'cpu'));
    table.row(what, { inside: text(ms, cpu), ours: best(starts.ours), theirs: best(starts.theirs) });
    table.row('… longest event-loop block, ms (without GC, of that on the CPU)', { inside: loop });
  }
}

async function copyOf(dir, name) {
  const copy = `${dir}-${name}`;
  await cp(dir, copy, { recursive: true });
  return copy;
}

async function writeTheirs(dir, series) {
  const server = await startPrometheus(dir);
  const labels = encodeLabels(series);
  for (let step = 0; step < HOUR / STEP; step += STEPS)
    for (let from = 0; from < series; from += SERIES)
      await server.write(requestOf(labels, from, Math.min(series, from + SERIES), step, STEPS));
  await server.stop();
}
