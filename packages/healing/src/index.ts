export type { AlertExpression, HealingAlert } from './alert/alert.ts';
export { fingerprintOf } from './alert/fingerprint.ts';
export { parseWebhook, WebhookError } from './alert/webhook.ts';
export {
  NO_HEALING,
  parseHealing,
  receiversOf,
  type GlobalConfig,
  type HealingConfig,
  type Limits,
  type Mode,
  type Runbook,
  type Target,
} from './config/config.ts';
export { describeStep, type Step } from './config/steps.ts';
export { DecisionError } from './engine/approval.ts';
export { CRASH_ALERT } from './engine/crash.ts';
export type {
  ExpressionPort,
  HealingMessage,
  HttpPort,
  NotifyPort,
  QueryAnswer,
  QueryPort,
  WorkloadsPort,
} from './engine/ports.ts';
export { Healing, type HealingOptions, type RunbookSummary, type Told } from './healing.ts';
export type { Evidence, Incident, IncidentState, Outcome, TimelineEntry } from './incident/incident.ts';
export { FileJournal, type Journal } from './incident/journal.ts';
export { FileIncidentLog, type IncidentLog, type IncidentLogLine } from './incident/log.ts';
export { maskFor, type Mask } from './incident/mask.ts';
export {
  runGameday,
  type GamedayPorts,
  type ObservedIncident,
  type ScenarioResult,
} from './gameday/gameday.ts';
export { gamedaySchema, parseGameday, type Fault, type GamedayPlan, type Scenario } from './gameday/plan.ts';
export { reportLines } from './gameday/report.ts';
