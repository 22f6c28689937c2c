import { labelValues } from './prometheus.ts';

const keepMs = 60_000;
let cached: { at: number; names: Promise<ReadonlySet<string>> } | undefined;

/** All metric names that the server knows, asked for once a minute at most. */
export function metricNames(): Promise<ReadonlySet<string>> {
  if (!cached || Date.now() - cached.at > keepMs) {
    const names = labelValues('__name__', []).then((list): ReadonlySet<string> => new Set(list));
    const entry = { at: Date.now(), names };
    cached = entry;
    names.catch(() => {
      if (cached === entry) cached = undefined; // ask again next time
    });
  }
  return cached.names;
}
