import { AppendError } from '@prunella/metrics';
import { messageOf } from '../errors.ts';
import type { WalWriter } from '../wal/writer.ts';
import type { Batch } from './batch.ts';
import { encodeBatch } from './encode.ts';
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
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(head: Head, wal: WalWriter) {
    this.#head = head;
    this.#wal = wal;
  }

  /** Resolves when the batch is in the log and visible. @throws AppendError `storage`; nothing of it is visible then */
  commit(batch: Batch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch, resolve, reject });
      this.#start();
    });
  }

  /** Runs `work` with the log between two writes. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#running ?? Promise.resolve();
    const result = before.then(work);
    this.#running = result.then(
      () => this.#drain(),
      () => this.#drain(),
    );
    return result;
  }

  /** Resolves when no batch waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #start(): void {
    this.#running ??= this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const waiting = this.#queue;
      this.#queue = [];
      await this.#write(waiting);
    }
    this.#running = undefined;
  }

  async #write(waiting: readonly Waiting[]): Promise<void> {
    const fresh: MemSeries[] = [];
    try {
      await this.#wal.log(waiting.flatMap(({ batch }) => encodeBatch(batch, fresh)));
    } catch (error) {
      for (const series of fresh) series.logged = false;
      const refusal = new AppendError('storage', `write to the log: ${messageOf(error)}`, { cause: error });
      for (const each of waiting) each.reject(refusal);
      return;
    }
    for (const each of waiting) {
      this.#head.apply(each.batch);
      each.resolve();
    }
  }
}
