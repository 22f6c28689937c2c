export {
  dashboardRoutes,
  readDashboards,
  type Dashboard,
  type DashboardProblem,
} from './prunella/dashboards.ts';
export { eventRoutes, Events, type EventName } from './prunella/events.ts';
export type { Part } from './prunella/part.ts';
export { statusRoutes, type StatusParts } from './prunella/status.ts';
export { Server, type Routes, type ServerOptions } from './server.ts';
export { parseWebConfig, type WebConfig } from './web/config.ts';
export { lifecycleRoutes, type Health, type LifecycleParts } from './web/lifecycle.ts';
export { healingRoutes, type HealingParts } from './healing/routes.ts';
export { ReceiverError, webhookRoutes, type WebhookParts } from './healing/webhooks.ts';
export { workloadsRoutes, type WorkloadsParts } from './workloads/routes.ts';
export { alertmanagerRoutes, type AlertmanagerParts } from './alertmanager/routes.ts';
export { agentRoutes, type AgentParts } from './collectors/agent.ts';
export { collectorRoutes, type CollectorParts } from './collectors/routes.ts';
export { queryMetrics } from './query/metrics.ts';
export { queryRoutes, type QueryParts } from './query/routes.ts';
export { rulesRoutes, type RulesParts } from './rules/routes.ts';
export { scrapeRoutes, type ScrapeParts } from './scrape/routes.ts';
export { statusApiRoutes, type StatusApiParts } from './status/routes.ts';
export { remoteRoutes, type RemoteParts } from './remote/routes.ts';
export { tsdbMetrics } from './tsdb/metrics.ts';
export { tsdbRoutes, type TsdbParts } from './tsdb/routes.ts';
