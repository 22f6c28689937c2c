import { sleep, type Clock } from '@prunella/metrics';
import type { RuleMetrics } from '../metrics.ts';
import type { RuleGroup } from './group.ts';

/**
 * When a group is evaluated: at multiples of its interval, shifted by an offset of its own, so that groups spread over
 * time and keep their place across restarts.
 * @returns the latest such moment that is not after `now` (ms)
 */
export function evaluationTime(key: string, interval: number, now: number): number {
  const offset = hash(key) % interval;
  const shifted = now - offset;
  return shifted - (shifted % interval) + offset;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return value;
}

export interface LoopOptions {
  readonly group: RuleGroup;
  readonly clock: Clock;
  readonly metrics: RuleMetrics;
  readonly signal: AbortSignal;
  /** Called once, after the second evaluation: see restore.ts. */
  readonly restore?: (() => Promise<void>) | undefined;
}

/** Evaluates a group until the signal aborts. Evaluations never overlap; one that takes too long costs the next ones. */
export async function runGroup(options: LoopOptions): Promise<void> {
  const { group, clock, metrics, signal } = options;
  const { interval } = group;
  const labels = { rule_group: group.key };
  metrics.groupRules.set(labels, group.rules.length);
  metrics.groupInterval.set(labels, interval / 1000);
  for (const counter of [
    metrics.iterations,
    metrics.missed,
    metrics.evaluations,
    metrics.evaluationFailures,
  ]) {
    counter.inc(labels, 0);
  }
  let time = evaluationTime(group.key, interval, clock.now()) + interval;
  let evaluations = 0;
  for (;;) {
    await sleep(clock, time - clock.now(), signal);
    if (signal.aborted) return;
    await group.evaluate(time, signal);
    // The first evaluation finds little scraped yet and recording rules not up to date.
    if (++evaluations === 2 && options.restore && !signal.aborted) await options.restore();
    const missed = Math.max(0, Math.floor((clock.now() - time) / interval));
    if (missed > 0) {
      metrics.missed.inc(labels, missed);
      metrics.iterations.inc(labels, missed);
    }
    time += (missed + 1) * interval;
  }
}
