import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deliverVia } from '../testing/deliver.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { openSink, type Sink, type SinkRequest } from '../testing/sink.ts';
import { discord } from './discord.ts';
import { incidentio } from './incidentio.ts';
import { hashKey } from './key.ts';
import { mattermost } from './mattermost.ts';
import { msteams, msteamsv2 } from './msteams.ts';
import { opsgenie } from './opsgenie.ts';
import { pagerduty, pagerdutyAt } from './pagerduty.ts';
import { pushoverAt } from './pushover.ts';
import { rocketchat } from './rocketchat.ts';
import { sns } from './sns.ts';
import { victorops } from './victorops.ts';
import { webex } from './webex.ts';

let sink: Sink;
beforeEach(async () => {
  sink = await openSink();
});
afterEach(() => sink.close());

const notification = sampleNotification();
const resolved = sampleNotification({ alerts: [sampleAlert({ alertname: 'A' }, {}, 'resolved')] });
const KEY = hashKey(notification.groupKey);
const fails = (promise: Promise<string>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('pagerduty', () => {
  const config = (): object => ({ url: sink.url, routing_key: 'hush' });

  test('triggers and resolves by the group, with nested details', async () => {
    await deliverVia(
      pagerduty,
      { ...config(), details: { deep: { status: '{{ .Status }}' } } },
      notification,
    );
    await deliverVia(pagerduty, config(), resolved);
    expect(sink.requests[0]?.json).toMatchObject({
      routing_key: 'hush',
      dedup_key: KEY,
      event_action: 'trigger',
      client: 'Prunella',
      client_url: 'http://prunella.test/alerts?receiver=ops',
      payload: {
        summary: '[FIRING 1] A',
        source: 'Prunella',
        severity: 'error',
        custom_details: { num_firing: 1, deep: { status: 'firing' } },
      },
    });
    expect(sink.requests[1]?.json).toMatchObject({ dedup_key: KEY, event_action: 'resolve' });
  });

  test('version 1, too large an event, and rate limits', async () => {
    await deliverVia(pagerdutyAt(sink.url), { service_key: 'k', description: 'd' }, notification);
    expect(sink.requests[0]?.json).toMatchObject({
      service_key: 'k',
      incident_key: KEY,
      event_type: 'trigger',
      description: 'd',
    });
    await deliverVia(pagerduty, { ...config(), details: { big: 'x'.repeat(600_000) } }, notification);
    expect(sink.requests[1]?.json).toMatchObject({
      payload: { custom_details: { error: expect.any(String) } },
    });
    sink.answer = (response) => response.writeHead(429).end();
    expect(await fails(deliverVia(pagerduty, config(), notification))).toMatchObject({ retry: true });
    await expect(deliverVia(pagerduty, { url: sink.url }, notification)).rejects.toThrow(
      'missing service or routing key',
    );
  });
});

describe('opsgenie', () => {
  const config = (): object => ({ api_url: sink.url, api_key: 'hush' });

  test('creates, updates and closes by alias', async () => {
    const full = {
      ...config(),
      tags: 'a, b',
      priority: 'P1',
      update_alerts: true,
      responders: [{ type: 'team', name: 'x' }],
    };
    await deliverVia(opsgenie, full, notification);
    await deliverVia(opsgenie, config(), resolved);
    expect(sink.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v2/alerts',
      `PUT /v2/alerts/${KEY}/message?identifierType=alias`,
      `PUT /v2/alerts/${KEY}/description?identifierType=alias`,
      `POST /v2/alerts/${KEY}/close?identifierType=alias`,
    ]);
    expect(sink.requests[0]).toMatchObject({
      headers: { authorization: 'GenieKey hush' },
      json: {
        alias: KEY,
        message: '[FIRING 1] A',
        details: { alertname: 'A', severity: 'critical', instance: 'i' },
        responders: [{ type: 'team', name: 'x' }],
        tags: ['a', ' b'],
        priority: 'P1',
      },
    });
  });
});

test('discord', async () => {
  await deliverVia(discord, { webhook_url: sink.url, title: 't'.repeat(300), username: 'u' }, notification);
  expect(sink.requests[0]?.json).toMatchObject({
    content: '',
    embeds: [
      { title: `${'t'.repeat(255)}…`, description: expect.stringContaining('It is broken'), color: 0x992d22 },
    ],
    username: 'u',
  });
});

test('msteams and msteamsv2', async () => {
  await deliverVia(msteams, { webhook_url: sink.url }, notification);
  await deliverVia(msteamsv2, { webhook_url: sink.url }, resolved);
  expect(sink.requests[0]?.json).toMatchObject({
    type: 'MessageCard',
    title: '[FIRING 1] A',
    themeColor: '8C1A1A',
  });
  expect(sink.requests[1]?.json).toMatchObject({
    attachments: [{ content: { version: '1.2', body: [{ text: '[RESOLVED] A', color: 'Good' }, {}] } }],
  });
});

test('mattermost', async () => {
  const attachments = [{ title: '{{ .Status }}', fields: [{ title: 'a', value: 'b', short: true }] }];
  await deliverVia(
    mattermost,
    { webhook_url: sink.url, channel: 'ops', text: 'hi', attachments },
    notification,
  );
  expect(sink.requests[0]?.json).toEqual({
    channel: 'ops',
    username: 'Prunella',
    text: 'hi',
    attachments: [{ title: 'firing', fields: [{ title: 'a', value: 'b', short: true }] }],
  });
});

test('victorops', async () => {
  const config = {
    api_url: sink.url,
    api_key: 'hush',
    routing_key: 'r',
    custom_fields: { x: '{{ .Status }}' },
  };
  await deliverVia(victorops, config, notification);
  await deliverVia(victorops, config, resolved);
  expect(sink.requests[0]).toMatchObject({
    path: '/hush/r',
    json: { message_type: 'CRITICAL', entity_id: KEY, entity_display_name: '[FIRING 1] A', x: 'firing' },
  });
  expect(sink.requests[1]?.json).toMatchObject({ message_type: 'RECOVERY', entity_id: KEY });
  await expect(
    deliverVia(victorops, { ...config, custom_fields: { entity_id: 'x' } }, notification),
  ).rejects.toThrow('entity_id');
});

test('webex', async () => {
  const config = {
    api_url: sink.url,
    room_id: 'r',
    message: 'ü'.repeat(5000),
    http_config: { authorization: { credentials: 't' } },
  };
  await deliverVia(webex, config, notification);
  const [request] = sink.requests;
  const { markdown, roomId } = (request as SinkRequest).json as { markdown: string; roomId: string };
  expect([roomId, Buffer.byteLength(markdown) <= 7439, markdown.endsWith('ü…')]).toEqual(['r', true, true]);
  await expect(deliverVia(webex, { room_id: 'r' }, notification)).rejects.toThrow('authorization');
});

test('rocketchat', async () => {
  const config = {
    api_url: sink.url,
    token: 't',
    token_id: 'i',
    channel: '#c',
    fields: [{ title: 'a', value: 'b' }],
  };
  sink.answer = (response) => response.end('{"success":true}');
  await deliverVia(rocketchat, config, notification);
  expect(sink.requests[0]).toMatchObject({
    path: '/api/v1/chat.postMessage',
    headers: { 'x-auth-token': 't', 'x-user-id': 'i' },
    json: {
      channel: '#c',
      attachments: [{ title: '[FIRING 1] A', fields: [{ short: false, title: 'a', value: 'b' }] }],
    },
  });
  sink.answer = (response) => response.end('{"success":false,"error":"no"}');
  expect(await fails(deliverVia(rocketchat, config, notification))).toMatchObject({ retry: false });
});

test('incidentio', async () => {
  await deliverVia(incidentio, { url: sink.url, alert_source_token: 'hush' }, notification);
  expect(sink.requests[0]).toMatchObject({
    headers: { authorization: 'Bearer hush' },
    json: { version: '1', status: 'firing' },
  });
  const both = {
    url: sink.url,
    alert_source_token: 'a',
    http_config: { authorization: { credentials: 'b' } },
  };
  await expect(deliverVia(incidentio, both, notification)).rejects.toThrow('alert_source_token');
});

test('pushover', async () => {
  await deliverVia(
    pushoverAt(sink.url),
    { user_key: 'u', token: 't', message: 'x'.repeat(2000), retry: '30s' },
    notification,
  );
  const form = Object.fromEntries(new URLSearchParams(sink.requests[0]?.body));
  expect(form).toMatchObject({
    user: 'u',
    token: 't',
    title: '[FIRING 1] A',
    priority: '2',
    retry: '30',
    expire: '3600',
  });
  expect(form['message']).toHaveLength(1024);
  await expect(deliverVia(pushoverAt(sink.url), { token: 't' }, notification)).rejects.toThrow('user_key');
});

describe('sns', () => {
  const config = (): object => ({
    api_url: sink.url,
    sigv4: { access_key: 'AKID', secret_key: 'hush' },
    topic_arn: 'arn:aws:sns:us-east-2:1:t.fifo',
  });

  test('publishes a signed form; the region is that of the topic', async () => {
    await deliverVia(sns, { ...config(), message: 'm', attributes: { a: '{{ .Status }}' } }, notification);
    const [request] = sink.requests;
    expect(request?.headers.authorization).toContain('/us-east-2/sns/aws4_request');
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toMatchObject({
      Action: 'Publish',
      TopicArn: 'arn:aws:sns:us-east-2:1:t.fifo',
      Message: 'm',
      Subject: '[FIRING 1] A',
      MessageGroupId: KEY,
      'MessageAttributes.entry.1.Name': 'a',
      'MessageAttributes.entry.1.Value.StringValue': 'firing',
    });
  });

  test('cuts what is too long and says so', async () => {
    await deliverVia(
      sns,
      {
        ...config(),
        topic_arn: undefined,
        phone_number: '+1',
        message: 'ü'.repeat(2000),
        sigv4: { region: 'r', access_key: 'a', secret_key: 'b' },
      },
      notification,
    );
    const form = new URLSearchParams(sink.requests[0]?.body);
    expect(form.get('Message')).toBe(`${'ü'.repeat(798)}…`);
    expect(form.get('MessageAttributes.entry.1.Name')).toBe('truncated');
    await expect(deliverVia(sns, {}, notification)).rejects.toThrow('must provide either');
  });
});
