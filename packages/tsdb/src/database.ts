import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Appendable, Appender, Logger, Querier, Queryable, Timer } from '@prunella/metrics';
import { messageOf } from './errors.ts';
import { HeadAppender } from './head/appender.ts';
import { Committer } from './head/committer.ts';
import { Head } from './head/head.ts';
import { Replay } from './head/replay.ts';
import { HeadSource } from './head/source.ts';
import { DirectoryLock } from './lock.ts';
import { withDefaults, type DatabaseOptions } from './options.ts';
import { MergingQuerier } from './query/querier.ts';
import { repairLog, segmentsToRead } from './wal/load.ts';
import { WalWriter } from './wal/writer.ts';

/** A Prometheus data directory, opened for reading and writing. One process at a time. */
export class Database implements Appendable, Queryable {
  readonly dir: string;
  readonly #options: Required<DatabaseOptions>;
  readonly #logger: Logger;
  readonly #lock: DirectoryLock;
  readonly #head: Head;
  readonly #wal: WalWriter;
  readonly #committer: Committer;
  #syncTimer: Timer | undefined;
  #closed: Promise<void> | undefined;

  private constructor(
    dir: string,
    options: Required<DatabaseOptions>,
    lock: DirectoryLock,
    head: Head,
    wal: WalWriter,
  ) {
    this.dir = dir;
    this.#options = options;
    this.#logger = options.logger;
    this.#lock = lock;
    this.#head = head;
    this.#wal = wal;
    this.#committer = new Committer(head, wal);
    this.#scheduleSync();
  }

  /**
   * Opens a data directory, made where there is none, and reads its log. Damage is reported, set aside and survived.
   * @throws LockedError where another process uses it
   */
  static async open(dir: string, options: DatabaseOptions = {}): Promise<Database> {
    const full = withDefaults(options);
    await mkdir(dir, { recursive: true });
    const lock = await DirectoryLock.acquire(dir);
    try {
      const head = new Head(full.minBlockMs);
      const wal = await loadLog(dir, head, full);
      return new Database(dir, full, lock, head, wal);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  appender(): Appender {
    if (this.#closed !== undefined) throw new Error('the database is closed');
    return new HeadAppender(
      this.#head,
      (batch) => this.#committer.commit(batch),
      () => {},
    );
  }

  querier(mint: number, maxt: number): Querier {
    return new MergingQuerier([new HeadSource(this.#head)], mint, maxt, [], () => {});
  }

  /** Writes what is under way, brings it to the platter and lets the directory go. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#syncTimer?.cancel();
    await this.#committer.idle();
    await this.#wal.close();
    await this.#lock.release();
  }

  #scheduleSync(): void {
    this.#syncTimer = this.#options.clock.setTimeout(() => {
      this.#wal.sync().catch((error: unknown) => {
        this.#logger.error({ error: messageOf(error) }, 'the log could not be brought to the platter');
      });
      this.#scheduleSync();
    }, this.#options.syncIntervalMs);
  }
}

async function loadLog(dir: string, head: Head, options: Required<DatabaseOptions>): Promise<WalWriter> {
  const { clock, logger } = options;
  const walDir = join(dir, 'wal');
  const { segments, next, missing } = await segmentsToRead(walDir);
  const replay = new Replay(head);
  const started = clock.now();
  for (const [i, segment] of segments.entries()) {
    await replay.segment(segment);
    logger.info({ segment: segment.index, of: segments.length, read: i + 1 }, 'log segment read');
  }
  const { report } = replay;
  const quarantine = join(
    dir,
    'prunella',
    'quarantine',
    new Date(started).toISOString().replaceAll(':', '-'),
  );
  await repairLog(walDir, report.damages, missing, quarantine, logger);
  logger.info({ samples: report.samples, series: head.series.size, ms: clock.now() - started }, 'log read');
  return new WalWriter(walDir, next, options.walSegmentBytes);
}
