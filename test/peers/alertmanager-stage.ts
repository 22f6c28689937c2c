/** Plays timed alerts to the real Alertmanager and to ours at once, and compares what their webhooks are told, and when. */
import { expect } from 'vitest';
import {
  MODERN,
  request,
  Sink,
  startOurs,
  startReal,
  type Peer,
  type Received,
  type Start,
} from './alertmanager-support.ts';

export type Labels = Record<string, string>;

/** What happens to one peer. Times are seconds after the start of the scenario, in its own, maybe slower, time. */
export class Stage {
  readonly peer: Peer;
  readonly sink: Sink;
  readonly #start: number;
  readonly #slowness: number;
  readonly #ids: string[] = [];
  constructor(peer: Peer, sink: Sink, start: number, slowness: number) {
    this.peer = peer;
    this.sink = sink;
    this.#start = start;
    this.#slowness = slowness;
  }

  /** ms since the epoch */
  time(seconds: number): number {
    return this.#start + seconds * 1000 * this.#slowness;
  }

  iso(seconds: number): string {
    return new Date(this.time(seconds)).toISOString();
  }

  /** The sink answers requests to this path only after so many seconds. */
  stall(path: string, seconds: number): void {
    this.sink.answer = (incoming, response) => {
      const delay = incoming.url === path ? seconds * 1000 * this.#slowness : 0;
      setTimeout(() => response.end(), delay);
    };
  }

  async post(
    ...alerts: { labels: Labels; annotations?: Labels; starts?: number; ends?: number }[]
  ): Promise<void> {
    const body = alerts.map(({ labels, annotations = {}, starts, ends }) => ({
      labels,
      annotations,
      ...(starts !== undefined && { startsAt: this.iso(starts) }),
      ...(ends !== undefined && { endsAt: this.iso(ends) }),
    }));
    const { status } = await request(`${this.peer.url}/api/v2/alerts`, 'POST', body);
    expect(status).toBe(200);
  }

  /** Fires from the start of the scenario on, for an hour. */
  async fire(...labels: Labels[]): Promise<void> {
    await this.post(...labels.map((each) => ({ labels: each, starts: 0, ends: 3600 })));
  }

  async resolve(at: number, ...labels: Labels[]): Promise<void> {
    await this.post(...labels.map((each) => ({ labels: each, starts: 0, ends: at })));
  }

  async silence(matcher: string, from = 0, to = 3600): Promise<void> {
    const [, name, op, value] = /^(\w+)(=~|!=|!~|=)(.*)$/.exec(matcher) ?? [];
    const { body } = await request(`${this.peer.url}/api/v2/silences`, 'POST', {
      matchers: [{ name, value, isRegex: op?.includes('~'), isEqual: !op?.startsWith('!') }],
      startsAt: this.iso(from),
      endsAt: this.iso(to),
      createdBy: 'test',
      comment: 'test',
    });
    this.#ids.push((body as { silenceID: string }).silenceID);
  }

  async expireSilence(): Promise<void> {
    await request(`${this.peer.url}/api/v2/silence/${this.#ids.pop()}`, 'DELETE');
  }
}

export interface Scenario {
  readonly name: string;
  /** `route`, and whatever else; `SINK` is the address of the sink. */
  readonly config: string;
  readonly steps: readonly (readonly [seconds: number, step: (stage: Stage) => unknown])[];
  readonly seconds: number;
  readonly modern?: true;
  /** How far apart the two may be, s. @default just under half of the groups' interval */
  readonly tolerance?: number;
  /** How many messages at least: a scenario in which nothing happens by mistake proves nothing. */
  readonly least?: number;
}

interface Told {
  /** ms since the start */
  readonly at: number;
  readonly body: unknown;
  /** The times in the body, ms since the start; those that mean "not yet" stay in the body. */
  readonly times: readonly number[];
}

/** What each integration was told of each group, in order. Integrations and groups do not wait for each other. */
type Story = Readonly<Record<string, readonly Told[]>>;

function storyOf(received: readonly Received[], start: number): Story {
  const story: Record<string, Told[]> = {};
  for (const { at, path, body } of received)
    (story[`${path} ${body.groupKey ?? ''}`] ??= []).push(comparable(at, body, start));
  return story;
}

/** Addresses differ, and so do times that a peer has made up itself. */
function comparable(at: number, body: Received['body'], start: number): Told {
  const { externalURL: _, ...rest } = body as typeof body & { externalURL?: string };
  if (!MODERN) delete (rest as { notification_reason?: string }).notification_reason;
  const times: number[] = [];
  const apart = (time: string): string => {
    if (time.startsWith('0001')) return time;
    times.push(Date.parse(time) - start);
    return 'a time';
  };
  const alerts = rest.alerts?.map((alert) => ({
    ...alert,
    startsAt: apart(alert.startsAt),
    endsAt: apart(alert.endsAt),
  }));
  return { at, times, body: alerts ? { ...rest, alerts } : rest };
}

interface Cue {
  readonly ready: () => void;
  /** When both begin, ms since the epoch. */
  readonly begin: Promise<number>;
}

async function play(scenario: Scenario, start: Start, slowness: number, cue: Cue): Promise<Story> {
  const sink = await Sink.open();
  const peer = await start(slowed(scenario.config, slowness).replaceAll('SINK', sink.url));
  try {
    cue.ready();
    const zero = await cue.begin;
    sink.since = zero;
    const stage = new Stage(peer, sink, zero, slowness);
    for (const [seconds, step] of scenario.steps) {
      await until(stage.time(seconds));
      await step(stage);
    }
    await until(stage.time(scenario.seconds));
    return storyOf(sink.received, zero);
  } finally {
    await peer.stop();
    sink.close();
  }
}

/** All durations in seconds, so many times as long. */
function slowed(config: string, slowness: number): string {
  return config.replace(/\b(\d+)s\b/g, (_, seconds: string) => `${Number(seconds) * slowness}s`);
}

async function until(time: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, time - Date.now())));
}

/** Groups tick every 2 s: what comes at another tick is further off. */
const TOLERANCE_S = 0.9;

/** @throws where the two differ */
async function compare(scenario: Scenario, slowness: number): Promise<void> {
  let waiting = 2;
  let go: (zero: number) => void = () => {};
  const cue: Cue = {
    begin: new Promise<number>((resolve) => (go = resolve)),
    ready: () => {
      if (--waiting === 0) go(Math.ceil((Date.now() + 50) / 1000) * 1000);
    },
  };
  const [real, ours] = await Promise.all([
    play(scenario, startReal, slowness, cue),
    play(scenario, startOurs, slowness, cue),
  ]);
  const bodies = (story: Story): object =>
    Object.fromEntries(Object.entries(story).map(([key, told]) => [key, told.map(({ body }) => body)]));
  expect(bodies(ours)).toEqual(bodies(real));
  expect(Object.values(real).flat().length).toBeGreaterThanOrEqual(scenario.least ?? 1);
  const tolerance = (scenario.tolerance ?? TOLERANCE_S) * 1000 * slowness;
  for (const [key, told] of Object.entries(ours)) {
    for (const [i, { at, times }] of told.entries()) {
      const other = real[key]?.[i] as Told;
      const apart = [at, ...times].map((time, j) => Math.abs(time - ([other.at, ...other.times][j] ?? NaN)));
      expect(Math.max(...apart), `${key}, message ${i}: ours ${at} ms, real ${other.at} ms`).toBeLessThan(
        tolerance,
      );
    }
  }
}

/** So many pairs run at once. */
const STAGES = 20;
/** Played again, a scenario has the machine to itself, and at last more time between its events. */
const AGAIN = [1, 3];

/** Plays scenarios beside each other: they are mostly waiting. */
export class Stages {
  readonly #waiting: (() => void)[] = [];
  readonly #playing = new Map<Scenario, Promise<unknown>>();
  #free: number = STAGES;

  /** Begins all of them. */
  begin(scenarios: readonly Scenario[]): void {
    for (const scenario of scenarios) this.#playing.set(scenario, this.#first(scenario));
  }

  /**
   * Two processes on one wall clock: an event on the edge of an interval may reach one of them just before it and the
   * other just after, and a busy machine widens the edge. A difference in behaviour comes again, this does not.
   * @throws where the two differ each time
   */
  async outcome(scenario: Scenario): Promise<void> {
    let error = await this.#playing.get(scenario);
    if (error === undefined) return;
    await Promise.all(this.#playing.values());
    for (const slowness of AGAIN) {
      error = await failure(compare(scenario, slowness));
      if (error === undefined) return;
    }
    throw error;
  }

  async #first(scenario: Scenario): Promise<unknown> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const error = await failure(compare(scenario, 1));
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
    return error;
  }
}

function failure(promise: Promise<void>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error ?? new Error('unknown'),
  );
}
