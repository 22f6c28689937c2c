import type { Labels } from '@prunella/metrics';

/** A rule file, checked. Durations are ms. */
export interface RuleFile {
  /** As it was named; part of the group's identity. */
  readonly file: string;
  readonly groups: readonly RuleGroupConfig[];
}

export interface RuleGroupConfig {
  readonly name: string;
  readonly file: string;
  /** Absent = the global evaluation interval. */
  readonly interval?: number;
  /** Absent = the global query offset. */
  readonly queryOffset?: number;
  /** The most series or alerts that one rule may yield; 0 = no limit. */
  readonly limit: number;
  readonly rules: readonly RuleConfig[];
}

export type RuleConfig = RecordingRuleConfig | AlertingRuleConfig;

export interface RecordingRuleConfig {
  readonly type: 'recording';
  readonly name: string;
  /** The expression as PromQL's printer writes it. */
  readonly expr: string;
  readonly labels: Labels;
  readonly line: number;
}

export interface AlertingRuleConfig {
  readonly type: 'alerting';
  readonly name: string;
  readonly expr: string;
  readonly for: number;
  readonly keepFiringFor: number;
  /** Values are templates. */
  readonly labels: Labels;
  /** Values are templates. */
  readonly annotations: Labels;
  readonly line: number;
}
