import type { Labels } from '@prunella/metrics';

/** An alert as healing hears of it: from a flush of our own Alertmanager, or from a webhook. Times are ms. */
export interface HealingAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly status: 'firing' | 'resolved';
  /** Alertmanager's: 16 hex digits. */
  readonly fingerprint: string;
  readonly startsAt: number;
  readonly endsAt?: number;
  readonly generatorURL?: string;
  /** Sent by hand, without a start time: nothing but the sender says that anything is wrong. */
  readonly simulated?: boolean;
}

/** What an alert tells about its own origin. */
export interface AlertExpression {
  readonly expr: string;
  /** Labels that the rule itself sets, and that therefore need not equal those of the series. */
  readonly ruleLabels?: readonly string[];
}

/**
 * Whether a series that the alert's expression returns may be the one that the alert is about: no label contradicts.
 * A label that the alert lacks does not count, so that in doubt the alert is taken as still firing.
 */
export function isSeriesOf(alert: Labels, series: Labels, ruleLabels: readonly string[] = []): boolean {
  for (const [name, value] of series) {
    if (name === '__name__' || name === 'alertname' || ruleLabels.includes(name)) continue;
    if (alert.has(name) && alert.get(name) !== value) return false;
  }
  return true;
}
