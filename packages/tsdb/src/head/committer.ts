import { AppendError, type Matcher, Pacer, inSlices } from '@prunella/metrics';
import { ByteWriter } from '../bytes/writer.ts';
import { messageOf } from '../errors.ts';
import { Mutex } from '../mutex.ts';
import { addInterval, type Interval } from '../intervals.ts';
import { TOMBSTONES, writeTombstone } from '../wal/records.ts';
import type { WalWriter } from '../wal/writer.ts';
import type { Batch } from './batch.ts';
import { encodeBatch, encodeLate } from './encode.ts';
import type { Head } from './head.ts';
import type { MemSeries } from './series.ts';

const TOMBSTONES_PER_RECORD = 5000;

interface Waiting {
  readonly batch: Batch;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Brings batches to the log, then to the head, in order. Batches that arrive during a write go out together with the
 * next one, so that many writers cost few writes.
 */
export class Committer {
  readonly #head: Head;
  readonly #wal: WalWriter;
  /** The log of samples out of order. */
  readonly #wbl: WalWriter;
  #queue: Waiting[] = [];
  readonly #turn = new Mutex();

  constructor(head: Head, wal: WalWriter, wbl: WalWriter) {
    this.#head = head;
    this.#wal = wal;
    this.#wbl = wbl;
  }

  /** Resolves when the batch is in the log and visible. @throws AppendError `storage`; nothing of it is visible then */
  commit(batch: Batch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch, resolve, reject });
      // One turn takes all that wait.
      if (this.#queue.length === 1) void this.#turn.run(() => this.#write());
    });
  }

  /** Notes in the log, then in the head, that samples of matching series are deleted. */
  async delete(matchers: readonly Matcher[], mint: number, maxt: number): Promise<void> {
    const deleted: Deleted[] = [];
    await inSlices(await this.#head.matching(matchers), (series) => {
      const { late } = series;
      const from = Math.max(mint, Math.min(series.minTime(this.#head.chunks), late?.minTime ?? Infinity));
      const to = Math.min(maxt, Math.max(series.maxTime, late?.maxTime ?? -Infinity));
      if (from <= to) deleted.push({ series, interval: { mint: from, maxt: to } });
    });
    await this.exclusively(() => this.#wal.log(tombstoneRecords(deleted)));
    await inSlices(deleted, ({ series, interval }) => {
      series.deleted = addInterval(series.deleted ?? [], interval);
    });
  }

  /** Runs `work` with the log between two writes. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#turn.run(work);
  }

  async #write(): Promise<void> {
    const waiting = this.#queue;
    this.#queue = [];
    const fresh: MemSeries[] = [];
    try {
      await this.#wal.log(recordsOf(waiting, fresh));
      const late = waiting.flatMap(({ batch }) => batch.late);
      if (late.length > 0) await this.#wbl.log(encodeLate(late));
    } catch (error) {
      for (const series of fresh) series.logged = false;
      const refusal = new AppendError('storage', `write to the log: ${messageOf(error)}`, { cause: error });
      for (const each of waiting) {
        each.batch.settle();
        each.reject(refusal);
      }
      return;
    }
    const pacer = new Pacer();
    for (const each of waiting) {
      // A batch is seen whole or not at all: it is applied in one go.
      this.#head.apply(each.batch);
      each.resolve();
      const pause = pacer.pause();
      if (pause) await pause;
    }
  }
}

interface Deleted {
  readonly series: MemSeries;
  readonly interval: Interval;
}

/** Made one by one while they are written, so that there is time for others in between. */
function* recordsOf(waiting: readonly Waiting[], fresh: MemSeries[]): Generator<Uint8Array> {
  for (const { batch } of waiting) yield* encodeBatch(batch, fresh);
}

function* tombstoneRecords(deleted: readonly Deleted[]): Generator<Uint8Array> {
  for (let from = 0; from < deleted.length; from += TOMBSTONES_PER_RECORD) {
    const out = new ByteWriter(TOMBSTONES_PER_RECORD * 24);
    out.u8(TOMBSTONES);
    for (const { series, interval } of deleted.slice(from, from + TOMBSTONES_PER_RECORD))
      writeTombstone(out, series.ref, interval.mint, interval.maxt);
    yield out.written();
  }
}
