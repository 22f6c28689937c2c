import { appendFile, mkdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock, Logger } from '@prunella/metrics';
import { messageOf } from './errors.ts';

/** Something that was damaged on disk and is not served. */
export interface Damage {
  readonly what: string;
  readonly reason: string;
  /** Which time is concerned, ms, both inclusive; where it is not known, all. JSON has no infinities. */
  readonly mint: number | null;
  readonly maxt: number | null;
}

/**
 * Where damaged files go: `DATA/prunella/quarantine/<time>/`. What was lost is remembered in `damages.jsonl`, so that
 * queries over that time keep saying so until someone has dealt with it and removed the directory.
 */
export class Quarantine {
  readonly #root: string;
  readonly #logger: Logger;
  readonly #damages: Damage[] = [];
  /** Where this run puts files; made when the first comes. */
  readonly dir: string;

  constructor(dataDir: string, clock: Clock, logger: Logger) {
    this.#root = join(dataDir, 'prunella', 'quarantine');
    this.#logger = logger;
    this.dir = join(this.#root, new Date(clock.now()).toISOString().replaceAll(':', '-'));
  }

  get damages(): readonly Damage[] {
    return this.#damages;
  }

  /** Reads what earlier runs found. */
  async load(): Promise<void> {
    const text = await readFile(join(this.#root, 'damages.jsonl'), 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      try {
        if (line !== '') this.#damages.push(JSON.parse(line) as Damage);
      } catch {
        // A line torn by a crash; the log file of that run has it.
      }
    }
  }

  /** Remembers what is lost, as far as the disk lets us. */
  async report(damage: Damage): Promise<void> {
    this.#logger.error({ ...damage }, 'data on disk is damaged');
    this.#damages.push(damage);
    try {
      await mkdir(this.#root, { recursive: true });
      await appendFile(join(this.#root, 'damages.jsonl'), `${JSON.stringify(damage)}\n`);
    } catch (error) {
      this.#logger.warn({ error: messageOf(error) }, 'the damage could not be noted on disk');
    }
  }

  /** Says what was damaged but is not missed. */
  note(fields: { readonly what: string; readonly reason: string }): void {
    this.#logger.warn(fields, 'data on disk is damaged; nothing is missing');
  }

  /** Moves a file or directory out of the way. */
  async take(path: string): Promise<void> {
    await rename(path, await this.place(basename(path)));
  }

  /** @returns a path for what is to be kept under a name */
  async place(name: string): Promise<string> {
    await mkdir(this.dir, { recursive: true });
    return join(this.dir, name);
  }

  /** For people who ask for the range: what of it may be missing. */
  warnings(mint: number, maxt: number): string[] {
    return this.#damages
      .filter((it) => (it.mint ?? -Infinity) <= maxt && (it.maxt ?? Infinity) >= mint)
      .map((it) => `samples may be missing: ${it.what} was damaged (${it.reason})`);
  }
}
