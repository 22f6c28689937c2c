import { AppendError, type Matcher } from '@prunella/metrics';
import { ByteWriter } from '../bytes/writer.ts';
import { messageOf } from '../errors.ts';
import { Mutex } from '../mutex.ts';
import { addInterval } from '../intervals.ts';
import { TOMBSTONES, writeTombstone } from '../wal/records.ts';
import type { WalWriter } from '../wal/writer.ts';
import type { Batch } from './batch.ts';
import { encodeBatch, encodeLate } from './encode.ts';
import type { Head } from './head.ts';
import type { MemSeries } from './series.ts';

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
    const found = await this.#head.matching(matchers);
    const deleted = found.flatMap((series) => {
      const { late } = series;
      const from = Math.max(mint, Math.min(series.minTime(this.#head.chunks), late?.minTime ?? Infinity));
      const to = Math.min(maxt, Math.max(series.maxTime, late?.maxTime ?? -Infinity));
      return from > to ? [] : [{ series, interval: { mint: from, maxt: to } }];
    });
    if (deleted.length === 0) return;
    const out = new ByteWriter(16 + deleted.length * 24);
    out.u8(TOMBSTONES);
    for (const { series, interval } of deleted) writeTombstone(out, series.ref, interval.mint, interval.maxt);
    await this.exclusively(() => this.#wal.log([out.written()]));
    for (const { series, interval } of deleted) series.deleted = addInterval(series.deleted ?? [], interval);
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
      await this.#wal.log(waiting.flatMap(({ batch }) => encodeBatch(batch, fresh)));
      const late = waiting.flatMap(({ batch }) => batch.late);
      if (late.length > 0) await this.#wbl.log([encodeLate(late)]);
    } catch (error) {
      for (const series of fresh) series.logged = false;
      const refusal = new AppendError('storage', `write to the log: ${messageOf(error)}`, { cause: error });
      for (const each of waiting) {
        each.batch.settle();
        each.reject(refusal);
      }
      return;
    }
    for (const each of waiting) {
      this.#head.apply(each.batch);
      each.resolve();
    }
  }
}
