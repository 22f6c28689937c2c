import { join } from 'node:path';
import type { Logger } from '@prunella/metrics';
import { moveLateSamples } from './compact/late.ts';
import { blockRanges, plan } from './compact/plan.ts';
import { blockFromHead, mergeBlocks } from './compact/compactor.ts';
import { directorySize, type Block } from './block/block.ts';
import { sampleCount, type Chunk } from './block/chunks.ts';
import type { OnDamage } from './compact/chunk_series.ts';
import { Distribution, Durations, timed } from './measure.ts';
import type { BlockSet } from './blocks.ts';
import { CorruptionError, messageOf } from './errors.ts';
import type { Committer } from './head/committer.ts';
import type { Head } from './head/head.ts';
import type { HeadChunkFiles } from './head/chunk_files.ts';
import { mapSealedChunks } from './head/mapping.ts';
import type { DatabaseOptions } from './options.ts';
import type { Damage, Quarantine } from './quarantine.ts';
import { rangeEnd, rangeStart } from './ranges.ts';
import type { Readers } from './readers.ts';
import { truncateLog } from './wal/checkpoint.ts';
import { listSegments } from './wal/segments.ts';
import type { WalWriter } from './wal/writer.ts';

export interface MaintenanceCounters {
  compactionsTriggered: number;
  compactions: number;
  compactionsFailed: number;
  verticalCompactions: number;
  headTruncations: number;
  headTruncationsFailed: number;
  walTruncations: number;
  walTruncationsFailed: number;
  checkpoints: number;
  checkpointsFailed: number;
  timeRetentions: number;
  sizeRetentions: number;
}

/** How long things took, s, and what chunks were like when they first came to a block. */
export interface MaintenanceMeasures {
  readonly compactions: Distribution;
  readonly headCuts: Durations;
  readonly walTruncations: Durations;
  readonly tombstones: Distribution;
  /** ms, samples, bytes. */
  readonly chunkRange: Distribution;
  readonly chunkSamples: Distribution;
  readonly chunkBytes: Distribution;
}

export interface MaintenanceParts {
  readonly dir: string;
  readonly options: Required<DatabaseOptions>;
  readonly head: Head;
  readonly blocks: BlockSet;
  readonly wal: WalWriter;
  readonly wbl: WalWriter;
  readonly committer: Committer;
  readonly readers: Readers;
  readonly headFiles: HeadChunkFiles;
  readonly quarantine: Quarantine;
}

/** Of one block's damages so many are told: where a file is lost, all its chunks are. */
const MOST_DAMAGES = 100;

/** What happens behind the scenes: blocks are cut from the head, merged, and deleted when their time is up. */
export class Maintenance {
  readonly counters: MaintenanceCounters = {
    compactionsTriggered: 0,
    compactions: 0,
    compactionsFailed: 0,
    verticalCompactions: 0,
    headTruncations: 0,
    headTruncationsFailed: 0,
    walTruncations: 0,
    walTruncationsFailed: 0,
    checkpoints: 0,
    checkpointsFailed: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
  };
  // Bounds are those of Prometheus, so that dashboards go on over a change of the one for the other.
  readonly measures: MaintenanceMeasures = {
    compactions: Distribution.exponential(1, 2, 14),
    headCuts: new Durations(),
    walTruncations: new Durations(),
    tombstones: new Distribution([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
    chunkRange: Distribution.exponential(100, 4, 10),
    chunkSamples: Distribution.exponential(4, 1.5, 12),
    chunkBytes: Distribution.exponential(32, 1.5, 12),
  };
  /** Whether a block is being written. */
  populating = false;
  readonly #parts: MaintenanceParts;
  readonly #logger: Logger;
  /** Blocks whose merge has failed (one is damaged): not tried again in this run. */
  readonly #unmergeable = new Set<string>();

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
    this.#logger = parts.options.logger;
  }

  /** Everything that is due. Problems are logged and counted, and tried again the next time. */
  async run(): Promise<void> {
    this.counters.compactionsTriggered++;
    // Each on its own: on a full disk no block can be written, but old ones can still go.
    await this.#attempt('writing head chunks', () =>
      mapSealedChunks(this.#parts.head, this.#parts.headFiles),
    );
    await this.#attempt('cutting blocks from the head', () => this.compactHead());
    await this.#attempt('merging blocks', () => this.compactBlocks());
    await this.#attempt('deleting old blocks', () => this.retain());
  }

  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.counters.compactionsFailed++;
      this.#logger.error({ error: messageOf(error) }, `${what} failed; it will be tried again`);
    }
  }

  /** Moves whole block ranges from the head to blocks while the head holds more than one and a half of them. */
  async compactHead(): Promise<void> {
    const { head } = this.#parts;
    let moved = false;
    while (head.maxTime - head.minTime > 1.5 * head.chunkRange) {
      await this.#moveToBlock(
        rangeStart(head.minTime, head.chunkRange),
        rangeEnd(head.minTime, head.chunkRange),
      );
      moved = true;
    }
    if (!moved) return;
    // In this order: the log knows which late samples are deleted until they are in blocks, or nowhere.
    this.counters.compactions += await moveLateSamples(this.#parts);
    await this.#truncateLog();
  }

  /** Merges blocks until the plan is empty. */
  async compactBlocks(): Promise<void> {
    const { options, blocks } = this.#parts;
    const ranges = blockRanges(options.minBlockMs, options.maxBlockMs);
    for (;;) {
      const candidates = blocks.list.filter((block) => !this.#unmergeable.has(block.meta.ulid));
      const chosen = new Set(plan(candidates.map(candidateOf), ranges).map(({ ulid }) => ulid));
      if (chosen.size === 0) return;
      await this.merge(blocks.list.filter((block) => chosen.has(block.meta.ulid)));
    }
  }

  /** Makes one block of these, or of one without its deleted samples. */
  async merge(parents: readonly Block[]): Promise<void> {
    const { dir, blocks, options } = this.#parts;
    const ulids = parents.map((block) => block.meta.ulid);
    try {
      const meta = await this.#populate(() => mergeBlocks(dir, parents, options.clock));
      await blocks.replace(parents, meta === undefined ? [] : [await blocks.open(meta.ulid)]);
      this.counters.compactions++;
      if (overlap(parents)) this.counters.verticalCompactions++;
      this.#logger.info({ parents: ulids, block: meta?.ulid, stats: meta?.stats }, 'blocks merged');
    } catch (error) {
      if (error instanceof CorruptionError) for (const ulid of ulids) this.#unmergeable.add(ulid);
      throw new Error(`merge of ${ulids.join(', ')}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Deletes blocks that are too old, or too much. */
  async retain(): Promise<void> {
    const { head, blocks, options } = this.#parts;
    const newestEnd = blocks.end;
    const old = blocks.list.filter(
      ({ meta }) => options.retentionMs > 0 && newestEnd - meta.maxTime >= options.retentionMs,
    );
    const surplus = options.retentionBytes > 0 ? await this.#beyondSize(options.retentionBytes, old) : [];
    if (old.length > 0) this.counters.timeRetentions++;
    if (surplus.length > 0) this.counters.sizeRetentions++;
    const due = [...old, ...surplus];
    if (due.length === 0) return;
    await blocks.replace(due, []);
    head.changes.note(Math.min(...due.map(({ meta }) => meta.minTime)));
    this.#logger.info({ blocks: due.map((block) => block.meta.ulid) }, 'blocks deleted: their time is up');
  }

  async #beyondSize(limit: number, already: readonly Block[]): Promise<Block[]> {
    const { blocks, dir, headFiles } = this.#parts;
    // As Prometheus counts: with what is not in a block yet.
    let size = await directorySize(join(dir, 'wal'));
    size += await directorySize(headFiles.dir).catch(() => 0);
    const surplus: Block[] = [];
    for (const block of [...blocks.list].reverse()) {
      if (already.includes(block)) continue;
      size += block.size;
      if (size > limit) surplus.push(block);
    }
    return surplus;
  }

  async #moveToBlock(mint: number, maxt: number): Promise<void> {
    const { dir, head, blocks, committer, options } = this.#parts;
    head.floor = Math.max(head.floor, maxt);
    // Batches checked against the old floor are still to come.
    await committer.exclusively(async () => {});
    const damages: Damage[] = [];
    const damaged: OnDamage = (error, from, to) =>
      damages.push({ what: 'a head chunk', reason: error.message, mint: from, maxt: to });
    const meta = await this.#populate(() =>
      blockFromHead(dir, head, mint, maxt, options.clock, damaged, (chunk) => this.#measure(chunk)),
    );
    for (const damage of damages.slice(0, MOST_DAMAGES)) await this.#parts.quarantine.report(damage);
    if (meta !== undefined) {
      const block = await blocks.open(meta.ulid);
      this.counters.compactions++;
      this.#logger.info({ block: meta.ulid, mint, maxt, stats: meta.stats }, 'block cut from the head');
      await blocks.replace([], [block]);
    }
    head.servedFrom = maxt;
    await this.#truncateHead(maxt);
  }

  async #populate<T>(write: () => Promise<T>): Promise<T> {
    this.populating = true;
    try {
      return await timed(this.measures.compactions, write);
    } finally {
      this.populating = false;
    }
  }

  #measure(chunk: Chunk): void {
    this.measures.chunkRange.observe(chunk.maxt - chunk.mint);
    this.measures.chunkSamples.observe(sampleCount(chunk));
    this.measures.chunkBytes.observe(chunk.data.length);
  }

  async #truncateHead(mint: number): Promise<void> {
    const { head, readers, options } = this.#parts;
    await readers.drained(options.clock);
    await timed(this.measures.headCuts, () => head.truncate(mint, this.#parts.wal.segment));
    await this.#parts.headFiles.truncate(mint);
    this.counters.headTruncations++;
  }

  /** Checkpoints two thirds of the log. @see truncateLog */
  async #truncateLog(): Promise<void> {
    const { dir, head, wal, committer } = this.#parts;
    const walDir = join(dir, 'wal');
    // A new segment, so that a log that grows slowly gets shorter as well.
    await committer.exclusively(() => wal.nextSegment());
    const segments = await listSegments(walDir);
    const [first] = segments;
    const newest = segments.at(-1);
    if (first === undefined || newest === undefined) return;
    const last = first + Math.floor(((newest - first) * 2) / 3);
    if (last <= first) return;
    try {
      await timed(this.measures.walTruncations, () =>
        truncateLog(walDir, last, (ref) => head.needsRef(ref, last), head.floor),
      );
      await head.dropForgotten(last);
      this.counters.walTruncations++;
      this.counters.checkpoints++;
    } catch (error) {
      this.counters.checkpointsFailed++;
      this.counters.walTruncationsFailed++;
      throw error;
    }
  }
}

function candidateOf({ meta }: Block): Parameters<typeof plan>[0][number] {
  return {
    ulid: meta.ulid,
    minTime: meta.minTime,
    maxTime: meta.maxTime,
    series: meta.stats.numSeries,
    tombstones: meta.stats.numTombstones ?? 0,
  };
}

function overlap(blocks: readonly Block[]): boolean {
  return blocks.some((block, i) => i > 0 && block.meta.minTime < blocks[i - 1]!.meta.maxTime);
}
