import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { NodeCollector } from '@prunella/collectors';
import { readExposition, type Exposition } from '@prunella/metrics';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const present = spawnSync('prometheus-node-exporter', ['--version']).status === 0;

/** Each of ours, and what selects the same in node_exporter whatever a distribution has patched. */
const FLAGS = [
  '--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)',
  '--collector.filesystem.fs-types-exclude=^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$',
  '--collector.diskstats.device-exclude=^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$',
  '--collector.netdev.device-exclude=^$',
];

/** Needs a system call that Node.js has no way to make (adjtimex), or is about the exporter itself. */
const NOT_OURS = /^node_(timex_|exporter_build_info|textfile_|scrape_collector_)/;
/** In newer versions of node_exporter than the one that a distribution ships, or left out where the driver does not know. */
const NEWER =
  /^node_(netstat_TcpExt_(TCPOFOQueue|TCPRcvQDrop)|network_info|disk_info|filesystem_.*|softnet_.*|network_speed_bytes)$/;
const STEADY =
  /^node_(memory_(MemTotal|SwapTotal|HugePages_.*|Hugepagesize)|filesystem_(size_bytes|files)$|boot_time|uname_info|os_|network_(mtu|up|carrier|flags|iface|protocol|transmit_queue)|filefd_maximum|nf_conntrack_entries_limit|time_zone|entropy_pool)/;

describe.skipIf(!present)(
  'the node collector beside node_exporter (needs prometheus-node-exporter on the PATH)',
  () => {
    let exporter: ChildProcess;
    let theirs: Map<string, Family>;
    let ours: Map<string, Family>;

    beforeAll(async () => {
      const port = await freePort();
      exporter = spawn('prometheus-node-exporter', [`--web.listen-address=127.0.0.1:${port}`, ...FLAGS], {
        stdio: 'ignore',
      });
      theirs = families(readExposition(await page(`http://127.0.0.1:${port}/metrics`)));
      ours = families(readExposition(await new NodeCollector().collect()));
    });
    afterAll(async () => {
      const exited = new Promise((resolve) => exporter.once('exit', resolve));
      exporter.kill();
      await exited;
    });

    test('has every family of the covered collectors, and no other', () => {
      const names = (from: Map<string, Family>): string[] =>
        [...from.keys()]
          .filter((name) => name.startsWith('node_') && !NOT_OURS.test(name) && !NEWER.test(name))
          .sort();
      expect(names(ours)).toEqual(names(theirs));
      expect(names(ours).length).toBeGreaterThan(150);
    });

    test('has their types', () => {
      for (const [name, family] of ours) {
        const other = theirs.get(name);
        if (other) expect([name, family.type]).toEqual([name, other.type]);
      }
    });

    test('has their series', () => {
      for (const [name, family] of ours) {
        const other = theirs.get(name);
        if (other && !NOT_OURS.test(name) && !NEWER.test(name))
          expect([...family.series.keys()].sort(), name).toEqual([...other.series.keys()].sort());
      }
    });

    test('has their values where they stand still', () => {
      let compared = 0;
      for (const [name, family] of ours) {
        const other = theirs.get(name);
        if (!other || !STEADY.test(name)) continue;
        for (const [key, value] of other.series) {
          const own = family.series.get(key);
          // A label that only newer versions have makes it another series.
          if (own === undefined && NEWER.test(name)) continue;
          expect(own, key).toBe(value);
          compared += 1;
        }
      }
      expect(compared).toBeGreaterThan(30);
    });

    test('agrees about the time that the CPUs spent', () => {
      const idle = (from: Map<string, Family>): number =>
        [...(from.get('node_cpu_seconds_total') as Family).series]
          .filter(([key]) => key.includes('"idle"'))
          .reduce((sum, [, value]) => sum + value, 0);
      expect(Math.abs(idle(ours) - idle(theirs))).toBeLessThan(30);
    });
  },
);

interface Family {
  type: string;
  series: Map<string, number>;
}

function families({ samples, metadata }: Exposition): Map<string, Family> {
  const found = new Map<string, Family>();
  for (const { labels, value } of samples) {
    const name = labels.metricName;
    const family = found.get(name) ?? {
      type: metadata.get(name)?.type ?? '',
      series: new Map<string, number>(),
    };
    family.series.set(labels.toString(), value);
    found.set(name, family);
  }
  return found;
}

async function page(url: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (attempt > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
