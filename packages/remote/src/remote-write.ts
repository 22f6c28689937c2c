import {
  Labels,
  systemClock,
  type Appendable,
  type Appender,
  type Clock,
  type Logger,
} from '@prunella/metrics';
import { fingerprint } from '@prunella/metrics/config';
import type { Registry } from 'prom-client';
import type { RemoteWriteConfig } from './config.ts';
import type { RemoteSample } from './messages.ts';
import { createRemoteMetrics, type RemoteMetrics } from './metrics.ts';
import { timeOf, type PendingSample } from './queue.ts';
import { RemoteWriter } from './writer.ts';

export interface RemoteWriteOptions {
  readonly logger: Logger;
  readonly registry: Registry;
  /** @default systemClock */
  readonly clock?: Clock;
}

/**
 * Sends on, to other storages, what our own storage has taken. Put it between: `remote.wrap(database)`. What waits is
 * in memory: the end of the process loses what could not be sent within a few seconds.
 */
export class RemoteWrite {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #metrics: RemoteMetrics;
  #writers = new Map<string, RemoteWriter>();
  #running = false;

  constructor({ logger, registry, clock = systemClock }: RemoteWriteOptions) {
    this.#logger = logger;
    this.#clock = clock;
    this.#metrics = createRemoteMetrics(registry);
  }

  /** Goes over to other remotes; those that have not changed keep what waits for them. */
  async apply(
    configs: readonly RemoteWriteConfig[],
    externalLabels: Labels = Labels.empty,
    directory = '.',
  ): Promise<void> {
    const before = this.#writers;
    const next = new Map<string, RemoteWriter>();
    for (const config of configs) {
      const key = fingerprint([config, externalLabels, directory]);
      if (next.has(key)) continue;
      const known = before.get(key);
      const parts = {
        clock: this.#clock,
        logger: this.#logger,
        metrics: this.#metrics,
        directory,
        externalLabels,
      };
      const writer = known ?? new RemoteWriter(config, parts);
      before.delete(key);
      if (!known && this.#running) writer.start();
      next.set(key, writer);
    }
    this.#writers = next;
    await Promise.all([...before.values()].map((writer) => writer.stop()));
  }

  start(): void {
    this.#running = true;
    for (const writer of this.#writers.values()) writer.start();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all([...this.#writers.values()].map((writer) => writer.stop()));
  }

  /** The storage, with every committed batch sent on. */
  wrap(storage: Appendable): Appendable {
    return {
      appender: () => (this.#writers.size === 0 ? storage.appender() : this.#tee(storage.appender())),
    };
  }

  #tee(inner: Appender): Appender {
    const batch: PendingSample[] = [];
    const keep = (labels: Labels, sample: RemoteSample): void => void batch.push({ labels, sample });
    return {
      append: (ref, labels, time, value, start) => {
        const id = inner.append(ref, labels, time, value, start);
        keep(labels, { time, value });
        return id;
      },
      appendStale: (ref, labels, time) => {
        const id = inner.appendStale(ref, labels, time);
        keep(labels, { time, value: NaN, stale: true });
        return id;
      },
      appendHistogram: (ref, labels, time, histogram, start) => {
        const id = inner.appendHistogram(ref, labels, time, histogram, start);
        keep(labels, { time, value: histogram.sum, histogram });
        return id;
      },
      appendExemplar: (ref, labels, exemplar) => {
        const id = inner.appendExemplar(ref, labels, exemplar);
        batch.push({ labels, exemplar });
        return id;
      },
      updateMetadata: (ref, labels, metadata) => inner.updateMetadata(ref, labels, metadata),
      commit: async () => {
        await inner.commit();
        this.#send(batch);
      },
      rollback: () => inner.rollback(),
    };
  }

  #send(batch: readonly PendingSample[]): void {
    if (batch.length === 0) return;
    this.#metrics.samplesIn.inc(batch.filter(({ sample }) => sample).length);
    this.#metrics.highest.set(
      batch.reduce((newest, each) => Math.max(newest, timeOf(each)), -Infinity) / 1000,
    );
    for (const writer of this.#writers.values()) writer.send(batch);
  }
}
