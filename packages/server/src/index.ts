export { dashboardRoutes, readDashboards, type Dashboard, type DashboardProblem } from './prunella/dashboards.ts';
export { eventRoutes, Events, type EventName } from './prunella/events.ts';
export type { Part } from './prunella/part.ts';
export { statusRoutes, type StatusParts } from './prunella/status.ts';
export { Server, type Routes, type ServerOptions } from './server.ts';
export { parseWebConfig, type WebConfig } from './web/config.ts';
export { lifecycleRoutes, type LifecycleParts } from './web/lifecycle.ts';
