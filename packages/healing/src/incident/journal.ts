/**
 * Where incidents survive a crash: one append-only file of JSON lines per incident, fsynced line by line. A line that a
 * crash cut off is skipped when read, and the next one begins on a line of its own.
 */
import { mkdir, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '@prunella/metrics';
import type { Change } from './incident.ts';

export interface Journal {
  /** Every incident's changes, oldest incident first. */
  load(): Promise<ReadonlyMap<string, readonly Change[]>>;
  /** Resolves when the change would survive `kill -9` and a power cut. @throws the disk's error; then it counts as lost */
  append(id: string, change: Change): Promise<void>;
  /** Forgets an old incident. */
  remove(id: string): Promise<void>;
  close(): Promise<void>;
}

const SUFFIX = '.jsonl';

export class FileJournal implements Journal {
  readonly #dir: string;
  readonly #logger: Logger;
  readonly #queues = new Map<string, Promise<void>>();

  /** @param dir `DATA/prunella/incidents` */
  constructor(dir: string, logger: Logger) {
    this.#dir = dir;
    this.#logger = logger;
  }

  async load(): Promise<ReadonlyMap<string, readonly Change[]>> {
    await mkdir(this.#dir, { recursive: true });
    const names = (await readdir(this.#dir)).filter((name) => name.endsWith(SUFFIX)).sort();
    const incidents = new Map<string, readonly Change[]>();
    for (const name of names) {
      const text = await readFile(join(this.#dir, name), 'utf8');
      incidents.set(name.slice(0, -SUFFIX.length), this.#parse(text, name));
    }
    return incidents;
  }

  append(id: string, change: Change): Promise<void> {
    return this.#inTurn(id, () => appendLine(join(this.#dir, id + SUFFIX), JSON.stringify(change)));
  }

  remove(id: string): Promise<void> {
    return this.#inTurn(id, () => rm(join(this.#dir, id + SUFFIX), { force: true }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#queues.values());
  }

  /** Lines of one incident keep their order; incidents do not wait for each other. */
  #inTurn(id: string, action: () => Promise<void>): Promise<void> {
    const done = (this.#queues.get(id) ?? Promise.resolve()).then(action);
    const settled = done
      .catch(() => {})
      .finally(() => {
        if (this.#queues.get(id) === settled) this.#queues.delete(id);
      });
    this.#queues.set(id, settled);
    return done;
  }

  #parse(text: string, name: string): Change[] {
    let damaged = 0;
    const changes = text.split('\n').flatMap((line) => {
      if (line === '') return [];
      try {
        return [JSON.parse(line) as Change];
      } catch {
        damaged++;
        return [];
      }
    });
    if (damaged > 0)
      this.#logger.warn({ file: name, lines: damaged }, 'skipped damaged lines of an incident');
    return changes;
  }
}

/**
 * Adds a line and resolves when it is on disk. The file is opened for each line: incidents are rare, and it may have
 * been rotated away in between.
 */
export async function appendLine(path: string, line: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    // After a torn line, so that the torn one is all that is lost.
    const lead = size === 0 || (await endsWithNewline(file, size)) ? '' : '\n';
    await file.appendFile(`${lead}${line}\n`);
    await file.sync();
    if (size === 0) await syncDirectory(dirname(path));
  } finally {
    await file.close();
  }
}

async function endsWithNewline(file: FileHandle, size: number): Promise<boolean> {
  const last = new Uint8Array(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] === 0x0a;
}

/** Without this a power cut may take a new file's name with it. */
async function syncDirectory(path: string): Promise<void> {
  const dir = await open(path, 'r');
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}
