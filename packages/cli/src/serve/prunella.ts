import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Alertmanager, type PostedAlert } from '@prunella/alertmanager';
import {
  ContainersCollector,
  NodeCollector,
  PostgresCollector,
  probe,
  type Collector,
} from '@prunella/collectors';
import { FileIncidentLog, FileJournal, Healing, maskFor } from '@prunella/healing';
import { Labels, systemClock, type Logger } from '@prunella/metrics';
import { Engine, parseSelector } from '@prunella/promql';
import { RuleManager, type RuleAlert } from '@prunella/rules';
import { ScrapeManager, type InProcessTarget } from '@prunella/scrape';
import {
  alertmanagerRoutes,
  collectorRoutes,
  dashboardRoutes,
  eventRoutes,
  Events,
  healingRoutes,
  lifecycleRoutes,
  parseWebConfig,
  queryRoutes,
  rulesRoutes,
  scrapeRoutes,
  Server,
  statusApiRoutes,
  statusRoutes,
  webhookRoutes,
  workloadsRoutes,
  type Routes,
} from '@prunella/server';
import { Database } from '@prunella/tsdb';
import { Docker, Supervisor, Workloads } from '@prunella/workloads';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { deliver, notifyThrough } from '../bot/deliver.ts';
import { parseListenAddress } from '../flags.ts';
import { readConfigFile } from './configuration.ts';
import type { ServeFlags } from './flags.ts';
import { loadAll, type Loaded } from './load.ts';
import { metadataOf } from './metadata.ts';
import { Parts } from './parts.ts';
import { connectionString } from './secret.ts';

export interface PrunellaOptions {
  readonly flags: ServeFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly version: string;
  readonly quit: () => void;
  /** The folder of the built pages. */
  readonly pages: string;
  readonly demo?: { readonly tryIt: readonly { readonly title: string; readonly command: string }[] };
}

type Stop = () => Promise<void> | void;

/** Most collectors answer in milliseconds; a database that hangs must not hold the scrape for longer than this. */
const COLLECT_TIMEOUT_MS = 4500;

/**
 * The whole engine, put together: storage, then what reads it, then what acts, then what feeds it, and the port last. What is
 * started is stopped in reverse order.
 */
export class Prunella {
  readonly url: string;
  readonly #stops: readonly Stop[];
  readonly #reload: () => Promise<void>;

  private constructor(url: string, stops: readonly Stop[], reload: () => Promise<void>) {
    this.url = url;
    this.#stops = stops;
    this.#reload = reload;
  }

  /** @throws ConfigError, UsageError, LockedError, or the system's error where it cannot listen */
  static async start(options: PrunellaOptions): Promise<Prunella> {
    const stops: Stop[] = [];
    try {
      const { url, reload } = await startParts(options, stops);
      return new Prunella(url, stops, reload);
    } catch (error) {
      await stopAll(stops);
      throw error;
    }
  }

  /** Reads all files again. A fault in any of them leaves everything as it was. @throws ConfigError */
  reload(): Promise<void> {
    return this.#reload();
  }

  /** Resolves when nothing runs any more, what was supervised included, and everything is on disk. */
  stop(): Promise<void> {
    return stopAll(this.#stops);
  }
}

async function stopAll(stops: readonly Stop[]): Promise<void> {
  for (const stop of stops.toReversed()) await Promise.resolve(stop()).catch(() => {});
}

async function startParts(
  options: PrunellaOptions,
  stops: Stop[],
): Promise<{ url: string; reload: () => Promise<void> }> {
  const { flags, env, logger, version, quit } = options;
  const clock = systemClock;
  const startedAt = clock.now();
  const listen = parseListenAddress(flags['web.listen-address']);
  const externalUrl = flags['web.external-url'] ?? `http://${listen.host}:${listen.port}`;
  let loaded = await loadAll(flags);
  const dataDir = resolve(flags['storage.tsdb.path']);
  const ownDir = join(dataDir, 'prunella');
  const registry = createRegistry(version);
  const parts = new Parts(clock, logger, registry);

  const { retention } = loaded.prometheus.storage.tsdb;
  const database = await Database.open(dataDir, {
    clock,
    logger,
    retentionMs: retention?.time ?? flags['storage.tsdb.retention.time'],
    retentionBytes: retention?.size ?? flags['storage.tsdb.retention.size'],
    outOfOrderWindowMs: loaded.prometheus.storage.tsdb.out_of_order_time_window,
  });
  stops.push(() => database.close());
  await mkdir(ownDir, { recursive: true });

  const engine = new Engine({
    timeoutMs: flags['query.timeout'],
    maxSamples: flags['query.max-samples'],
    maxConcurrency: flags['query.max-concurrency'],
    lookbackMs: flags['query.lookback-delta'],
    features: new Set(flags['enable-feature'].flatMap((list) => list.split(','))),
  });

  const supervisor = new Supervisor({ dir: ownDir, base: loaded.base, env, logger, clock });
  const dockerConfig = loaded.prunella.workloads?.docker;
  const docker = dockerConfig && new Docker(dockerConfig, { logger, clock });
  const workloads = new Workloads({ sources: docker ? [supervisor, docker] : [supervisor], logger, clock });

  const alertmanager = await Alertmanager.open({
    directory: ownDir,
    externalUrl,
    clock,
    logger,
    registry,
    env,
  });
  await alertmanager.apply(loaded.alertmanager);

  const rules = new RuleManager({
    query: (expr, time) => engine.instant(database, expr, time),
    appendable: database,
    queryable: database,
    notify: async (alerts) => void (await alertmanager.post(alerts.map(toPosted))),
    clock,
    logger,
    registry,
    externalURL: externalUrl,
  });

  const healing = new Healing({
    journal: new FileJournal(join(ownDir, 'incidents'), logger),
    log: new FileIncidentLog(join(ownDir, 'incident_log.jsonl')),
    mask: maskFor(env),
    workloads,
    query: (expr, time) => engine.instant(database, expr, time),
    expressionOf: (labels) => {
      const expr = rules.expressionOf(labels);
      return expr === undefined ? undefined : { expr };
    },
    notify: notifyThrough(alertmanager),
    clock,
    logger,
    registry,
  });
  healing.apply(loaded.healing);

  const scrape = new ScrapeManager({ storage: database, logger, registry, clock });
  const collectors = new Collectors(workloads, env);
  const events = new Events(clock);

  const apply = async (): Promise<void> => {
    await supervisor.apply(loaded.prunella.workloads?.processes ?? []);
    collectors.apply(loaded);
    const { scrape_interval: interval } = loaded.prometheus.global;
    await scrape.apply(
      loaded.prometheus.scrape_configs,
      inProcessTargets(collectors, registry, interval, listen.port),
    );
    await rules.apply(loaded.rules, {
      evaluationInterval: loaded.prometheus.global.evaluation_interval,
      queryOffset: loaded.prometheus.global.rule_query_offset,
      externalLabels: Labels.from(loaded.prometheus.global.external_labels),
    });
  };

  let lastReload = { ok: true, time: startedAt };
  const reload = async (): Promise<void> => {
    try {
      const next = await loadAll(flags);
      await alertmanager.apply(next.alertmanager);
      healing.apply(next.healing);
      loaded = next;
      await apply();
      lastReload = { ok: true, time: clock.now() };
      logger.info({}, 'configuration reloaded');
    } catch (error) {
      lastReload = { ...lastReload, ok: false };
      alertmanager.reloadFailed();
      logger.error({ error: (error as Error).message }, 'reload failed; the old configuration goes on');
      throw error;
    } finally {
      events.send('reload', { ok: lastReload.ok });
    }
  };

  alertmanager.onFlush(({ alerts }) => {
    void healing
      .alertsChanged(alerts)
      .catch((error: unknown) => logger.error({ err: error }, 'healing could not take alerts'));
    events.send('alerts', countAlerts(rules));
  });
  alertmanager.onNotified((told) => healing.told(told));
  alertmanager.onMessage(({ id }) => events.send('inbox', { id }));
  healing.onChange(({ id, state }) => events.send('incident', { id, state }));
  workloads.onEvent(() => events.send('workloads'));

  let ready = false;
  const routes: Routes[] = [
    (app) =>
      lifecycleRoutes(app, {
        ready: () => ready,
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
        now: () => clock.now(),
      }),
    (app) => rulesRoutes(app, { rules, parseSelector }),
    (app) =>
      scrapeRoutes(app, {
        targets: () => scrape.targets(),
        pools: () => scrape.pools(),
        parseMatchers: parseSelector,
      }),
    (app) => alertmanagerRoutes(app, { alertmanager }),
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
        modules: () => loaded.modules,
        probe: (module, target, timeoutMs) =>
          probe(module, target, { clock, logger, ...(timeoutMs !== undefined && { timeoutMs }) }),
      }),
    (app) => dashboardRoutes(app, () => loaded.prunella.dashboards),
    (app) => eventRoutes(app, events),
    (app) =>
      statusApiRoutes(app, {
        version,
        startedAt,
        flags: Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, String(value ?? '')])),
        config: () => loaded.prometheusText,
        lastReload: () => lastReload,
        retentionMs: flags['storage.tsdb.retention.time'],
        now: () => clock.now(),
      }),
    (app) =>
      statusRoutes(app, {
        version,
        startedAt,
        demo: options.demo !== undefined,
        ready: () => ready,
        parts: () => parts.list(),
        warnings: () => warnings(loaded, listen.host, flags),
        tryIt: options.demo?.tryIt ?? [],
      }),
  ];

  const webConfig = flags['web.config.file'];
  const server = await Server.create(
    {
      ...listen,
      logger,
      pages: options.pages,
      ...(flags['web.external-url'] !== undefined && { externalUrl: new URL(flags['web.external-url']) }),
      ...(webConfig !== undefined && {
        webConfig: parseWebConfig(await readConfigFile(webConfig), webConfig),
      }),
    },
    routes,
  );
  // Taken before anything runs: whoever starts a second one by mistake gets one line and no second shop.
  await server.listen();
  stops.push(
    () => server.close(),
    () => events.close(),
  );

  parts.add('workloads', {
    start: async () => {
      await supervisor.open();
      docker?.open();
    },
    stop: async () => {
      await docker?.close();
      await supervisor.close();
    },
  });
  parts.add('healing', healing);
  parts.add('alertmanager', alertmanager);
  parts.add('rules', rules);
  parts.add('scrape', scrape);
  parts.add('collectors', { start: () => {}, stop: () => collectors.close() });
  stops.push(() => parts.stop());
  await parts.start();
  await apply();
  ready = true;
  return { url: server.url, reload };
}

/** The collectors that prunella.yml asks for. */
class Collectors {
  readonly #workloads: Workloads;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #list: readonly { readonly collector: Collector; readonly instance?: string }[] = [];

  constructor(workloads: Workloads, env: Readonly<Record<string, string | undefined>>) {
    this.#workloads = workloads;
    this.#env = env;
  }

  apply({ prunella: { collectors }, base }: Loaded): void {
    void this.close();
    this.#list = [
      ...(collectors.node ? [{ collector: new NodeCollector() }] : []),
      ...(collectors.containers
        ? [{ collector: new ContainersCollector(this.#workloads, systemClock) }]
        : []),
      ...collectors.postgres.map((entry) => ({
        collector: new PostgresCollector({
          name: entry.name,
          dsn: () => connectionString(entry, base, this.#env),
        }),
        instance: entry.name,
      })),
    ];
  }

  entries(): readonly { readonly collector: Collector; readonly instance?: string }[] {
    return this.#list;
  }

  list(): readonly Collector[] {
    return this.#list.map(({ collector }) => collector);
  }

  async close(): Promise<void> {
    for (const { collector } of this.#list)
      if (collector instanceof PostgresCollector) await collector.close();
  }
}

function inProcessTargets(
  collectors: Collectors,
  registry: Registry,
  interval: number,
  port: number,
): InProcessTarget[] {
  const instance = `localhost:${port}`;
  const timing = { interval, timeout: Math.min(interval, COLLECT_TIMEOUT_MS) };
  return [
    { job: 'prunella', labels: { instance }, ...timing, collect: () => registry.metrics() },
    ...collectors.entries().map(({ collector, instance: own }) => ({
      job: collector.name,
      labels: { instance: own ?? instance },
      ...timing,
      collect: () => collector.collect(),
    })),
  ];
}

function createRegistry(version: string): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const info = new Gauge({
    name: 'prunella_build_info',
    help: 'Always 1; the version is in the label.',
    labelNames: ['version', 'node'],
    registers: [registry],
  });
  info.set({ version, node: process.version }, 1);
  return registry;
}

function toPosted({ labels, annotations, startsAt, endsAt, generatorURL }: RuleAlert): PostedAlert {
  return { labels, annotations, startsAt, endsAt, generatorURL };
}

function countAlerts(rules: RuleManager): { firing: number; pending: number } {
  const alerts = rules.alerts();
  const firing = alerts.filter(({ state }) => state === 'firing').length;
  return { firing, pending: alerts.length - firing };
}

function warnings(loaded: Loaded, host: string, flags: ServeFlags): string[] {
  const open = host !== '127.0.0.1' && host !== '::1' && host !== 'localhost';
  return [
    ...loaded.prometheus.warnings,
    ...(open && flags['web.config.file'] === undefined
      ? [
          `Listening on ${host} without a password: whoever reaches this port can change things. Set --web.config.file.`,
        ]
      : []),
  ];
}

/** The folder that relative default paths start from when the demo is run from elsewhere. */
export function checkoutRoot(): string {
  return resolve(dirname(import.meta.filename), '../../../..');
}
