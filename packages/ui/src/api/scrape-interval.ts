import { parseDuration } from '../time.ts';
import { statusConfig } from './prometheus.ts';

const fallbackMs = 15_000;
let cached: Promise<number> | undefined;

/** The global scrape interval in ms, for `$__rate_interval`: from the running configuration, else 15 s. */
export function scrapeInterval(): Promise<number> {
  cached ??= statusConfig().then(
    (yaml) => parseDuration(/^\s*scrape_interval:\s*["']?(\w+)/m.exec(yaml)?.[1] ?? '') ?? fallbackMs,
    () => {
      cached = undefined;
      return fallbackMs;
    },
  );
  return cached;
}
