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
