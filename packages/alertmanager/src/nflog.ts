import type { Clock } from '@prunella/metrics';
import type { Records } from './store.ts';

/** What one integration was last told about one group. */
export interface LogEntry {
  readonly groupKey: string;
  /** `receiver/integration/index` */
  readonly integration: string;
  /** When it had been told, ms. */
  readonly time: number;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  readonly expiresAt: number;
}

export interface NotificationLogOptions {
  readonly clock: Clock;
  readonly records: Records<LogEntry>;
  /** ms */
  readonly retention: number;
}

/** The memory that keeps a message from being sent twice: across flushes, configuration reloads and restarts. */
export class NotificationLog {
  readonly #options: NotificationLogOptions;
  readonly #entries = new Map<string, LogEntry>();
  /** How often it was asked. */
  queries = 0;

  constructor(options: NotificationLogOptions) {
    this.#options = options;
    for (const entry of options.records.loaded) this.#entries.set(keyOf(entry), entry);
    this.#forgetOld();
  }

  get size(): number {
    return this.#entries.size;
  }

  get(groupKey: string, integration: string): LogEntry | undefined {
    this.queries++;
    const entry = this.#entries.get(keyOf({ groupKey, integration }));
    return entry && entry.expiresAt > this.#options.clock.now() ? entry : undefined;
  }

  /** Resolves when the entry is on disk. An entry lasts twice the repeat interval, at most the retention. */
  async add(entry: Omit<LogEntry, 'expiresAt'>, repeatInterval: number): Promise<void> {
    const complete = { ...entry, expiresAt: entry.time + this.#lifetime(repeatInterval) };
    // In memory first: should the disk be full, at least this process does not repeat itself.
    this.#entries.set(keyOf(entry), complete);
    await this.#options.records.append(complete);
  }

  /**
   * Keeps an entry for another while: what somebody takes care of is not told again, and must not for that be
   * forgotten. Resolves when that is on disk.
   */
  async extend(entry: LogEntry, repeatInterval: number): Promise<void> {
    const now = this.#options.clock.now();
    if (entry.expiresAt - now > repeatInterval) return;
    const extended = { ...entry, expiresAt: now + this.#lifetime(repeatInterval) };
    this.#entries.set(keyOf(entry), extended);
    await this.#options.records.append(extended);
  }

  #lifetime(repeatInterval: number): number {
    return Math.min(2 * repeatInterval, this.#options.retention);
  }

  async maintain(): Promise<void> {
    this.#forgetOld();
    await this.#options.records.compact(() => this.#entries.values(), this.#entries.size);
  }

  #forgetOld(): void {
    const now = this.#options.clock.now();
    for (const [key, entry] of this.#entries) if (entry.expiresAt <= now) this.#entries.delete(key);
  }
}

function keyOf(entry: { groupKey: string; integration: string }): string {
  return `${entry.integration}\n${entry.groupKey}`;
}
