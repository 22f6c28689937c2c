// Many active series: what a sample costs on its way in, and what a series costs in memory.
import { inside } from './inside.js';
import { STEP, encodeLabels, requestOf } from './load.js';
import { sleep, startBoth } from './servers.js';
import { number } from './table.js';

/** Series to a request: what remote write sends by default. */
const SERIES = 2000;

/** @param minutes how long each series has been scraped when memory is measured */
export async function active(root, table, { series, minutes, measureAppend }) {
  const own = await inside('active', root, series, minutes);
  const servers = await startBoth(root);
  try {
    const idle = await Promise.all(servers.map((server) => server.memory()));
    const labels = encodeLabels(series);
    const live = await feed(servers, labels, series, 0, 1, 20);
    if (measureAppend) {
      const perSample = (cost) => number((cost * 1e6) / (19 * series));
      const columns = (costs) => ({
        ours: perSample(costs[0]),
        ...(costs.length > 1 && { theirs: perSample(costs[1]) }),
      });
      table.row(`append, ${series} active series, ns/sample (by HTTP: remote write, one sender)`, {
        inside: number(own.append),
        ...columns(live.wall),
      });
      table.row(`append, ${series} active series, CPU ns/sample`, {
        inside: number(own.appendCpu),
        ...columns(live.cpu),
      });
    }
    await feed(servers, labels, series, 20, 20, (minutes * 60_000) / STEP / 20 - 1);
    await sleep(5000);
    const figures = { inside: memoryText(own.memory, own.idle, series) };
    for (const [i, server] of servers.entries())
      figures[['ours', 'theirs'][i]] = memoryText(await server.memory(), idle[i].now, series);
    table.row(
      `RSS per active series at ${series} after ${minutes} min, bytes over idle (MB in all, peak)`,
      figures,
    );
    table.row(`longest event-loop block at ${series} series, ms (without GC, of that on the CPU)`, {
      inside: own.loop,
    });
  } finally {
    for (const server of servers) await server.stop();
  }
}

function memoryText({ now, peak }, idle, series) {
  return `${number((now - idle) / series)} (${number(now / 2 ** 20)}, ${number(peak / 2 ** 20)})`;
}

/** Windows of some steps, every request to all in turn. @returns what all but the first window cost each, ms */
async function feed(servers, labels, series, firstStep, steps, windows) {
  const wall = servers.map(() => 0);
  let before = [];
  for (let window = 0; window < windows; window++) {
    if (window === 1) before = await Promise.all(servers.map((server) => server.cpu()));
    for (let from = 0; from < series; from += SERIES) {
      const body = requestOf(
        labels,
        from,
        Math.min(series, from + SERIES),
        firstStep + window * steps,
        steps,
      );
      for (const [i, server] of servers.entries()) {
        const ms = await server.write(body);
        if (window > 0) wall[i] += ms;
      }
    }
  }
  const after = await Promise.all(servers.map((server) => server.cpu()));
  return { wall, cpu: after.map((ms, i) => ms - (before[i] ?? ms)) };
}
