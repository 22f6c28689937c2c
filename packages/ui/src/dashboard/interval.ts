import { parseDuration, type AbsoluteRange } from '../time.ts';

const roundSteps = [
  '1ms',
  '5ms',
  '10ms',
  '50ms',
  '100ms',
  '200ms',
  '500ms',
  '1s',
  '2s',
  '5s',
  '10s',
  '15s',
  '20s',
  '30s',
  '1m',
  '2m',
  '5m',
  '10m',
  '15m',
  '20m',
  '30m',
  '1h',
  '2h',
  '3h',
  '6h',
  '12h',
  '1d',
  '2d',
  '7d',
  '30d',
].map((text) => parseDuration(text) ?? 1);

/** The nearest round step, as Grafana rounds intervals: below the middle of two steps goes down. */
export function roundInterval(ms: number): number {
  const [first = 1] = roundSteps;
  for (const [index, step] of roundSteps.entries()) {
    const next = roundSteps[index + 1];
    if (next === undefined || ms < (step + next) / 2) return Math.max(step, first);
  }
  return first;
}

export interface StepOptions {
  range: AbsoluteRange;
  /** Points that fit into the panel, usually its width in pixels. */
  maxDataPoints: number;
  /** ms; the smallest step that the panel or query asks for. */
  minStep?: number | undefined;
  /** ms; how often targets are scraped. */
  scrapeInterval: number;
}

export interface Steps {
  /** ms, `$__interval`: the step of a range query. */
  step: number;
  /** ms, `$__rate_interval`: at least four scrapes, so that rate() always sees two samples. */
  rate: number;
}

const maxPointsPerSeries = 11_000; // Prometheus refuses range queries with more

/** Grafana's rule: `$__rate_interval` = max($__interval + scrape interval, 4 × scrape interval). */
export function chooseSteps({ range, maxDataPoints, minStep, scrapeInterval }: StepOptions): Steps {
  const span = range.to - range.from;
  const smallest = minStep ?? scrapeInterval;
  const wanted = roundInterval(span / Math.max(1, maxDataPoints));
  const step = Math.max(wanted, smallest, Math.ceil(span / maxPointsPerSeries / 1000) * 1000);
  return { step, rate: Math.max(step + scrapeInterval, 4 * scrapeInterval) };
}

/** Ends moved to whole steps, so that a refresh asks for the same points again and lines do not dance. */
export function alignRange(range: AbsoluteRange, step: number): AbsoluteRange {
  return { from: Math.floor(range.from / step) * step, to: Math.floor(range.to / step) * step };
}
