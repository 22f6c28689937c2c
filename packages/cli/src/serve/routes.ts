import { probe } from '@prunella/collectors';
import type { Logger } from '@prunella/metrics';
import { parseSelector } from '@prunella/promql';
import {
  alertmanagerRoutes,
  collectorRoutes,
  dashboardRoutes,
  eventRoutes,
  healingRoutes,
  lifecycleRoutes,
  queryRoutes,
  remoteRoutes,
  rulesRoutes,
  scrapeRoutes,
  statusApiRoutes,
  statusRoutes,
  tsdbRoutes,
  webhookRoutes,
  workloadsRoutes,
  type Routes,
} from '@prunella/server';
import { deliver } from '../bot/deliver.ts';
import type { Components } from './components.ts';
import type { ServeFlags } from './flags.ts';
import type { Loaded } from './load.ts';
import { metadataOf } from './metadata.ts';

export interface RouteOptions {
  readonly flags: ServeFlags;
  readonly logger: Logger;
  readonly version: string;
  /** ms */
  readonly startedAt: number;
  readonly quit: () => void;
  readonly reload: () => Promise<void>;
  readonly ready: () => boolean;
  /** The configuration in force. */
  readonly loaded: () => Loaded;
  readonly lastReload: () => { readonly ok: boolean; readonly time: number };
  readonly warnings: () => readonly string[];
  readonly demo?: { readonly tryIt: readonly { readonly title: string; readonly command: string }[] };
}

/** Everything that answers on the port. */
export function routesOf(components: Components, options: RouteOptions): Routes[] {
  return [...prometheusRoutes(components, options), ...ownRoutes(components, options)];
}

function prometheusRoutes(
  { engine, database, scrape, rules, notifier, alertmanager, clock, registry }: Components,
  options: RouteOptions,
): Routes[] {
  const { flags, logger, version, startedAt, loaded, lastReload, ready, reload, quit } = options;
  const now = (): number => clock.now();
  return [
    (app) =>
      lifecycleRoutes(app, {
        ready,
        health: () => alertmanager.health(),
        reload,
        quit,
        enabled: flags['web.enable-lifecycle'],
        registry,
      }),
    (app) =>
      queryRoutes(app, {
        engine,
        storage: database,
        metadata: () => metadataOf(scrape.targets().active),
        now,
      }),
    (app) => rulesRoutes(app, { rules, parseSelector, notifier }),
    (app) =>
      scrapeRoutes(app, {
        targets: () => scrape.targets(),
        pools: () => scrape.pools(),
        parseMatchers: parseSelector,
      }),
    (app) =>
      tsdbRoutes(app, {
        database,
        adminEnabled: flags['web.enable-admin-api'],
        externalLabels: () => loaded().prometheus.global.external_labels,
        now,
      }),
    (app) =>
      remoteRoutes(app, {
        receiver: flags['web.enable-remote-write-receiver'] ? database : undefined,
        storage: database,
        logger,
      }),
    (app) =>
      statusApiRoutes(app, {
        version,
        startedAt,
        flags: Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, String(value ?? '')])),
        config: () => loaded().prometheusText,
        lastReload,
        retentionMs: flags['storage.tsdb.retention.time'],
        storage: () => {
          const { head, wal } = database.stats();
          return { series: head.series, corruptions: wal.corruptions };
        },
        now,
      }),
  ];
}

function ownRoutes(components: Components, options: RouteOptions): Routes[] {
  const { alertmanager, healing, workloads, collectors, events, parts, clock, registry } = components;
  const { flags, loaded, logger, version, startedAt, ready, warnings, demo } = options;
  const limits = {
    getConcurrency: flags['alertmanager.get-concurrency'],
    timeoutMs: flags['alertmanager.timeout'],
    registry,
  };
  return [
    (app) => alertmanagerRoutes(app, { alertmanager, limits }),
    (app) => workloadsRoutes(app, { workloads }),
    (app) => healingRoutes(app, { healing }),
    (app) =>
      webhookRoutes(app, {
        alertsReceived: async (alerts, receiver) => {
          await healing.alertsChanged(alerts, 'webhook');
          if (receiver !== undefined) await deliver(alertmanager, receiver, `hooks/${receiver}`, alerts);
        },
      }),
    (app) =>
      collectorRoutes(app, {
        collectors: () => collectors.list(),
        modules: () => loaded().modules,
        probe: (module, target, timeoutMs) =>
          probe(module, target, { clock, logger, ...(timeoutMs !== undefined && { timeoutMs }) }),
      }),
    (app) => dashboardRoutes(app, () => loaded().prunella.dashboards),
    (app) => eventRoutes(app, events),
    (app) =>
      statusRoutes(app, {
        version,
        startedAt,
        demo: demo !== undefined,
        ready,
        parts: () => parts.list(),
        warnings,
        tryIt: demo?.tryIt ?? [],
      }),
  ];
}
