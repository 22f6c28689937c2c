import { systemClock, type Clock } from '@prunella/metrics';
import type { Collector } from '../collector.ts';
import { Exposition } from '../exposition.ts';
import { collectCpu, collectStat } from './cpu.ts';
import { collectDisks } from './disk.ts';
import { collectFilesystems } from './filesystem.ts';
import { collectInterfaces } from './interfaces.ts';
import {
  collectArp,
  collectClockSources,
  collectConntrack,
  collectOs,
  collectSchedstat,
  collectSelinux,
  collectSoftnet,
  collectUdpQueues,
} from './kernel.ts';
import { collectMemory, collectVmstat } from './memory.ts';
import { collectNetstat, collectNetworkDevices, collectSockets } from './network.ts';
import type { NodeSource } from './source.ts';
import {
  collectEntropy,
  collectFileHandles,
  collectLoad,
  collectPressure,
  collectTime,
  collectUname,
} from './system.ts';

type Part = (source: NodeSource, out: Exposition) => Promise<void>;

/** The parts under the names that node_exporter gives its collectors. */
const PARTS: readonly (readonly [string, Part])[] = [
  ['cpu', collectCpu],
  ['stat', collectStat],
  ['meminfo', collectMemory],
  ['vmstat', collectVmstat],
  ['loadavg', collectLoad],
  ['filesystem', collectFilesystems],
  ['diskstats', collectDisks],
  ['netdev', collectNetworkDevices],
  ['netstat', collectNetstat],
  ['sockstat', collectSockets],
  ['filefd', collectFileHandles],
  ['entropy', collectEntropy],
  ['pressure', collectPressure],
  ['uname', collectUname],
  ['time', collectTime],
  ['clocksource', collectClockSources],
  ['netclass', collectInterfaces],
  ['arp', collectArp],
  ['conntrack', collectConntrack],
  ['schedstat', collectSchedstat],
  ['softnet', collectSoftnet],
  ['udp_queues', collectUdpQueues],
  ['selinux', collectSelinux],
  ['os', collectOs],
];

/** This machine, under node_exporter's names. A part that this kernel lacks fails alone. */
export class NodeCollector implements Collector {
  readonly name = 'node';
  readonly #source: NodeSource;

  constructor(options: Partial<NodeSource> & { clock?: Clock } = {}) {
    this.#source = { proc: '/proc', sys: '/sys', root: '/', clock: systemClock, ...options };
  }

  async collect(): Promise<string> {
    const out = new Exposition();
    const results = await Promise.all(PARTS.map(async ([name, collect]) => this.#run(name, collect)));
    for (const { parts } of results) out.append(parts);
    for (const { name, seconds, success } of results) {
      out.gauge('node_scrape_collector_duration_seconds', 'How long each part took.', seconds, {
        collector: name,
      });
      out.gauge('node_scrape_collector_success', '1 when the part worked.', success ? 1 : 0, {
        collector: name,
      });
    }
    return out.toString();
  }

  async #run(
    name: string,
    collect: Part,
  ): Promise<{ name: string; parts: Exposition; seconds: number; success: boolean }> {
    const parts = new Exposition();
    const started = performance.now();
    const success = await collect(this.#source, parts).then(
      () => true,
      () => false,
    );
    return { name, parts, seconds: (performance.now() - started) / 1000, success };
  }
}
