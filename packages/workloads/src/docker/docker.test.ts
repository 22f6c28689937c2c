import { describe, expect, test } from 'vitest';
import {
  siblingOf,
  toStats,
  toWorkload,
  type ContainerDetails,
  type ContainerSummary,
} from './containers.ts';
import { parseDockerLogs } from './logs.ts';

function frame(stream: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

describe('parseDockerLogs()', () => {
  test('puts the two streams in order of time, and joins what frames cut', () => {
    const bytes = Buffer.concat([
      frame(1, '2026-01-01T00:00:01.000000000Z one\n2026-01-01T00:00:03.000000000Z th'),
      frame(2, '2026-01-01T00:00:02.000000000Z two\n'),
      frame(1, 'ree\n'),
    ]);
    expect(parseDockerLogs(bytes).map((line) => [line.stream, line.text])).toEqual([
      ['stdout', 'one'],
      ['stderr', 'two'],
      ['stdout', 'three'],
    ]);
  });

  test('reads the raw output of a terminal, and survives a torn frame', () => {
    expect(parseDockerLogs(Buffer.from('2026-01-01T00:00:01Z plain\r\n'))).toMatchObject([{ text: 'plain' }]);
    expect(parseDockerLogs(frame(1, '2026-01-01T00:00:01Z torn\n').subarray(0, 20))).toHaveLength(1);
    expect(parseDockerLogs(Buffer.alloc(0))).toEqual([]);
  });
});

const summary: ContainerSummary = {
  Id: 'abcdef0123456789',
  Names: ['/shop-worker-1'],
  Image: 'shop',
  State: 'running',
  Status: 'Up 3 seconds',
  Labels: { 'com.docker.compose.service': 'worker' },
  Ports: [{ PrivatePort: 80, PublicPort: 8080 }, { PrivatePort: 80, PublicPort: 8080 }, { PrivatePort: 1 }],
};

test.each([
  [{}, { name: 'shop-worker-1', service: 'worker', state: 'running', ports: [8080] }],
  [{ Labels: {} }, { service: 'shop-worker-1' }],
  [{ Status: 'Up 2 minutes (healthy)' }, { healthy: true, state: 'running' }],
  [{ Status: 'Up 2 minutes (unhealthy)' }, { healthy: false, state: 'running' }],
  [{ Status: 'Up 1 second (health: starting)' }, { state: 'starting' }],
  [{ State: 'exited', Status: 'Exited (0) 1 minute ago' }, { state: 'stopped' }],
  [{ State: 'something new' }, { state: 'failed' }],
])('toWorkload() %#', (change, expected) => {
  expect(toWorkload({ ...summary, ...change }, {})).toMatchObject(expected);
});

test('toStats() subtracts the inactive file cache, as `docker stats` does', () => {
  const stats = toStats({
    read: '2026-01-01T00:00:00Z',
    cpu_stats: { cpu_usage: { usage_in_usermode: 2e9, usage_in_kernelmode: 1e9, total_usage: 3e9 } },
    memory_stats: { usage: 100, limit: 1000, stats: { anon: 40, inactive_file: 30 } },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'read', value: 5 },
        { op: 'Write', value: 6 },
      ],
    },
    networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 3, tx_bytes: 4 } },
  });
  expect(stats).toMatchObject({
    cpuUserSeconds: 2,
    cpuSystemSeconds: 1,
    memoryRssBytes: 40,
    memoryWorkingSetBytes: 70,
    memoryLimitBytes: 1000,
    ioReadBytes: 5,
    ioWriteBytes: 6,
    networkReceiveBytes: 4,
    networkTransmitBytes: 6,
  });
});

test('siblingOf() is the model with another number and without its identity', () => {
  const model = {
    Id: 'abcdef0123456789',
    Name: '/shop-worker-1',
    Config: { Image: 'shop', Hostname: 'abcdef012345', Env: ['A=1'], Labels: { x: 'y' } },
    HostConfig: { NetworkMode: 'shop_default' },
    NetworkSettings: { Networks: { shop_default: { Aliases: ['worker', 'abcdef012345'] } } },
    State: { Running: true, Pid: 1, StartedAt: '', FinishedAt: '', ExitCode: 0 },
  } satisfies ContainerDetails;
  expect(siblingOf(model, 2)).toEqual({
    Image: 'shop',
    Env: ['A=1'],
    Labels: { x: 'y', 'com.docker.compose.container-number': '2' },
    HostConfig: { NetworkMode: 'shop_default' },
    NetworkingConfig: { EndpointsConfig: { shop_default: { Aliases: ['worker'] } } },
  });
});
