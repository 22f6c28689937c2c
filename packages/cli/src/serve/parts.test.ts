import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { Parts } from './parts.ts';

function setUp(): {
  clock: VirtualClock;
  parts: Parts;
  log: string[];
  registry: Registry;
  part: (name: string, failures?: number) => void;
} {
  const clock = new VirtualClock();
  const registry = new Registry();
  const parts = new Parts(clock, silentLogger, registry);
  const log: string[] = [];
  const part = (name: string, failures = 0): void => {
    let left = failures;
    parts.add(name, {
      start: async () => {
        if (left-- > 0) throw new Error(`${name} is not ready`);
        log.push(`${name} started`);
      },
      stop: async () => void log.push(`${name} stopped`),
    });
  };
  return { clock, parts, log, registry, part };
}

describe('Parts', () => {
  test('start in order and stop in reverse', async () => {
    const { parts, log, part } = setUp();
    part('tsdb');
    part('scrape');
    await parts.start();
    await parts.stop();
    expect(log).toEqual(['tsdb started', 'scrape started', 'scrape stopped', 'tsdb stopped']);
  });

  test('a part that cannot start is tried again with back-off, and the others run meanwhile', async () => {
    const { clock, parts, log, registry, part } = setUp();
    part('docker', 2);
    part('rules');
    await parts.start();
    expect(log).toEqual(['rules started']);
    expect(parts.list()[0]).toMatchObject({
      state: 'backoff',
      restarts: 0,
      lastError: 'docker is not ready',
    });
    await clock.advance(1000);
    expect(parts.list()[0]).toMatchObject({ state: 'backoff', restarts: 1 });
    await clock.advance(1999);
    expect(log).not.toContain('docker started');
    await clock.advance(1);
    expect(parts.list()[0]).toMatchObject({ state: 'running', restarts: 2 });
    expect(await registry.metrics()).toContain('prunella_part_restarts_total{part="docker"} 2');
  });

  test('a part that reports its death is stopped and started again', async () => {
    const { clock, parts, log, part } = setUp();
    part('scrape');
    await parts.start();
    parts.failed('scrape', new Error('lost'));
    await clock.advance(1000);
    expect(log).toEqual(['scrape started', 'scrape stopped', 'scrape started']);
  });

  test('nothing is started again once all are being stopped', async () => {
    const { clock, parts, log, part } = setUp();
    part('docker', 1);
    await parts.start();
    await parts.stop();
    await clock.advance(600_000);
    expect(log).toEqual(['docker stopped']);
  });
});
