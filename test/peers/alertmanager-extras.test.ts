/** What Alertmanager's users have asked for and ours has, over the whole `prunella serve`, a real process. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endWithUs, freePort, request, Sink, untilReady, type Received } from './alertmanager-support.ts';

const program = fileURLToPath(new URL('../../packages/cli/bin/prunella.js', import.meta.url));
const built = existsSync(new URL('../../packages/cli/dist/main.js', import.meta.url));

const config = (sink: string): string => `
route:
  receiver: web
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 2s
  routes:
    - {receiver: muted, matchers: [alertname="Muted"], resolve_muted: true}
    - {receiver: broken, matchers: [alertname="Broken"], repeat_interval: 1h}
    - {receiver: guard, matchers: [alertname="WatchdogMissing"]}
receivers:
  - {name: web, webhook_configs: [{url: '${sink}/web'}]}
  - {name: muted, webhook_configs: [{url: '${sink}/muted'}]}
  - {name: broken, webhook_configs: [{url: '${sink}/broken'}], fallback: backup}
  - {name: backup, webhook_configs: [{url: '${sink}/backup'}]}
  - {name: guard, webhook_configs: [{url: '${sink}/guard'}]}
watchdogs: [{name: prometheus, matchers: [alertname="Watchdog"], timeout: 1s}]
heartbeats: [{url: '${sink}/beat', interval: 1s}]
`;

describe.skipIf(!built)('over prunella serve (skipped where the packages are not built)', () => {
  let sink: Sink;
  let directory: string;
  let url: string;
  let child: ChildProcess;

  beforeAll(async () => {
    sink = await Sink.open();
    sink.answer = (incoming, response) =>
      response.writeHead(incoming.url === '/broken' ? 400 : 200).end(incoming.url === '/web' ? 'thanks' : '');
    directory = await mkdtemp(join(tmpdir(), 'prunella-extras-'));
    await writeFile(join(directory, 'alertmanager.yml'), config(sink.url));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const args = [
      `--alertmanager.config=${join(directory, 'alertmanager.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    child = spawn(process.execPath, [program, 'serve', ...args], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    endWithUs(child);
    let log = '';
    child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    await untilReady(`${url}/-/ready`, () => (child.exitCode === null ? undefined : log));
  });
  afterAll(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    sink.close();
    await rm(directory, { recursive: true });
  });

  const fire = async (alertname: string, ends = 3600): Promise<string> => {
    const endsAt = new Date(Date.now() + ends * 1000).toISOString();
    await request(`${url}/api/v2/alerts`, 'POST', [{ labels: { alertname }, endsAt }]);
    const { body } = await request(`${url}/api/v2/alerts?filter=alertname%3D${alertname}`, 'GET');
    return (body as { fingerprint: string }[])[0]?.fingerprint ?? '';
  };
  const told = (path: string, alertname: string): Received[] =>
    sink.received.filter((each) => each.path === path && each.body.groupLabels?.['alertname'] === alertname);
  const until = async (path: string, alertname: string, count = 1): Promise<void> => {
    await expect.poll(() => told(path, alertname).length, { timeout: 15_000 }).toBeGreaterThanOrEqual(count);
  };
  const get = async <T>(path: string): Promise<T> => (await request(`${url}${path}`, 'GET')).body as T;

  test('the history has the alert, the message and its attempts, by what is asked for', async () => {
    const fingerprint = await fire('History');
    await until('/web', 'History');
    const events = await get<object>(`/api/prunella/alerts/history?fingerprint=${fingerprint}`);
    expect(events).toMatchObject({ events: [{ status: 'firing', labels: { alertname: 'History' } }] });
    const notifications = `/api/prunella/notifications?receiver=web&fingerprint=${fingerprint}&outcome=delivered`;
    await expect
      .poll(() => get<object>(notifications))
      .toMatchObject({
        notifications: expect.arrayContaining([
          expect.objectContaining({
            reason: 'first notification',
            attempts: [expect.objectContaining({ answer: '200 thanks' })],
          }),
        ]),
      });
  });

  test('a receiver test says what the remote side said', async () => {
    const path = `${url}/api/prunella/receivers`;
    expect((await request(`${path}/web/test`, 'POST', {})).body).toMatchObject({
      results: [{ integration: 'webhook[0]', ok: true, answer: '200 thanks' }],
    });
    expect((await request(`${path}/broken/test`, 'POST', {})).body).toMatchObject({
      results: [{ integration: 'webhook[0]', ok: false, answer: expect.stringContaining('400') }],
    });
  });

  test('an acknowledged alert is not repeated, and says who takes care of it', async () => {
    const fingerprint = await fire('Taken');
    await until('/web', 'Taken', 2);
    const path = `${url}/api/prunella/alerts/${fingerprint}/acknowledge`;
    expect((await request(path, 'POST', { by: 'ada', comment: 'mine' })).status).toBe(200);
    const before = told('/web', 'Taken').length;
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect(told('/web', 'Taken').length - before).toBeLessThanOrEqual(1); // one may have been under way
    const alerts = await get<object>('/api/v2/alerts?filter=alertname%3DTaken');
    expect(alerts).toMatchObject([{ annotations: { acknowledged: 'ada: mine' } }]);
    await fire('Taken', -1);
    await expect.poll(() => told('/web', 'Taken').at(-1)?.body.status, { timeout: 10_000 }).toBe('resolved');
    expect((await request(path, 'GET')).status).toBe(404);
  });

  test('resolve_muted tells that what was told of has ended, although it is silenced', async () => {
    await fire('Muted');
    await until('/muted', 'Muted');
    await request(`${url}/api/v2/silences`, 'POST', {
      matchers: [{ name: 'alertname', value: 'Muted', isRegex: false }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 3600_000).toISOString(),
      createdBy: 'test',
      comment: 'test',
    });
    await fire('Muted', -1);
    await expect
      .poll(() => told('/muted', 'Muted').at(-1)?.body.status, { timeout: 10_000 })
      .toBe('resolved');
  });

  test('the fallback is told what its receiver was not, and health says who is not', async () => {
    await fire('Broken');
    await until('/backup', 'Broken');
    expect(told('/broken', 'Broken').length).toBeGreaterThan(0);
    const health = async (): Promise<string> => (await fetch(`${url}/-/healthy`)).text();
    await expect.poll(health, { timeout: 10_000 }).toContain('broken/webhook/0 failed');
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
  });

  test('a watchdog that is missed is told of, and heartbeats go out until something is broken', async () => {
    await until('/guard', 'WatchdogMissing');
    expect(sink.received.some(({ path }) => path === '/beat')).toBe(true);
  });

  test('a recurring silence makes an ordinary one, and takes it with it', async () => {
    const path = `${url}/api/prunella/recurring-silences`;
    const { body, status } = await request(path, 'POST', {
      matchers: [{ name: 'alertname', value: 'Night', isRegex: false }],
      intervals: [{}],
      createdBy: 'ada',
      comment: 'always',
    });
    expect(status).toBe(200);
    await fire('Night');
    expect(await get<object>('/api/v2/alerts?filter=alertname%3DNight')).toMatchObject([
      { status: { state: 'suppressed', silencedBy: [expect.any(String)] } },
    ]);
    expect(told('/web', 'Night')).toEqual([]);
    expect((await request(`${path}/${(body as { id: string }).id}`, 'DELETE')).status).toBe(200);
    await until('/web', 'Night');
  });

  test('prunella alert route says which route, why, and when', async () => {
    const file = join(directory, 'alertmanager.yml');
    const { stdout, status } = spawnSync(
      process.execPath,
      [program, 'alert', 'route', `--config=${file}`, 'alertname=Broken'],
      { encoding: 'utf8' },
    );
    expect(status).toBe(0);
    expect(stdout).toContain('{alertname="Muted"} no: alertname="Muted", but alertname is "Broken"');
    expect(stdout).toMatch(
      /→ broken, in the group \{alertname="Broken"\}\n {2}first message after 0s: fired now, at 20/,
    );
  });
});
