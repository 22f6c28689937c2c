import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Labels, type Logger } from '@prunella/metrics';
import { annotationsFrom } from './alert.ts';
import { Journal, type JournalOptions } from './journal.ts';

/** Where a part keeps its records. Without a directory (tests, `--check`) they live in memory only. */
export interface Records<T> {
  /** What the file held. Whoever reads it takes it: a second time there is nothing. */
  readonly loaded: readonly T[];
  /** Resolves when the record is on disk. */
  append(record: T): Promise<void>;
  appendAll(records: Iterable<T>): Promise<void>;
  /**
   * Rewrites the file when most of its lines are superseded. `live` is read bit by bit; what is appended meanwhile
   * follows it, and may come twice.
   */
  compact(live: () => Iterable<T>, liveCount: number): Promise<void>;
  close(): Promise<void>;
}

/** Labels of a record: in the file an object, in memory themselves; JSON writes them as that object. */
export type LabelsRecord = Labels | Readonly<Record<string, string>>;

export function readLabels(record: LabelsRecord): Labels {
  return record instanceof Labels ? record : annotationsFrom(record);
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
  let loaded: readonly T[] = records;
  return {
    get loaded() {
      const taken = loaded;
      loaded = [];
      return taken;
    },
    append: (record) => journal.append(record),
    appendAll: (each) => journal.appendAll(each),
    compact: async (live, liveCount) => {
      if (journal.lines > 2 * liveCount + SPARE_LINES) await journal.rewrite(live());
    },
    close: () => journal.close(),
  };
}

export function memoryRecords<T>(): Records<T> {
  const done = Promise.resolve();
  return { loaded: [], append: () => done, appendAll: () => done, compact: () => done, close: () => done };
}
