import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { NewTransaction, Transactions } from './transactions.ts';

export interface BatchWorkerOptions {
  readonly transactions: Pick<Transactions, 'add' | 'forget'>;
  readonly registry: Registry;
  readonly log: (message: string) => void;
  readonly intervalMs: number;
  readonly batchSize: number;
  /** What is older is deleted after every batch, so that a demo may run for weeks. */
  readonly keepSeconds: number;
}

/** Books a batch of orders every now and then. A batch that fails is logged and counted; the next one is tried. */
export class BatchWorker {
  readonly #options: BatchWorkerOptions;
  readonly #batches: Counter<'result'>;
  readonly #rows: Counter;
  readonly #duration: Histogram;
  readonly #lastSuccess: Gauge;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: BatchWorkerOptions) {
    this.#options = options;
    const registers = [options.registry];
    this.#batches = new Counter({
      name: 'worker_batches_total',
      help: 'Batches of orders, by whether they were booked.',
      labelNames: ['result'],
      registers,
    });
    for (const result of ['booked', 'failed']) this.#batches.inc({ result }, 0);
    this.#rows = new Counter({ name: 'worker_orders_total', help: 'Orders booked.', registers });
    this.#duration = new Histogram({
      name: 'worker_batch_duration_seconds',
      help: 'Time that a batch took.',
      buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    });
    this.#lastSuccess = new Gauge({
      name: 'worker_last_success_timestamp_seconds',
      help: 'When the last batch was booked, in seconds since the epoch.',
      registers,
    });
  }

  start(): void {
    if (!this.#stopped) this.#running = this.#round();
  }

  /** Resolves when the batch under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #round(): Promise<void> {
    await this.batch();
    if (!this.#stopped) this.#timer = setTimeout(() => this.start(), this.#options.intervalMs);
  }

  async batch(): Promise<void> {
    const { transactions, batchSize, keepSeconds, log } = this.#options;
    const end = this.#duration.startTimer();
    try {
      const booked = await transactions.add(Array.from({ length: batchSize }, order), 'worker');
      await transactions.forget(keepSeconds);
      this.#rows.inc(booked.length);
      this.#batches.inc({ result: 'booked' });
      this.#lastSuccess.setToCurrentTime();
    } catch (error) {
      this.#batches.inc({ result: 'failed' });
      log(`batch failed: ${(error as Error).message}`);
    } finally {
      end();
    }
  }
}

function order(): NewTransaction {
  const quantity = 1 + Math.floor(Math.random() * 4);
  const cents = 100 + Math.floor(Math.random() * 20_000);
  return { product_id: 101 + Math.floor(Math.random() * 3), quantity, total: (quantity * cents) / 100 };
}
