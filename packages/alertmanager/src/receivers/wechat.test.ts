import { Secret } from '@prunella/metrics/config';
import { VirtualClock } from '@prunella/metrics/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { receiverOf } from '../testing/deliver.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { openSink, type Sink } from '../testing/sink.ts';
import { wechat } from './wechat.ts';

let sink: Sink;
let tokens: number;
beforeEach(async () => {
  sink = await openSink();
  tokens = 0;
  sink.answer = (response, { path }) =>
    response.end(
      path.includes('gettoken')
        ? `{"errcode":0,"errmsg":"ok","access_token":"token ${++tokens}","expires_in":7200}`
        : '{"errcode":0,"errmsg":"ok"}',
    );
});
afterEach(() => sink.close());

const config = (): object => ({
  api_url: sink.url,
  api_secret: 'hush/hush',
  corp_id: 'corp',
  to_user: '@all',
});
const fails = (promise: Promise<string>): Promise<unknown> => promise.catch((error: unknown) => error);
const paths = (): string[] => sink.requests.map(({ method, path }) => `${method} ${path}`);

describe('wechat', () => {
  test('one token serves many messages, until it ends', async () => {
    const clock = new VirtualClock(0);
    const deliver = receiverOf(wechat, config(), { clock });
    expect(await deliver(sampleNotification())).toBe('200 {"errcode":0,"errmsg":"ok"}');
    await deliver(sampleNotification({ alerts: [sampleAlert({ alertname: 'A' }, {}, 'resolved')] }));
    await clock.advance(7_200_000 - 60_000);
    await deliver(sampleNotification());
    expect(paths()).toEqual([
      'GET /gettoken?corpid=corp&corpsecret=hush%2Fhush',
      'POST /message/send?access_token=token%201',
      'POST /message/send?access_token=token%201',
      'GET /gettoken?corpid=corp&corpsecret=hush%2Fhush',
      'POST /message/send?access_token=token%202',
    ]);
    expect(sink.requests[1]?.json).toMatchObject({
      touser: '@all',
      safe: '0',
      msgtype: 'text',
      text: { content: expect.stringContaining('It is broken') },
    });
  });

  test('a token that was taken back is asked for anew', async () => {
    const deliver = receiverOf(wechat, config());
    await deliver(sampleNotification());
    const accept = sink.answer;
    sink.answer = (response) => response.end('{"errcode":42001,"errmsg":"access_token expired"}');
    expect(await fails(deliver(sampleNotification()))).toMatchObject({
      retry: true,
      message: 'wechat refused the message: 42001 access_token expired',
    });
    sink.answer = accept;
    await deliver(sampleNotification());
    expect(paths().slice(-2)).toEqual([
      'GET /gettoken?corpid=corp&corpsecret=hush%2Fhush',
      'POST /message/send?access_token=token%202',
    ]);
  });

  test.each([
    ['{"errcode":40001,"errmsg":"invalid credential"}', 'invalid credential'],
    ['{"errcode":0,"errmsg":"ok"}', 'no token'],
    ['<html>', 'not an answer'],
    ['', 'not an answer'],
  ])('no token: %s', async (body, message) => {
    sink.answer = (response) => response.end(body);
    const failure = await fails(receiverOf(wechat, config())(sampleNotification()));
    expect(failure).toMatchObject({ retry: false, message: expect.stringContaining(message) });
  });

  test('neither the secret nor the token is told', async () => {
    sink.answer = (response, { path }) => response.writeHead(500).end(`no: ${path} hush/hush`);
    expect(String(await fails(receiverOf(wechat, config())(sampleNotification())))).not.toMatch(/hush/);
    sink.answer = (response, { path }) => {
      if (path.includes('gettoken')) response.end('{"access_token":"to ken"}');
      else response.writeHead(500).end(`no: ${path}`);
    };
    const failure = await fails(receiverOf(wechat, config())(sampleNotification()));
    expect(failure).toMatchObject({ retry: true, message: expect.not.stringContaining('to%20ken') });
  });

  test('who and where may be global; without them the file is refused', async () => {
    const global = {
      wechat_api_url: `${sink.url}/cgi-bin/`,
      wechat_api_secret: new Secret('s'),
      wechat_api_corp_id: 'c',
    };
    await receiverOf(
      wechat,
      { message_type: 'markdown', message: '**{{ .Status }}**' },
      { global },
    )(sampleNotification());
    expect(paths()[0]).toBe('GET /cgi-bin/gettoken?corpid=c&corpsecret=s');
    expect(sink.requests[1]?.json).toMatchObject({
      msgtype: 'markdown',
      markdown: { content: '**firing**' },
    });
    expect(() => receiverOf(wechat, { corp_id: 'c' })).toThrow('Secret');
    expect(() => receiverOf(wechat, { api_secret: 's' })).toThrow('CorpID');
  });
});
