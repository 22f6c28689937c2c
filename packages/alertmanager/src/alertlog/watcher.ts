import { open, stat, type FileHandle } from 'node:fs/promises';
import type { Clock, Logger, Timer } from '@prunella/metrics';
import { annotationsFrom, type PostedAlert } from '../alert.ts';
import type { Records } from '../store.ts';
import { parseAlertLine } from './line.ts';

/** Up to where a log was read. */
export interface LogPosition {
  readonly path: string;
  /** Tells a rotated log from the same one grown. */
  readonly inode: number;
  readonly offset: number;
}

export interface WatcherOptions {
  readonly path: string;
  /** ms between looks */
  readonly interval: number;
  /** How long equal lines count as one alert, and how long it fires after the last, ms. */
  readonly hold: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly positions: LogPositions;
  readonly post: (alerts: PostedAlert[]) => Promise<unknown>;
}

/** The positions of all logs, kept over restarts. */
export class LogPositions {
  readonly #records: Records<LogPosition>;
  readonly #byPath: Map<string, LogPosition>;

  constructor(records: Records<LogPosition>) {
    this.#records = records;
    this.#byPath = new Map(records.loaded.map((position) => [position.path, position]));
  }

  get(path: string): LogPosition | undefined {
    return this.#byPath.get(path);
  }

  async set(position: LogPosition): Promise<void> {
    this.#byPath.set(position.path, position);
    await this.#records.append(position);
    await this.#records.compact(() => this.#byPath.values(), this.#byPath.size);
  }
}

const CHUNK_BYTES = 64 * 1024;
const LONGEST_LINE = 64 * 1024;

/** Makes alerts of the lines that others append to a log: `alert_logs` in the configuration. */
export class AlertLogWatcher {
  readonly #options: WatcherOptions;
  readonly #seen = new Map<string, { since: number; count: number }>();
  #file: FileHandle | undefined;
  #inode = 0;
  /** There was no such log when it was first looked for: all of it will be news. */
  #awaited = false;
  #offset = 0;
  #rest = '';
  #timer: Timer | undefined;
  #stopped = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking;
    await this.#file?.close();
  }

  #schedule(delay: number): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        if (!this.#stopped) this.#schedule(this.#options.interval);
      });
    }, delay);
  }

  async #look(): Promise<void> {
    const { path, logger } = this.#options;
    try {
      // What was written to the old log before it was moved away is read before the new one is opened.
      if (this.#file) await this.#readNew();
      const now = await stat(path).catch(() => undefined);
      if (!now) this.#awaited = true;
      if (!now || (this.#file && now.ino === this.#inode && now.size >= this.#offset)) return;
      await this.#reopen(now.ino, now.size);
      await this.#readNew();
    } catch (error) {
      logger.warn({ file: path, error: (error as Error).message }, 'An alert log could not be read');
    }
  }

  async #reopen(inode: number, size: number): Promise<void> {
    const { path, positions } = this.#options;
    const isFirst = this.#file === undefined && !this.#awaited;
    await this.#file?.close();
    this.#file = undefined;
    this.#file = await open(path, 'r');
    this.#awaited = true;
    this.#inode = inode;
    this.#rest = '';
    const known = positions.get(path);
    // Where we left off; a log met for the first time is history; one that was rotated is news from its beginning.
    if (known?.inode === inode && known.offset <= size) this.#offset = known.offset;
    else this.#offset = isFirst && !known ? size : 0;
  }

  async #readNew(): Promise<void> {
    const { path, positions, post } = this.#options;
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const read = await this.#file?.read(buffer, 0, CHUNK_BYTES, this.#offset);
      if (!read || read.bytesRead === 0) return;
      const lines = (this.#rest + buffer.toString('utf8', 0, read.bytesRead)).split('\n');
      this.#rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
      this.#offset += read.bytesRead;
      const alerts = this.#toAlerts(lines);
      if (alerts.length > 0) await post(alerts);
      // Only whole lines are done with; half a line is read again after a restart.
      await positions.set({ path, inode: this.#inode, offset: this.#offset - Buffer.byteLength(this.#rest) });
    }
  }

  #toAlerts(lines: readonly string[]): PostedAlert[] {
    const { clock, hold } = this.#options;
    const now = clock.now();
    const alerts = new Map<string, PostedAlert>();
    for (const line of lines) {
      const entry = parseAlertLine(line);
      if (!entry) continue;
      const { since, count } = this.#count(entry.labels.key, now);
      const annotations = { ...entry.annotations, ...(count > 1 && { count: String(count) }) };
      alerts.set(entry.labels.key, {
        labels: entry.labels,
        annotations: annotationsFrom(withoutEmpty(annotations)),
        startsAt: since,
        endsAt: now + hold,
      });
    }
    return [...alerts.values()];
  }

  #count(key: string, now: number): { since: number; count: number } {
    const known = this.#seen.get(key);
    const fresh = !known || now - known.since >= this.#options.hold;
    const seen = fresh ? { since: now, count: 1 } : { since: known.since, count: known.count + 1 };
    this.#seen.set(key, seen);
    return seen;
  }
}

function withoutEmpty(object: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== ''));
}
