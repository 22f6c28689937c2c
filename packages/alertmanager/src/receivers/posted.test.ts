import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRecords } from '../store.ts';
import { receiverOf } from '../testing/deliver.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { openSink, type Sink } from '../testing/sink.ts';
import { PostedStore, type PostedRecord } from './posted.ts';
import { slack } from './slack.ts';

const HOUR = 3_600_000;
const firing = sampleNotification();
const resolved = sampleNotification({ alerts: [sampleAlert({ alertname: 'A' }, {}, 'resolved')] });

let sink: Sink;
let directory: string;
let clock: VirtualClock;
beforeEach(async () => {
  sink = await openSink();
  let ts = 0;
  sink.answer = (response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(`{"ok":true,"channel":"C1","ts":"${++ts}.0"}`);
  directory = await mkdtemp(join(tmpdir(), 'prunella-posted-'));
  clock = new VirtualClock(0);
});
afterEach(async () => {
  sink.close();
  await rm(directory, { recursive: true });
});

/** One life of the process: what it is told, and what Slack gets. */
async function life(...notifications: (typeof firing)[]): Promise<void> {
  const records = await openRecords<PostedRecord>(directory, 'posted.journal', silentLogger);
  const posted = new PostedStore({ clock, records, retention: HOUR });
  const config = {
    app_token: 'xoxb-1',
    app_url: `${sink.url}/api/chat.postMessage`,
    channel: '#ops',
    update_message: true,
    send_resolved: true,
  };
  const deliver = receiverOf(slack, config, { posted, clock });
  for (const notification of notifications) await deliver(notification);
  await posted.maintain();
  await records.close();
}

const said = (): string[] =>
  sink.requests.map(({ path, json }) => {
    const { channel, ts = '' } = json as { channel: string; ts?: string };
    return `${path.replace('/api/chat.', '')} ${channel} ${ts}`.trim();
  });

describe('a message that is changed', () => {
  test('is the same one after a restart, until the group has resolved', async () => {
    await life(firing, firing);
    await life(firing, resolved);
    await life(firing);
    expect(said()).toEqual([
      'postMessage #ops',
      'update C1 1.0',
      'update C1 2.0',
      'update C1 3.0',
      'postMessage #ops',
    ]);
  });

  test('is another one for every group, and forgotten when it is old', async () => {
    await life(firing, sampleNotification({ groupKey: 'other' }));
    await clock.advance(HOUR + 1);
    await life();
    await life(firing);
    expect(said()).toEqual(['postMessage #ops', 'postMessage #ops', 'postMessage #ops']);
  });
});
