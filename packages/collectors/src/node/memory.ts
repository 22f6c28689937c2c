import { join } from 'node:path';
import type { Exposition } from '../exposition.ts';
import { parsePairs, readLines, type NodeSource } from './source.ts';

/** Every line of /proc/meminfo: `Active(anon): 1 kB` becomes `node_memory_Active_anon_bytes`. */
export async function collectMemory(source: NodeSource, out: Exposition): Promise<void> {
  for (const line of await readLines(join(source.proc, 'meminfo'))) {
    const match = /^([^:]+):\s+(\d+)( kB)?/.exec(line);
    if (!match) continue;
    const [, field = '', value, unit] = match;
    const name = `node_memory_${field.replace(/\((.*)\)/, '_$1')}${unit ? '_bytes' : ''}`;
    out.gauge(name, `Field ${field} of /proc/meminfo.`, Number(value) * (unit ? 1024 : 1));
  }
}

const VMSTAT_FIELDS = /^(oom_kill|pgpgin|pgpgout|pgfault|pgmajfault|pswpin|pswpout)$/;

export async function collectVmstat(source: NodeSource, out: Exposition): Promise<void> {
  for (const [field, value] of parsePairs(await readLines(join(source.proc, 'vmstat')))) {
    if (VMSTAT_FIELDS.test(field))
      out.untyped(`node_vmstat_${field}`, `Field ${field} of /proc/vmstat.`, value);
  }
}
