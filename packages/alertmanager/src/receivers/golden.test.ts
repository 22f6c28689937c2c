/** What each kind sends by default, over a real socket, as files to read: `testdata/receivers/KIND.json`. */
import { Labels } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { receiverOf } from '../testing/deliver.ts';
import { HTTP_CONFIGS, kindAt, yes } from '../testing/kinds.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { openSink, type Sink, type SinkRequest } from '../testing/sink.ts';

let sink: Sink;
beforeEach(async () => {
  sink = await openSink();
});
afterEach(() => sink.close());

const down = (instance: string, status: 'firing' | 'resolved', severity = 'critical') =>
  sampleAlert(
    { alertname: 'InstanceDown', instance, job: 'node', severity },
    { summary: `${instance} is down`, description: `${instance} is down for more than 1 minute.` },
    status,
  );
const group = {
  groupKey: '{}:{alertname="InstanceDown"}',
  groupLabels: Labels.from({ alertname: 'InstanceDown' }),
};
const MESSAGES = {
  'one fires': sampleNotification({ ...group, alerts: [down('VM1', 'firing')] }),
  'a group of three, one of which has resolved': sampleNotification({
    ...group,
    alerts: [down('VM1', 'firing'), down('VM2', 'firing', 'warning'), down('VM3', 'resolved')],
    reason: 'some alerts resolved',
  }),
  'all have resolved': sampleNotification({
    ...group,
    alerts: [down('VM1', 'resolved'), down('VM2', 'resolved')],
    reason: 'all alerts resolved',
  }),
};

test.each(Object.entries(HTTP_CONFIGS))('%s', async (name, config) => {
  sink.answer = (response, request) => response.end(yes(name, request));
  const clock = new VirtualClock(Date.parse('2026-01-05T12:02:00Z'));
  const deliver = receiverOf(kindAt(name, sink.url), config(sink.url), { clock });
  const golden: Record<string, unknown> = {};
  for (const [title, notification] of Object.entries(MESSAGES)) {
    await deliver(notification);
    golden[title] = sink.requests.splice(0).map(shown);
  }
  const text = `${JSON.stringify(golden, undefined, 2).replaceAll(sink.url, 'SINK')}\n`;
  await expect(text).toMatchFileSnapshot(`../testdata/receivers/${name}.json`);
});

function shown({ method, path, headers, body, json }: SinkRequest): object {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  const form = isForm ? Object.fromEntries(new URLSearchParams(body)) : body;
  // A signature is of the port, too.
  const authorization = headers.authorization?.replace(/Signature=.*/, 'Signature=…');
  return { request: `${method} ${path}`, type: headers['content-type'], authorization, body: json ?? form };
}
