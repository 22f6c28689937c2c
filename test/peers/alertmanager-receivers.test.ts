/**
 * The same configuration with receivers of every kind, and the same alerts, to the real Alertmanager and to ours: what
 * services get over their sockets must be the same. The default wording is ours, hence a file that overrides all of it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@prunella/alertmanager';
import { readMail } from '../../packages/alertmanager/src/testing/mail.ts';
import { openSmtp, type MailSink } from '../../packages/alertmanager/src/testing/smtp.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accept,
  CHANGED,
  ENTRIES,
  MAILS,
  NEW_KINDS,
  OWN_TEMPLATES,
  REFUSALS,
  refuse,
  STATUSES,
  type Answer,
} from './alertmanager-receivers-cases.ts';
import { openHttpSink, type Delivered, type HttpSink } from './alertmanager-receivers-sink.ts';
import {
  ALERTMANAGER,
  AMTOOL,
  MODERN,
  request,
  startOurs,
  startReal,
  type Peer,
  type Start,
} from './alertmanager-support.ts';

interface Side {
  readonly sink: HttpSink;
  readonly mail: MailSink;
  readonly peer: Peer;
}

const kinds = Object.keys(ENTRIES).filter((kind) => MODERN || !NEW_KINDS.includes(kind));

/** Whether the release that is compared with takes an entry: older ones do not know all keys. */
function isKnown(kind: string, entry: object): boolean {
  if (MODERN || !AMTOOL) return true;
  const receivers = [{ name: 'a', [`${kind}_configs`]: placed(kind, [entry], 'http://x.test') }];
  const folder = mkdtempSync(join(tmpdir(), 'prunella-entry-'));
  const file = join(folder, 'entry.yml');
  writeFileSync(file, JSON.stringify({ route: { receiver: 'a' }, receivers }));
  const { status } = spawnSync(AMTOOL, ['check-config', file]);
  rmSync(folder, { recursive: true });
  return status === 0;
}

const entries = Object.fromEntries(
  kinds.map((kind) => [kind, (ENTRIES[kind] ?? []).filter((entry) => isKnown(kind, entry))]),
);
const mailEntries = MAILS.filter((entry) => isKnown('email', entry));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Entries with their sink in place of its name; each has a path of its own, which tells their requests apart. */
function placed(kind: string, entries: readonly object[], url: string): object[] {
  return entries.map((entry, i) => {
    const text = JSON.stringify(entry)
      .replaceAll('"proxy_url":"SINK"', `"proxy_url":"${url}"`)
      .replaceAll('"SINK', `"${url}/${kind}-${i}`)
      .replaceAll(`"${kind}-0"`, `"${kind}-${i}"`);
    return JSON.parse(text) as object;
  });
}

function configuration(
  receivers: Record<string, object[]>,
  interval: string,
  templates: string[] = [],
): string {
  const names = Object.keys(receivers);
  return JSON.stringify({
    templates,
    route: {
      receiver: 'none',
      group_by: ['alertname'],
      group_wait: '300ms',
      group_interval: interval,
      repeat_interval: '1h',
      routes: names.map((receiver) => ({ receiver, continue: true })),
    },
    receivers: [{ name: 'none' }, ...names.map((name) => ({ name, [`${name}_configs`]: receivers[name] }))],
  });
}

async function side(
  start: Start,
  configure: (sink: HttpSink, mail: MailSink) => string,
  answer: (delivered: Delivered) => Answer,
): Promise<Side> {
  const [sink, mail] = [await openHttpSink(), await openSmtp()];
  sink.answer = (delivered, response) => {
    const { status = 200, type = 'application/json', body } = answer(delivered);
    response.writeHead(status, { 'content-type': type }).end(body);
  };
  return { sink, mail, peer: await start(configure(sink, mail)) };
}

async function closeAll(sides: readonly Side[]): Promise<void> {
  for (const { sink, mail, peer } of sides) {
    sink.close();
    mail.close();
    await peer.stop();
  }
}

/** The same alerts, under the same times, to both. */
async function post(sides: readonly Side[], startsAt: number, endsAt?: number): Promise<void> {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const alerts = ['i1', 'i2'].map((instance) => ({
    labels: { alertname: 'A', severity: 'critical', instance, odd: '<b>&"\'\n' },
    annotations: { summary: `<i>${instance}</i> & "q"` },
    startsAt: iso(startsAt),
    ...(endsAt !== undefined && { endsAt: iso(endsAt) }),
    generatorURL: `http://g/${instance}?a=b&c=d`,
  }));
  await Promise.all(sides.map(({ peer }) => request(`${peer.url}/api/v2/alerts`, 'POST', alerts)));
}

/** Waits until both were told, and equally often: longer than a group's interval without anything new. */
async function settled(sides: readonly Side[]): Promise<void> {
  const count = (): number[] => sides.map(({ sink, mail }) => sink.requests.length + mail.mails.length);
  const before = count();
  let last = before;
  let quiet = 0;
  for (let waited = 0; waited < 8000 && quiet < 1300; waited += 100) {
    await pause(100);
    const now = count();
    const isTold = now.every((n, i) => n > (before[i] ?? 0)) && now[0] === now[1];
    quiet = isTold && now.join() === last.join() ? quiet + 100 : 0;
    last = now;
  }
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'prunella-receivers-'));
  await writeFile(join(directory, 'own.tmpl'), OWN_TEMPLATES);
});
afterAll(() => rm(directory, { recursive: true }));

describe.skipIf(!ALERTMANAGER)('receivers beside the real Alertmanager (skipped without one)', () => {
  let sides: Side[] = [];
  beforeAll(async () => {
    const configure = (sink: HttpSink, mail: MailSink): string => {
      const placedEntries = kinds.map((kind) => [kind, placed(kind, entries[kind] ?? [], sink.url)] as const);
      const mails = JSON.parse(JSON.stringify(mailEntries).replaceAll('MAIL', mail.smarthost)) as object[];
      const receivers = { ...Object.fromEntries(placedEntries), email: mails };
      return configuration(receivers, '1s', [join(directory, '*.tmpl')]);
    };
    sides = await Promise.all([startReal, startOurs].map((start) => side(start, configure, accept)));
    // It fires, it resolves, it fires again.
    const first = Date.now();
    await post(sides, first);
    await settled(sides);
    await post(sides, first, first + 500);
    await settled(sides);
    await post(sides, Date.now());
    await settled(sides);
  });
  afterAll(() => closeAll(sides));

  const cases = kinds.flatMap((kind) => (entries[kind] ?? []).map((_, i) => `${kind} ${i}`));
  const changed = MODERN ? [] : CHANGED;
  test.for(cases)('%s', (name, { skip }) => {
    skip(changed.includes(name), 'has changed since this release');
    const [kind = '', i] = name.split(' ');
    const [theirs, ours] = sides.map((each) => told(each, kind, Number(i)));
    expect(theirs).not.toEqual([]);
    expect(ours).toEqual(theirs);
  });

  test.each(mailEntries.map((_, i) => i))('email %d', (i) => {
    const [theirs, ours] = sides.map((each) => mailed(each, i));
    expect(theirs).not.toEqual([]);
    expect(ours).toEqual(theirs);
  });
});

describe.skipIf(!ALERTMANAGER)('what is tried again (skipped without an Alertmanager)', () => {
  let sides: Side[] = [];
  beforeAll(async () => {
    const configure = (sink: HttpSink): string => {
      const entries = kinds.map((kind) => {
        const each = STATUSES.map(() => ENTRIES[kind]?.[0] ?? {});
        return [kind, placed(kind, each, sink.url)] as const;
      });
      return configuration(Object.fromEntries(entries), '1m', [join(directory, '*.tmpl')]);
    };
    const answer = (delivered: Delivered): Answer => {
      const status = STATUSES.find((_, i) => kinds.some((kind) => isOf(delivered, kind, i))) ?? 500;
      return refuse(delivered, status);
    };
    sides = await Promise.all([startReal, startOurs].map((start) => side(start, configure, answer)));
    await post(sides, Date.now());
    await pause(3500);
  });
  afterAll(() => closeAll(sides));

  // AWS's library waits for seconds before it tries again; 0.25 tried Pushover again when that had refused.
  const skipped = MODERN ? ['sns'] : ['sns', 'pushover'];
  test.each(kinds.filter((kind) => !skipped.includes(kind)))('%s', (kind) => {
    const [theirs, ours] = sides.map(({ sink }) =>
      STATUSES.map((status, i) => {
        const times = sink.requests.filter((each) => isOf(each, kind, i)).length;
        return `${status}: ${times > 1 ? 'again' : times === 1 ? 'once' : 'never'}`;
      }),
    );
    expect(ours).toEqual(theirs);
  });
});

describe.skipIf(!AMTOOL)('entries that are refused (skipped without amtool)', () => {
  const known = REFUSALS.filter((entry) => MODERN || !NEW_KINDS.some((kind) => entry.startsWith(`${kind}_`)));
  test.each(known)('%s', async (entry) => {
    const config = `route: {receiver: a}\nreceivers: [{name: a, ${entry.replace(/: S\b/g, ": 'http://x.test/'")}}]\n`;
    const file = join(directory, 'refused.yml');
    await writeFile(file, config);
    const ours = (): boolean => {
      try {
        return loadConfig(config, file).extensions.length === 0;
      } catch {
        return false;
      }
    };
    const { status, stdout } = spawnSync(AMTOOL ?? '', ['check-config', file], { encoding: 'utf8' });
    // An older release knows fewer keys.
    if (MODERN || !/not found in type|cannot unmarshal/.test(stdout)) expect(ours()).toBe(status === 0);
  });
});

/** What the mails of one entry say to their readers. */
function mailed({ mail, peer }: Side, i: number): unknown[] {
  const { port } = new URL(peer.url);
  const mine = mail.mails.filter(({ to }) => to.includes(`m${i}@x.test`));
  return mine.map(({ text, ...envelope }) => {
    const { headers, parts } = readMail(
      text.replace(new RegExp(String.raw`http://[\w.-]+:${port}`, 'g'), 'AM'),
    );
    return { ...envelope, headers: SHOWN.map((name) => `${name}: ${headers.get(name) ?? ''}`), parts };
  });
}

const SHOWN = ['from', 'to', 'subject', 'reply-to', 'x-own', 'references', 'in-reply-to'];

const IGNORED = new Set(['host', 'content-length', 'accept-encoding', 'connection', 'user-agent']);

/** Whether a request is that of an entry, told by its mark: in the path, or, where that is fixed, among the parameters. */
function isOf({ path, body }: Delivered, kind: string, i: number): boolean {
  const place = path.startsWith(`/${kind}-`) ? path : path + body;
  return new RegExp(String.raw`\b${kind}-${i}(?!\d)`).test(place);
}

/** What a peer sent for one entry. */
function told({ sink, peer }: Side, kind: string, i: number): unknown[] {
  const port = new URL(peer.url).port;
  const plain = (text: string): string =>
    text
      .replaceAll(sink.url, 'SINK')
      .replace(new RegExp(String.raw`http://[\w.-]+:${port}`, 'g'), 'AM')
      .replace(/(?:ä🙂x){2,}/gu, (found) => `[ä🙂x × ${found.length / 4}]`);
  const mine = sink.requests.filter((each) => isOf(each, kind, i));
  return mine.map(({ method, path, headers, body }) => {
    const [place = '', query = ''] = path.split('?');
    const parameters = kind === 'pushover' ? query || body : plain(body);
    return alike(kind, {
      request: `${method} ${kind === 'pushover' ? place : path}`,
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !IGNORED.has(name))),
      body: readBody(parameters),
    });
  });
}

function readBody(body: string): unknown {
  if (/^\s*[[{]/.test(body)) return JSON.parse(body);
  return /^[\w.]+=/.test(body) ? Object.fromEntries(new URLSearchParams(body)) : body;
}

interface Told {
  request: string;
  headers: Record<string, unknown>;
  body: unknown;
}

/** Takes away what differs on purpose; each line says why. */
function alike(kind: string, told: Told): Told {
  const { headers } = told;
  const body = told.body as Record<string, unknown>;
  // Its parameters go in the body here, where they are not written to access logs; Pushover takes both.
  if (kind === 'pushover') delete headers['content-type'];
  // Version 1 of the API knows neither of these.
  if (kind === 'pagerduty' && body['event_action'] === '') delete body['event_action'];
  if (kind === 'pagerduty' && body['payload'] === null) delete body['payload'];
  const details = (body['payload'] as { custom_details?: { error?: string } } | undefined)?.custom_details;
  if (details?.error) details.error = 'WORDS';
  if (kind === 'telegram' && /too long|exceeds/.test(String(body['text']))) body['text'] = 'WORDS';
  if (kind === 'sns') return alikeSns(told);
  return told;
}

/** AWS's library has headers of its own, and signs them. */
function alikeSns({ request, headers, body }: Told): Told {
  const scope = /Credential=\S+,/.exec(String(headers['authorization']))?.[0];
  const parameters = body as Record<string, string>;
  // Theirs is just cut; ours ends in an ellipsis.
  const message = (parameters['Message'] ?? '').replace(
    /x{4,}…?$/,
    (found) => `x × ${Math.ceil(found.length / 4)} × 4`,
  );
  // Ours differs from message to message: SNS drops an equal one within five minutes, also when it says "resolved".
  const { MessageDeduplicationId, ...others } = parameters;
  return {
    request: request.replace(/\/$/, ''),
    headers: { 'content-type': String(headers['content-type']).replace(/;.*/, ''), scope },
    body: { ...others, deduplicated: MessageDeduplicationId !== undefined, Message: message },
  };
}
