import type { Clock, Labels, Logger } from '@prunella/metrics';
import { resolve } from 'node:path';
import type { PostedAlert } from './alert.ts';
import { AlertLogWatcher, type LogPositions } from './alertlog/watcher.ts';
import type { Configuration } from './config/load.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { Inhibitor } from './inhibit.ts';
import type { NotificationLog } from './nflog.ts';
import type { Receiver } from './notify/integration.ts';
import { Pace } from './notify/pace.ts';
import { Pipeline, type PipelineParts } from './notify/pipeline.ts';
import { buildReceivers, HttpClients } from './receivers/build.ts';
import type { MessageSink } from './receivers/inbox.ts';
import type { PostedStore } from './receivers/posted.ts';
import type { Route } from './route.ts';
import type { Silences } from './silence/silences.ts';
import { loadTemplates } from './template/load.ts';
import { expandRouteLabels, type RouteLabelsSource } from './template/route-labels.ts';
import type { Templates } from './template/templates.ts';
import { Heartbeats, Watchdogs } from './watchdog.ts';

type FromOwner = 'isAcknowledged' | 'decorate' | 'onFlush' | 'onDelivery' | 'onMuted';

export interface RunningParts extends Pick<PipelineParts, FromOwner> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly random: () => number;
  readonly inbox: MessageSink;
  readonly posted: PostedStore;
  readonly externalUrl: string;
  readonly silences: Silences;
  readonly log: NotificationLog;
  /** Takes the alerts that watchdogs raise. */
  readonly post: (alerts: PostedAlert[]) => Promise<unknown>;
  readonly healthy: () => boolean;
  /** Nobody is told of anything before this time, ms. */
  readonly notBefore: number;
  readonly positions: LogPositions;
}

const DEFAULT_LOG_INTERVAL_MS = 30_000;
const DEFAULT_HOLD_MS = 300_000;

/** All that a configuration brings to life, and that ends with it. */
export class Running {
  readonly configuration: Configuration;
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly inhibitor: Inhibitor;
  readonly dispatcher: Dispatcher;
  readonly templates: Templates;
  readonly watchdogs: Watchdogs;
  readonly #heartbeats: Heartbeats;
  #alertLogs: AlertLogWatcher[] = [];
  readonly #parts: RunningParts;
  readonly #clients: HttpClients;

  private constructor(configuration: Configuration, parts: RunningParts, templates: Templates) {
    this.configuration = configuration;
    this.#parts = parts;
    this.templates = templates;
    this.inhibitor = new Inhibitor(configuration.inhibitRules);
    this.#clients = new HttpClients(configuration, parts.env);
    const secrets = { directory: configuration.directory, env: parts.env };
    this.watchdogs = new Watchdogs(configuration.watchdogs, parts.clock, (alerts) => void parts.post(alerts));
    this.#heartbeats = new Heartbeats(configuration.heartbeats, {
      ...parts,
      secrets,
      http: (heartbeat) => this.#clients.open(heartbeat.http_config),
    });
    this.receivers = buildReceivers(configuration, {
      global: configuration.global,
      clock: parts.clock,
      logger: parts.logger,
      templates,
      secrets,
      http: this.#clients.open,
      inbox: parts.inbox,
      posted: parts.posted,
      externalUrl: parts.externalUrl,
    });
    const pace = new Pace();
    const pipeline = new Pipeline({
      ...parts,
      pace,
      inhibitor: this.inhibitor,
      intervals: configuration.intervals,
      receivers: this.receivers,
      routeLabels: (flush) => this.routeLabels(flush.route, flush),
    });
    this.dispatcher = new Dispatcher(configuration.route, {
      clock: parts.clock,
      notBefore: parts.notBefore,
      pace,
      flush: (flush) => pipeline.run(flush),
    });
  }

  /** @throws ConfigError where a template file cannot be read or parsed */
  static async create(configuration: Configuration, parts: RunningParts): Promise<Running> {
    return new Running(configuration, parts, await loadTemplates(configuration, () => parts.clock.now()));
  }

  /** The labels of a group's route, expanded. */
  routeLabels(route: Route, source: RouteLabelsSource): Labels {
    return expandRouteLabels(route, source, {
      templates: this.templates,
      externalUrl: this.#parts.externalUrl,
    });
  }

  /** Begins to read the logs that others write alerts to; before this nothing could be told of them. */
  watchLogs(): void {
    const { directory, alertLogs } = this.configuration;
    this.#alertLogs = alertLogs.map(
      ({ path, interval = DEFAULT_LOG_INTERVAL_MS, hold = DEFAULT_HOLD_MS }) =>
        new AlertLogWatcher({ ...this.#parts, path: resolve(directory, path), interval, hold }),
    );
  }

  /** Resolves when no delivery is under way any more. */
  async stop(): Promise<void> {
    await Promise.all(this.#alertLogs.map((log) => log.stop()));
    this.watchdogs.stop();
    this.#heartbeats.stop();
    await this.dispatcher.stop();
    this.#clients.close();
  }
}
