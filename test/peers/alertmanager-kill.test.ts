/** SIGKILL in the middle of pending groups: nobody is forgotten, nobody who is known to be told is told again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { freePort, request, Sink, untilReady } from './alertmanager-support.ts';

const GROUPS = 200;
const ROUNDS = 20;
const GROUP_WAIT_MS = 300;
/** Answers come this late at most, so that a kill finds some groups told, some under way. */
const SLOWEST_ANSWER_MS = 1500;

const script = fileURLToPath(new URL('alertmanager-process.js', import.meta.url));
const built = existsSync(new URL('../../packages/server/dist/alertmanager/routes.js', import.meta.url));

describe.skipIf(!built)('SIGKILL (skipped where the packages are not built)', () => {
  test(`of ${GROUPS} pending groups, ${ROUNDS} times`, { timeout: 240_000 }, async () => {
    let repeated = 0;
    for (let round = 0; round < ROUNDS; round += 2) {
      const counts = await Promise.all([killOnce(round / ROUNDS), killOnce((round + 1) / ROUNDS)]);
      repeated += counts.reduce((sum, count) => sum + count);
    }
    // Deliveries that were under way when the process died come twice; those are not all.
    expect(repeated).toBeLessThan((GROUPS * ROUNDS * 3) / 4);
  });
});

/** @param moment of the kill, 0 = before the first message … 1 = after the last. @returns how many were told twice */
async function killOnce(moment: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'prunella-am-kill-'));
  const sink = await Sink.open();
  sink.answer = (_, response) => void setTimeout(() => response.end(), SLOWEST_ANSWER_MS * Math.random());
  const file = join(directory, 'alertmanager.yml');
  await writeFile(
    file,
    `route: {receiver: web, group_by: [alertname], group_wait: ${GROUP_WAIT_MS}ms, group_interval: 1s, repeat_interval: 1h}
receivers: [{name: web, webhook_configs: [{url: '${sink.url}'}]}]`,
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child = await start(directory, file, port);
  try {
    await fire(url);
    const { body } = await request(`${url}/api/v2/silences`, 'POST', silence());
    await new Promise((resolve) => setTimeout(resolve, GROUP_WAIT_MS + SLOWEST_ANSWER_MS * 1.2 * moment));
    const logged = await readLog(directory);
    await kill(child);
    const before = sink.received.length;
    child = await start(directory, file, port);
    await untilTold(sink);
    const { silenceID } = body as { silenceID: string };
    expect((await request(`${url}/api/v2/silence/${silenceID}`, 'GET')).status).toBe(200);
    const after = sink.received.slice(before).map(({ body: told }) => told.groupKey);
    expect(after.filter((key) => logged.has(key))).toEqual([]);
    return sink.received.length - new Set(sink.received.map(({ body: told }) => told.groupKey)).size;
  } finally {
    await kill(child);
    sink.close();
    await rm(directory, { recursive: true });
  }
}

async function start(directory: string, file: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, join(directory, 'data'), file, String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
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

async function untilTold(sink: Sink): Promise<void> {
  const end = Date.now() + 15_000;
  const told = (): number => new Set(sink.received.map(({ body }) => body.groupKey)).size;
  while (told() < GROUPS) {
    if (Date.now() > end) throw new Error(`only ${told()} of ${GROUPS} groups were told`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
