// npm run bench -- tsdb [--only=day,active,large,replay] [--series=10000] [--hours=12]
// The storage in a process of its own, the whole server through HTTP, and Prometheus (of the PATH, or PROMETHEUS) through
// HTTP, all with the same samples. One table at the end.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { active } from './active.js';
import { day } from './day.js';
import { replay } from './replay.js';
import { prometheusVersion } from './servers.js';
import { Table } from './table.js';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: 'active,large,replay,day' },
    series: { type: 'string', default: '10000' },
    hours: { type: 'string', default: '12' },
  },
});
const [series, hours] = [Number(flags.series), Number(flags.hours)];

const parts = {
  active: (root, table) => active(root, table, { series: 10 * series, minutes: 30, measureAppend: true }),
  large: (root, table) => active(root, table, { series: 50 * series, minutes: 10, measureAppend: false }),
  replay: (root, table) => replay(root, table, { series }),
  day: (root, table) => day(root, table, { series, hours }),
};

const table = new Table();
const version = prometheusVersion();
const begun = performance.now();
for (const name of flags.only.split(',')) {
  if (parts[name] === undefined) throw new Error(`--only: ${Object.keys(parts).join(', ')}`);
  const root = await mkdtemp(join(tmpdir(), `prunella-bench-${name}-`));
  const started = performance.now();
  try {
    await parts[name](root, table);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
}
const date = new Date().toISOString().slice(0, 10);
console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${date}`);
console.log(`${((performance.now() - begun) / 1000).toFixed(0)} s in all\n\n${table.markdown(version)}`);
