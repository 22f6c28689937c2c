import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@prunella/metrics';
import { Block } from './block/block.ts';
import { PageCache } from './block/file.ts';
import { readMeta } from './block/meta.ts';
import { isUlid } from './block/ulid.ts';
import { DELETED, UNFINISHED } from './block/writer.ts';
import { CorruptionError, errorCode, messageOf } from './errors.ts';
import { SAMPLING } from './index/format.ts';
import type { Quarantine } from './quarantine.ts';
import { listNames } from './wal/segments.ts';

/** Bytes of blocks kept in memory. */
const CACHE_BYTES = 8 * 1024 * 1024;

/** The blocks of a data directory, in order of time. */
export class BlockSet {
  readonly #dir: string;
  readonly #logger: Logger;
  readonly #cache = new PageCache(CACHE_BYTES);
  #blocks: Block[] = [];

  constructor(dir: string, logger: Logger) {
    this.#dir = dir;
    this.#logger = logger;
  }

  get list(): readonly Block[] {
    return this.#blocks;
  }

  /** Bytes of all blocks. */
  get size(): number {
    return this.#blocks.reduce((sum, block) => sum + block.size, 0);
  }

  /** Bytes of memory for the places of symbols. */
  get symbolBytes(): number {
    return this.#blocks.reduce((sum, block) => sum + (block.index.symbols.count / SAMPLING) * 8, 0);
  }

  /** Where the newest block of samples in order ends, ms, exclusive; -Infinity where there is none. */
  get end(): number {
    const inOrder = this.#blocks.filter(
      ({ meta }) => meta.compaction.hints?.includes('from-out-of-order') !== true,
    );
    return Math.max(-Infinity, ...inOrder.map((block) => block.meta.maxTime));
  }

  /** Opens all blocks. Half-made ones are removed; damaged ones go to the quarantine. */
  async load(quarantine: Quarantine): Promise<void> {
    for (const name of await listNames(this.#dir)) {
      if (name.endsWith(UNFINISHED) || name.endsWith(DELETED)) {
        await rm(join(this.#dir, name), { recursive: true, force: true });
      }
    }
    await this.#openAll((name, error) => this.#setAside(name, error, quarantine));
    const merged = this.#merged();
    await this.replace(
      this.#blocks.filter((block) => merged.has(block.meta.ulid)),
      [],
    );
  }

  /** Opens all blocks without changing anything on disk. `damaged` is told of those that cannot be opened. */
  async peek(damaged: (name: string, error: unknown) => Promise<void>): Promise<void> {
    await this.#openAll(damaged);
    const merged = this.#merged();
    for (const block of this.#blocks) if (merged.has(block.meta.ulid)) block.release();
    this.#blocks = this.#blocks.filter((block) => !merged.has(block.meta.ulid));
  }

  async #openAll(damaged: (name: string, error: unknown) => Promise<void>): Promise<void> {
    for (const name of (await listNames(this.#dir)).filter(isUlid)) {
      try {
        this.#blocks.push(await Block.open(join(this.#dir, name), this.#cache));
      } catch (error) {
        if (!(error instanceof CorruptionError) && errorCode(error) !== 'ENOENT') throw error;
        await damaged(name, error);
      }
    }
    this.#sort();
  }

  /** Opens a block just written. */
  async open(ulid: string): Promise<Block> {
    return Block.open(join(this.#dir, ulid), this.#cache);
  }

  /** From now on `added` stands for `removed`, whose files go. */
  async replace(removed: readonly Block[], added: readonly Block[]): Promise<void> {
    this.#blocks = [...this.#blocks.filter((block) => !removed.includes(block)), ...added];
    this.#sort();
    for (const block of removed) {
      block.release();
      await this.#delete(block.dir);
    }
  }

  /** The blocks that touch the range, acquired. */
  touching(mint: number, maxt: number): Block[] {
    const found = this.#blocks.filter(({ meta }) => meta.minTime <= maxt && meta.maxTime > mint);
    for (const block of found) block.acquire();
    return found;
  }

  close(): void {
    for (const block of this.#blocks) block.release();
    this.#blocks = [];
  }

  #sort(): void {
    this.#blocks.sort((a, b) => a.meta.minTime - b.meta.minTime || (a.meta.ulid < b.meta.ulid ? -1 : 1));
  }

  /** Names of blocks that others were made of: a crash may come between a block's birth and its parents' end. */
  #merged(): Set<string> {
    return new Set(this.#blocks.flatMap(({ meta }) => (meta.compaction.parents ?? []).map((it) => it.ulid)));
  }

  async #setAside(name: string, error: unknown, quarantine: Quarantine): Promise<void> {
    const dir = join(this.#dir, name);
    const range = await readMeta(dir).then(
      (meta) => ({ mint: meta.minTime, maxt: meta.maxTime - 1 }),
      () => ({ mint: null, maxt: null }),
    );
    await quarantine.report({ what: `block ${name}`, reason: messageOf(error), ...range });
    await quarantine.take(dir).catch((problem: unknown) => {
      this.#logger.error(
        { block: name, error: messageOf(problem) },
        'a damaged block could not be moved away',
      );
    });
  }

  /** In two steps, so that a crash leaves no half of a block that looks whole. */
  async #delete(dir: string): Promise<void> {
    try {
      await rename(dir, dir + DELETED);
      await rm(dir + DELETED, { recursive: true, force: true });
    } catch (error) {
      this.#logger.error({ dir, error: messageOf(error) }, 'a block could not be deleted');
    }
  }
}
