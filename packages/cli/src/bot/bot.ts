import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Alertmanager, loadConfig } from '@prunella/alertmanager';
import {
  FileIncidentLog,
  FileJournal,
  Healing,
  maskFor,
  NO_HEALING,
  parseHealing,
  type HealingConfig,
} from '@prunella/healing';
import type { Logger } from '@prunella/metrics';
import { createHttpClient } from '@prunella/metrics/http';
import { FEATURES } from '@prunella/promql';
import {
  healingRoutes,
  lifecycleRoutes,
  parseWebConfig,
  Server,
  webhookRoutes,
  workloadsRoutes,
  type Routes,
  type ServerOptions,
} from '@prunella/server';
import { Docker, Supervisor, Workloads } from '@prunella/workloads';
import { Registry } from 'prom-client';
import { parseListenAddress } from '../flags.ts';
import { parsePrunellaConfig, readConfigFile, type PrunellaConfig } from '../serve/configuration.ts';
import { checkReceivers } from '../serve/load.ts';
import { deliver, notifyThrough } from './deliver.ts';
import type { BotFlags } from './flags.ts';
import { RemotePrometheus } from './prometheus.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Healing and message receivers alone, for those who have a Prometheus and an Alertmanager already. */
export class Bot {
  readonly url: string;
  readonly #stops: readonly (() => Promise<void> | void)[];

  private constructor(url: string, stops: readonly (() => Promise<void> | void)[]) {
    this.url = url;
    this.#stops = stops;
  }

  /** @throws ConfigError, UsageError, or the system's error where it cannot listen */
  static async start(flags: BotFlags, env: Environment, logger: Logger, quit: () => void): Promise<Bot> {
    const stops: (() => Promise<void> | void)[] = [];
    try {
      return new Bot(await startParts(flags, env, logger, quit, stops), stops);
    } catch (error) {
      await stopAll(stops);
      throw error;
    }
  }

  /** Resolves when nothing runs any more, what it supervised included. */
  stop(): Promise<void> {
    return stopAll(this.#stops);
  }
}

async function startParts(
  flags: BotFlags,
  env: Environment,
  logger: Logger,
  quit: () => void,
  stops: (() => Promise<void> | void)[],
): Promise<string> {
  const listen = parseListenAddress(flags['web.listen-address']);
  const file = flags['prunella.config'];
  const config = file === undefined ? undefined : parsePrunellaConfig(await readConfigFile(file), file);
  const dir = join(flags['storage.path'], 'prunella');
  const runbooks = await readHealing(flags, config);
  const registry = new Registry();

  const workloads = await startWorkloads(
    config,
    file === undefined ? '.' : dirname(file),
    dir,
    env,
    logger,
    stops,
  );
  const alertmanager = await openReceivers(flags, config, env, logger, stops);
  if (alertmanager) {
    const receivers = [...alertmanager.receivers.keys()].map((name) => ({ name }));
    checkReceivers(runbooks, receivers, flags['healing.config'] ?? config?.healing ?? '');
  }
  const client = createHttpClient({}, { env });
  stops.push(() => client.close());
  const prometheus =
    flags['query.url'] === undefined ? undefined : new RemotePrometheus(flags['query.url'], client);

  const healing = new Healing({
    journal: new FileJournal(join(dir, 'incidents'), logger),
    log: new FileIncidentLog(join(dir, 'incident_log.jsonl')),
    mask: maskFor(env),
    workloads,
    logger,
    registry,
    ...(prometheus && {
      query: (expr, time) => prometheus.query(expr, time),
      expressionOf: (labels, generatorURL) => prometheus.expressionOf(labels, generatorURL),
    }),
    ...(alertmanager && { notify: notifyThrough(alertmanager) }),
  });
  healing.apply(runbooks);
  await healing.start();
  stops.push(() => healing.stop());

  const reload = async (): Promise<void> => healing.apply(await readHealing(flags, config));
  const routes: Routes[] = [
    (app) => lifecycleRoutes(app, { ready: () => true, reload, quit, enabled: false, registry }),
    (app) => healingRoutes(app, { healing }),
    (app) => workloadsRoutes(app, { workloads }),
    (app) =>
      webhookRoutes(app, {
        alertsReceived: async (alerts, receiver) => {
          await healing.alertsChanged(alerts, 'webhook');
          if (alertmanager && receiver !== undefined)
            await deliver(alertmanager, receiver, `hooks/${receiver}`, alerts);
        },
      }),
  ];
  const server = await Server.create(await serverOptions(flags, listen, logger), routes);
  await server.listen();
  stops.push(() => server.close());
  return server.url;
}

async function readHealing(flags: BotFlags, config: PrunellaConfig | undefined): Promise<HealingConfig> {
  const file = flags['healing.config'] ?? config?.healing;
  if (file === undefined) return NO_HEALING;
  // Which features are on is for the Prometheus to say that is asked.
  return parseHealing(await readConfigFile(file), file, { features: FEATURES });
}

async function startWorkloads(
  config: PrunellaConfig | undefined,
  base: string,
  dir: string,
  env: Environment,
  logger: Logger,
  stops: (() => Promise<void> | void)[],
): Promise<Workloads> {
  const { docker, processes = [] } = config?.workloads ?? {};
  const supervisor = new Supervisor({ dir, base, env, logger });
  const containers = docker && new Docker(docker, { logger });
  await supervisor.open();
  stops.push(() => supervisor.close());
  await supervisor.apply(processes);
  if (containers) {
    containers.open();
    stops.push(() => containers.close());
  }
  return new Workloads({ sources: containers ? [supervisor, containers] : [supervisor], logger });
}

/** Only its receivers are used: whom to tell was decided by the Alertmanager that calls us. */
async function openReceivers(
  flags: BotFlags,
  config: PrunellaConfig | undefined,
  env: Environment,
  logger: Logger,
  stops: (() => Promise<void> | void)[],
): Promise<Alertmanager | undefined> {
  const file = flags['alertmanager.config'] ?? config?.alertmanager;
  if (file === undefined) return undefined;
  const configuration = loadConfig(await readConfigFile(file), file);
  const externalUrl = flags['web.external-url'] ?? `http://${flags['web.listen-address']}`;
  const directory = join(flags['storage.path'], 'prunella');
  const alertmanager = await Alertmanager.open({ directory, externalUrl, env, logger });
  stops.push(() => alertmanager.stop());
  await alertmanager.apply(configuration);
  return alertmanager;
}

/** Whom to call must not turn out to be a slip of the pen when somebody has to be called. @throws ConfigError */
async function serverOptions(
  flags: BotFlags,
  listen: { host: string; port: number },
  logger: Logger,
): Promise<ServerOptions> {
  const externalUrl = flags['web.external-url'];
  const webConfig = flags['web.config.file'];
  return {
    ...listen,
    logger,
    ...(externalUrl !== undefined && { externalUrl: new URL(externalUrl) }),
    ...(webConfig !== undefined && {
      webConfig: parseWebConfig(await readFile(webConfig, 'utf8'), webConfig),
    }),
  };
}

/** In reverse order; one that does not stop cleanly keeps none of the others from stopping. */
async function stopAll(stops: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const stop of stops.toReversed()) await Promise.resolve(stop()).catch(() => {});
}
