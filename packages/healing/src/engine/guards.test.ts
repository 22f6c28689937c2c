import { describe, expect, test } from 'vitest';
import { RUNBOOK, World } from '../testing.ts';

const second = 1000;
const minute = 60 * second;

async function started(config?: string): Promise<World> {
  const world = new World(config);
  await world.healing.start();
  return world;
}

describe('guards', () => {
  test('one alert is one incident, however often it is sent', async () => {
    const world = await started();
    const alert = await world.fire();
    for (let i = 0; i < 10; i++) {
      await world.healing.alertsChanged([alert, alert]);
      await world.clock.advance(10 * second);
    }
    world.series = [];
    await world.clock.advance(minute);
    await world.healing.alertsChanged([alert]);
    await world.clock.advance(20 * minute);
    expect(world.healing.incidents()).toHaveLength(1);
    expect(world.workloads.calls).toEqual(['restart api']);
  });

  test('an alert that ends before anything was done closes its incident without a deed', async () => {
    const world = await started();
    world.queryFault = new Error('not yet');
    const alert = await world.fire();
    await world.clock.advance(minute);
    await world.resolve(alert);
    world.queryFault = undefined;
    await world.clock.advance(10 * minute);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'resolved', actions: [] });
    expect(world.workloads.calls).toEqual([]);
    expect(world.log.lines).toMatchObject([{ action: 'none', result: 'resolved' }]);
  });

  test('nothing is done while it cannot be told whether the alert is true; in the end a person is told', async () => {
    const world = await started();
    world.queryFault = new Error('storage is gone');
    await world.fire();
    await world.clock.advance(4 * minute);
    expect(world.story).toEqual([
      'detected: The alert fires',
      expect.stringMatching(/^guard: Not yet: cannot evaluate.*gone/),
    ]);
    await world.clock.advance(2 * minute);
    expect(world.incident.state).toBe('escalated');
    expect(world.messages).toHaveLength(1);
    expect(world.workloads.calls).toEqual([]);
  });

  test('nothing is done while the expression returns nothing, and it is acted on when it returns', async () => {
    const world = await started();
    await world.fire();
    const { series } = world;
    const other = await started();
    await other.healing.alertsChanged([other.alert()]);
    await other.clock.advance(minute);
    expect(other.workloads.calls).toEqual([]);
    other.series = series;
    await other.clock.advance(6 * second);
    expect(other.workloads.calls).toEqual(['restart api']);
  });

  test('an escalated incident whose end was missed is closed in the end, also after a restart', async () => {
    const world = await started();
    await world.fire();
    await world.clock.advance(3 * minute);
    expect(world.incident.state).toBe('escalated');
    await world.healing.stop();
    world.series = [];
    await world.reborn().start();
    await world.clock.advance(11 * minute);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'escalated' });
    expect(world.messages).toHaveLength(1);
  });

  test('an alert whose end was missed is given up', async () => {
    const world = await started();
    await world.healing.alertsChanged([world.alert()]);
    await world.clock.advance(11 * minute);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'resolved' });
    expect(world.workloads.calls).toEqual([]);
  });

  test('cooldown: the same target is left alone for a while, then mended again', async () => {
    const world = await started();
    const first = await world.fire();
    await world.clock.advance(1);
    await world.resolve(first);
    await world.clock.advance(40 * second);
    expect(world.incident.outcome).toBe('healed');
    await world.fire({ path: '/x' });
    await world.clock.advance(4 * minute);
    expect(world.workloads.calls).toEqual(['restart api']);
    expect(world.story.at(-1)).toMatch(/^guard: Not yet: cooling down until 2026-01-01T00:05:3/);
    await world.clock.advance(minute);
    expect(world.workloads.calls).toEqual(['restart api', 'restart api']);
  });

  test('attempts: a flapping alert uses up its budget and then goes to a person', async () => {
    const world = await started(
      RUNBOOK.replace('steps:', 'limits: {cooldown: 1m, attempts: 3, window: 1h}\n    steps:'),
    );
    for (let i = 0; i < 10; i++) {
      const alert = await world.fire();
      await world.clock.advance(70 * second);
      await world.resolve(alert);
      await world.clock.advance(70 * second);
    }
    expect(world.workloads.calls).toEqual(['restart api', 'restart api', 'restart api']);
    expect(world.messages.length).toBeGreaterThan(0);
    expect(world.messages[0]?.message.text).toContain('all 3 attempts of 60 minutes on api are used up');
    await world.clock.advance(60 * minute);
    await world.fire();
    await world.clock.advance(minute);
    expect(world.workloads.calls).toHaveLength(4);
  });

  test('breaker: a runbook that keeps failing is stopped, for every target', async () => {
    const world = await started(`
global: {receiver: team, breaker_failures: 2, breaker_reset: 30m, concurrency: 9}
runbooks:
  - name: restart
    match: [alertname="HighLatency"]
    target: {label: service, allow: [api, worker]}
    steps: [{restart: }, {verify: {for: 1s, timeout: 5s}}]
    limits: {cooldown: 0s, attempts: 100}
`);
    for (let i = 0; i < 4; i++) {
      await world.fire({ service: i % 2 === 0 ? 'api' : 'worker', path: `/${i}` });
      await world.clock.advance(10 * second);
    }
    expect(world.workloads.calls).toEqual(['restart api', 'restart worker']);
    // One message for each failed run, and one that the runbook is stopped.
    expect(world.messages).toHaveLength(3);
    expect(world.healing.incidents({ state: 'open' })).toHaveLength(4);
    expect(world.incident.timeline.at(-1)?.text).toContain('failed 2 times in a row and is stopped');
    await world.clock.advance(31 * minute);
    await world.fire({ path: '/later' });
    await world.clock.advance(10 * second);
    expect(world.workloads.calls).toHaveLength(3);
  });

  test('one run per target at a time, and so many over all', async () => {
    const world = await started(
      RUNBOOK.replace('{receiver: team}', '{receiver: team, concurrency: 1}').replace(
        'steps:',
        'limits: {cooldown: 0s}\n    steps:',
      ),
    );
    await world.fire({ path: '/a' });
    await world.fire({ path: '/b' });
    await world.fire({ service: 'worker' });
    await world.clock.advance(minute);
    expect(world.workloads.calls).toEqual(['restart api']);
    expect(
      world.healing
        .incidents()
        .map((each) => each.timeline.at(-1)?.text)
        .slice(0, 2),
    ).toEqual(['Not yet: 1 other runs are under way', 'Not yet: another run works on api']);
    await world.clock.advance(2 * minute);
    expect(world.workloads.calls.length).toBeGreaterThan(1);
  });

  test('a storm of 100 alerts is not answered with a storm', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `s${i}`);
    const world = await started(`
global: {concurrency: 3, actions: 5, window: 10m, receiver: team, breaker_failures: 1000}
runbooks:
  - name: restart
    match: [alertname="HighLatency"]
    target: {label: service, allow: [${names.join(', ')}]}
    steps: [{restart: }, {verify: {for: 5s, timeout: 30s}}]
`);
    for (const service of names) world.workloads.set({ name: `${service}-1`, service });
    let running = 0;
    let most = 0;
    world.workloads.fault = async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => world.clock.setTimeout(resolve, second));
      running--;
    };
    await Promise.all(names.map((service) => world.fire({ service })));
    await world.clock.advance(9 * minute);
    expect(world.workloads.calls).toHaveLength(5);
    expect(new Set(world.workloads.calls).size).toBe(5);
    expect(most).toBeLessThanOrEqual(3);
    await world.clock.advance(10 * minute);
    expect(world.workloads.calls).toHaveLength(10);
    const before = world.workloads.calls.length;
    await world.healing.alertsChanged(
      names.map((service) => world.alert({ service }, { status: 'resolved' })),
    );
    await world.clock.advance(30 * minute);
    expect(world.workloads.calls).toHaveLength(before);
    expect(world.healing.incidents({ state: 'open', limit: 1000 })).toEqual([]);
  });

  test.each([
    ['a service that nobody named', { service: 'postgres' }, 'its labels name no service'],
    ['no service at all', { service: '' }, 'its labels name no service'],
  ])('does not act on %s', async (_, labels, why) => {
    const world = await started();
    await world.fire(labels);
    await world.clock.advance(minute);
    expect(world.workloads.calls).toEqual([]);
    expect(world.incident.timeline.at(-1)?.text).toContain(why);
  });

  test('does not act on a service that does not exist, nor on itself', async () => {
    const world = await started();
    world.workloads.replicas.delete('worker-1');
    await world.fire({ service: 'worker' });
    world.workloads.set({ name: 'api-1', service: 'api', pid: process.pid });
    await world.fire({ service: 'api' });
    await world.clock.advance(minute);
    expect(world.workloads.calls).toEqual([]);
    const errors = world.healing
      .incidents()
      .map((each) => each.timeline.find((entry) => entry.step?.kind === 'restart')?.step?.error);
    expect(errors).toEqual(['Prunella does not act on itself', 'there is no service "worker"']);
  });

  test('nothing is done that could not be written down first', async () => {
    const world = await started();
    await world.fire();
    world.journal.fault = new Error('ENOSPC');
    await world.clock.advance(minute);
    expect(world.workloads.calls).toEqual([]);
    expect(world.messages[0]?.message.text).toContain('the run failed: ENOSPC');
    expect(world.incident.state).toBe('escalated');
  });

  test('an alert that no runbook matches is left alone, and logged when it came by webhook', async () => {
    const world = await started();
    await world.healing.alertsChanged([world.alert({ alertname: 'Other' })]);
    expect(world.log.lines).toEqual([]);
    await world.healing.alertsChanged([world.alert({ alertname: 'Other' })], 'webhook');
    expect(world.healing.incidents()).toEqual([]);
    expect(world.log.lines).toMatchObject([{ alert: 'Other', action: 'none', result: 'no_runbook' }]);
  });

  test('who cannot be told is tried again', async () => {
    const world = await started();
    world.notifyFault = new Error('503');
    await world.fire();
    await world.clock.advance(2 * minute + 3 * second);
    world.notifyFault = undefined;
    await world.clock.advance(minute);
    expect(world.messages).toHaveLength(1);
    expect(world.incident.state).toBe('escalated');
  });
});
