import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Database } from './database-client.ts';

/** So much may be asked for by all requests together: the host has other things to do. */
const MAX_THREADS = availableParallelism();
const MAX_MEMORY_MB = 512;
const MAX_DATABASE_LANES = 8;

/** A load that would go beyond what is allowed at once. */
export class TooMuchLoad extends Error {
  override name = 'TooMuchLoad';
}

/** Real load on demand. It runs beside the event loop, so that the requests in between are still answered. */
export class Load {
  readonly #database: Database;
  readonly #workers = new Set<Worker>();
  #threads = 0;
  #memoryMb = 0;
  #lanes = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Keeps `threads` processors busy. @throws TooMuchLoad */
  cpu(threads: number, seconds: number): void {
    if (this.#threads + threads > MAX_THREADS)
      throw new TooMuchLoad(`At most ${MAX_THREADS} threads at once`);
    this.#threads += threads;
    for (let i = 0; i < threads; i++) {
      this.#run('for (;;) Math.sqrt(Math.random());', {}, seconds, () => this.#threads--);
    }
  }

  /** Holds `mb` of memory that is really in RAM; ending the thread gives it back at once. @throws TooMuchLoad */
  memory(mb: number, seconds: number): void {
    if (this.#memoryMb + mb > MAX_MEMORY_MB) throw new TooMuchLoad(`At most ${MAX_MEMORY_MB} MB at once`);
    this.#memoryMb += mb;
    const code =
      'globalThis.kept = Buffer.alloc(require("worker_threads").workerData.mb * 1048576, 1); setInterval(() => {}, 1e6);';
    this.#run(code, { mb }, seconds, () => (this.#memoryMb -= mb));
  }

  /** Reads and writes in `lanes` connections, one statement after the other. @throws TooMuchLoad */
  database(lanes: number, seconds: number): void {
    if (this.#lanes + lanes > MAX_DATABASE_LANES)
      throw new TooMuchLoad(`At most ${MAX_DATABASE_LANES} lanes at once`);
    this.#lanes += lanes;
    const end = performance.now() + seconds * 1000;
    for (let i = 0; i < lanes; i++) {
      void this.#lane(end).finally(() => this.#lanes--);
    }
  }

  close(): void {
    for (const worker of this.#workers) void worker.terminate();
  }

  #run(code: string, workerData: object, seconds: number, done: () => void): void {
    const worker = new Worker(code, { eval: true, workerData });
    this.#workers.add(worker);
    const timer = setTimeout(() => void worker.terminate(), seconds * 1000);
    worker.once('error', () => {}); // its exit follows
    worker.once('exit', () => {
      clearTimeout(timer);
      this.#workers.delete(worker);
      done();
    });
  }

  async #lane(end: number): Promise<void> {
    while (performance.now() < end) {
      try {
        await this.#database.query('load', 'SELECT sum(i * i) FROM generate_series(1, 20000) AS i');
        await this.#database.query('load', 'SELECT count(*), sum(total) FROM transactions');
      } catch {
        return; // the database is gone: that was load enough
      }
    }
  }
}
