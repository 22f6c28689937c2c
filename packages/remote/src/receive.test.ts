import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AppendError,
  Labels,
  Matcher,
  ProtobufWriter,
  silentLogger,
  type FloatHistogram,
} from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TestStorage } from '../../scrape/testdata/storage.ts';
import { Database } from '../../tsdb/src/index.ts';
import { encodeWriteRequest2 } from './encode2.ts';
import { encodeWriteRequest, type RemoteSeries, type WriteMessage } from './messages.ts';
import { WriteReceiver } from './receive.ts';
import { compress, RemoteError } from './snappy.ts';

const V1 = 'prometheus.WriteRequest';
const V2 = 'io.prometheus.write.v2.Request';
const up = Labels.from({ __name__: 'up', job: 'a' });
const other = Labels.from({ __name__: 'x', text: 'ü' });

const series = (labels: Labels, ...samples: RemoteSeries['samples']): RemoteSeries => ({
  labels,
  samples,
  exemplars: [],
});

function bodyOf(list: readonly RemoteSeries[], message: WriteMessage): Uint8Array {
  return compress(
    message === V1 ? encodeWriteRequest({ series: list, metadata: [] }) : encodeWriteRequest2(list),
  );
}

const NOTHING = { samples: 0, histograms: 0, exemplars: 0, refused: 0, reason: '' };

describe.each([V1, V2] as const)('WriteReceiver, %s', (message) => {
  const setUp = (): {
    storage: TestStorage;
    receiver: WriteReceiver;
    send: (...list: RemoteSeries[]) => ReturnType<WriteReceiver['receive']>;
  } => {
    const storage = new TestStorage();
    const receiver = new WriteReceiver(storage);
    return { storage, receiver, send: (...list) => receiver.receive(bodyOf(list, message), message) };
  };

  test('stores floats, stale markers, histograms and exemplars, and counts them', async () => {
    const { storage, receiver, send } = setUp();
    const histogram: FloatHistogram = {
      kind: 'float',
      counterResetHint: 'unknown',
      schema: 0,
      count: 3,
      sum: 4.5,
      zeroThreshold: 0.001,
      zeroCount: 1,
      positiveSpans: [{ offset: 0, length: 1 }],
      negativeSpans: [],
      positiveBuckets: [2],
      negativeBuckets: [],
      customValues: [],
    };
    const exemplar = { labels: Labels.from({ trace: 'x' }), value: 0.5, timestamp: 900 };
    const result = await send(
      { labels: up, samples: [{ time: -5, value: 1.5 }], exemplars: [exemplar] },
      series(other, { time: 1, value: 0 }, { time: 2, value: NaN, stale: true }),
      series(Labels.from({ __name__: 'h' }), { time: 3, value: 4.5, histogram }),
    );
    expect(result).toEqual({ ...NOTHING, samples: 3, histograms: 1, exemplars: 1 });
    expect(storage.values('up{job="a"}')).toEqual([1.5]);
    expect(storage.times('up{job="a"}')).toEqual([-5]);
    expect(storage.values('x{text="ü"}')).toEqual([0, 'stale']);
    expect(storage.values('h')).toEqual([histogram]);
    expect(storage.exemplars).toEqual([exemplar]);
    expect(receiver.knownSeries).toBe(3);
  });

  test('a known series is found by its bytes', async () => {
    const { storage, receiver, send } = setUp();
    for (let time = 0; time < 5; time++)
      await send(series(up, { time, value: time }), series(other, { time, value: 7 }));
    expect(receiver.knownSeries).toBe(2);
    expect(storage.names()).toEqual(['up{job="a"}', 'x{text="ü"}']);
    expect(storage.values('up{job="a"}')).toEqual([0, 1, 2, 3, 4]);
  });

  test('stores what can be stored and says what cannot', async () => {
    const { storage, send } = setUp();
    await send(series(up, { time: 2000, value: 1 }));
    const nameless = Labels.from({ a: 'b' });
    const result = await send(
      series(up, { time: 1000, value: 0 }, { time: 2500, value: 3 }),
      series(nameless, { time: 1000, value: 0 }, { time: 2000, value: 0 }),
      series(other, { time: 1000, value: 7 }),
    );
    expect(result).toEqual({
      ...NOTHING,
      samples: 2,
      refused: 3,
      reason: 'out of order sample for series up{job="a"}',
    });
    expect(storage.values('x{text="ü"}')).toEqual([7]);
    expect((await send(series(nameless, { time: 1, value: 1 }))).reason).toBe(
      'a series without a metric name: {a="b"}',
    );
  });

  test('tells that the storage is in trouble', async () => {
    const { storage, send } = setUp();
    storage.failCommits = true;
    const { failure, ...rest } = await send(series(up, { time: 1, value: 1 }));
    expect(failure?.message).toContain('no space left');
    expect(rest).toEqual(NOTHING);
    expect(storage.rollbacks).toBe(1);
  });

  test('commits a large request in parts', async () => {
    const { storage, send } = setUp();
    const samples = Array.from({ length: 25_000 }, (_, time) => ({ time, value: time }));
    expect((await send(series(up, ...samples))).samples).toBe(25_000);
    expect(storage.values('up{job="a"}')).toHaveLength(25_000);
    expect(storage.commits).toBe(5);
  });

  test('nothing of a damaged request is stored', async () => {
    const { storage, receiver } = setUp();
    const whole =
      message === V1
        ? encodeWriteRequest({ series: [series(up, { time: 1, value: 1 })], metadata: [] })
        : encodeWriteRequest2([series(up, { time: 1, value: 1 })]);
    await expect(receiver.receive(compress(whole.subarray(0, -1)), message)).rejects.toThrow(RemoteError);
    await expect(receiver.receive(Buffer.from('nonsense'), message)).rejects.toThrow('snappy');
    await expect(receiver.receive(new Uint8Array(0), message)).rejects.toThrow('snappy');
    expect(storage.commits).toBe(0);
  });

  test('any damage is a RemoteError or stored as something, and the receiver goes on', async () => {
    const { storage, receiver, send } = setUp();
    const whole =
      message === V1
        ? encodeWriteRequest({
            series: [series(up, { time: 1, value: 1 })],
            metadata: [['up', { type: 'gauge', help: 'h', unit: '' }]],
          })
        : encodeWriteRequest2([series(up, { time: 1, value: 1 })]);
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, byte] of changes) bytes[at] = byte;
        await receiver
          .receive(compress(bytes), message)
          .catch((error: unknown) => expect(error).toBeInstanceOf(RemoteError));
      }),
      { numRuns: 500 },
    );
    expect((await send(series(other, { time: 1e15, value: 5 }))).samples).toBe(1);
    expect(storage.values('x{text="ü"}')).toContain(5);
  });

  test('many at once do not mix', async () => {
    const { storage, receiver } = setUp();
    const bodies = Array.from({ length: 20 }, (_, i) =>
      bodyOf(
        Array.from({ length: 2000 }, (__, k) =>
          series(Labels.from({ __name__: 'm', i: String(i), k: String(k) }), {
            time: 1,
            value: i * 10_000 + k,
          }),
        ),
        message,
      ),
    );
    const results = await Promise.all(bodies.map((body) => receiver.receive(body, message)));
    expect(results.every(({ samples, refused }) => samples === 2000 && refused === 0)).toBe(true);
    for (const [i, k] of [
      [0, 0],
      [7, 1999],
      [19, 1000],
    ] as const)
      expect(storage.values(`m{i="${i}", k="${k}"}`)).toEqual([i * 10_000 + k]);
  });
});

test('both versions mean the same series by the same labels', async () => {
  const storage = new TestStorage();
  const receiver = new WriteReceiver(storage);
  await receiver.receive(bodyOf([series(up, { time: 1, value: 1 })], V1), V1);
  await receiver.receive(bodyOf([series(up, { time: 2, value: 2 })], V2), V2);
  expect(receiver.knownSeries).toBe(1);
  expect(storage.values('up{job="a"}')).toEqual([1, 2]);
});

test('labels that do not follow each other, in any order, are one set', async () => {
  const writer = new ProtobufWriter();
  const label = (name: string, value: string): void =>
    writer.message(1, () => {
      writer.string(1, name);
      writer.string(2, value);
    });
  const sample = (time: number): void =>
    writer.message(2, () => {
      writer.double(1, time / 2);
      writer.int64(2, time);
    });
  writer.message(1, () => {
    sample(5);
    label('job', 'a');
    sample(6);
    label('empty', '');
    label('__name__', 'up');
    sample(7);
  });
  const storage = new TestStorage();
  const result = await new WriteReceiver(storage).receive(compress(writer.finish()));
  expect(result).toEqual({ ...NOTHING, samples: 3 });
  expect(storage.values('up{job="a"}')).toEqual([2.5, 3, 3.5]);
});

test('a reference that the storage has forgotten is looked up by labels again', async () => {
  const inner = new TestStorage();
  let forgotten = false;
  const storage = {
    appender: () => {
      const to = inner.appender();
      const append: typeof to.append = (ref, labels, t, v) => {
        if (!forgotten || ref === 0)
          return to.append(ref === 0 ? 0 : ref, labels, t, v) + (forgotten ? 100 : 0);
        if (labels.size === 0) throw new AppendError('invalid_labels', 'empty label set');
        return to.append(0, labels, t, v) + 100;
      };
      return { ...to, append };
    },
  };
  const receiver = new WriteReceiver(storage);
  await receiver.receive(bodyOf([series(up, { time: 1, value: 1 })], V1));
  forgotten = true;
  expect(await receiver.receive(bodyOf([series(up, { time: 2, value: 2 })], V1))).toEqual({
    ...NOTHING,
    samples: 1,
  });
  expect(inner.values('up{job="a"}')).toEqual([1, 2]);
});

describe('io.prometheus.write.v2.Request', () => {
  /** A series of these label references with one sample, or what `write` adds. */
  const request = (
    symbols: readonly string[],
    refs: readonly number[],
    write: (writer: ProtobufWriter) => void = (writer) => writer.message(2, () => writer.int64(2, 1)),
  ): Uint8Array => {
    const writer = new ProtobufWriter();
    writer.message(4, () => {});
    for (const text of symbols) writer.string(4, text);
    writer.message(5, () => {
      writer.message(1, () => refs.forEach((ref) => writer.varint(ref)));
      write(writer);
    });
    return compress(writer.finish());
  };
  const SYMBOLS = ['__name__', 'up', 'job', 'a', 'Whether it is up.', 's'];

  test.each([
    ['an odd number of references', [1, 2, 3], 'a label without a value'],
    ['a reference that leads nowhere', [1, 99], 'symbol 99 is not among the 7 of the request'],
    ['a name given twice', [1, 2, 1, 2], 'label name "__name__" is not unique'],
    ['no name', [3, 4], 'a series without a metric name: {job="a"}'],
    ['an empty name', [1, 2, 0, 4], 'a label without a name'],
    ['no labels', [], 'a series without a metric name: {}'],
  ])('%s is refused', async (_, refs, reason) => {
    const storage = new TestStorage();
    const result = await new WriteReceiver(storage).receive(request(SYMBOLS, refs), V2);
    expect(result).toEqual({ ...NOTHING, refused: 1, reason });
    expect(storage.names()).toEqual([]);
  });

  test('a series without anything is refused', async () => {
    const receiver = new WriteReceiver(new TestStorage());
    const result = await receiver.receive(
      request(SYMBOLS, [1, 2], () => {}),
      V2,
    );
    expect(result).toEqual({ ...NOTHING, refused: 1, reason: 'a series without a sample or histogram' });
  });

  test('metadata is kept', async () => {
    const storage = new TestStorage();
    const body = request(SYMBOLS, [1, 2, 3, 4], (writer) => {
      writer.message(2, () => writer.int64(2, 1));
      writer.message(5, () => {
        writer.uint64(1, 2);
        writer.uint64(3, 5);
        writer.uint64(4, 6);
      });
    });
    await new WriteReceiver(storage).receive(body, V2);
    expect(storage.metadata.get('up')).toEqual({ type: 'gauge', help: 'Whether it is up.', unit: 's' });
  });

  test('few symbols do not become labels without end', async () => {
    const long = 'x'.repeat(1 << 16);
    const refs = [1, 2, ...Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? 3 : 7))];
    const receiver = new WriteReceiver(new TestStorage());
    await expect(receiver.receive(request([...SYMBOLS, long], refs), V2)).rejects.toThrow(
      'the labels have more than 33554432 bytes',
    );
  });
});

test('a length that cannot be true is not believed', async () => {
  const bomb = Buffer.from([0xff, 0xff, 0xff, 0x0f, 0, 0]);
  await expect(new WriteReceiver(new TestStorage()).receive(bomb)).rejects.toThrow(
    'snappy: the body is damaged',
  );
  const receiver = new WriteReceiver(new TestStorage(), { maxBytes: 1000 });
  await expect(receiver.receive(compress(new Uint8Array(5000)))).rejects.toThrow('more than 1000');
});

test('what was not seen lately is forgotten where room is needed', async () => {
  const clock = new VirtualClock(0);
  const storage = new TestStorage();
  const receiver = new WriteReceiver(storage, { clock, cache: { maxBytes: 256 * 1024, idleMs: 60_000 } });
  for (let round = 0; round < 30; round++) {
    const list = Array.from({ length: 2000 }, (_, i) =>
      series(Labels.from({ __name__: 'churn', round: String(round), i: String(i) }), {
        time: round,
        value: i,
      }),
    );
    expect(
      (await receiver.receive(bodyOf([series(up, { time: round, value: round }), ...list], V1))).refused,
    ).toBe(0);
    await clock.advance(120_000);
  }
  expect(receiver.knownSeries).toBeLessThan(6000);
  expect(storage.values('up{job="a"}')).toHaveLength(30);
});

test('a request whose series are long is judged by what was there before it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'prunella-receive-'));
  const database = await Database.open(folder, { clock: new VirtualClock(), logger: silentLogger });
  const hours = 4;
  const samples = Array.from({ length: hours * 3600 }, (_, i) => ({ time: i * 1000, value: i }));
  const list = [up, other].map((labels) => series(labels, ...samples));
  const result = await new WriteReceiver(database).receive(bodyOf(list, V1));
  expect(result).toEqual({ ...NOTHING, samples: 2 * samples.length });
  const querier = database.querier(0, Number.MAX_SAFE_INTEGER);
  const found: number[] = [];
  for await (const batch of querier.select([new Matcher('=~', '__name__', '.+')]))
    for (const each of batch) found.push(each.samples.timestamps.length);
  expect(found).toEqual([samples.length, samples.length]);
  querier.close();
  await database.close();
  await rm(folder, { recursive: true });
});
