import { Labels, type Clock } from '@prunella/metrics';
import { describe, expect, test } from 'vitest';
import { RUNBOOK, World } from './testing.ts';

const second = 1000;
const minute = 60 * second;

async function started(
  config?: string,
  ...rest: ConstructorParameters<typeof World> extends [unknown?, ...infer R] ? R : never
): Promise<World> {
  const world = new World(config, ...rest);
  await world.healing.start();
  return world;
}

describe('a run', () => {
  test('captures, restarts once, proves, closes, and logs one line', async () => {
    const world = await started();
    const alert = await world.fire();
    await world.clock.advance(10);
    expect(world.incident).toMatchObject({ state: 'verifying', title: 'HighLatency on api', target: 'api' });
    world.healing.told({
      receiver: 'web',
      integration: 'webhook',
      status: 'firing',
      fingerprints: [alert.fingerprint],
      time: world.clock.now(),
    });
    await world.clock.advance(20 * second);
    world.series = [];
    await world.clock.advance(29 * second);
    expect(world.incident.state).toBe('verifying');
    await world.clock.advance(5 * second);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'healed' });
    expect(world.workloads.calls).toEqual(['restart api']);
    const { detectedAt, toldAt, actedAt, healedAt, closedAt } = world.incident;
    expect([detectedAt, actedAt, toldAt, healedAt, closedAt].every((time) => time !== undefined)).toBe(true);
    expect((healedAt as number) - detectedAt).toBeGreaterThanOrEqual(50 * second);
    expect(world.story).toEqual([
      'detected: The alert fires',
      'capture done',
      'restart done',
      'verify done',
      'told: Told web (webhook)',
      expect.stringMatching(/^verified: Healed: latency > 1 returns nothing; api runs/),
      'closed: Closed: healed',
    ]);
    expect(world.incident.evidence).toMatchObject([
      { kind: 'log', text: expect.stringContaining('postgres://me:***@db/shop') },
      { kind: 'query', expr: 'up', samples: [{ labels: { service: 'api' }, value: 2 }] },
    ]);
    expect(world.log.lines).toEqual([
      {
        time: new Date(closedAt as number).toISOString(),
        incident: world.incident.id,
        alert: 'HighLatency',
        severity: 'critical',
        labels: { alertname: 'HighLatency', service: 'api', severity: 'critical' },
        runbook: 'restart',
        target: 'api',
        action: 'restart api',
        result: 'healed',
        duration: ((closedAt as number) - detectedAt) / 1000,
        detected: new Date(detectedAt).toISOString(),
        told: new Date(toldAt as number).toISOString(),
        acted: new Date(actedAt as number).toISOString(),
        healed: new Date(healedAt as number).toISOString(),
      },
    ]);
    await world.resolve(alert);
    expect(world.story.at(-1)).toBe('resolved: The alert is resolved');
    expect(world.log.lines).toHaveLength(1);
    await world.healing.stop();
  });

  test('tells a person when it did not help, and stays open until the alert ends', async () => {
    const world = await started();
    const alert = await world.fire();
    await world.clock.advance(3 * minute);
    expect(world.incident).toMatchObject({ state: 'escalated', outcome: 'escalated' });
    expect(world.workloads.calls).toEqual(['restart api']);
    expect(world.messages).toMatchObject([
      { receiver: 'team', message: { title: 'Needs a person: HighLatency on api' } },
    ]);
    expect(world.messages[0]?.message.text).toContain('Done so far: restart api.');
    expect(world.log.lines).toMatchObject([{ result: 'escalated', action: 'restart api' }]);
    await world.resolve(alert);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'escalated' });
    expect(world.log.lines).toHaveLength(1);
  });

  test('what follows a failed verification is the next attempt', async () => {
    const world = await started(`
global: {receiver: team}
runbooks:
  - name: two
    match: [alertname="HighLatency"]
    target: {service: worker}
    steps: [{restart: }, {verify: {for: 5s, timeout: 10s}}, {scale: {by: 2, max: 2}}, {verify: {for: 5s, timeout: 1m}}, {escalate: {receiver: boss}}]
`);
    await world.fire();
    await world.clock.advance(12 * second);
    expect(world.workloads.calls).toEqual(['restart worker', 'scale worker 2']);
    world.series = [];
    await world.clock.advance(10 * second);
    expect(world.incident).toMatchObject({
      outcome: 'healed',
      actions: ['restart worker', 'scale worker to 2'],
    });
    expect(world.messages).toEqual([]);
  });

  test('a step that is refused passes over its verification; one that hangs is verified', async () => {
    const config = RUNBOOK.replace('restart: {}', 'restart: {timeout: 20s}');
    const refused = await started(config);
    refused.workloads.fault = () => Promise.reject(new Error('no such container'));
    await refused.fire();
    await refused.clock.advance(1);
    expect(refused.story.slice(1)).toEqual([
      'capture done',
      'restart failed',
      'verify skipped',
      'escalate done',
      expect.stringContaining('escalated: '),
    ]);
    const hanging = await started(config);
    hanging.workloads.fault = () => new Promise(() => {});
    await hanging.fire();
    await hanging.clock.advance(20 * second + 1);
    expect(hanging.incident.timeline.find((entry) => entry.step?.kind === 'restart')?.step).toMatchObject({
      state: 'failed',
      durationMs: 20 * second,
      error: 'no answer within 20 s',
    });
    expect(hanging.incident.state).toBe('verifying');
    hanging.series = [];
    await hanging.clock.advance(minute);
    expect(hanging.incident.outcome).toBe('healed');
    expect(hanging.workloads.calls).toEqual(['restart api']);
  });

  test('http steps compare the status', async () => {
    const answers = [500, 204];
    const seen: string[] = [];
    const world = await started(
      `
runbooks:
  - name: hook
    match: [alertname="HighLatency"]
    steps: [{http: {url: 'http://user:pw@127.0.0.1/purge?key=1', body: '{}'}}, {verify: {for: 1s, timeout: 2s}}, {http: {url: 'http://127.0.0.1/again'}}]
`,
      { http: async ({ method, url }) => (seen.push(`${method} ${url}`), answers.shift() ?? 0) },
    );
    await world.fire();
    world.series = [];
    await world.clock.advance(40 * second);
    expect(seen).toEqual(['POST http://user:pw@127.0.0.1/purge?key=1', 'POST http://127.0.0.1/again']);
    expect(world.incident.actions).toEqual(['POST http://127.0.0.1/purge', 'POST http://127.0.0.1/again']);
    expect(world.incident.outcome).toBe('healed');
    expect(JSON.stringify(world.incident)).not.toContain('user:pw');
  });
});

describe('proof', () => {
  test.each([
    ['while the query fails', (world: World) => void (world.queryFault = new Error('storage is gone'))],
    [
      'while the target is unhealthy',
      (world: World) => world.workloads.set({ name: 'api-1', healthy: false }),
    ],
    ['while the target is down', (world: World) => world.workloads.set({ name: 'api-1', state: 'failed' })],
    ['when the target has vanished', (world: World) => void world.workloads.replicas.delete('api-1')],
  ])('is not given %s', async (_, break_) => {
    const world = await started();
    await world.fire();
    await world.clock.advance(1);
    world.series = [];
    break_(world);
    await world.clock.advance(3 * minute);
    expect(world.incident.state).toBe('escalated');
    expect(world.incident.healedAt).toBeUndefined();
  });

  test('has to hold without a break', async () => {
    const world = await started();
    await world.fire();
    const { series } = world;
    for (let i = 0; i < 4; i++) {
      world.series = [];
      await world.clock.advance(25 * second);
      world.series = series;
      await world.clock.advance(3 * second);
    }
    expect(world.incident.state).toBe('verifying');
  });

  test.each([
    ['forwards', 3_600_000],
    ['backwards', -3_600_000],
  ])('is not impressed by a clock that jumps an hour %s', async (_, jump) => {
    const skew = { ms: 0 };
    const base = new World().clock;
    const clock: Clock = {
      now: () => base.now() + skew.ms,
      setTimeout: (callback, delay) => base.setTimeout(callback, delay),
    };
    const world = await started(RUNBOOK, { clock });
    world.series = [Labels.from({ service: 'api' })];
    await world.healing.alertsChanged([world.alert()]);
    await base.advance(10 * second);
    skew.ms = jump;
    await base.advance(10 * second);
    expect(world.incident.state).toBe('verifying');
    world.series = [];
    await base.advance(25 * second);
    expect(world.incident.state).toBe('verifying');
    await base.advance(10 * second);
    expect(world.incident.outcome).toBe('healed');
  });

  test('asks for the alert’s own series only', async () => {
    const world = await started();
    await world.fire();
    await world.clock.advance(1);
    world.series = world.series.map((labels) => labels.with({ service: 'worker' }));
    await world.clock.advance(40 * second);
    expect(world.incident.outcome).toBe('healed');
  });

  test('without an expression is the resolved message', async () => {
    const world = await started(RUNBOOK, { expressionOf: () => undefined });
    const alert = await world.fire();
    await world.clock.advance(minute);
    expect(world.incident.state).toBe('verifying');
    await world.resolve(alert);
    await world.clock.advance(33 * second);
    expect(world.incident.outcome).toBe('healed');
  });

  test('of an alert sent by hand is that the target runs', async () => {
    const world = await started(RUNBOOK, { expressionOf: () => undefined });
    await world.healing.alertsChanged([world.alert({}, { simulated: true })], 'webhook');
    await world.clock.advance(minute);
    expect(world.incident.outcome).toBe('healed');
    expect(world.workloads.calls).toEqual(['restart api']);
  });
});

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
