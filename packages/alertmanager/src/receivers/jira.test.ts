import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { receiverOf } from '../testing/deliver.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { openSink, type Sink } from '../testing/sink.ts';
import { jira } from './jira.ts';
import { hashKey } from './key.ts';

let sink: Sink;
/** The issue that a search finds. */
let found: object | undefined;
beforeEach(async () => {
  sink = await openSink();
  found = undefined;
  sink.answer = (response, { path, method }) => {
    if (path.includes('/search')) response.end(JSON.stringify({ issues: found ? [found] : [] }));
    else if (path.endsWith('/transitions') && method === 'GET')
      response.end('{"transitions":[{"id":"31","name":"Done"},{"id":"41","name":"Reopen"}]}');
    else if (path.endsWith('/issue')) response.end('{"key":"OPS-9"}');
    else response.writeHead(204).end();
  };
});
afterEach(() => sink.close());

const issue = (key: string, category: string): object => ({
  key,
  fields: { status: { statusCategory: { key: category } } },
});
const firing = sampleNotification();
const resolved = sampleNotification({ alerts: [sampleAlert({ alertname: 'A' }, {}, 'resolved')] });
const LABEL = `ALERT{${hashKey(firing.groupKey)}}`;
const config = (more: object = {}): object => ({
  api_url: sink.url,
  project: 'OPS',
  issue_type: 'Bug',
  ...more,
});
const calls = (): string[] => sink.requests.map(({ method, path }) => `${method} ${path}`);
/** The fields of the second request: an issue made or changed. */
const fieldsSent = (): Record<string, string> => {
  const [, request] = sink.requests;
  return (request?.json as { fields: Record<string, string> } | undefined)?.fields ?? {};
};
const fails = (promise: Promise<string>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('jira', () => {
  test('an issue per group, found again by its label', async () => {
    const more = {
      labels: ['{{ .Status }}', 'AA'],
      fields: { parts: [{ name: '{{ .Status }}' }], n: '{{ len .Alerts }}' },
    };
    const deliver = receiverOf(
      jira,
      config({ ...more, resolve_transition: 'Done', reopen_transition: 'Reopen' }),
    );
    expect(await deliver(firing)).toBe('created OPS-9');
    found = issue('OPS-9', 'new');
    expect(await deliver(resolved)).toBe('updated OPS-9, Done');
    found = issue('OPS-9', 'done');
    expect(await deliver(firing)).toBe('updated OPS-9, Reopen');
    const moved = [
      'POST /search',
      'PUT /issue/OPS-9',
      'GET /issue/OPS-9/transitions',
      'POST /issue/OPS-9/transitions',
    ];
    expect(calls()).toEqual(['POST /search', 'POST /issue', ...moved, ...moved]);
    expect(sink.requests[0]?.json).toEqual({
      jql: `statusCategory != Done and project="OPS" and labels="${LABEL}" order by status ASC,resolutiondate DESC`,
      maxResults: 2,
      fields: ['status'],
    });
    expect(sink.requests[1]?.json).toEqual({
      fields: {
        project: { key: 'OPS' },
        issuetype: { name: 'Bug' },
        summary: '[FIRING 1] A',
        description: expect.stringContaining('It is broken'),
        labels: ['AA', LABEL, 'firing'],
        priority: { name: 'High' },
        parts: [{ name: 'firing' }],
        n: 1,
      },
    });
    expect(sink.requests.at(-1)?.json).toEqual({ transition: { id: '41' } });
  });

  test('a group that resolved before there was an issue makes none', async () => {
    expect(await receiverOf(jira, config())(resolved)).toBe('no issue');
    expect(calls()).toEqual(['POST /search']);
  });

  test('an issue that is done already, or has no transition named, is only updated', async () => {
    found = issue('OPS-9', 'done');
    expect(await receiverOf(jira, config({ resolve_transition: 'Done' }))(resolved)).toBe('updated OPS-9');
    expect(await receiverOf(jira, config())(firing)).toBe('updated OPS-9');
    const odd = receiverOf(jira, config({ reopen_transition: 'nope' }));
    expect(await fails(odd(firing))).toMatchObject({
      retry: false,
      message: "can't find transition nope for issue OPS-9",
    });
  });

  test.each([
    ['cloud', '/search/jql'],
    ['datacenter', '/search'],
    ['auto', '/search'],
  ])('api_type %s searches at %s', async (api_type, path) => {
    await receiverOf(jira, config({ api_type }))(resolved);
    expect(calls()).toEqual([`POST ${path}`]);
  });

  test('what was resolved lately is reopened, what will not be fixed is left', async () => {
    const more = { reopen_transition: 'Reopen', reopen_duration: '2h', wont_fix_resolution: 'Won\'t "Do"' };
    await receiverOf(jira, config(more))(firing);
    expect(sink.requests[0]?.json).toMatchObject({
      jql: expect.stringMatching(
        /^\(resolution is EMPTY or resolution != "Won't \\"Do\\""\) and \(resolutiondate is EMPTY OR resolutiondate >= -120m\) and project=/,
      ),
    });
  });

  test('summary and description may be kept as they are', async () => {
    found = issue('OPS-9', 'new');
    const more = { summary: { template: 's', enable_update: false }, description: { enable_update: false } };
    await receiverOf(jira, config(more))(firing);
    expect(Object.keys(fieldsSent())).toEqual(['project', 'issuetype', 'labels', 'priority']);
  });

  const paragraph = (text: string): object => ({ type: 'paragraph', content: [{ type: 'text', text }] });
  test.each([
    ['/rest/api/2', '{"a":1}', '{"a":1}'],
    ['/rest/api/3', '{"type":"doc","version":1,"content":[]}', { type: 'doc', version: 1, content: [] }],
    [
      '/rest/api/3',
      'a\n\n{b',
      {
        type: 'doc',
        version: 1,
        content: [paragraph('a'), { type: 'paragraph', content: [] }, paragraph('{b')],
      },
    ],
    ['/rest/api/3', '7', { type: 'doc', version: 1, content: [paragraph('7')] }],
  ])('version %s describes by %s', async (path, description, expected) => {
    await receiverOf(jira, config({ api_url: `${sink.url}${path}`, description }))(firing);
    expect(sink.requests[1]).toMatchObject({
      path: `${path}/issue`,
      json: { fields: { description: expected } },
    });
  });

  test('long texts are cut to what Jira takes', async () => {
    await receiverOf(jira, config({ summary: '🙂'.repeat(300), description: 'd'.repeat(40_000) }))(firing);
    const fields = fieldsSent();
    expect([Array.from(fields['summary'] ?? '').length, fields['description']?.length]).toEqual([
      255, 32_767,
    ]);
  });

  test.each([
    [429, true],
    [503, true],
    [400, false],
    [404, false],
  ])('status %d: worth another try: %s', async (status, retry) => {
    sink.answer = (response) => response.writeHead(status).end('{"errorMessages":["why"]}');
    const failure = await fails(receiverOf(jira, config())(firing));
    expect(failure).toMatchObject({ retry, message: expect.stringContaining('why') });
  });

  test('what is not an answer of Jira is a failure', async () => {
    sink.answer = (response) => response.end('<html>log in</html>');
    expect(await fails(receiverOf(jira, config())(firing))).toMatchObject({ retry: false });
  });

  test.each([
    [{ project: '', issue_type: 'b', api_url: 'http://x' }, 'missing project'],
    [{ project: 'a', issue_type: '', api_url: 'http://x' }, 'missing issue_type'],
    [{ project: 'a', issue_type: 'b' }, 'no global Jira Cloud URL set'],
  ])('refuses %j', (entry, message) => {
    expect(() => receiverOf(jira, entry)).toThrow(message);
  });
});
