import { describe, expect, test } from 'vitest';
import { RUNBOOK, World } from '../testing.ts';

const second = 1000;
const minute = 60 * second;

async function started(config?: string): Promise<World> {
  const world = new World(config);
  await world.healing.start();
  return world;
}

describe('modes', () => {
  const mode = (name: string): string => RUNBOOK.replace('target:', `mode: ${name}\n    target:`);

  test('dry-run takes evidence and changes nothing', async () => {
    const world = await started(mode('dry-run'));
    await world.fire();
    await world.clock.advance(minute);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'dry_run', actions: [] });
    expect(world.workloads.calls).toEqual([]);
    expect(world.incident.evidence).toHaveLength(2);
    expect(world.story).toContain('restart skipped');
  });

  test('approve waits for a person', async () => {
    const world = await started(mode('approve'));
    await world.fire();
    await world.clock.advance(minute);
    expect(world.incident.state).toBe('awaiting_approval');
    expect(world.messages).toMatchObject([{ message: { title: 'Approve? HighLatency on api' } }]);
    expect(world.workloads.calls).toEqual([]);
    await world.healing.approve(world.incident.id, 'Ada', 'go on');
    await world.clock.advance(second);
    expect(world.workloads.calls).toEqual(['restart api']);
    expect(world.story).toContain('approval: Approved by Ada: go on');
    await expect(world.healing.approve(world.incident.id, 'Ada')).rejects.toThrow('it is verifying');
    await expect(world.healing.approve('nonsense', 'Ada')).rejects.toThrow('there is no incident');
  });

  test('reject closes', async () => {
    const world = await started(mode('approve'));
    await world.fire();
    await world.clock.advance(second);
    const { id } = world.incident;
    await Promise.all([
      world.healing.reject(id, 'Ada'),
      expect(world.healing.approve(id, 'Bob')).rejects.toThrow('does not wait'),
    ]);
    await world.clock.advance(minute);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'rejected' });
    expect(world.workloads.calls).toEqual([]);
    expect(world.log.lines).toMatchObject([{ result: 'rejected', action: 'none' }]);
  });

  test('nobody answers in time: a person is told', async () => {
    const world = await started(mode('approve'));
    await world.fire();
    await world.clock.advance(31 * minute);
    expect(world.incident.state).toBe('escalated');
    expect(world.messages).toHaveLength(2);
    expect(world.workloads.calls).toEqual([]);
  });

  test('the alert ends while it waits', async () => {
    const world = await started(mode('approve'));
    const alert = await world.fire();
    await world.clock.advance(second);
    await world.resolve(alert);
    await world.clock.advance(second);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'resolved' });
  });

  test('waiting survives a restart, with the time that is left, and asks only once', async () => {
    const world = await started(mode('approve'));
    await world.fire();
    await world.clock.advance(20 * minute);
    await world.healing.stop();
    await world.reborn(mode('approve')).start();
    await world.clock.advance(second);
    expect(world.messages).toHaveLength(1);
    await world.clock.advance(11 * minute);
    expect(world.incident.state).toBe('escalated');
  });
});
