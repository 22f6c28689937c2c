import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@prunella/metrics';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileJournal } from './journal.ts';
import type { Incident } from './incident.ts';
import { FileIncidentLog, logLine, type IncidentLogLine } from './log.ts';
import { maskFor } from './mask.ts';

let dir = '';
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'incident-'))));
afterEach(() => rmSync(dir, { recursive: true }));

describe('FileJournal', () => {
  test('gives back what was appended, in order, incident by incident', async () => {
    const journal = new FileJournal(join(dir, 'a'), silentLogger);
    await Promise.all(['2', '1'].flatMap((id) => [1, 2, 3].map((time) => journal.append(id, { time }))));
    await journal.close();
    const again = await new FileJournal(join(dir, 'a'), silentLogger).load();
    expect([...again]).toEqual([
      ['1', [{ time: 1 }, { time: 2 }, { time: 3 }]],
      ['2', [{ time: 1 }, { time: 2 }, { time: 3 }]],
    ]);
  });

  test('skips a torn line, and does not glue the next one to it', async () => {
    const journal = new FileJournal(dir, silentLogger);
    await journal.append('1', { time: 1 });
    appendFileSync(join(dir, '1.jsonl'), '{"time": 2, "entr');
    await journal.append('1', { time: 3 });
    expect([...(await journal.load()).values()]).toEqual([[{ time: 1 }, { time: 3 }]]);
  });

  test('forgets, and reports a disk that refuses', async () => {
    const journal = new FileJournal(dir, silentLogger);
    await journal.append('1', { time: 1 });
    await journal.remove('1');
    expect([...(await journal.load())]).toEqual([]);
    writeFileSync(join(dir, 'file'), '');
    await expect(new FileJournal(join(dir, 'file'), silentLogger).append('1', { time: 1 })).rejects.toThrow(
      'file',
    );
  });
});

test('FileIncidentLog appends whole lines only', async () => {
  const path = join(dir, 'prunella', 'incident_log.jsonl');
  const log = new FileIncidentLog(path);
  const line = { incident: 'x1', alert: 'A' } as IncidentLogLine;
  await log.append(line);
  appendFileSync(path, '{"incident":"x2","al');
  expect(await log.has('x1')).toBe(true);
  expect(await log.has('x2')).toBe(false);
  await Promise.all([log.append({ ...line, incident: 'x3' }), log.append({ ...line, incident: 'x4' })]);
  const whole = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .filter((text) => text.endsWith('}'));
  expect(whole.map((text) => (JSON.parse(text) as IncidentLogLine).incident)).toEqual(['x1', 'x3', 'x4']);
});

describe('maskFor()', () => {
  const mask = maskFor({
    DB_PASSWORD: 'correct horse',
    DATABASE_URL: 'postgres://u:p%40ss-word@h/d',
    HOME: '/root',
    API_TOKEN: 'ab',
  });
  test.each([
    ['connect postgres://me:hu@sh@db:5432/shop now', 'connect postgres://me:***@db:5432/shop now'],
    ['amqp://u:p@h and redis://:pw@r', 'amqp://u:***@h and redis://:***@r'],
    ['http://example.org:80/a@b', 'http://example.org:80/a@b'],
    ['PGPASSWORD=hush psql', 'PGPASSWORD=*** psql'],
    ['{"password":"hu\\"sh","user":"me"}', '{"password":***,"user":"me"}'],
    ["aws_secret_access_key: 'x y'", 'aws_secret_access_key: ***'],
    ['api-key = abc, next', 'api-key = ***, next'],
    ['GET /?access_token=abc&x=1', 'GET /?access_token=***&x=1'],
    ['Authorization: Bearer abc.def-ghi', 'Authorization: Bearer ***'],
    ['it said correct horse battery', 'it said *** battery'],
    ['it said p%40ss-word', 'it said ***'],
    ['ab /root tokens: none', 'ab /root tokens: ***'],
    ['nothing to hide', 'nothing to hide'],
  ])('%s', (text, expected) => {
    expect(mask(text)).toBe(expected);
  });

  test.each(['a.', 'a', 'password', 'x://', 'token:"', 'Basic '])('is not slow on %s without end', (text) => {
    const started = performance.now();
    for (let i = 0; i < 10; i++) mask(text.repeat(16_384 / text.length));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('incident_log.schema.json', () => {
  const path = new URL('../../../../docs/incident_log.schema.json', import.meta.url);
  const schema = JSON.parse(readFileSync(path, 'utf8')) as {
    required: string[];
    properties: Record<string, { type?: string; enum?: string[] }>;
  };
  const incident: Incident = {
    id: '1',
    origin: 'alert',
    title: 'A on api',
    alertname: 'A',
    severity: '',
    labels: { alertname: 'A' },
    annotations: {},
    fingerprint: 'f',
    startsAt: 0,
    simulated: false,
    detectedAt: 0,
    state: 'closed',
    outcome: 'resolved',
    actions: [],
    timeline: [],
    evidence: [],
  };
  const full = {
    runbook: 'r',
    target: 'api',
    toldAt: 1,
    actedAt: 2,
    healedAt: 3,
    actions: ['x'],
    outcome: 'healed',
  } as const;

  test.each([
    ['the least', incident, 9],
    ['the most', { ...incident, ...full }, 14],
  ])('describes a line with %s', (_, each, count) => {
    const line = logLine(each, 5) as unknown as Record<string, unknown>;
    expect(Object.keys(line).filter((key) => !(key in schema.properties))).toEqual([]);
    expect(schema.required.filter((key) => !(key in line))).toEqual([]);
    for (const [key, value] of Object.entries(line)) {
      const { type, enum: values } = schema.properties[key] as { type?: string; enum?: string[] };
      if (values) expect(values).toContain(value);
      else expect(typeof value).toBe(type);
    }
    expect(Object.keys(line)).toHaveLength(count);
  });
});
