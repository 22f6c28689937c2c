import { open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

interface Batch {
  readonly lines: string[];
  readonly done: Promise<void>;
}

export interface JournalOptions {
  /**
   * Whether a record must outlive the machine (fsync), not only the process. @default true
   */
  readonly sync?: boolean;
}

/** Records that come within this time share one write. */
const GATHER_MS = 2;

/**
 * A file of JSON records to which records are only added: `crc32 space json newline`. A record is on disk (fsync) when
 * the promise of `append()` resolves; records appended while the disk is busy share one write. A crash leaves at most
 * one torn line at the end, which the next start skips.
 */
export class Journal<T> {
  readonly path: string;
  #file: FileHandle;
  #batch: Batch | undefined;
  #work: Promise<unknown> = Promise.resolve();
  /** Lines in the file, superseded ones included: what the owner compares with its live records to compact. */
  #lines: number;
  #torn: boolean;
  readonly #sync: boolean;

  private constructor(path: string, file: FileHandle, lines: number, torn: boolean, sync: boolean) {
    this.path = path;
    this.#file = file;
    this.#lines = lines;
    this.#torn = torn;
    this.#sync = sync;
  }

  /** Opens or creates the file. `damaged` counts the lines that could not be read. */
  static async open<T>(
    path: string,
    { sync = true }: JournalOptions = {},
  ): Promise<{ journal: Journal<T>; records: T[]; damaged: number }> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const lines = text.split('\n').filter((line) => line !== '');
    const records = lines.map((line) => decode<T>(line)).filter((record) => record !== undefined);
    const file = await open(path, 'a');
    const torn = text !== '' && !text.endsWith('\n');
    const journal = new Journal<T>(path, file, lines.length, torn, sync);
    return { journal, records, damaged: lines.length - records.length };
  }

  get lines(): number {
    return this.#lines;
  }

  /** @throws the error of the disk, in which case the record must be taken as not written */
  append(record: T): Promise<void> {
    this.#batch ??= this.#startBatch();
    this.#batch.lines.push(encode(record));
    this.#lines++;
    return this.#batch.done;
  }

  /** Replaces the file by these records, at once or not at all; later appends follow them. */
  rewrite(records: Iterable<T>): Promise<void> {
    const lines = Array.from(records, encode);
    // What is still to be written is part of the owner's state already, but it must not come after the new file's
    // own records; a batch that has not begun goes to the old file first.
    this.#batch = undefined;
    const done = this.#enqueue(() => this.#replace(lines));
    this.#lines = lines.length;
    return done;
  }

  async close(): Promise<void> {
    await this.#enqueue(() => this.#file.close());
  }

  #startBatch(): Batch {
    const lines: string[] = [];
    const done = this.#enqueue(async () => {
      await gather();
      if (this.#batch?.lines === lines) this.#batch = undefined;
      await this.#write(lines);
    });
    return { lines, done };
  }

  async #write(lines: readonly string[]): Promise<void> {
    const text = (this.#torn ? '\n' : '') + lines.join('');
    this.#torn = true; // until the whole of it is there
    await this.#file.appendFile(text);
    if (this.#sync) await this.#file.datasync();
    this.#torn = false;
  }

  async #replace(lines: readonly string[]): Promise<void> {
    const temporary = `${this.path}.tmp`;
    const file = await open(temporary, 'w');
    await file.writeFile(lines.join(''));
    await file.sync();
    await rename(temporary, this.path);
    await syncDirectory(dirname(this.path));
    await this.#file.close();
    // The handle of the renamed file would write at its own offset; one in append mode cannot overwrite.
    await file.close();
    this.#file = await open(this.path, 'a');
    this.#torn = false;
  }

  #enqueue<R>(step: () => Promise<R>): Promise<R> {
    const next = this.#work.then(step);
    this.#work = next.catch(() => {});
    return next;
  }
}

function gather(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, GATHER_MS));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function encode(record: unknown): string {
  const json = JSON.stringify(record);
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

function decode<T>(line: string): T | undefined {
  const json = line.slice(9);
  if (line[8] !== ' ' || crc32(json) !== Number.parseInt(line.slice(0, 8), 16)) return undefined;
  return JSON.parse(json) as T;
}
