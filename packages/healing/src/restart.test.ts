/** What happens to runs that a restart of Prunella cuts short. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '@prunella/metrics';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseHealing } from './config/config.ts';
import { Healing } from './healing.ts';
import { FileJournal } from './incident/journal.ts';
import { FileIncidentLog } from './incident/log.ts';
import { FakeWorkloads, RUNBOOK, World } from './testing.ts';

const second = 1000;

describe('a run that was cut short', () => {
  /** A world whose process died at `cut` journal lines of its first incident; what it did until then is done. */
  async function cutAt(cut: number): Promise<World> {
    const dead = new World();
    await dead.healing.start();
    await dead.fire();
    await dead.clock.advance(second);
    const [id, changes] = [...dead.journal.files][0] as [string, never[]];
    const world = new World();
    await world.clock.advance(second);
    world.journal.files.set(id, changes.slice(0, cut));
    world.workloads.calls.push(...dead.workloads.calls);
    world.series = dead.series;
    return world;
  }

  // 1 opened, 2 capture intended, 3 and 4 evidence, 5 capture done, 6 restart intended, 7 restart done, 8 verify intended.
  test.each([
    [1, 2, 'on'],
    [2, 2, 'on'],
    [5, 2, 'on'],
    [6, 1, 'verified'],
    [7, 1, 'on'],
    [8, 1, 'on'],
  ])('after %i lines has acted %i times in the end', async (cut, calls, course) => {
    const world = await cutAt(cut);
    expect(world.workloads.calls).toEqual(['restart api']);
    await world.reborn().start();
    await world.clock.advance(10 * second);
    world.series = [];
    await world.clock.advance(40 * second);
    // Up to line 5 the intent to restart was not written: what the dead process did afterwards it did not do.
    expect(world.workloads.calls).toHaveLength(calls);
    expect(world.incident).toMatchObject({ state: 'closed', outcome: 'healed' });
    const restart = world.incident.timeline.filter((entry) => entry.step?.kind === 'restart');
    expect(restart).toHaveLength(1);
    expect(restart[0]?.step?.state).toBe(course === 'verified' ? 'failed' : 'done');
    expect(world.log.lines).toHaveLength(1);
  });

  test('and did not help goes to a person, not to a second try', async () => {
    const world = await cutAt(6);
    await world.reborn().start();
    await world.clock.advance(180 * second);
    expect(world.workloads.calls).toEqual(['restart api']);
    expect(world.incident.state).toBe('escalated');
    expect(world.messages).toHaveLength(1);
  });

  test.each([
    ['is gone', 'runbooks: []'],
    ['was changed', RUNBOOK.replace('restart: {}', 'scale: {replicas: 9}')],
  ])('and whose runbook %s is verified only', async (_, config) => {
    const world = await cutAt(6);
    await world.reborn(config).start();
    world.series = [];
    await world.clock.advance(40 * second);
    expect(world.workloads.calls).toEqual(['restart api']);
    expect(world.incident.outcome).toBe('healed');
  });

  test('before it began, and whose runbook was changed, is left to a person', async () => {
    const world = await cutAt(1);
    await world.reborn(RUNBOOK.replace('restart: {}', 'scale: {replicas: 9}')).start();
    await world.clock.advance(6 * second);
    expect(world.workloads.calls).toEqual(['restart api']);
    expect(world.incident.state).toBe('escalated');
  });

  test('while it told a person tells him again, and does nothing else', async () => {
    const dead = new World();
    dead.notifyFault = new Error('503');
    await dead.healing.start();
    await dead.fire({ service: 'stranger' });
    await dead.clock.advance(10);
    const world = new World();
    for (const [id, changes] of dead.journal.files) world.journal.files.set(id, changes);
    world.series = dead.series;
    await world.reborn().start();
    await world.clock.advance(6 * second);
    expect(world.messages).toHaveLength(1);
    expect(world.incident.state).toBe('escalated');
    expect(world.workloads.calls).toEqual([]);
  });

  test('keeps its place: nobody else acts on the target meanwhile', async () => {
    const world = await cutAt(7);
    await world.reborn().start();
    await world.fire({ path: '/other' });
    await world.clock.advance(30 * second);
    expect(world.workloads.calls).toEqual(['restart api']);
    expect(world.incident.timeline.at(-1)?.text).toBe('Not yet: another run works on api');
  });

  test('is logged once, also when the crash came between the line and its mark', async () => {
    const world = new World();
    await world.healing.start();
    await world.fire();
    await world.clock.advance(second);
    world.series = [];
    await world.clock.advance(40 * second);
    const [id, changes] = [...world.journal.files][0] as [string, { set?: object }[]];
    for (const keep of [
      changes.slice(0, -1),
      changes.filter((change) => !('loggedAt' in (change.set ?? {}))),
    ]) {
      world.journal.files.set(id, keep as never[]);
      await world.reborn().start();
      expect(world.log.lines).toHaveLength(1);
    }
    world.log.lines.length = 0;
    world.journal.files.set(id, changes.slice(0, -1) as never[]);
    await world.reborn().start();
    expect(world.log.lines).toMatchObject([{ incident: id, result: 'healed' }]);
  });
});

test('stop waits for what is under way and starts nothing new', async () => {
  const world = new World();
  await world.healing.start();
  let finish = (): void => {};
  world.workloads.fault = () => new Promise((resolve) => (finish = resolve));
  await world.fire();
  await world.fire({ service: 'worker' });
  await world.clock.advance(second);
  expect(world.workloads.calls).toHaveLength(2);
  const stopped = world.healing.stop();
  finish();
  await world.clock.advance(5 * second);
  await stopped;
  const states = world.healing
    .incidents()
    .map((each) => each.timeline.find((entry) => entry.step?.kind === 'restart')?.step?.state);
  expect(new Set(states)).toEqual(new Set(['done', 'intended']));
});

const built = existsSync(fileURLToPath(new URL('../dist/index.js', import.meta.url)));

describe.skipIf(!built)('SIGKILL between intent and result (needs the built package)', () => {
  const dirs: string[] = [];
  let end = (): void => {};
  afterEach(() => {
    end();
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
  });

  function engine(dir: string, workloads: FakeWorkloads): Healing {
    const healing = new Healing({
      journal: new FileJournal(join(dir, 'incidents'), silentLogger),
      log: new FileIncidentLog(join(dir, 'incident_log.jsonl')),
      mask: (text) => text,
      workloads,
    });
    const text = RUNBOOK.replace('30s, timeout: 2m', '100ms, timeout: 5s').replace(/, query: \[up\]/, '');
    healing.apply(parseHealing(text, 'healing.yml'));
    return healing;
  }

  test.each([1, 2])('acts at most once, and verifies (%i)', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'healing-kill-'));
    dirs.push(dir);
    const script = fileURLToPath(new URL('../testdata/hang-in-restart.js', import.meta.url));
    const child = spawn(process.execPath, [script, dir], { stdio: 'ignore' });
    end = () => void child.kill('SIGKILL');
    const exited = once(child, 'exit');
    // The dead process wrote its intent, began to restart, and said so in a file of its own.
    await vi.waitFor(() => expect(readFileSync(join(dir, 'calls'), 'utf8')).toBe('restart api\n'), {
      timeout: 15_000,
    });
    child.kill('SIGKILL');
    await exited;
    const [name] = readdirSync(join(dir, 'incidents')) as [string];
    const journal = join(dir, 'incidents', name);
    expect(readFileSync(journal, 'utf8').trimEnd().split('\n').at(-1)).toContain('"intended"');
    // As if it had been killed in the middle of a write.
    appendFileSync(journal, '{"time":17,"ent');

    const workloads = new FakeWorkloads('api');
    const healing = engine(dir, workloads);
    await healing.start();
    await vi.waitFor(() => expect(healing.incidents()[0]?.outcome).toBe('healed'), { timeout: 15_000 });
    await healing.stop();
    expect(workloads.calls).toEqual([]);
    expect(readFileSync(join(dir, 'calls'), 'utf8')).toBe('restart api\n');
    const lines = readFileSync(join(dir, 'incident_log.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { action: 'restart api', result: 'healed' },
    ]);

    // Once more: what is closed stays closed.
    const again = engine(dir, workloads);
    await again.start();
    await again.stop();
    expect(workloads.calls).toEqual([]);
    expect(again.incidents()).toHaveLength(1);
    writeFileSync(join(dir, 'calls'), '');
  });
});
