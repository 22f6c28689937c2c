import { VirtualClock } from '@prunella/metrics/testing';
import { describe, expect, test } from 'vitest';
import { runGameday, type GamedayPorts, type ObservedIncident, type ScenarioResult } from './gameday.ts';
import { parseGameday, type Fault } from './plan.ts';
import { reportLines } from './report.ts';

const PLAN = `
steady: ['up == 0']
abort_when: ['errors > 1']
patience: 10s
scenarios:
  - name: slow
    inject: {http: {url: 'http://127.0.0.1/slow'}}
    undo: {http: {method: DELETE, url: 'http://127.0.0.1/slow'}}
    expect: {alert: Slow, detected: 1m, told: 70s, healed: 2m, actions: 1}
  - name: crash
    inject: {signal: {workload: api}}
    expect: {alert: WorkloadCrashed, target: api, detected: 5s, healed: 30s}
`;

class World {
  readonly clock: VirtualClock = new VirtualClock(1_000_000);
  readonly faults: Fault[] = [];
  readonly said: string[] = [];
  incidents: ObservedIncident[] = [];
  holding = new Set<string>();
  /** What happens so many ms after the world was made. */
  #plan: [number, () => void][] = [];

  at(time: number, action: () => void): this {
    this.#plan.push([time, action]);
    return this;
  }

  incident(change: Partial<ObservedIncident> & { detectedAt: number }): void {
    const full = { id: 'i', alertname: 'Slow', closed: false, actions: 0, ...change };
    this.incidents = [full, ...this.incidents.filter((each) => each.id !== full.id)];
  }

  async run(
    text: string = PLAN,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<ScenarioResult[]> {
    const start = this.clock.now();
    for (const [time, action] of this.#plan) this.clock.setTimeout(action, time);
    const ports: GamedayPorts = {
      clock: this.clock,
      inject: async (fault) => void this.faults.push(fault),
      incidents: () => Promise.resolve(this.incidents),
      holds: (expr) => Promise.resolve(this.holding.has(expr)),
      say: (line) => void this.said.push(`${(this.clock.now() - start) / 1000} ${line}`),
    };
    let done = false;
    const results = runGameday(parseGameday(text, 'g.yml'), ports, signal).finally(() => (done = true));
    const isDone = (): boolean => done;
    for (let i = 0; i < 600 && !isDone(); i++) await this.clock.advance(1000);
    return results;
  }
}

const T0 = 1_000_000;
const slow = { detectedAt: T0 + 40_000 };
const healed = {
  ...slow,
  toldAt: T0 + 45_000,
  actedAt: T0 + 41_000,
  healedAt: T0 + 90_000,
  closed: true,
  outcome: 'healed',
  actions: 1,
};
const crash = {
  id: 'c',
  alertname: 'WorkloadCrashed',
  target: 'api',
  closed: true,
  outcome: 'healed',
  actions: 1,
};

describe('runGameday()', () => {
  test('reports how fast each fault was detected, told, acted on and healed', async () => {
    const world = new World()
      .at(40_500, () => world.incident(slow))
      .at(90_500, () => world.incident(healed))
      .at(93_500, () =>
        world.incident({ ...crash, detectedAt: T0 + 92_000, actedAt: T0 + 93_000, healedAt: T0 + 99_000 }),
      );
    const results = await world.run();
    expect(results).toEqual([
      {
        name: 'slow',
        verdict: 'passed',
        faults: [],
        incident: 'i',
        outcome: 'healed',
        detected: 40_000,
        told: 45_000,
        acted: 41_000,
        healed: 90_000,
        actions: 1,
      },
      {
        name: 'crash',
        verdict: 'passed',
        faults: [],
        incident: 'c',
        outcome: 'healed',
        detected: 1000,
        acted: 2000,
        healed: 8000,
        actions: 1,
      },
    ]);
    expect(world.faults).toEqual([
      { http: { method: 'POST', url: 'http://127.0.0.1/slow' } },
      { http: { method: 'DELETE', url: 'http://127.0.0.1/slow' } },
      { signal: { workload: 'api', signal: 'SIGKILL' } },
    ]);
    expect(world.said).toEqual([
      '0 slow: injecting',
      '0 slow: waiting',
      '41 slow: detected',
      '91 slow: closed, healed',
      '91 slow: passed',
      '91 crash: injecting',
      '91 crash: waiting',
      '94 crash: closed, healed',
      '94 crash: passed',
    ]);
    expect(reportLines(results)).toEqual([
      'scenario  verdict  detected  told    acted   healed  actions  outcome',
      'slow      passed   40.0 s    45.0 s  41.0 s  90.0 s  1        healed',
      'crash     passed   1.0 s     -       2.0 s   8.0 s   1        healed',
      '',
      '2 passed, 0 failed',
    ]);
  });

  test.each([
    ['nothing happened', undefined, ['no incident Slow within 60 s']],
    [
      'it was late',
      { ...healed, detectedAt: T0 + 61_000, toldAt: T0 + 71_500 },
      ['detected after 61 s, not 60 s', 'told after 71.5 s, not 70 s'],
    ],
    [
      'nobody was told and nothing healed',
      { ...slow, closed: true, outcome: 'escalated', actions: 2 },
      ['not told within 70 s', 'not healed within 120 s', 'acted 2 times, not 1'],
    ],
  ])('fails when %s, undoes the fault, and goes on', async (_, incident, faults) => {
    const world = new World();
    if (incident) world.at(61_500, () => world.incident(incident));
    const [first, second] = await world.run();
    expect(first).toMatchObject({ verdict: 'failed', faults });
    expect(world.faults).toHaveLength(3);
    expect(second?.verdict).toBe('failed');
    expect(reportLines([first as ScenarioResult])).toContain(`  slow: ${faults[0]}`);
  });

  test('an older incident of the same name does not count', async () => {
    const world = new World();
    world.incident({ ...healed, detectedAt: T0 - 5000 });
    expect((await world.run())[0]?.faults).toEqual(['no incident Slow within 60 s']);
  });

  test('injects nothing into what is not steady', async () => {
    for (const disturb of [
      (w: World) => void w.holding.add('up == 0'),
      (w: World) => w.incident({ detectedAt: 0 }),
    ]) {
      const world = new World();
      disturb(world);
      expect((await world.run()).map((result) => result.verdict)).toEqual(['skipped', 'skipped']);
      expect(world.faults).toEqual([]);
    }
  });

  test('stops, and undoes, as soon as the harm spreads', async () => {
    const world = new World().at(5500, () => void world.holding.add('errors > 1'));
    const results = await world.run();
    expect(results.map((result) => result.verdict)).toEqual(['failed', 'skipped']);
    expect(results[0]?.faults[0]).toBe('stopped: errors > 1 returns something');
    expect(world.faults).toHaveLength(2);
  });

  test('undoes when it is interrupted', async () => {
    const abort = new AbortController();
    const world = new World().at(5500, () => abort.abort());
    const results = await world.run(PLAN, abort.signal);
    expect(results.map((result) => result.verdict)).toEqual(['failed', 'skipped']);
    expect(world.faults).toHaveLength(2);
  });
});

describe('a game day’s file', () => {
  test.each([
    ['scenarios: []', 'a game day needs at least one scenario'],
    ['scenarios: [{name: a, inject: {}, expect: {alert: A}}]', 'g.yml:1:'],
    ["steady: ['up ==']\nscenarios: []", 'parse error'],
    [
      'scenarios: [{name: a, inject: {signal: {workload: x, signal: SIGFOO}}, expect: {alert: A}}]',
      'SIGKILL',
    ],
    ['scenarios: [{name: a, inject: {http: {url: nowhere}}, expect: {alert: A}}]', 'not an address'],
  ])('%s is refused', (text, message) => {
    expect(() => parseGameday(text, 'g.yml')).toThrow(message);
  });
});
