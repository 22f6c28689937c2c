import { Counter, Gauge, Summary, type Registry } from 'prom-client';

/** The metrics of rule evaluation, under Prometheus's names. */
export interface RuleMetrics {
  readonly evaluationDuration: Summary;
  readonly groupDuration: Summary;
  readonly evaluations: Counter<'rule_group'>;
  readonly evaluationFailures: Counter<'rule_group'>;
  readonly iterations: Counter<'rule_group'>;
  readonly missed: Counter<'rule_group'>;
  readonly groupInterval: Gauge<'rule_group'>;
  readonly groupRules: Gauge<'rule_group'>;
  readonly lastDuration: Gauge<'rule_group'>;
  readonly lastRuleDurationSum: Gauge<'rule_group'>;
  readonly lastRestoreDuration: Gauge<'rule_group'>;
  readonly lastEvaluation: Gauge<'rule_group'>;
  readonly lastSamples: Gauge<'rule_group'>;
  readonly templateFailures: Counter;
  /** Forgets a group that is no more. */
  remove(ruleGroup: string): void;
}

export function createRuleMetrics(registry: Registry): RuleMetrics {
  const registers = [registry];
  const labelNames = ['rule_group'] as const;
  const counter = (name: string, help: string): Counter<'rule_group'> =>
    new Counter({ name: `prometheus_rule_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string): Gauge<'rule_group'> =>
    new Gauge({ name: `prometheus_rule_group_${name}`, help, labelNames, registers });
  const summary = (name: string, help: string, percentiles: number[]): Summary =>
    new Summary({
      name: `prometheus_rule_${name}`,
      help,
      percentiles,
      registers,
      maxAgeSeconds: 600,
      ageBuckets: 5,
    });
  const byGroup = {
    evaluations: counter('evaluations_total', 'The total number of rule evaluations.'),
    evaluationFailures: counter('evaluation_failures_total', 'The total number of rule evaluation failures.'),
    iterations: counter('group_iterations_total', 'Scheduled evaluations of a group, missed ones included.'),
    missed: counter(
      'group_iterations_missed_total',
      'Evaluations of a group missed because one took too long.',
    ),
    groupInterval: gauge('interval_seconds', 'The interval of a rule group.'),
    groupRules: gauge('rules', 'The number of rules.'),
    lastDuration: gauge('last_duration_seconds', 'The duration of the last evaluation of a group.'),
    lastRuleDurationSum: gauge(
      'last_rule_duration_sum_seconds',
      'The sum of its rules’ durations in the last evaluation.',
    ),
    lastRestoreDuration: gauge(
      'last_restore_duration_seconds',
      'How long the last restoration of alert states took.',
    ),
    lastEvaluation: gauge(
      'last_evaluation_timestamp_seconds',
      'When the group was last evaluated, seconds since the epoch.',
    ),
    lastSamples: gauge('last_evaluation_samples', 'The number of samples that the last evaluation yielded.'),
  };
  return {
    ...byGroup,
    evaluationDuration: summary(
      'evaluation_duration_seconds',
      'The duration of a rule’s evaluation.',
      [0.5, 0.9, 0.99],
    ),
    groupDuration: summary(
      'group_duration_seconds',
      'The duration of a group’s evaluation.',
      [0.01, 0.05, 0.5, 0.9, 0.99],
    ),
    templateFailures: new Counter({
      name: 'prometheus_template_text_expansion_failures_total',
      help: 'The total number of template text expansion failures.',
      registers,
    }),
    remove(ruleGroup) {
      for (const metric of Object.values(byGroup)) metric.remove({ rule_group: ruleGroup });
    },
  };
}
