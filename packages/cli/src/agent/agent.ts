import { dirname, resolve } from 'node:path';
import {
  DEFAULT_MODULES,
  parseProbeModules,
  probe,
  TextfileCollector,
  type Collector,
} from '@prunella/collectors';
import { systemClock, type Logger } from '@prunella/metrics';
import { agentRoutes, collectorRoutes, parseWebConfig, Server } from '@prunella/server';
import { Docker, Workloads } from '@prunella/workloads';
import { parseListenAddress } from '../flags.ts';
import { Collectors } from '../serve/collectors.ts';
import { parsePrunellaConfig, readConfigFile, type PrunellaConfig } from '../serve/configuration.ts';
import type { AgentFlags } from './flags.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Stop = () => Promise<void> | void;

const THIS_MACHINE = 'collectors: {node: {}}';

/** The collectors alone, for another machine's Prunella or Prometheus to scrape. */
export class Agent {
  readonly url: string;
  readonly #stops: readonly Stop[];

  private constructor(url: string, stops: readonly Stop[]) {
    this.url = url;
    this.#stops = stops;
  }

  /** @throws ConfigError, UsageError, or the system's error where it cannot listen */
  static async start(flags: AgentFlags, env: Environment, logger: Logger): Promise<Agent> {
    const stops: Stop[] = [];
    try {
      return new Agent(await startParts(flags, env, logger, stops), stops);
    } catch (error) {
      await stopAll(stops);
      throw error;
    }
  }

  /** Resolves when nothing runs any more. */
  stop(): Promise<void> {
    return stopAll(this.#stops);
  }
}

async function stopAll(stops: readonly Stop[]): Promise<void> {
  for (const stop of stops.toReversed()) await Promise.resolve(stop()).catch(() => {});
}

async function startParts(
  flags: AgentFlags,
  env: Environment,
  logger: Logger,
  stops: Stop[],
): Promise<string> {
  const listen = parseListenAddress(flags['web.listen-address']);
  const file = flags['prunella.config'];
  const config = file === undefined ? undefined : parsePrunellaConfig(await readConfigFile(file), file);
  const modules =
    config?.probes === undefined
      ? parseProbeModules(DEFAULT_MODULES, 'blackbox.yml')
      : parseProbeModules(await readConfigFile(config.probes), config.probes);
  const base = file === undefined ? process.cwd() : dirname(resolve(file));
  const collectors = await startCollectors(flags, config, base, env, logger, stops);
  const webConfig = flags['web.config.file'];
  const server = await Server.create(
    {
      ...listen,
      logger,
      ...(webConfig !== undefined && {
        webConfig: parseWebConfig(await readConfigFile(webConfig), webConfig),
      }),
    },
    [
      (app) => agentRoutes(app, { collectors }),
      (app) =>
        collectorRoutes(app, {
          collectors,
          modules: () => modules,
          probe: (module, target, timeoutMs) =>
            probe(module, target, {
              clock: systemClock,
              logger,
              ...(timeoutMs !== undefined && { timeoutMs }),
            }),
        }),
    ],
  );
  await server.listen();
  stops.push(() => server.close());
  return server.url;
}

/** What prunella.yml asks for; without one, this machine. */
async function startCollectors(
  flags: AgentFlags,
  config: PrunellaConfig | undefined,
  base: string,
  env: Environment,
  logger: Logger,
  stops: Stop[],
): Promise<() => readonly Collector[]> {
  const dockerConfig = config?.workloads?.docker;
  const docker = dockerConfig && new Docker(dockerConfig, { logger });
  docker?.open();
  stops.push(() => docker?.close());
  const workloads = new Workloads({ sources: docker ? [docker] : [], logger });
  const collectors = new Collectors(workloads, env, systemClock);
  stops.push(() => collectors.close());
  await collectors.apply({ prunella: config ?? parsePrunellaConfig(THIS_MACHINE, 'prunella.yml'), base });
  const folder = flags['collector.textfile.directory'];
  const extra = folder === undefined ? [] : [new TextfileCollector(folder)];
  return () => [...collectors.list(), ...extra];
}
