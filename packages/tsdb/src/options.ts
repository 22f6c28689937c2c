import { silentLogger, systemClock, type Clock, type Logger } from '@prunella/metrics';

export interface DatabaseOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** How long samples are kept, ms; 0 = for ever. Default 15 days. */
  readonly retentionMs?: number;
  /** How large the directory may grow, bytes; 0 = without limit (the default). */
  readonly retentionBytes?: number;
  /** Length of the shortest block, ms. Default 2 h; other values are for tests. */
  readonly minBlockMs?: number;
  /** Length of the longest block, ms. Default a tenth of the retention, at most 31 days. */
  readonly maxBlockMs?: number;
  /** How much older than the newest sample a sample may be, ms. Default 0: every series in order. */
  readonly outOfOrderWindowMs?: number;
  /** Exemplars kept in memory, over all series. Default 100 000; 0 = none. */
  readonly maxExemplars?: number;
  /** Size of a segment of the log, bytes. Default 128 MiB. */
  readonly walSegmentBytes?: number;
  /** How often the log is brought to the platter, ms: what a power cut may cost. Default 5 s. */
  readonly syncIntervalMs?: number;
  /** How often blocks, retention and repairs are looked after, ms. Default 60 s. */
  readonly housekeepingMs?: number;
}

const DAY = 86_400_000;

/** The options with their defaults. */
export function withDefaults(options: DatabaseOptions): Required<DatabaseOptions> {
  const retentionMs = options.retentionMs ?? 15 * DAY;
  const minBlockMs = options.minBlockMs ?? 2 * 3_600_000;
  const longest = retentionMs === 0 ? 31 * DAY : Math.min(31 * DAY, retentionMs / 10);
  return {
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
    retentionMs,
    retentionBytes: options.retentionBytes ?? 0,
    minBlockMs,
    maxBlockMs: options.maxBlockMs ?? Math.max(longest, minBlockMs),
    outOfOrderWindowMs: options.outOfOrderWindowMs ?? 0,
    maxExemplars: options.maxExemplars ?? 100_000,
    walSegmentBytes: options.walSegmentBytes ?? 128 * 1024 * 1024,
    syncIntervalMs: options.syncIntervalMs ?? 5000,
    housekeepingMs: options.housekeepingMs ?? 60_000,
  };
}
