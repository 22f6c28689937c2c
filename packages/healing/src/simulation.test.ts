/**
 * One seed replays a day: alerts, illnesses, failing queries and kills of Prunella at every write of the journal, in any
 * order. Whatever happens, the promises of the guards hold; and when the trouble ends, everything comes to an end.
 */
import { Labels, type Clock } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HealingAlert } from './alert/alert.ts';
import { fingerprintOf } from './alert/fingerprint.ts';
import { parseHealing } from './config/config.ts';
import { Healing } from './healing.ts';
import { isOpen, type Change, type Incident } from './incident/incident.ts';
import type { Journal } from './incident/journal.ts';
import { FakeWorkloads, MemoryJournal, MemoryLog } from './testing.ts';

const minute = 60_000;
const SERVICES = ['api', 'worker'] as const;
const COOLDOWN = 5 * minute;
const ATTEMPTS = 3;
const WINDOW = 60 * minute;
const CONFIG = `
global: {receiver: team, concurrency: 2, actions: 1, window: 3m, breaker_failures: 3, breaker_reset: 20m}
runbooks:
  - name: restart
    match: [alertname="Slow"]
    target: {label: service, allow: [${SERVICES.join(', ')}]}
    steps: [{capture: {logs: {tail: 5}}}, {restart: {timeout: 30s}}, {wait: {for: 5s}}, {verify: {for: 20s, timeout: 2m}}]
    limits: {cooldown: 5m, attempts: ${ATTEMPTS}, window: 1h}
`;

type Service = (typeof SERVICES)[number];
type Event =
  | { readonly kind: 'ill'; readonly service: Service; readonly curable: boolean }
  | { readonly kind: 'well'; readonly service: Service }
  | { readonly kind: 'query'; readonly works: boolean }
  | { readonly kind: 'hang'; readonly service: Service }
  | { readonly kind: 'kill'; readonly writes: number; readonly written: boolean }
  | { readonly kind: 'pass'; readonly ms: number };

const service = fc.constantFrom(...SERVICES);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('ill' as const), service, curable: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('well' as const), service }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('query' as const), works: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hang' as const), service }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('kill' as const), writes: fc.nat(9), written: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 4 * minute }) }),
  },
);

/** One process of Prunella, from its start to its kill. */
class Life {
  alive: boolean;
  readonly died: Promise<void>;
  end: () => void = () => {};

  constructor(alive: boolean) {
    this.alive = alive;
    this.died = new Promise((resolve) => {
      this.end = () => {
        this.alive = false;
        resolve();
      };
    });
  }
}

/** The machine, which outlives every Prunella that runs on it. */
class Machine {
  readonly clock: VirtualClock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly disk: MemoryJournal = new MemoryJournal();
  readonly log: MemoryLog = new MemoryLog();
  readonly ill = new Map<Service, { curable: boolean; alert: HealingAlert }>();
  readonly calls: { service: string; time: number }[] = [];
  readonly hanging = new Set<string>();
  readonly faults: string[] = [];
  queryWorks = true;
  #kill: { writes: number; written: boolean } | undefined;
  #life = new Life(false);
  healing: Healing | undefined;

  async apply(event: Event): Promise<void> {
    if (event.kind === 'ill') await this.#fallIll(event.service, event.curable);
    else if (event.kind === 'well') await this.#recover(event.service);
    else if (event.kind === 'query') this.queryWorks = event.works;
    else if (event.kind === 'hang') this.hanging.add(event.service);
    else if (event.kind === 'kill') this.#kill = { ...event };
    else await this.pass(event.ms);
    // What has begun goes on before the next thing happens.
    await this.clock.advance(10);
  }

  /** Time passes; alerts are sent again every so often, as Alertmanager does; who was killed is started again. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 30_000) {
      if (!this.#life.alive) await this.#start();
      await this.clock.advance(Math.min(left, 30_000));
      await this.#send([...this.ill.values()].map(({ alert }) => alert));
    }
  }

  /** The end of all trouble. */
  async calm(): Promise<void> {
    this.queryWorks = true;
    this.#kill = undefined;
    for (const name of SERVICES) await this.#recover(name);
    await this.pass(40 * minute);
  }

  incidents(): Incident[] {
    return this.healing?.incidents({ limit: 1000 }) ?? [];
  }

  async #fallIll(name: Service, curable: boolean): Promise<void> {
    if (this.ill.has(name)) return;
    const labels = Labels.from({ alertname: 'Slow', service: name });
    const base = {
      labels,
      annotations: Labels.empty,
      status: 'firing',
      fingerprint: fingerprintOf(labels),
    } as const;
    const alert = { ...base, startsAt: this.clock.now() };
    this.ill.set(name, { curable, alert });
    await this.#send([alert]);
  }

  async #recover(name: Service): Promise<void> {
    const { alert } = this.ill.get(name) ?? {};
    this.ill.delete(name);
    if (alert) await this.#send([{ ...alert, status: 'resolved', endsAt: this.clock.now() }]);
  }

  async #send(alerts: readonly HealingAlert[]): Promise<void> {
    if (this.#life.alive) await Promise.race([this.healing?.alertsChanged(alerts), this.#life.died]);
  }

  async #start(): Promise<void> {
    this.#kill = undefined;
    const life = (this.#life = new Life(true));
    this.healing = new Healing({
      clock: mortalClock(this.clock, life),
      journal: this.#mortalJournal(life),
      log: this.log,
      mask: (text) => text,
      workloads: this.#workloads(life),
      query: async () => {
        if (!this.queryWorks) throw new Error('no storage');
        const samples = [...this.ill.keys()].map((name) => ({
          labels: Labels.from({ service: name }),
          value: 1,
        }));
        return { value: { type: 'vector', samples } };
      },
      expressionOf: () => ({ expr: 'slow' }),
      notify: () => Promise.resolve(),
    });
    this.healing.onChange((incident) => this.#judge(incident));
    this.healing.apply(parseHealing(CONFIG, 'healing.yml'));
    await this.healing.start();
    await this.clock.advance(10);
  }

  /** Dies at a write: before it reached the disk, or after. What the dead one would do next never happens. */
  #mortalJournal(life: Life): Journal {
    const { disk } = this;
    return {
      load: () => disk.load(),
      remove: (id) => disk.remove(id),
      close: () => disk.close(),
      append: (id: string, change: Change) => {
        if (!life.alive) return new Promise(() => {});
        if (!this.#kill || this.#kill.writes-- > 0) return disk.append(id, change);
        if (this.#kill.written) void disk.append(id, change);
        life.end();
        return new Promise(() => {});
      },
    };
  }

  #workloads(life: Life): FakeWorkloads {
    const workloads = new FakeWorkloads(...SERVICES);
    workloads.restart = async (name) => {
      if (!life.alive) return new Promise(() => {});
      const time = this.clock.now();
      this.calls.push({ service: name, time });
      if (!this.queryWorks) this.faults.push(`acted on ${name} while nothing could be known`);
      const illness = this.ill.get(name as Service);
      if (!illness) this.faults.push(`acted on ${name}, which was well`);
      if (this.hanging.delete(name)) return new Promise(() => {});
      if (illness?.curable) await this.#recover(name as Service);
    };
    return workloads;
  }

  #judge({ outcome, healedAt, target, timeline }: Incident): void {
    if (timeline.filter(({ step }) => step?.kind === 'restart' && step.state !== 'skipped').length > 1) {
      this.faults.push('an incident has two restarts');
    }
    if (outcome !== 'healed' || healedAt !== this.clock.now()) return;
    if (this.ill.has(target as Service)) this.faults.push(`${target} was called healed and was ill`);
    if (!this.queryWorks) this.faults.push(`${target} was called healed while nothing could be known`);
  }
}

function mortalClock(clock: VirtualClock, life: Life): Clock {
  return {
    now: () => clock.now(),
    setTimeout: (callback, delay) => clock.setTimeout(() => life.alive && callback(), delay),
  };
}

test('guards hold through a day of illnesses and kills', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 40 }), async (events) => {
      const machine = new Machine();
      await machine.pass(1);
      for (const each of events) await machine.apply(each);
      await machine.calm();

      expect(machine.faults).toEqual([]);
      for (const name of SERVICES) {
        const times = machine.calls.filter((call) => call.service === name).map((call) => call.time);
        times
          .slice(1)
          .forEach((time, i) => expect(time - (times[i] as number)).toBeGreaterThanOrEqual(COOLDOWN));
        times
          .slice(ATTEMPTS)
          .forEach((time, i) => expect(time - (times[i] as number)).toBeGreaterThanOrEqual(WINDOW));
      }
      const all = machine.calls.map((call) => call.time);
      all.slice(1).forEach((time, i) => expect(time - (all[i] as number)).toBeGreaterThanOrEqual(3 * minute));
      const intents = [...machine.disk.files.values()].flat().filter((change) => {
        return change.entries?.some(({ step }) => step?.kind === 'restart' && step.state === 'intended');
      });
      expect(machine.calls.length).toBeLessThanOrEqual(intents.length);
      expect(machine.incidents().filter(isOpen)).toEqual([]);
      const ids = machine.log.lines.map((line) => line.incident);
      expect(new Set(ids).size).toBe(ids.length);
    }),
    { numRuns: Number(process.env['SIMULATIONS'] ?? 20) },
  );
});
