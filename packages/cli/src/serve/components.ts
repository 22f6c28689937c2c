import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Alertmanager } from '@prunella/alertmanager';
import { FileIncidentLog, FileJournal, Healing, maskFor } from '@prunella/healing';
import { systemClock, type Clock, type Logger } from '@prunella/metrics';
import { Engine, type QueryResult } from '@prunella/promql';
import { RemoteWrite } from '@prunella/remote';
import { Notifier, RuleManager } from '@prunella/rules';
import { ScrapeManager } from '@prunella/scrape';
import { Events, queryMetrics, tsdbMetrics } from '@prunella/server';
import { Database } from '@prunella/tsdb';
import { Docker, Supervisor, Workloads } from '@prunella/workloads';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { featuresOf } from '../features.ts';
import { notifyThrough } from '../bot/deliver.ts';
import { Collectors } from './collectors.ts';
import type { ServeFlags } from './flags.ts';
import type { Loaded } from './load.ts';
import { Parts } from './parts.ts';

export interface ComponentOptions {
  readonly flags: ServeFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly version: string;
  /** How people reach this process, for links. */
  readonly externalUrl: string;
}

/** Everything the process is made of, built but not started. */
export interface Components {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly parts: Parts;
  readonly events: Events;
  readonly database: Database;
  readonly engine: Engine;
  readonly supervisor: Supervisor;
  readonly docker: Docker | undefined;
  readonly workloads: Workloads;
  readonly alertmanager: Alertmanager;
  readonly rules: RuleManager;
  /** To the Alertmanagers elsewhere that prometheus.yml names. */
  readonly notifier: Notifier;
  readonly healing: Healing;
  readonly remoteWrite: RemoteWrite;
  readonly scrape: ScrapeManager;
  readonly collectors: Collectors;
}

/** Builds the parts with plain constructors, in the order in which they need one another. */
export async function build(
  options: ComponentOptions,
  loaded: Loaded,
  database: Database,
): Promise<Components> {
  const { flags, env, logger, version, externalUrl } = options;
  const clock = systemClock;
  const registry = createRegistry(version);
  tsdbMetrics(database, registry);
  const base = { clock, logger, registry };
  const directory = join(database.dir, 'prunella');
  await mkdir(directory, { recursive: true });

  const engine = createEngine(flags);
  queryMetrics(registry, engine);
  const query = (expr: string, time: number, signal?: AbortSignal): Promise<QueryResult> =>
    engine.instant(database, expr, time, signal && { signal });

  const supervisor = new Supervisor({ dir: directory, base: loaded.base, env, logger, clock });
  const dockerConfig = loaded.prunella.workloads?.docker;
  const docker = dockerConfig && new Docker(dockerConfig, { logger, clock });
  const workloads = new Workloads({ sources: docker ? [supervisor, docker] : [supervisor], logger, clock });

  const alertmanager = await Alertmanager.open({
    ...base,
    directory,
    externalUrl,
    env,
    retention: flags['alertmanager.retention'],
    maxSilences: flags['alertmanager.max-silences'],
    maxSilenceBytes: flags['alertmanager.max-silence-size'],
    perAlertnameLimit: flags['alertmanager.per-alertname-limit'],
    startDelay: flags['alertmanager.start-delay'],
  });
  const remoteWrite = new RemoteWrite(base);
  const storage = remoteWrite.wrap(database);
  const notifier = new Notifier({ ...base, env });
  const rules = new RuleManager({
    ...base,
    query,
    appendable: storage,
    queryable: database,
    notify: async (alerts) => {
      notifier.send(alerts);
      await alertmanager.post(alerts);
    },
    externalURL: externalUrl,
  });
  const healing = new Healing({
    ...base,
    journal: new FileJournal(join(directory, 'incidents'), logger),
    log: new FileIncidentLog(join(directory, 'incident_log.jsonl')),
    mask: maskFor(env),
    workloads,
    query,
    expressionOf: (labels) => rules.expressionOf(labels),
    notify: notifyThrough(alertmanager),
  });
  // Before it starts: what a restart has cut short goes on with its runbook.
  healing.apply(loaded.healing);
  const scrape = new ScrapeManager({ ...base, storage });
  const collectors = new Collectors(workloads, env, clock);
  const parts = new Parts(clock, logger, registry);
  const events = new Events(clock);
  const components: Components = {
    clock,
    registry,
    parts,
    events,
    database,
    engine,
    supervisor,
    docker,
    workloads,
    alertmanager,
    rules,
    notifier,
    healing,
    remoteWrite,
    scrape,
    collectors,
  };
  connect(components, logger);
  schedule(components, loaded);
  return components;
}

/** @throws LockedError, or the system's error where the folder cannot be used */
export async function openDatabase(flags: ServeFlags, loaded: Loaded, logger: Logger): Promise<Database> {
  const { retention, out_of_order_time_window: outOfOrderWindowMs } = loaded.prometheus.storage.tsdb;
  return Database.open(resolve(flags['storage.tsdb.path']), {
    logger,
    clock: systemClock,
    retentionMs: retention?.time ?? flags['storage.tsdb.retention.time'],
    retentionBytes: retention?.size ?? flags['storage.tsdb.retention.size'],
    outOfOrderWindowMs,
    maxExemplars: loaded.prometheus.storage.exemplars.max_exemplars,
  });
}

function createEngine(flags: ServeFlags): Engine {
  return new Engine({
    timeoutMs: flags['query.timeout'],
    maxSamples: flags['query.max-samples'],
    maxConcurrency: flags['query.max-concurrency'],
    lookbackMs: flags['query.lookback-delta'],
    features: featuresOf(flags['enable-feature']),
  });
}

/** Who hears of what. Healing listens behind the muting: what a person has silenced is not mended behind his back. */
function connect({ alertmanager, healing, rules, workloads, events }: Components, logger: Logger): void {
  alertmanager.onFlush(({ alerts }) => {
    healing
      .alertsChanged(alerts)
      .catch((error: unknown) => logger.error({ err: error }, 'healing could not take alerts'));
    const all = rules.alerts();
    const firing = all.filter(({ state }) => state === 'firing').length;
    events.send('alerts', { firing, pending: all.length - firing });
  });
  alertmanager.onNotified((told) => healing.told(told));
  alertmanager.onMessage(({ id }) => events.send('inbox', { id }));
  healing.onChange(({ id, state }) => events.send('incident', { id, state }));
  workloads.onEvent(() => events.send('workloads'));
}

/** The order in which the parts are started; they are stopped in reverse. */
function schedule(
  {
    parts,
    supervisor,
    docker,
    healing,
    alertmanager,
    remoteWrite,
    rules,
    notifier,
    scrape,
    collectors,
  }: Components,
  loaded: Loaded,
): void {
  parts.add('workloads', {
    start: async () => {
      await supervisor.open();
      // Before healing looks: what is not there yet must not look like what has gone.
      await supervisor.apply(loaded.prunella.workloads?.processes ?? []);
      docker?.open();
    },
    stop: async () => {
      await docker?.close();
      await supervisor.close();
    },
  });
  parts.add('collectors', { start: () => {}, stop: () => collectors.close() });
  parts.add('healing', healing);
  parts.add('alertmanager', alertmanager);
  parts.add('remote_write', remoteWrite);
  parts.add('notifier', { start: () => {}, stop: () => notifier.stop() });
  parts.add('rules', rules);
  parts.add('scrape', scrape);
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
