/**
 * SIGKILL in the middle of pending groups: nobody is forgotten, nobody who is known to be told is told again, and the
 * real Alertmanager, killed at the same moment, repeats at least as much of what it told.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  ALERTMANAGER,
  endWithUs,
  freePort,
  request,
  Sink,
  startReal,
  untilReady,
  type Peer,
  type Start,
} from './alertmanager-support.ts';

const GROUPS = 200;
const ROUNDS = 20;
const AT_ONCE = 7;
const GROUP_WAIT_MS = 300;
/** Answers come this late at most, so that a kill finds some groups told, some under way. */
const SLOWEST_ANSWER_MS = 1500;

const script = fileURLToPath(new URL('alertmanager-process.js', import.meta.url));
const built = existsSync(new URL('../../packages/server/dist/alertmanager/routes.js', import.meta.url));

describe.skipIf(!built)('SIGKILL (skipped where the packages are not built)', () => {
  test(`of ${GROUPS} pending groups, ${ROUNDS} times`, { timeout: 240_000 }, async () => {
    const ours = { told: 0, repeated: 0 };
    const real = { told: 0, repeated: 0 };
    for (let first = 0; first < ROUNDS; first += AT_ONCE) {
      const rounds = Array.from(
        { length: Math.min(AT_ONCE, ROUNDS - first) },
        (_, i) => (first + i) / ROUNDS,
      );
      // All of them come to their end before one fails the test, so that none leaves a process behind.
      const outcomes = await Promise.allSettled(rounds.map((moment) => killBoth(moment)));
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') throw outcome.reason;
        add(ours, outcome.value.ours);
        if (outcome.value.real) add(real, outcome.value.real);
      }
    }
    // Deliveries that were under way when the process died come twice; those are not all.
    expect(ours.repeated).toBeLessThan((GROUPS * ROUNDS * 3) / 4);
    // The real one forgets what it has told, for it writes its log on a normal end and every quarter of an hour.
    // On a busy machine one may get further than the other before it dies: what counts is how many of those it told.
    if (ALERTMANAGER !== undefined)
      expect(ours.repeated / ours.told).toBeLessThanOrEqual(real.repeated / real.told);
  });
});

/** @param moment of the kill, 0 = before the first message … 1 = after the last. @returns how many were told twice */
async function killBoth(moment: number): Promise<{ ours: Repeats; real?: Repeats }> {
  const ours = killOnce(startOurProcess, moment, async (peer, { loggedBefore, toldAfter, silenceID }) => {
    expect(toldAfter.filter((key) => loggedBefore.has(key))).toEqual([]);
    expect((await request(`${peer.url}/api/v2/silence/${silenceID}`, 'GET')).status).toBe(200);
  });
  if (ALERTMANAGER === undefined) return { ours: await ours };
  const [oursTwice, realTwice] = await Promise.allSettled([ours, killOnce(startReal, moment)]);
  if (oursTwice.status === 'rejected') throw oursTwice.reason;
  if (realTwice.status === 'rejected') throw realTwice.reason;
  return { ours: oursTwice.value, real: realTwice.value };
}

interface Repeats {
  /** Messages that came before the process died. */
  readonly told: number;
  /** Messages that were one too many. */
  readonly repeated: number;
}

function add(sum: { told: number; repeated: number }, { told, repeated }: Repeats): void {
  sum.told += told;
  sum.repeated += repeated;
}

interface Outcome {
  /** Groups that the notification log had when the process died. */
  readonly loggedBefore: ReadonlySet<string>;
  /** Groups of the messages that came after that. */
  readonly toldAfter: readonly string[];
  readonly silenceID: string;
}

async function killOnce(
  start: Start,
  moment: number,
  check?: (peer: Peer, outcome: Outcome) => Promise<void>,
): Promise<Repeats> {
  const sink = await Sink.open();
  // The same group is answered as late with both.
  sink.answer = (_, response) => {
    const { groupKey = '' } = sink.received.at(-1)?.body ?? {};
    const place = Number(/\d+/.exec(groupKey)?.[0]) / GROUPS;
    setTimeout(() => response.end(), SLOWEST_ANSWER_MS * place);
  };
  const peer = await start(
    `route: {receiver: web, group_by: [alertname], group_wait: ${GROUP_WAIT_MS}ms, group_interval: 1s, repeat_interval: 1h}
receivers: [{name: web, webhook_configs: [{url: '${sink.url}'}]}]`,
  );
  try {
    await fire(peer.url);
    const { body } = await request(`${peer.url}/api/v2/silences`, 'POST', silence());
    await new Promise((resolve) => setTimeout(resolve, GROUP_WAIT_MS + SLOWEST_ANSWER_MS * 1.2 * moment));
    const loggedBefore = await readLog(peer.directory);
    const told = sink.received.length;
    await peer.restart({ kill: true });
    const before = sink.received.length;
    // Whoever evaluates the rules posts its alerts again.
    await fire(peer.url);
    await untilTold(sink);
    const toldAfter = sink.received.slice(before).map(({ body: told }) => told.groupKey);
    await check?.(peer, { loggedBefore, toldAfter, silenceID: (body as { silenceID: string }).silenceID });
    return { told, repeated: repeatedOf(sink, peer.name) };
  } finally {
    await peer.stop();
    sink.close();
  }
}

/** How many messages were one too many. One kill makes ours repeat a group once at most. */
function repeatedOf(sink: Sink, name: string): number {
  const counts = new Map<string, number>();
  for (const { body } of sink.received) counts.set(body.groupKey, (counts.get(body.groupKey) ?? 0) + 1);
  if (name === 'ours') expect(Math.max(...counts.values())).toBeLessThanOrEqual(2);
  return sink.received.length - counts.size;
}

const startOurProcess: Start = async (config) => {
  const directory = await mkdtemp(join(tmpdir(), 'prunella-am-kill-'));
  const file = join(directory, 'alertmanager.yml');
  await writeFile(file, config);
  const port = await freePort();
  let child = await startChild(directory, file, port);
  return {
    name: 'ours',
    url: `http://127.0.0.1:${port}`,
    directory,
    restart: async () => {
      await kill(child);
      child = await startChild(directory, file, port);
    },
    stop: async () => {
      await kill(child);
      await rm(directory, { recursive: true });
    },
  };
};

async function startChild(directory: string, file: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, join(directory, 'data'), file, String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  endWithUs(child);
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await untilReady(`http://127.0.0.1:${port}/api/v2/status`, () =>
    child.exitCode === null ? undefined : log,
  );
  return child;
}

/** The groups of which the notification log says that they were told. */
async function readLog(directory: string): Promise<Set<string>> {
  const text = await readFile(join(directory, 'data', 'notification-log.journal'), 'utf8').catch(() => '');
  const keys = text.matchAll(/^\S{8} \{"groupKey":("(?:[^"\\]|\\.)*"),.*\}\n/gm);
  return new Set([...keys].map(([, key]) => JSON.parse(key as string) as string));
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

async function fire(url: string): Promise<void> {
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  const alerts = Array.from({ length: GROUPS }, (_, i) => ({
    labels: { alertname: `A${i}` },
    endsAt,
    startsAt: new Date().toISOString(),
  }));
  expect((await request(`${url}/api/v2/alerts`, 'POST', alerts)).status).toBe(200);
}

function silence(): object {
  return {
    matchers: [{ name: 'alertname', value: 'None', isRegex: false }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: 'test',
    comment: 'test',
  };
}

/** Until all are told, and a little longer: who is told again is told soon. */
async function untilTold(sink: Sink): Promise<void> {
  const end = Date.now() + 20_000;
  const told = (): number => new Set(sink.received.map(({ body }) => body.groupKey)).size;
  while (told() < GROUPS) {
    if (Date.now() > end) throw new Error(`only ${told()} of ${GROUPS} groups were told`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
