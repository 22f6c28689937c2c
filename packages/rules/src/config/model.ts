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
  /** Sorted by name. An empty value takes that label away. */
  readonly labels: Readonly<Record<string, string>>;
  readonly line: number;
}

export interface AlertingRuleConfig {
  readonly type: 'alerting';
  readonly name: string;
  readonly expr: string;
  readonly for: number;
  readonly keepFiringFor: number;
  /** Sorted by name. Values are templates; an empty one takes that label away. */
  readonly labels: Readonly<Record<string, string>>;
  /** Sorted by name. Values are templates. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly line: number;
}
