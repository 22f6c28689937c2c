/** Sinks that fail, stall, redirect and cut, for every kind; and what they get out of us: no secret. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { receiverOf } from '../testing/deliver.ts';
import { HTTP_CONFIGS, kindAt, yes } from '../testing/kinds.ts';
import { sampleNotification } from '../testing/samples.ts';
import { openSink, type Sink } from '../testing/sink.ts';
import { DeliveryError, type Deliver } from './receiver.ts';
import { Redactor } from './redact.ts';
import { webhook } from './webhook.ts';

let sink: Sink;
beforeEach(async () => {
  sink = await openSink();
});
afterEach(() => sink.close());

const failureOf = async (promise: Promise<string>): Promise<DeliveryError> => {
  const failure: unknown = await promise.then(
    (said) => new Error(`delivered: ${said}`),
    (error: unknown) => error,
  );
  return failure as DeliveryError;
};
const receiver = (name: string): Deliver => {
  const config = HTTP_CONFIGS[name]?.(sink.url);
  const deliver = receiverOf(kindAt(name, sink.url), config);
  return (notification, signal) => deliver(notification, signal);
};
const never = new AbortController().signal;

describe.each(Object.keys(HTTP_CONFIGS))('%s', (name) => {
  test('a service that repeats all it got makes no secret known', async () => {
    for (const status of [400, 500]) {
      sink.answer = (response, { path, headers, body }) =>
        response.writeHead(status).end(`${path} ${JSON.stringify(headers)} ${body}`.slice(0, 400));
      const failure = await failureOf(receiver(name)(sampleNotification(), never));
      expect(failure).toBeInstanceOf(DeliveryError);
      expect(failure.message).toContain(`unexpected status code ${status}`);
      expect(failure.message.replaceAll(/hush-path\b.*?(?=")/g, '')).not.toContain('hush-');
    }
  });

  test('nor does one that is pleased', async () => {
    sink.answer = (response, request) => response.end(yes(name, request));
    expect(await receiver(name)(sampleNotification(), never)).not.toContain('hush-');
  });

  test('a service that cuts the connection, or is not there, may come back', async () => {
    sink.answer = (response) => response.socket?.destroy();
    expect(await failureOf(receiver(name)(sampleNotification(), never))).toMatchObject({ retry: true });
    const deliver = receiver(name);
    sink.close();
    const failure = await failureOf(deliver(sampleNotification(), never));
    expect(failure).toMatchObject({ retry: true });
    expect(failure.message).not.toContain('hush-');
  });

  test('a service that stalls is left when time is up', async () => {
    const abort = new AbortController();
    sink.answer = () => abort.abort();
    expect(await failureOf(receiver(name)(sampleNotification(), abort.signal))).toMatchObject({
      retry: true,
    });
  });

  test('a redirect elsewhere takes no credentials along', async () => {
    const elsewhere = await openSink();
    try {
      sink.answer = (response) => response.writeHead(307, { location: `${elsewhere.url}/there` }).end();
      elsewhere.answer = (response, request) => response.end(yes(name, request));
      await receiver(name)(sampleNotification(), never).catch(() => {});
      expect(elsewhere.requests.length).toBeGreaterThan(0);
      for (const { headers } of elsewhere.requests) expect(JSON.stringify(headers)).not.toContain('hush-');
    } finally {
      elsewhere.close();
    }
  });
});

describe('Redactor', () => {
  test('hides a secret as it is and as part of a URL, and the longer one first', () => {
    const redactor = new Redactor();
    for (const secret of ['hush', 'hush/hush', 'http://h/secret/path?token=1', 'abc']) redactor.add(secret);
    expect(
      redactor.redact('hush hush/hush hush%2Fhush http://h/secret/path?token=1 /secret/path?token=1 abc'),
    ).toBe('<secret> <secret> <secret> <secret> <secret> abc');
  });

  test('a secret in a file is hidden as it is now', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'prunella-secret-'));
    try {
      await writeFile(join(directory, 'url'), `${sink.url}/first-secret\n`);
      sink.answer = (response, { path }) => response.writeHead(500).end(`no ${path}`);
      const deliver = receiverOf(webhook, { url_file: 'url' }, { directory });
      expect((await failureOf(deliver(sampleNotification()))).message).toBe(
        'unexpected status code 500: no <secret>',
      );
      await writeFile(join(directory, 'url'), `${sink.url}/second-secret\n`);
      expect((await failureOf(deliver(sampleNotification()))).message).toBe(
        'unexpected status code 500: no <secret>',
      );
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
