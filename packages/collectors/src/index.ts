export type { Collector } from './collector.ts';
export { ContainersCollector, type WorkloadReader } from './containers.ts';
export { ExecCollector, type ExecTarget } from './exec.ts';
export { NodeCollector } from './node/node.ts';
export { PostgresCollector, type PostgresTarget } from './postgres/postgres.ts';
export { ProcessCollector, type ProcessTarget } from './process.ts';
export { DEFAULT_MODULES, parseProbeModules, type ProbeModule } from './probe/config.ts';
export { probe } from './probe/probe.ts';
export { TextfileCollector } from './textfile.ts';
