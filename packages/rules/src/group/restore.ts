import { isStaleAt, METRIC_NAME, Matcher, wordsOf, type Labels, type Queryable } from '@prunella/metrics';
import { ALERTS_FOR_STATE, type ActiveAlert, type AlertingRule } from '../rule/alerting.ts';
import type { RuleGroup } from './group.ts';

export interface RestoreOptions {
  readonly queryable: Queryable;
  /** A longer outage starts `for` from the beginning. */
  readonly outageTolerance: number;
  /** At least so long an alert pends after a restart, if it had not fired before. */
  readonly gracePeriod: number;
}

/**
 * Gives pending alerts the time back that they had spent pending before a restart, read from ALERTS_FOR_STATE. The rules
 * are Prometheus's, with one addition: Prometheus leaves out rules whose `for` is shorter than the grace period, so
 * that what was firing falls silent for up to ten minutes; here an alert that was firing goes on firing at once.
 * @param now ms
 */
export async function restoreGroup(group: RuleGroup, now: number, options: RestoreOptions): Promise<void> {
  for (const { alerting } of group.rules) {
    if (!alerting || alerting.restored) continue;
    try {
      if (alerting.config.for > 0 && alerting.activeAlerts().length > 0)
        await restoreRule(alerting, now, options);
    } finally {
      // There is no second chance: by the next evaluation the series have been written anew.
      alerting.restored = true;
    }
  }
}

interface StoredState {
  /** When the series was last written, ms. */
  readonly downAt: number;
  readonly activeAt: number;
}

async function restoreRule(rule: AlertingRule, now: number, options: RestoreOptions): Promise<void> {
  const stored = await readStates(rule, now, options);
  for (const alert of rule.alerts) {
    const state = stored.get(stateLabels(alert.labels, rule).key);
    if (state && alert.state !== 'inactive')
      restoreAlert(alert, rule.config.for, state, now, options.gracePeriod);
  }
}

function restoreAlert(
  alert: ActiveAlert,
  hold: number,
  state: StoredState,
  now: number,
  grace: number,
): void {
  const remaining = hold - (state.downAt - state.activeAt);
  if (remaining <= 0) {
    // It was firing; the next evaluation makes it fire again.
    alert.activeAt = state.activeAt;
  } else if (hold < grace) {
    // It had not fired, and waiting anew costs less than the grace period.
  } else if (remaining < grace) {
    alert.activeAt = now + grace - hold;
  } else {
    alert.activeAt = state.activeAt + (now - state.downAt);
  }
}

/** The last state of every alert of the rule, by the labels of its series. */
async function readStates(
  rule: AlertingRule,
  now: number,
  options: RestoreOptions,
): Promise<Map<string, StoredState>> {
  const states = new Map<string, StoredState>();
  const mint = now - options.outageTolerance;
  const querier = options.queryable.querier(mint, now);
  try {
    const matchers = [
      new Matcher('=', METRIC_NAME, ALERTS_FOR_STATE),
      new Matcher('=', 'alertname', rule.config.name),
    ];
    for await (const batch of querier.select(matchers, { start: mint, end: now })) {
      for (const { labels, samples } of batch) {
        const last = samples.timestamps.length - 1;
        if (last < 0 || isStaleAt(wordsOf(samples.values), last)) continue;
        const downAt = samples.timestamps[last] as number;
        states.set(labels.withoutName().key, { downAt, activeAt: (samples.values[last] as number) * 1000 });
      }
    }
  } finally {
    querier.close();
  }
  return states;
}

function stateLabels(labels: Labels, rule: AlertingRule): Labels {
  return labels.with({ alertname: rule.config.name }).withoutName();
}
