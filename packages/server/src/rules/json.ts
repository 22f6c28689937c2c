import type { ActiveAlert, GroupRule, RuleGroup } from '@prunella/rules';

/** Prometheus's JSON of rules and alerts. Durations are seconds. */

export function groupJson(group: RuleGroup, rules: readonly object[]): object {
  return {
    name: group.config.name,
    file: group.config.file,
    rules,
    interval: group.interval / 1000,
    limit: group.config.limit,
    evaluationTime: group.evaluationDurationMs / 1000,
    lastEvaluation: rfc3339(group.lastEvaluation),
  };
}

export function ruleJson({ config, alerting, status }: GroupRule, excludeAlerts: boolean): object {
  const evaluation = {
    health: status.health,
    ...(status.lastError === undefined ? {} : { lastError: status.lastError }),
    evaluationTime: status.evaluationDurationMs / 1000,
    lastEvaluation: rfc3339(status.lastEvaluation),
    type: config.type,
  };
  if (config.type === 'recording' || !alerting) {
    const labels = Object.keys(config.labels).length === 0 ? {} : { labels: config.labels };
    return { name: config.name, query: config.expr, ...labels, ...evaluation };
  }
  return {
    state: alerting.state,
    name: config.name,
    query: config.expr,
    duration: config.for / 1000,
    keepFiringFor: config.keepFiringFor / 1000,
    labels: config.labels,
    annotations: config.annotations,
    alerts: excludeAlerts ? [] : alerting.activeAlerts().map(alertJson),
    ...evaluation,
  };
}

export function alertJson(alert: ActiveAlert): object {
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    state: alert.state,
    activeAt: rfc3339(alert.activeAt),
    ...(alert.keepFiringSince === undefined ? {} : { keepFiringSince: rfc3339(alert.keepFiringSince) }),
    value: scientific(alert.value),
  };
}

/** Go's RFC3339Nano: no zeros at the end of the fraction. A time that is not known is Go's zero time. */
function rfc3339(ms: number | undefined): string {
  return ms === undefined ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString().replace(/\.?0+Z$/, 'Z');
}

/** Go's `%e` with the shortest digits: `1e+00`. */
function scientific(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const text = Object.is(value, -0) ? '-0e+0' : value.toExponential();
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
