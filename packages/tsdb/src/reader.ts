import { join } from 'node:path';
import { silentLogger, type Matcher, type Querier, type Queryable } from '@prunella/metrics';
import { analyzeBlock, type BlockAnalysis } from './analyze.ts';
import type { BlockMeta } from './block/meta.ts';
import { BlockSet } from './blocks.ts';
import { messageOf } from './errors.ts';
import { Head } from './head/head.ts';
import { HeadChunkFiles } from './head/chunk_files.ts';
import { MappedChunks } from './head/mapping.ts';
import { Replay } from './head/replay.ts';
import { HeadSource } from './head/source.ts';
import { MergingQuerier } from './query/querier.ts';
import { segmentsToRead } from './wal/load.ts';

/**
 * Looks into a data directory, ours or Prometheus's, without changing or locking it: another process may be writing.
 * What that process has not finished may be missing.
 */
export class DatabaseReader implements Queryable {
  readonly #blocks: BlockSet;
  readonly #head: Head;
  readonly #headFiles: HeadChunkFiles;
  /** What could not be read, for people. */
  readonly warnings: readonly string[];

  private constructor(blocks: BlockSet, head: Head, headFiles: HeadChunkFiles, warnings: readonly string[]) {
    this.#headFiles = headFiles;
    this.#blocks = blocks;
    this.#head = head;
    this.warnings = warnings;
  }

  /** @param options `log: false` leaves the log unread, which is much faster */
  static async open(dir: string, { log = true }: { log?: boolean } = {}): Promise<DatabaseReader> {
    const warnings: string[] = [];
    const blocks = new BlockSet(dir, silentLogger);
    await blocks.peek(async (name, error) => void warnings.push(`block ${name}: ${messageOf(error)}`));
    const headFiles = new HeadChunkFiles(join(dir, 'chunks_head'));
    const head = new Head(2 * 3_600_000, 0, 0, headFiles);
    head.floor = head.servedFrom = blocks.end;
    if (log) {
      const mapped = await MappedChunks.load(headFiles, head.chunks, head.floor);
      if (mapped.damage !== undefined) warnings.push(`${mapped.damage.path}: ${mapped.damage.reason}`);
      const replay = new Replay(head, mapped);
      await head.fill(async () => {
        for (const name of ['wal', 'wbl']) {
          const { segments, missing } = await segmentsToRead(join(dir, name));
          for (const segment of segments) await replay.segment(segment, name === 'wbl');
          await replay.finish();
          for (const segment of missing) warnings.push(`segment ${segment} of the log is missing`);
        }
      });
      for (const damage of replay.report.damages) {
        warnings.push(`segment ${damage.segment} of the log, at ${damage.offset}: ${damage.reason}`);
      }
    }
    return new DatabaseReader(blocks, head, headFiles, warnings);
  }

  querier(mint: number, maxt: number): Querier {
    const touched = this.#blocks.touching(mint, maxt);
    return new MergingQuerier([...touched, new HeadSource(this.#head)], mint, maxt, this.warnings, () => {
      for (const block of touched) block.release();
    });
  }

  /** In order of time, with their bytes on disk. */
  blocks(): readonly (BlockMeta & { readonly bytes: number })[] {
    return this.#blocks.list.map((block) => ({ ...block.meta, bytes: block.size }));
  }

  /**
   * What a block (by default the newest) is made of.
   * @param matchers only series that match
   * @param extended reads all chunks, too
   * @returns undefined where there is no such block
   */
  async analyze(
    ulid?: string,
    limit = 20,
    matchers: readonly Matcher[] = [],
    extended = false,
  ): Promise<BlockAnalysis | undefined> {
    const block =
      ulid === undefined ? this.#blocks.list.at(-1) : this.#blocks.list.find((it) => it.meta.ulid === ulid);
    return block === undefined ? undefined : analyzeBlock(block, limit, matchers, extended);
  }

  close(): void {
    this.#blocks.close();
    void this.#headFiles.close();
  }
}
