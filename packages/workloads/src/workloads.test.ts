import { silentLogger } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  WorkloadError,
  type LogLine,
  type Workload,
  type WorkloadSource,
  type WorkloadStats,
} from './workload.ts';
import { Workloads } from './workloads.ts';

class Source implements WorkloadSource {
  readonly calls: string[] = [];
  readonly names: readonly string[];
  cpuSeconds = 0;
  time = 0;
  fault: Error | undefined;

  constructor(...names: string[]) {
    this.names = names;
  }

  async list(): Promise<Workload[]> {
    if (this.fault) throw this.fault;
    return this.names.map((name) => {
      const service = name.replace(/-\d+$/, '');
      return { name, service, kind: 'process', state: 'running', restarts: 0, ports: [], startedAt: 0 };
    });
  }

  stats(): Promise<WorkloadStats> {
    const rest = {
      memoryRssBytes: 7,
      memoryWorkingSetBytes: 5,
      processes: 1,
      threads: 1,
      ioReadBytes: 0,
      ioWriteBytes: 0,
    };
    return Promise.resolve({
      time: this.time,
      cpuUserSeconds: this.cpuSeconds,
      cpuSystemSeconds: 0,
      ...rest,
    });
  }

  async logs(name: string, tail: number): Promise<LogLine[]> {
    const later = name === 'worker-10' ? 1 : 0;
    return [1, 2, 3]
      .slice(-tail)
      .map((i) => ({ time: 2 * i + later, stream: 'stdout', text: `${name} ${i}` }));
  }

  start = async (name: string): Promise<void> => void this.calls.push(`start ${name}`);
  stop = async (name: string): Promise<void> => void this.calls.push(`stop ${name}`);
  restart = async (name: string): Promise<void> => void this.calls.push(`restart ${name}`);
  onEvent = (): (() => void) => () => {};

  async scale(service: string, replicas: number): Promise<void> {
    if (!this.names.some((name) => name.startsWith(service)) && service !== 'asleep') {
      throw new WorkloadError('not_found', 'not mine');
    }
    this.calls.push(`scale ${service} ${replicas}`);
  }
}

describe('Workloads', () => {
  const clock = new VirtualClock(0);
  let one: Source;
  let two: Source;
  let workloads: Workloads;
  beforeEach(() => {
    one = new Source('api', 'worker-10', 'worker-2');
    two = new Source('db');
    workloads = new Workloads({ sources: [one, two], logger: silentLogger, clock });
  });

  test('are listed over all sources, in human order', async () => {
    expect((await workloads.list()).map((each) => each.name)).toEqual(['api', 'db', 'worker-2', 'worker-10']);
  });

  test.each([
    ['a service is all of its replicas', 'worker', ['restart worker-2', 'restart worker-10'], []],
    ['a replica is itself', 'worker-10', ['restart worker-10'], []],
    ['a name may live elsewhere', 'db', [], ['restart db']],
  ])('%s', async (_, name, first, second) => {
    await workloads.restart(name);
    expect([one.calls, two.calls]).toEqual([first, second]);
  });

  test('scaling takes a service, one of its replicas, or a service that has none left', async () => {
    await workloads.scale('worker', 3);
    await workloads.scale('worker-2', 4);
    await workloads.scale('asleep', 1);
    expect(one.calls).toEqual(['scale worker 3', 'scale worker 4', 'scale asleep 1']);
    await expect(workloads.scale('nobody', 1)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('the log of a service is that of its replicas, in order of time', async () => {
    expect((await workloads.logs('worker', 3)).map((line) => line.text)).toEqual([
      'worker-10 2',
      'worker-2 3',
      'worker-10 3',
    ]);
    expect((await workloads.logs('worker-2', 2)).map((line) => line.text)).toEqual([
      'worker-2 2',
      'worker-2 3',
    ]);
    await expect(workloads.logs('nobody', 1)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a source that does not answer hides none of the others', async () => {
    two.fault = new Error('no engine');
    expect((await workloads.list()).map((each) => each.name)).toEqual(['api', 'worker-2', 'worker-10']);
    await expect(workloads.stop('db')).rejects.toThrow('there is no workload or service "db"');
  });

  test('CPU is a share of one core between two readings that are at least a second apart', async () => {
    const cpu = async (): Promise<number | undefined> => (await workloads.listWithUse())[0]?.cpuPercent;
    expect(await cpu()).toBeUndefined();
    await clock.advance(500);
    one.time = 500;
    one.cpuSeconds = 0.4;
    expect(await cpu()).toBeUndefined();
    await clock.advance(1500);
    one.time = 2000;
    one.cpuSeconds = 1;
    expect(await cpu()).toBe(50);
    await clock.advance(100);
    expect(await cpu()).toBe(50);
    expect((await workloads.listWithUse())[0]).toMatchObject({ name: 'api', memoryBytes: 5 });
  });
});
