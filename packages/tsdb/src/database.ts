import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Appendable,
  Appender,
  ChangeLog,
  Exemplar,
  ExemplarQueryable,
  Labels,
  Logger,
  Matcher,
  Metadata,
  Querier,
  Queryable,
  Timer,
} from '@prunella/metrics';
import { directorySize } from './block/block.ts';
import type { BlockMeta } from './block/meta.ts';
import { BlockSet } from './blocks.ts';
import { messageOf } from './errors.ts';
import { HeadAppender } from './head/appender.ts';
import { Committer } from './head/committer.ts';
import { Head } from './head/head.ts';
import { HeadSource } from './head/source.ts';
import { loadLogs } from './load.ts';
import { HeadChunkFiles } from './head/chunk_files.ts';
import type { WalWriter } from './wal/writer.ts';
import { DirectoryLock } from './lock.ts';
import { timed } from './measure.ts';
import { Maintenance } from './maintenance.ts';
import { Mutex } from './mutex.ts';
import { withDefaults, type DatabaseOptions } from './options.ts';
import { Quarantine } from './quarantine.ts';
import { MergingQuerier } from './query/querier.ts';
import { Readers } from './readers.ts';
import { writeSnapshot } from './snapshot.ts';
import {
  cardinalityOf,
  exemplarStatsOf,
  metadataOf,
  type Cardinality,
  type DatabaseStats,
  type Replayed,
} from './stats.ts';

interface Parts {
  readonly dir: string;
  readonly options: Required<DatabaseOptions>;
  readonly lock: DirectoryLock;
  readonly head: Head;
  readonly wal: WalWriter;
  readonly wbl: WalWriter;
  readonly blocks: BlockSet;
  readonly quarantine: Quarantine;
  readonly replayed: Replayed;
  readonly headFiles: HeadChunkFiles;
}

/** A Prometheus data directory, opened for reading and writing. One process at a time. */
export class Database implements Appendable, Queryable, ExemplarQueryable {
  readonly #parts: Parts;
  readonly #logger: Logger;
  readonly #committer: Committer;
  readonly #maintenance: Maintenance;
  readonly #readers = new Readers();
  /** Blocks change one piece of work at a time. */
  readonly #blockWork = new Mutex();
  #timers: Timer[] = [];
  #appenders = 0;
  #closed: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.#logger = parts.options.logger;
    this.#committer = new Committer(parts.head, parts.wal, parts.wbl);
    this.#maintenance = new Maintenance({ ...parts, committer: this.#committer, readers: this.#readers });
    this.#every(parts.options.syncIntervalMs, async () => {
      await parts.wal.sync();
      await parts.wbl.sync();
    });
    this.#every(parts.options.housekeepingMs, () => this.maintain());
  }

  /**
   * Opens a data directory, made where there is none, and reads its log. Damage is reported, set aside and survived.
   * @throws LockedError where another process uses it
   */
  static async open(dir: string, options: DatabaseOptions = {}): Promise<Database> {
    const full = withDefaults(options);
    await mkdir(dir, { recursive: true });
    const lock = await DirectoryLock.acquire(dir);
    const blocks = new BlockSet(dir, full.logger);
    const headFiles = new HeadChunkFiles(join(dir, 'chunks_head'));
    try {
      const quarantine = new Quarantine(dir, full.clock, full.logger);
      await quarantine.load();
      await blocks.load(quarantine);
      const head = new Head(full.minBlockMs, full.maxExemplars, full.outOfOrderWindowMs, headFiles);
      head.floor = head.servedFrom = blocks.end;
      const loaded = await loadLogs(dir, head, headFiles, full, quarantine);
      return new Database({ dir, options: full, lock, head, headFiles, blocks, quarantine, ...loaded });
    } catch (error) {
      blocks.close();
      await headFiles.close();
      await lock.release();
      throw error;
    }
  }

  get dir(): string {
    return this.#parts.dir;
  }

  get changes(): ChangeLog {
    return this.#parts.head.changes;
  }

  appender(): Appender {
    if (this.#closed !== undefined) throw new Error('the database is closed');
    this.#appenders++;
    const done = (): void => void this.#appenders--;
    return new HeadAppender(this.#parts.head, (batch) => this.#committer.commit(batch), done);
  }

  querier(mint: number, maxt: number): Querier {
    const { head, blocks, quarantine } = this.#parts;
    const touched = blocks.touching(mint, maxt);
    const leave = this.#readers.enter();
    const sources = maxt >= head.servedFrom ? [...touched, new HeadSource(head)] : touched;
    return new MergingQuerier(sources, mint, maxt, quarantine.warnings(mint, maxt), () => {
      leave();
      for (const block of touched) block.release();
    });
  }

  /** What the blocks are, in order of time. */
  blocks(): readonly BlockMeta[] {
    return this.#parts.blocks.list.map((block) => block.meta);
  }

  async exemplars(
    mint: number,
    maxt: number,
    matchers: readonly (readonly Matcher[])[],
  ): Promise<readonly { labels: Labels; exemplars: readonly Exemplar[] }[]> {
    return this.#parts.head.exemplars.select(mint, maxt, matchers);
  }

  /** What is known of metrics by name; more than one entry where sources disagree. */
  metadata(): ReadonlyMap<string, readonly Metadata[]> {
    return metadataOf(this.#parts.head);
  }

  /** What makes the head large: the `limit` largest of each kind. */
  cardinality(limit = 10): Promise<Cardinality> {
    return cardinalityOf(this.#parts.head, limit);
  }

  /** What happened since the start, and how things stand. */
  stats(): DatabaseStats {
    const { head, blocks, wal, options, quarantine } = this.#parts;
    return {
      head: {
        ...head.counters,
        series: head.series.size,
        chunks: head.chunkCount,
        chunkBytes: head.chunks.bytesUsed,
        minTime: head.minTime,
        maxTime: head.maxTime,
        minValidTime: head.minValidTime,
        appenders: this.#appenders,
        forgottenSeries: head.forgotten.size,
      },
      wal: { ...wal.counters, segment: wal.segment, ...this.#parts.replayed },
      blocks: { count: blocks.list.length, bytes: blocks.size, symbolBytes: blocks.symbolBytes },
      maintenance: { ...this.#maintenance.counters, populating: this.#maintenance.populating },
      measures: { ...this.#maintenance.measures, walSyncs: wal.syncs },
      headFiles: this.#parts.headFiles.counters,
      exemplars: exemplarStatsOf(head.exemplars),
      retention: { ms: options.retentionMs, bytes: options.retentionBytes },
      damages: quarantine.damages,
      queries: this.#readers.count,
      lowestTime: Math.min(head.minTime, ...blocks.list.map(({ meta }) => meta.minTime)),
      cleanStart: !this.#parts.lock.afterCrash,
    };
  }

  /**
   * Writes what the database holds now to `dir` (made where it is not there) as blocks.
   * @param options `skipHead` leaves out what is not in a block yet
   */
  snapshot(dir: string, { skipHead = false }: { skipHead?: boolean } = {}): Promise<void> {
    const { blocks, head, options } = this.#parts;
    return this.#blockWork.run(() =>
      writeSnapshot(dir, blocks.list, skipHead ? undefined : head, options.clock),
    );
  }

  /** Marks samples with mint <= t <= maxt of matching series as deleted; `cleanTombstones` frees their space. */
  delete(matchers: readonly Matcher[], mint: number, maxt: number): Promise<void> {
    return this.#blockWork.run(async () => {
      try {
        for (const block of this.#parts.blocks.list) {
          if (block.meta.minTime <= maxt && block.meta.maxTime > mint)
            await block.delete(matchers, mint, maxt);
        }
        await this.#committer.delete(matchers, mint, maxt);
      } finally {
        this.changes.note(mint);
      }
    });
  }

  /** Writes blocks with deleted samples anew without them. */
  cleanTombstones(): Promise<void> {
    return this.#blockWork.run(async () => {
      for (const block of this.#parts.blocks.list) {
        if (block.tombstones.size === 0) continue;
        await timed(this.#maintenance.measures.tombstones, () => this.#maintenance.merge([block]));
      }
    });
  }

  /** Bytes on disk of the log, and of the head's chunks. */
  async diskUse(): Promise<{ wal: number; headChunks: number }> {
    const { dir, headFiles } = this.#parts;
    const none = (): number => 0;
    return {
      wal: await directorySize(join(dir, 'wal')).catch(none),
      headChunks: await directorySize(headFiles.dir).catch(none),
    };
  }

  /** Does now what is due in the background: blocks, merges, retention. */
  maintain(): Promise<void> {
    return this.#blockWork.run(() => this.#maintenance.run());
  }

  /** Writes what is under way, brings it to the platter and lets the directory go. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
    await this.#blockWork.run(async () => {});
    await this.#committer.exclusively(async () => {});
    await this.#parts.wal.close();
    await this.#parts.wbl.close();
    this.#parts.blocks.close();
    await this.#parts.headFiles.close();
    await this.#parts.lock.release();
  }

  /** Runs `work` again and again, with a pause of `ms` in between; it may fail. */
  #every(ms: number, work: () => Promise<void>): void {
    const timer = this.#parts.options.clock.setTimeout(() => {
      this.#timers = this.#timers.filter((each) => each !== timer);
      work()
        .catch((error: unknown) => this.#logger.error({ error: messageOf(error) }, 'background work failed'))
        .finally(() => {
          if (this.#closed === undefined) this.#every(ms, work);
        });
    }, ms);
    this.#timers.push(timer);
  }
}
