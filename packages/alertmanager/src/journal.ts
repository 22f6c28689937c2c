import { open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { Pacer } from '@prunella/metrics';

interface Batch<T> {
  readonly records: T[];
  readonly done: Promise<void>;
}

export interface JournalOptions {
  /**
   * Whether a record must outlive the machine (fsync), not only the process. @default true
   */
  readonly sync?: boolean;
  /** Records that come within this time share one write, ms. 0: those that come in one turn. @default 2 */
  readonly gather?: number;
}

const GATHER_MS = 2;
/** So many UTF-16 units go to the file at once: few enough to be copied without holding anything up. */
const PIECE = 1024 * 1024;

/**
 * A file of JSON records to which records are only added: `crc32 space json newline`. A record is on disk (fsync) when
 * the promise of `append()` resolves; records appended while the disk is busy share one write. A crash leaves at most
 * one torn line at the end, which the next start skips.
 */
export class Journal<T> {
  readonly path: string;
  #file: FileHandle;
  #batch: Batch<T> | undefined;
  #work: Promise<unknown> = Promise.resolve();
  /** Lines in the file, superseded ones included: what the owner compares with its live records to compact. */
  #lines: number;
  #torn: boolean;
  readonly #sync: boolean;
  readonly #gather: number;

  private constructor(path: string, file: FileHandle, lines: number, torn: boolean, options: JournalOptions) {
    this.path = path;
    this.#file = file;
    this.#lines = lines;
    this.#torn = torn;
    this.#sync = options.sync ?? true;
    this.#gather = options.gather ?? GATHER_MS;
  }

  /** Opens or creates the file. `damaged` counts the lines that could not be read. */
  static async open<T>(
    path: string,
    options: JournalOptions = {},
  ): Promise<{ journal: Journal<T>; records: T[]; damaged: number }> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const lines = text.split('\n').filter((line) => line !== '');
    const records = lines.map((line) => decode<T>(line)).filter((record) => record !== undefined);
    const file = await open(path, 'a');
    const torn = text !== '' && !text.endsWith('\n');
    const journal = new Journal<T>(path, file, lines.length, torn, options);
    return { journal, records, damaged: lines.length - records.length };
  }

  get lines(): number {
    return this.#lines;
  }

  /** @throws the error of the disk, in which case the record must be taken as not written */
  append(record: T): Promise<void> {
    return this.appendAll([record]);
  }

  appendAll(records: Iterable<T>): Promise<void> {
    this.#batch ??= this.#startBatch();
    for (const record of records) {
      this.#batch.records.push(record);
      this.#lines++;
    }
    return this.#batch.done;
  }

  /**
   * Replaces the file by these records, at once or not at all; later appends follow them. They are read bit by bit
   * while others work: one that is appended meanwhile may come twice.
   */
  rewrite(records: Iterable<T>): Promise<void> {
    // What is still to be written is part of the owner's state already, but it must not come after the new file's
    // own records; a batch that has not begun goes to the old file first.
    this.#batch = undefined;
    const superseded = this.#lines;
    return this.#enqueue(async () => {
      this.#lines += (await this.#replace(records)) - superseded;
    });
  }

  async close(): Promise<void> {
    await this.#enqueue(() => this.#file.close());
  }

  #startBatch(): Batch<T> {
    const records: T[] = [];
    const done = this.#enqueue(async () => {
      if (this.#gather > 0) await sleep(this.#gather);
      if (this.#batch?.records === records) this.#batch = undefined;
      await this.#write(records);
    });
    return { records, done };
  }

  async #write(records: readonly T[]): Promise<void> {
    const start = this.#torn ? '\n' : '';
    this.#torn = true; // until the whole of it is there
    await writeLines(this.#file, records, start);
    if (this.#sync) await this.#file.datasync();
    this.#torn = false;
  }

  /** @returns how many there are */
  async #replace(records: Iterable<T>): Promise<number> {
    const temporary = `${this.path}.tmp`;
    const file = await open(temporary, 'w');
    let lines: number;
    try {
      lines = await writeLines(file, records, '');
      await file.sync();
    } finally {
      // The handle of the renamed file would write at its own offset; one in append mode cannot overwrite.
      await file.close();
    }
    await rename(temporary, this.path);
    await syncDirectory(dirname(this.path));
    await this.#file.close();
    this.#file = await open(this.path, 'a');
    this.#torn = false;
    return lines;
  }

  #enqueue<R>(step: () => Promise<R>): Promise<R> {
    const next = this.#work.then(step);
    this.#work = next.catch(() => {});
    return next;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Writes records piece by piece, with pauses. @returns how many */
async function writeLines(file: FileHandle, records: Iterable<unknown>, start: string): Promise<number> {
  const pacer = new Pacer();
  let piece = start;
  let lines = 0;
  for (const record of records) {
    piece += encode(record);
    lines++;
    const pause = lines % 32 === 0 && pacer.pause();
    if (pause) await pause;
    if (piece.length < PIECE) continue;
    await file.appendFile(piece);
    piece = '';
  }
  await file.appendFile(piece);
  return lines;
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
