import type { WorkloadExit } from '@prunella/workloads';
import { describe, expect, test } from 'vitest';
import { World } from '../testing.ts';

const second = 1000;

async function started(): Promise<World> {
  const world = new World();
  await world.healing.start();
  return world;
}

function crash(world: World, exit: Partial<WorkloadExit> = {}): void {
  const time = world.clock.now();
  const full = { time, code: null, signal: 'SIGKILL', expected: false, ...exit };
  world.workloads.set({ name: 'api-1', state: 'restarting', exit: full });
  world.workloads.emit('exited', 'api-1', time);
}

function restarted(world: World, healthy?: boolean): void {
  const time = world.clock.now();
  world.workloads.set({
    name: 'api-1',
    state: 'running',
    startedAt: time,
    ...(healthy !== undefined && { healthy }),
  });
  world.workloads.emit('started', 'api-1', time);
}

function stopped(world: World): void {
  const exit = { time: world.clock.now(), code: 0, signal: null, expected: true };
  world.workloads.set({ name: 'api-1', state: 'stopped', exit });
}

describe('an unexpected end of a workload', () => {
  test('is an incident, with its last words, until it runs steadily again', async () => {
    const world = await started();
    crash(world);
    await world.clock.advance(second);
    expect(world.incident).toMatchObject({
      state: 'detected',
      title: 'api-1 was ended by SIGKILL',
      alertname: 'WorkloadCrashed',
      target: 'api',
      labels: { workload: 'api-1', service: 'api' },
      evidence: [{ kind: 'log', text: expect.stringContaining('postgres://me:***@db') }],
    });
    restarted(world);
    await world.clock.advance(4 * second);
    expect(world.incident.state).toBe('verifying');
    await world.clock.advance(2 * second);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'healed', actions: ['restart api-1'] });
    const { detectedAt, actedAt, healedAt } = world.incident;
    expect([(actedAt as number) - detectedAt, (healedAt as number) - detectedAt]).toEqual([1000, 6500]);
    expect(world.log.lines).toMatchObject([
      { alert: 'WorkloadCrashed', action: 'restart api-1', result: 'healed', duration: 6.5 },
    ]);
    expect(world.workloads.calls).toEqual([]);
  });

  test('is not healed before its health check says so', async () => {
    const world = await started();
    crash(world, { code: 3, signal: null });
    restarted(world, false);
    await world.clock.advance(30 * second);
    expect(world.incident).toMatchObject({ state: 'verifying', title: 'api-1 ended with exit code 3' });
    world.workloads.set({ name: 'api-1', healthy: true });
    await world.clock.advance(6 * second);
    expect(world.incident.outcome).toBe('healed');
  });

  test('in a loop is one incident, and goes to a person', async () => {
    const world = await started();
    for (let i = 0; i < 40; i++) {
      crash(world);
      await world.clock.advance(second);
      restarted(world);
      await world.clock.advance(3 * second);
    }
    expect(world.healing.incidents()).toHaveLength(1);
    expect(world.incident.state).toBe('escalated');
    expect(world.messages).toHaveLength(1);
    await world.clock.advance(10 * second);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'escalated' });
    expect(world.log.lines).toHaveLength(1);
  });

  test.each([
    ['that was asked for is none', { expected: true }, 0],
    ['of a program that is missing is one', { error: 'spawn ENOENT', signal: null }, 1],
  ])('%s', async (_, exit, count) => {
    const world = await started();
    crash(world, exit);
    await world.clock.advance(second);
    expect(world.healing.incidents()).toHaveLength(count);
  });

  test.each([
    ['was removed', (world: World) => world.workloads.emit('removed', 'api-1', 0), second],
    ['is stopped on purpose', (world: World) => stopped(world), second],
    [
      'has not been seen for ten minutes',
      (world: World) => void world.workloads.replicas.delete('api-1'),
      601 * second,
    ],
  ])('is over when it %s', async (_, end, wait) => {
    const world = await started();
    crash(world);
    await world.clock.advance(second);
    end(world);
    await world.clock.advance(wait);
    expect(world.incident.state).toBe('closed');
    expect(world.incident.outcome).toBe(wait === second ? 'resolved' : 'escalated');
  });

  test('is noticed by a Healing that was stopped and started again', async () => {
    const world = await started();
    await world.healing.stop();
    await world.healing.start();
    crash(world);
    restarted(world);
    await world.clock.advance(10 * second);
    expect(world.incident.outcome).toBe('healed');
  });

  test('is followed on after a restart of Prunella', async () => {
    const world = await started();
    crash(world);
    await world.clock.advance(second);
    await world.healing.stop();
    world.workloads.replicas.delete('api-1');
    await world.reborn().start();
    await world.clock.advance(second);
    restarted(world);
    await world.clock.advance(10 * second);
    expect(world.healing.incidents()).toHaveLength(1);
    expect(world.incident.outcome).toBe('healed');
  });
});
