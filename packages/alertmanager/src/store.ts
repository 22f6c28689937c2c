import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@prunella/metrics';
import { Journal, type JournalOptions } from './journal.ts';

/** Where a part keeps its records. Without a directory (tests, `--check`) they live in memory only. */
export interface Records<T> {
  readonly loaded: readonly T[];
  /** Resolves when the record is on disk. */
  append(record: T): Promise<void>;
  /** Rewrites the file when most of its lines are superseded. */
  compact(live: () => Iterable<T>, liveCount: number): Promise<void>;
  close(): Promise<void>;
}

/** Below this many superseded lines a rewrite is not worth its fsyncs. */
const SPARE_LINES = 1000;

export async function openRecords<T>(
  directory: string | undefined,
  name: string,
  logger: Logger,
  options: JournalOptions = {},
): Promise<Records<T>> {
  if (directory === undefined) return memoryRecords();
  await mkdir(directory, { recursive: true });
  const path = join(directory, name);
  const { journal, records, damaged } = await Journal.open<T>(path, options);
  if (damaged > 0)
    logger.warn({ file: path, lines: damaged }, 'Skipped lines that a crash or a disk damaged');
  return {
    loaded: records,
    append: (record) => journal.append(record),
    compact: async (live, liveCount) => {
      if (journal.lines > 2 * liveCount + SPARE_LINES) await journal.rewrite(live());
    },
    close: () => journal.close(),
  };
}

export function memoryRecords<T>(): Records<T> {
  const done = Promise.resolve();
  return { loaded: [], append: () => done, compact: () => done, close: () => done };
}
