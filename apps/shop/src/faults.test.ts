import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Faults, InjectedError } from './faults.ts';

describe('Faults', () => {
  let crashed = 0;
  let faults: Faults;
  beforeEach(() => {
    vi.useFakeTimers();
    crashed = 0;
    faults = new Faults({ registry: new Registry(), crash: () => crashed++ });
  });
  afterEach(() => {
    faults.clear();
    vi.useRealTimers();
  });

  test('nothing is suffered without one', async () => {
    await faults.delay();
    faults.fail();
    expect(faults.list()).toEqual([]);
  });

  test('latency delays until its time is over', async () => {
    faults.latency(600, 10);
    let answered = false;
    const request = faults.delay().then(() => (answered = true));
    await vi.advanceTimersByTimeAsync(599);
    expect(answered).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await request;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(faults.list()).toEqual([]);
    await faults.delay();
  });

  test('errors hit the share asked for', () => {
    faults.errors(1, 10);
    expect(() => faults.fail()).toThrow(InjectedError);
    faults.errors(0, 10);
    faults.fail();
    expect(faults.list()).toHaveLength(1);
  });

  test('a crash comes after its delay, and can be called off', async () => {
    faults.crash(100);
    faults.clear();
    await vi.advanceTimersByTimeAsync(1000);
    expect(crashed).toBe(0);
    faults.crash(100);
    await vi.advanceTimersByTimeAsync(100);
    expect(crashed).toBe(1);
  });

  test('a leak grows to its size and is given back', async () => {
    const before = process.memoryUsage().arrayBuffers;
    faults.leak(20, 4);
    await vi.advanceTimersByTimeAsync(2000);
    expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(19 * 1_048_576);
    expect(faults.list()).toMatchObject([{ kind: 'leak', mb: 20 }]);
    faults.clear();
    expect(faults.list()).toEqual([]);
  });
});
