import { Labels, silentLogger } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { receiveAlert } from '../alert.ts';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import { Inhibitor } from '../inhibit.ts';
import { NotificationLog } from '../nflog.ts';
import { DeliveryError, type Deliver } from '../receivers/receiver.ts';
import { Route } from '../route.ts';
import { Silences } from '../silence/silences.ts';
import { memoryRecords } from '../store.ts';
import type { Integration, Receiver } from './integration.ts';
import { Pace } from './pace.ts';
import { Pipeline, type Delivery } from './pipeline.ts';
import { Turns } from './turns.ts';

const HOUR = 3_600_000;
let clock: VirtualClock;
let deliveries: Delivery[];
let dispatcher: Dispatcher;
beforeEach(() => {
  clock = new VirtualClock(1_000_000);
  deliveries = [];
});

const seconds = (): number => (clock.now() - 1_000_000) / 1000;

/** Whoever is told writes down when. */
function recorder(script: (attempt: number) => Promise<string> | string): { at: number[]; deliver: Deliver } {
  const at: number[] = [];
  return { at, deliver: async () => script(at.push(seconds())) };
}

function integration(receiver: string, name: string, deliver: Deliver): Integration {
  return {
    receiver,
    name,
    index: 0,
    sendResolved: true,
    deliver,
    turns: new Turns(100),
    key: `${receiver}/${name}/0`,
  };
}

function start(receivers: Receiver[], groupInterval = 60_000): void {
  const route = new Route({
    receiver: receivers[0]?.name ?? '',
    groupWait: 0,
    groupInterval,
    matchers: [],
    continue: false,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    routes: [],
  });
  const silences = new Silences({ clock, records: memoryRecords(), retention: HOUR });
  const pace = new Pace();
  const pipeline = new Pipeline({
    clock,
    logger: silentLogger,
    random: () => 0.5,
    inhibitor: new Inhibitor([]),
    silences,
    intervals: new Map(),
    log: new NotificationLog({ clock, records: memoryRecords(), retention: 100 * HOUR }),
    receivers: new Map(receivers.map((receiver) => [receiver.name, receiver])),
    pace,
    isAcknowledged: () => false,
    decorate: (alert) => alert,
    routeLabels: () => Labels.empty,
    onFlush: () => {},
    onMuted: () => {},
    onDelivery: (delivery) => deliveries.push(delivery),
  });
  dispatcher = new Dispatcher(route, { clock, notBefore: 0, pace, flush: (flush) => pipeline.run(flush) });
}

const receiver = (name: string, ...integrations: [string, Deliver][]): Receiver => ({
  name,
  labels: {},
  fallback: undefined,
  integrations: integrations.map(([kind, deliver]) => integration(name, kind, deliver)),
});

const fire = (name: string): void =>
  dispatcher.dispatch(receiveAlert({ labels: Labels.from({ alertname: name }) }, clock.now(), HOUR));

const failing = (retry: boolean) => (): never => {
  throw new DeliveryError('broken', { retry });
};

describe('a delivery that fails', () => {
  test('for now: is tried again with growing waits until it works, and then no more', async () => {
    const flaky = recorder((attempt) => (attempt < 5 ? failing(true)() : 'ok'));
    start([receiver('ops', ['webhook', flaky.deliver])]);
    fire('A');
    await clock.advance(600_000);
    expect(flaky.at).toEqual([0, 0.5, 1.25, 2.375, 4.0625]);
    expect(deliveries.map(({ attempts, error }) => [attempts.length, error])).toEqual([[5, undefined]]);
  });

  test('for good: is tried again only at the next tick', async () => {
    const refused = recorder(failing(false));
    start([receiver('ops', ['webhook', refused.deliver])]);
    fire('A');
    await clock.advance(120_000);
    expect(refused.at).toEqual([0, 60, 120]);
    expect(deliveries[0]?.error?.message).toBe('broken');
  });

  test('without end: its tries end after a group interval', async () => {
    const broken = recorder(failing(true));
    start([receiver('ops', ['webhook', broken.deliver])]);
    fire('A');
    await clock.advance(59_000);
    expect(broken.at.length).toBeGreaterThan(5);
    expect(deliveries).toHaveLength(0);
    await clock.advance(1000);
    expect(deliveries[0]?.error?.message).toMatch(/given up after \d+ attempts: broken/);
  });
});

describe('integrations of one receiver', () => {
  test('a stalled one does not delay or repeat the other', async () => {
    const stalled = recorder(() => new Promise<string>(() => {}));
    const good = recorder(() => 'ok');
    start([receiver('ops', ['email', stalled.deliver], ['webhook', good.deliver])], 5000);
    fire('A');
    await clock.advance(2000);
    fire('B');
    await clock.advance(30_000);
    expect(good.at).toEqual([0, 5]);
    // Given up after 10 s, and begun again at the tick after that.
    expect(stalled.at).toEqual([0, 10, 20, 30]);
  });

  test('one that fails does not keep the other from forgetting what resolved', async () => {
    const good = recorder(() => 'ok');
    const bad = recorder(failing(false));
    start([receiver('ops', ['a', good.deliver], ['b', bad.deliver])]);
    fire('A');
    await clock.advance(1000);
    dispatcher.dispatch(
      receiveAlert({ labels: Labels.from({ alertname: 'A' }), endsAt: clock.now() }, clock.now(), HOUR),
    );
    await clock.advance(600_000);
    expect(good.at).toEqual([0, 60]);
  });
});

test('the fallback receiver is told, once, what could not be delivered', async () => {
  const bad = recorder(failing(false));
  const other = recorder(() => 'ok');
  start([
    { ...receiver('ops', ['a', bad.deliver]), fallback: 'other' },
    receiver('other', ['b', other.deliver]),
  ]);
  fire('A');
  await clock.advance(300_000);
  expect(bad.at).toEqual([0, 60, 120, 180, 240, 300]);
  expect(other.at).toEqual([0]);
});

test("two receivers that are each other's fallback do not call each other for ever", async () => {
  const one = recorder(failing(false));
  const two = recorder(failing(false));
  start([
    { ...receiver('one', ['a', one.deliver]), fallback: 'two' },
    { ...receiver('two', ['b', two.deliver]), fallback: 'one' },
  ]);
  fire('A');
  await clock.advance(1000);
  expect([one.at, two.at]).toEqual([[0], [0]]);
});
