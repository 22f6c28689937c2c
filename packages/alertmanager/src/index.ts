export * from './alertmanager.ts';
export {
  annotationsFrom,
  compareForMessage,
  compareLabelSets,
  isResolved,
  labelsFrom,
  type Alert,
  type PostedAlert,
} from './alert.ts';
export { fingerprint } from './fingerprint.ts';
export * from './config/load.ts';
export type * from './config/schema.ts';
export { matchAll, Matcher } from './match/matcher.ts';
export { MatcherError, parseMatcher, parseMatchers } from './match/parse.ts';
export { Route, type RouteOptions } from './route.ts';
export type { Group } from './dispatch/group.ts';
export * from './silence/silence.ts';
export { RECURRING_ANNOTATION, type RecurringSilence } from './silence/recurring.ts';
export type { Receiver } from './notify/integration.ts';
export type { TrialResult } from './receivers/trial.ts';
export { timePeriodConfig } from './config/schema.ts';
export type { Message } from './receivers/inbox.ts';
export type { NotificationRecord, HistoryQuery } from './history.ts';
export type { NotifiedAlert, Notification } from './receivers/receiver.ts';
export { parseOptionalTime, parseTime } from './time.ts';
export * from './explain.ts';
export { tryReceivers } from './receivers/offline.ts';
export { loadTemplates } from './template/load.ts';
export { environmentForm, type EnvironmentForm } from './environment.ts';
export type { AlertEvent } from './alerthistory.ts';
export { ALERTMANAGER_VERSION } from './metrics.ts';
