export {
  processSchema,
  workloadsSchema,
  type DockerConfig,
  type HealthConfig,
  type ProcessConfig,
  type WorkloadsConfig,
} from './config.ts';
export { Docker } from './docker/docker.ts';
export { fill as fillPlaceholders } from './placeholder.ts';
export { httpProbe, type Probe } from './process/health.ts';
export type { Backoff } from './process/replica.ts';
export { Supervisor, type SupervisorOptions } from './process/supervisor.ts';
export * from './workload.ts';
export { Workloads, type WorkloadsOptions } from './workloads.ts';
