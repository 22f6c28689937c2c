import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '@prunella/metrics/testing';
import type { Workload, WorkloadStats } from '@prunella/workloads';
import { ContainersCollector, NodeCollector, PostgresCollector } from './index.ts';

function value(text: string, series: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  if (line === undefined) throw new Error(`no ${series} in\n${text.slice(0, 2000)}`);
  return Number(line.slice(series.length + 1));
}

describe('the node collector', () => {
  test('tells what /proc tells', async () => {
    const text = await new NodeCollector().collect();
    const total = Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;
    expect(value(text, 'node_memory_MemTotal_bytes')).toBe(total);
    expect(text).toMatch(/^node_cpu_seconds_total\{cpu="0",mode="idle"\} [\d.]+$/m);
    expect(text).toMatch(/^node_filesystem_size_bytes\{.*mountpoint="\/".*\} \d/m);
    expect(text).toMatch(/^node_network_receive_bytes_total\{device="lo"\} \d/m);
    expect(text).toMatch(/^node_uname_info\{.*nodename="[^"]+".*\} 1$/m);
    for (const part of ['stat', 'meminfo', 'loadavg', 'filesystem', 'uname', 'netdev']) {
      expect(value(text, `node_scrape_collector_success{collector="${part}"}`), part).toBe(1);
    }
  });

  test('agrees with df', async () => {
    const text = await new NodeCollector().collect();
    const size = Number(execFileSync('df', ['-B1', '--output=size', '/']).toString().split('\n')[1]);
    const line = /^node_filesystem_size_bytes\{[^}]*mountpoint="\/"[^}]*\} (\S+)$/m.exec(text);
    expect(Math.abs(Number(line?.[1]) / size - 1)).toBeLessThan(0.01);
  });

  test('reads what this kernel may lack, from files as other kernels write them', async () => {
    const proc = mkdtempSync(join(tmpdir(), 'prunella-proc-'));
    mkdirSync(join(proc, 'net/stat'), { recursive: true });
    mkdirSync(join(proc, 'sys/net/netfilter'), { recursive: true });
    const put = (name: string, text: string): void => writeFileSync(join(proc, name), text);
    put('schedstat', 'version 15\ntimestamp 1\ncpu0 0 0 0 0 0 0 2500000000 500000000 42\ndomain0 3 0 0\n');
    put(
      'net/softnet_stat',
      '0000000a 00000002 00000001 0 0 0 0 0 00000003 00000004 00000005 00000006 00000001\n',
    );
    put(
      'net/arp',
      'IP address HW type Flags HW address Mask Device\n10.0.0.1 0x1 0x2 aa * eth0\n10.0.0.2 0x1 0x2 bb * eth0\n',
    );
    put('net/udp', ' sl local rem st tx_queue rx_queue\n 0: a:1 b:2 07 00000010:00000003 00 0\n');
    put('net/stat/nf_conntrack', 'entries found invalid insert_failed\n1 a 2 3\n1 1 0 0\n');
    put('sys/net/netfilter/nf_conntrack_count', '7\n');
    put('sys/net/netfilter/nf_conntrack_max', '99\n');
    const text = await new NodeCollector({ proc }).collect();
    rmSync(proc, { recursive: true });
    for (const [series, expected] of [
      ['node_schedstat_running_seconds_total{cpu="0"}', 2.5],
      ['node_schedstat_timeslices_total{cpu="0"}', 42],
      ['node_softnet_processed_total{cpu="1"}', 10],
      ['node_softnet_backlog_len{cpu="1"}', 6],
      ['node_arp_entries{device="eth0"}', 2],
      ['node_udp_queues{queue="tx",ip="v4"}', 16],
      ['node_nf_conntrack_stat_found', 11],
      ['node_nf_conntrack_entries_limit', 99],
    ] as const)
      expect(value(text, series), series).toBe(expected);
  });

  test('a part that this machine lacks fails alone', async () => {
    const text = await new NodeCollector({ proc: '/nonexistent' }).collect();
    expect(value(text, 'node_scrape_collector_success{collector="meminfo"}')).toBe(0);
    expect(value(text, 'node_scrape_collector_success{collector="time"}')).toBe(1);
  });
});

describe('the containers collector', () => {
  const running: Workload = {
    name: 'worker-1',
    service: 'worker',
    kind: 'process',
    state: 'running',
    startedAt: 60_000,
    restarts: 2,
    ports: [],
  };
  const stats: WorkloadStats = {
    time: 0,
    cpuUserSeconds: 1.5,
    cpuSystemSeconds: 0.5,
    memoryRssBytes: 2e6,
    memoryWorkingSetBytes: 1e6,
    processes: 1,
    threads: 11,
    ioReadBytes: 1,
    ioWriteBytes: 2,
  };
  const labels =
    'id="/prunella/worker-1",image="",name="worker-1",container_label_com_docker_compose_service="worker"';

  test('speaks cAdvisor, and keeps the last time it saw a stopped one', async () => {
    const clock = new VirtualClock(100_000);
    let workloads: Workload[] = [running];
    const collector = new ContainersCollector(
      { list: async () => workloads, stats: async () => stats },
      clock,
    );
    const first = await collector.collect();
    expect(value(first, `container_cpu_usage_seconds_total{${labels},cpu="total"}`)).toBe(2);
    expect(value(first, `container_memory_working_set_bytes{${labels}}`)).toBe(1e6);
    expect(value(first, `container_last_seen{${labels}}`)).toBe(100);
    expect(value(first, `container_start_time_seconds{${labels}}`)).toBe(60);
    await clock.advance(60_000);
    workloads = [{ ...running, state: 'stopped' }];
    const second = await collector.collect();
    expect(value(second, `container_last_seen{${labels}}`)).toBe(100);
    expect(value(second, `prunella_workload_up{${labels}}`)).toBe(0);
  });

  test('an engine that is away is a metric, not an error', async () => {
    const gone = { list: () => Promise.reject(new Error('connect ENOENT')), stats: async () => undefined };
    expect(await new ContainersCollector(gone, new VirtualClock()).collect()).toContain(
      'container_scrape_error 1\n',
    );
  });
});

describe('the postgres collector', () => {
  test('a server that is away gives pg_up 0 and nothing else of it', async () => {
    const collector = new PostgresCollector({
      name: 'shop',
      dsn: () => 'postgresql://a:secret@127.0.0.1:1/x',
    });
    const text = await collector.collect();
    expect(value(text, 'pg_up')).toBe(0);
    expect(text).not.toContain('pg_settings');
    expect(text).not.toContain('secret');
  });
});
