export { parseRuleFile, type LoadOptions } from './config/load.ts';
export { lintRules, type LintWarning } from './config/lint.ts';
export type {
  AlertingRuleConfig,
  RecordingRuleConfig,
  RuleConfig,
  RuleFile,
  RuleGroupConfig,
} from './config/model.ts';
export { RuleGroup, type GroupContext, type GroupRule } from './group/group.ts';
export { evaluationTime } from './group/schedule.ts';
export { RuleManager, type RuleAlert, type RuleManagerOptions, type RuleSettings } from './manager.ts';
export { createRuleMetrics, type RuleMetrics } from './metrics.ts';
export {
  ALERTS,
  ALERTS_FOR_STATE,
  AlertingRule,
  type ActiveAlert,
  type AlertState,
} from './rule/alerting.ts';
export type { Health, RuleStatus } from './rule/rule.ts';
export type { Query } from './rule/template.ts';
export { testRuleFile, type RuleTestOptions } from './unittest/run.ts';
export {
  Notifier,
  type AlertmanagerDiscovery,
  type AlertmanagerSection,
  type AlertmanagerSettings,
  type NotifierConfig,
  type NotifierOptions,
} from './notifier/notifier.ts';
