export type {
  DiscoveryConfigs,
  DnsDiscoveryConfig,
  FileDiscoveryConfig,
  HttpDiscoveryConfig,
  StaticConfig,
} from './config/discovery.ts';
export { expandPattern, loadPrometheusConfig } from './config/load.ts';
export {
  parsePrometheusConfig,
  parseScrapeConfigFile,
  type GlobalConfig,
  type PrometheusConfig,
} from './config/prometheus.ts';
export type {
  AlertingConfig,
  AlertmanagerConfig,
  QueueConfig,
  RemoteReadConfig,
  RemoteWriteConfig,
} from './config/remote.ts';
export type { ScrapeConfig } from './config/scrape.ts';
export type { DnsResolver } from './discovery/dns.ts';
export type { Discovery, DiscoveryListener, TargetGroup } from './discovery/discovery.ts';
export type { LoopState } from './loop.ts';
export { ScrapeManager, type ActiveTarget, type ScrapeManagerOptions, type Targets } from './manager.ts';
export type { InProcessTarget } from './page.ts';
export { discoveriesOf, type DroppedTarget } from './pool.ts';
export { unresolvedHosts } from './unresolved.ts';
