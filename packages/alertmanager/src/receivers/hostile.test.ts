import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { deliverVia } from '../testing/deliver.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { openSink, type Sink } from '../testing/sink.ts';
import { RECEIVER_KINDS } from './kinds.ts';

const SCRIPT = '<script>alert("x")</script>';
const TEMPLATE = '{{ .ExternalURL }}{{ template "__subject" . }}';
const NASTY = `${SCRIPT}${TEMPLATE}\r\nBcc: evil@x.test\u0000\u001b[31m\u2028🙂"'\\`;
const hostile = sampleNotification({
  alerts: [
    sampleAlert(
      { alertname: NASTY, severity: NASTY, instance: NASTY, [SCRIPT]: NASTY },
      { summary: NASTY, description: NASTY },
    ),
  ],
});

let sink: Sink;
let directory: string;
beforeEach(async () => {
  sink = await openSink();
  sink.answer = (response) => response.end('{"ok":true,"success":true}');
  directory = await mkdtemp(join(tmpdir(), 'prunella-hostile-'));
});
afterEach(async () => {
  sink.close();
  await rm(directory, { recursive: true });
});

const aws = { region: 'r', access_key: 'a', secret_key: 'b' };
const CONFIGS: Readonly<Record<string, (url: string) => object>> = {
  webhook: (url) => ({ url }),
  slack: (url) => ({ api_url: url, channel: 'c' }),
  telegram: (url) => ({ api_url: url, bot_token: 't', chat_id: 1 }),
  pagerduty: (url) => ({ url, routing_key: 'k' }),
  opsgenie: (url) => ({ api_url: url, api_key: 'k' }),
  discord: (url) => ({ webhook_url: url }),
  msteams: (url) => ({ webhook_url: url }),
  msteamsv2: (url) => ({ webhook_url: url }),
  mattermost: (url) => ({ webhook_url: url }),
  sns: (url) => ({ api_url: url, sigv4: aws, topic_arn: 'arn:aws:sns:r:1:t' }),
  victorops: (url) => ({ api_url: url, api_key: 'k', routing_key: 'r' }),
  webex: (url) => ({ api_url: url, room_id: 'r', http_config: { authorization: { credentials: 't' } } }),
  rocketchat: (url) => ({ api_url: url, token: 't', token_id: 'i' }),
  incidentio: (url) => ({ url, alert_source_token: 't' }),
  bale: (url) => ({ api_url: url, bot_token: 't', chat_id: 1 }),
  ses: (url) => ({ api_url: url, ...aws, from: 'p@x', to: 'a@x' }),
};

describe('whatever an alert says', () => {
  test('every kind is here, or has a test of its own', () => {
    const elsewhere = ['email', 'file', 'inbox', 'pushover', 'wechat', 'jira'];
    expect([...Object.keys(CONFIGS), ...elsewhere].sort()).toEqual(
      RECEIVER_KINDS.map((kind) => kind.name).sort(),
    );
  });

  test.each(Object.entries(CONFIGS))('%s delivers it as text', async (name, config) => {
    const kind = RECEIVER_KINDS.find((each) => each.name === name);
    if (!kind) throw new Error(`no kind ${name}`);
    if (name === 'slack') sink.answer = (response) => response.end('ok');
    await deliverVia(kind, config(sink.url), hostile);
    const [request] = sink.requests;
    const body =
      request?.json === undefined ? Object.fromEntries(new URLSearchParams(request?.body)) : request.json;
    const texts: string[] = [];
    JSON.stringify(body, (_, value: unknown) => {
      if (typeof value === 'string') texts.push(value);
      return value;
    });
    // Nobody's template syntax is expanded, and no header is made.
    expect(texts.some((text) => text.includes('{{ .ExternalURL }}'))).toBe(true);
    expect(Object.keys(request?.headers ?? {})).not.toContain('bcc');
    for (const text of texts.filter((each) => /^\s*<(?:!doctype|html)/i.test(each)))
      expect(text).not.toContain('<script');
    if (name === 'telegram') expect(texts.join('')).not.toContain('<script');
  });

  test('file and inbox keep it on its line, and as it is', async () => {
    const [file, inbox] = ['file', 'inbox'].map((name) => RECEIVER_KINDS.find((kind) => kind.name === name));
    if (!file || !inbox) throw new Error('no kind');
    await deliverVia(file, { path: 'a.log' }, hostile, { directory });
    const text = await readFile(join(directory, 'a.log'), 'utf8');
    for (const character of '\n\r\u0000\u001b\u2028') expect(text.trimEnd()).not.toContain(character);
    const messages: string[] = [];
    await deliverVia(inbox, {}, hostile, { onMessage: (message) => messages.push(message.text) });
    expect(messages[0]).toContain(NASTY);
  });

  test('all of it can be configured at once', () => {
    const receivers = Object.entries(CONFIGS).map(
      ([name, config]) => `${name}_configs: [${JSON.stringify(config('http://x'))}]`,
    );
    const text = `route: {receiver: a}\nreceivers: [{name: a, ${receivers.join(', ')}}]`;
    expect(loadConfig(text, 'f.yml').receivers[0]?.integrations).toHaveLength(receivers.length);
  });
});
