import { Secret } from '@prunella/metrics/config';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deliverVia } from '../testing/deliver.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { openSink, type Sink, type SinkRequest } from '../testing/sink.ts';
import { bale } from './bale.ts';
import { slack } from './slack.ts';
import { telegram } from './telegram.ts';

let sink: Sink;
beforeEach(async () => {
  sink = await openSink();
  sink.answer = (response) => response.end('{"ok":true}');
});
afterEach(() => sink.close());

const fails = (promise: Promise<string>): Promise<unknown> => promise.catch((error: unknown) => error);
const hostile = sampleAlert(
  { alertname: '<b>"A"</b>', severity: 'critical', instance: '{{ .X }}' },
  { summary: 'a\nb\u0000 & <script>' },
);

describe('bale', () => {
  const config = (): object => ({ api_url: sink.url, bot_token: 'hush', chat_id: 42 });

  test('posts chat_id and the plain text', async () => {
    const alert = sampleAlert(
      { alertname: 'instanceDown', severity: 'critical', instance: 'VM1' },
      { description: 'Target VM1 on localhost is down for more than 1 minute.' },
    );
    await deliverVia(bale, config(), sampleNotification({ alerts: [alert] }));
    expect(sink.requests).toMatchObject([{ method: 'POST', path: '/bothush/sendMessage' }]);
    expect(sink.requests[0]?.json).toEqual({
      chat_id: 42,
      text: '\u{1F6A8} instanceDown (Severity: critical)\nInstance: VM1\nTarget VM1 on localhost is down for more than 1 minute.',
    });
  });

  test('whatever an alert says arrives as it is', async () => {
    await deliverVia(bale, config(), sampleNotification({ alerts: [hostile] }));
    expect(sink.requests[0]?.json).toMatchObject({
      text: '\u{1F6A8} <b>"A"</b> (Severity: critical)\nInstance: {{ .X }}\na\nb\u0000 & <script>',
    });
  });

  test.each([
    [429, true],
    [502, true],
    [403, false],
  ])('status %d: worth another try: %s; the token is not told', async (status, retry) => {
    sink.answer = (response, request) => response.writeHead(status).end(`no ${request.path}`);
    const failure = await fails(deliverVia(bale, config(), sampleNotification()));
    expect(failure).toMatchObject({ retry });
    expect(String(failure)).not.toContain('hush');
  });

  test('cuts what is longer than a message may be', async () => {
    await deliverVia(bale, { ...config(), message: '🙂'.repeat(5000) }, sampleNotification());
    const [request] = sink.requests;
    const { text } = (request as SinkRequest).json as { text: string };
    expect([Array.from(text).length, text.endsWith('🙂…')]).toEqual([4096, true]);
  });

  test('token and chat from the environment; without a token the file is refused', async () => {
    const fromEnv = { api_url: sink.url, bot_token_env: 'T', chat_id_env: 'C' };
    await deliverVia(bale, fromEnv, sampleNotification(), { env: { T: 'tok', C: '@ops' } });
    expect(sink.requests[0]).toMatchObject({ path: '/bottok/sendMessage', json: { chat_id: '@ops' } });
    await expect(deliverVia(bale, { chat_id: 1 }, sampleNotification())).rejects.toThrow('missing bot_token');
  });
});

describe('telegram', () => {
  const config = (): object => ({ api_url: sink.url, bot_token: 'hush', chat_id: -100123 });

  test('posts HTML with what alerts say escaped', async () => {
    await deliverVia(
      telegram,
      { ...config(), message_thread_id: 7, disable_notifications: true },
      sampleNotification({ alerts: [hostile] }),
    );
    expect(sink.requests[0]).toMatchObject({ path: '/bothush/sendMessage' });
    expect(sink.requests[0]?.json).toEqual({
      chat_id: '-100123',
      disable_web_page_preview: 'true',
      text: '🚨 &lt;b&gt;&#34;A&#34;&lt;/b&gt; (Severity: critical)\nInstance: {{ .X }}\na\nb\ufffd &amp; &lt;script&gt;',
      parse_mode: 'HTML',
      disable_notification: 'true',
      message_thread_id: '7',
    });
  });

  test('too long: HTML is replaced by a notice, text is cut', async () => {
    for (const mode of ['HTML', '']) {
      await deliverVia(
        telegram,
        { ...config(), parse_mode: mode, message: 'x'.repeat(4097) },
        sampleNotification(),
      );
    }
    expect(sink.requests[0]?.json).toMatchObject({ text: expect.stringContaining('too long') });
    expect(sink.requests[1]?.json).toMatchObject({ text: `${'x'.repeat(4095)}…` });
  });

  test('a refusal with status 200 is a failure', async () => {
    sink.answer = (response) => response.end('{"ok":false,"description":"chat not found"}');
    expect(await fails(deliverVia(telegram, config(), sampleNotification()))).toMatchObject({
      retry: true,
      message: 'chat not found',
    });
  });
});

describe('slack', () => {
  test('posts an attachment made of the default templates', async () => {
    sink.answer = (response) => response.end('ok');
    const config = {
      api_url: `${sink.url}/hook`,
      channel: '#ops',
      fields: [{ title: 'T', value: '{{ .Status }}' }],
    };
    expect(await deliverVia(slack, config, sampleNotification())).toBe('200 ok');
    expect(sink.requests[0]?.json).toEqual({
      channel: '#ops',
      username: 'Prunella',
      attachments: [
        {
          title: '[FIRING 1] A',
          title_link: 'http://prunella.test/alerts?receiver=ops',
          text: '*A (Severity: critical)*\nIt is broken\n',
          fallback: '[FIRING 1] A | http://prunella.test/alerts?receiver=ops',
          color: 'danger',
          mrkdwn_in: ['fallback', 'pretext', 'text'],
          fields: [{ title: 'T', value: 'firing', short: false }],
        },
      ],
    });
  });

  test.each([
    ['text/plain', 'invalid_payload', 'invalid_payload'],
    ['application/json', '{"ok":false,"error":"channel_not_found"}', 'channel_not_found'],
  ])('status 200 with %s "%s" is a failure', async (type, body, message) => {
    sink.answer = (response) => response.writeHead(200, { 'content-type': type }).end(body);
    const failure = await fails(deliverVia(slack, { api_url: sink.url }, sampleNotification()));
    expect(failure).toMatchObject({ retry: false, message: expect.stringContaining(message) });
  });

  test('an app posts with its token, and no address at all is refused', async () => {
    sink.answer = (response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"ok":true,"channel":"C1","ts":"1.2"}');
    const global = { slack_app_token: new Secret('xoxb'), slack_app_url: `${sink.url}/api/chat.postMessage` };
    await deliverVia(slack, { channel: '#ops' }, sampleNotification(), { global });
    expect(sink.requests[0]).toMatchObject({
      path: '/api/chat.postMessage',
      headers: { authorization: 'Bearer xoxb' },
      json: { channel: '#ops' },
    });
    await expect(deliverVia(slack, {}, sampleNotification())).rejects.toThrow('no global Slack API URL');
  });
});
