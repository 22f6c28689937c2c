import {
  inSlices,
  Labels,
  silentLogger,
  systemClock,
  type Clock,
  type Logger,
  type Timer,
} from '@prunella/metrics';
import { Registry } from 'prom-client';
import {
  alertFault,
  compareForMessage,
  isResolved,
  receiveAlert,
  type Alert,
  type PostedAlert,
} from './alert.ts';
import type { Acknowledgement } from './acknowledge.ts';
import type { AlertHistory } from './alerthistory.ts';
import type { Configuration } from './config/load.ts';
import { asNotified, type Group } from './dispatch/group.ts';
import { Health } from './health.ts';
import type { NotificationHistory } from './history.ts';
import { Listeners } from './listeners.ts';
import { AlertmanagerMetrics } from './metrics.ts';
import type { Receiver } from './notify/integration.ts';
import { timeMutedBy, type Delivery } from './notify/pipeline.ts';
import type { Inbox, Message } from './receivers/inbox.ts';
import type { NotifiedAlert } from './receivers/receiver.ts';
import { tryReceiver, type TrialOptions, type TrialResult } from './receivers/trial.ts';
import type { Route } from './route.ts';
import { Running } from './running.ts';
import type { RecurringSilences } from './silence/recurring.ts';
import type { Silences } from './silence/silences.ts';
import { State } from './state.ts';

export interface AlertmanagerOptions {
  /** Where state is kept (`DATA/prunella/`). Without it nothing outlives the process. */
  readonly directory?: string;
  /** How people reach this process: for links in messages. */
  readonly externalUrl: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly registry?: Registry;
  /** How long expired silences, the notification log and the history are kept, ms. @default 120 h */
  readonly retention?: number;
  readonly maxSilences?: number;
  readonly maxSilenceBytes?: number;
  /** So many alerts of one name are taken; 0 = no limit. @default 0 */
  readonly perAlertnameLimit?: number;
  /** How long after the start nobody is told of anything, ms: until senders have posted what has ended. @default 0 */
  readonly startDelay?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For the jitter of retries: in [0, 1). */
  readonly random?: () => number;
}

/** What a group's tick found, mute ones left out: who heals listens here, so that what is silenced is not healed. */
export interface FlushEvent {
  readonly groupKey: string;
  readonly receiver: string;
  readonly alerts: readonly NotifiedAlert[];
}

/** Someone was told, or could not be. */
export interface NotifiedEvent {
  readonly groupKey: string;
  readonly receiver: string;
  readonly integration: string;
  readonly status: 'firing' | 'resolved';
  readonly fingerprints: readonly string[];
  /** ms */
  readonly time: number;
  readonly error?: string;
}

/** Why and how an alert is not told of. */
export interface AlertStatus {
  readonly state: 'active' | 'suppressed';
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
}

const HOUR_MS = 3_600_000;
const MAINTENANCE_MS = 60_000;
const DEFAULT_RESOLVE_TIMEOUT_MS = 300_000;

/** Takes alerts, and tells the right people once. */
export class Alertmanager {
  readonly externalUrl: string;
  readonly startedAt: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: AlertmanagerOptions;
  readonly #state: State;
  readonly #metrics: AlertmanagerMetrics;
  readonly #health = new Health();
  readonly #flushed: Listeners<FlushEvent>;
  readonly #notified: Listeners<NotifiedEvent>;
  readonly #messages: Listeners<Message>;
  #running: Running | undefined;
  /** One configuration is applied after the other. */
  #applying: Promise<void> = Promise.resolve();
  #started = false;
  #maintenance: Timer | undefined;
  #maintained: Promise<void> = Promise.resolve();
  /** The history that is being written, which nobody waits for. */
  #noting: Promise<void> | undefined;

  private constructor(options: AlertmanagerOptions, state: State, messages: Listeners<Message>) {
    const { clock = systemClock, logger = silentLogger } = options;
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#state = state;
    this.#messages = messages;
    this.#flushed = new Listeners(logger);
    this.#notified = new Listeners(logger);
    this.externalUrl = options.externalUrl.replace(/\/+$/, '');
    this.startedAt = clock.now();
    this.#metrics = new AlertmanagerMetrics(options.registry ?? new Registry(), {
      alerts: () => this.#countAlerts(),
      silences: () => this.silences.count(),
      groups: () => [...this.groups()].length,
      inhibitionRules: () => this.configuration?.inhibitRules.length ?? 0,
      stores: { nflog: state.log, silences: state.silences },
    });
  }

  /** Reads the state kept in the directory. Call `apply()` and `start()` next. */
  static async open(options: AlertmanagerOptions): Promise<Alertmanager> {
    const { directory, clock = systemClock, logger = silentLogger, retention = 120 * HOUR_MS } = options;
    const { maxSilences = 0, maxSilenceBytes = 0, perAlertnameLimit = 0 } = options;
    const messages = new Listeners<Message>(logger);
    const state = await State.open({
      directory,
      clock,
      logger,
      retention,
      maxSilences,
      maxSilenceBytes,
      grace: DEFAULT_RESOLVE_TIMEOUT_MS,
      perAlertnameLimit,
      onMessage: (message) => messages.tell(message),
    });
    return new Alertmanager(options, state, messages);
  }

  get silences(): Silences {
    return this.#state.silences;
  }

  get recurringSilences(): RecurringSilences {
    return this.#state.recurringSilences;
  }

  get inbox(): Inbox {
    return this.#state.inbox;
  }

  /** What was sent to whom. */
  get history(): NotificationHistory {
    return this.#state.history;
  }

  /** When which alert fired. */
  get alertHistory(): AlertHistory {
    return this.#state.alertHistory;
  }

  /** The configuration in force. */
  get configuration(): Configuration | undefined {
    return this.#running?.configuration;
  }

  /**
   * Takes over a configuration: deliveries under way are given up, groups form anew, and the notification log keeps
   * anybody from being told again. @throws ConfigError for bad templates, in which case the old one stays in force
   */
  apply(configuration: Configuration): Promise<void> {
    const applied = this.#applying.then(() => this.#apply(configuration));
    this.#applying = applied.catch(() => {});
    return applied;
  }

  async #apply(configuration: Configuration): Promise<void> {
    const next = await this.#prepare(configuration);
    await this.#running?.stop();
    this.#running = next;
    for (const alert of this.#state.alerts.all()) next.inhibitor.alertPosted(alert);
    if (this.#started) this.#begin(next);
    this.#metrics.reloaded(configuration, this.#clock.now());
  }

  /** For the metrics: somebody tried to apply a file that is not good. */
  reloadFailed(): void {
    this.#metrics.reloadFailed();
  }

  async #prepare(configuration: Configuration): Promise<Running> {
    const { env = process.env, random = Math.random } = this.#options;
    return Running.create(configuration, {
      clock: this.#clock,
      logger: this.#logger,
      env,
      random,
      inbox: this.inbox,
      posted: this.#state.posted,
      externalUrl: this.externalUrl,
      silences: this.silences,
      log: this.#state.log,
      post: (alerts) => this.post(alerts).catch((error) => this.#diskFailed(error)),
      positions: this.#state.positions,
      healthy: () => this.problems().length === 0,
      notBefore: this.startedAt + (this.#options.startDelay ?? 0),
      isAcknowledged: (fingerprint) => this.#state.acknowledgements.get(fingerprint) !== undefined,
      decorate: (alert) => this.decorate(alert),
      onFlush: (flush, alerts) => {
        const event = { groupKey: flush.groupKey, receiver: flush.route.options.receiver, alerts };
        this.#flushed.tell(event);
      },
      onDelivery: (delivery) => this.#delivered(delivery),
      onMuted: (reason, count) => this.#metrics.suppressed(reason, count),
    });
  }

  /** Begins to tell: alerts that fired before a restart are routed at once. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    if (this.#running) this.#begin(this.#running);
    this.#scheduleMaintenance();
  }

  /** Resolves when no delivery runs and everything is on disk. */
  async stop(): Promise<void> {
    this.#started = false;
    this.#maintenance?.cancel();
    await this.#running?.stop();
    await this.#maintained;
    await this.#state.close();
  }

  /**
   * Takes alerts; those that are valid are taken even where others are not. Resolves when they are on disk.
   * @param posted read bit by bit, as everything here is done while others have their turn
   * @param faults of those that are not are added to it
   * @returns `faults`
   */
  async post(posted: Iterable<PostedAlert>, faults: string[] = []): Promise<string[]> {
    const now = this.#clock.now();
    const taken: Alert[] = [];
    const changed: Alert[] = [];
    await inSlices(posted, (each) => {
      const received = receiveAlert(each, now, this.#resolveTimeout());
      const fault = alertFault(received);
      if (fault === undefined && !this.#state.alerts.accepts(received)) this.#metrics.limited();
      else if (fault === undefined) taken.push(this.#take(received, changed));
      else faults.push(fault);
    });
    // Only now, so that what one of them inhibits is not told of because it came first.
    await inSlices(taken, (alert) => this.#route(alert, now));
    this.#metrics.received(taken, faults.length, now);
    await this.#state.alerts.write(changed).catch((error) => {
      this.#diskFailed(error);
      throw error;
    });
    return faults;
  }

  /** @param changed what has to be written is added to it */
  #take(received: Alert, changed: Alert[]): Alert {
    const { alert, changed: isChanged } = this.#state.alerts.put(received);
    if (isChanged) changed.push(alert);
    this.#note(alert);
    this.#running?.inhibitor.alertPosted(alert);
    return alert;
  }

  #note(alert: Alert): void {
    const noted = this.alertHistory.note(alert);
    if (!noted || noted === this.#noting) return;
    this.#noting = noted;
    noted.catch((error) => this.#diskFailed(error));
  }

  #route(alert: Alert, now: number): void {
    const resolved = isResolved(alert, now);
    if (!resolved) this.#running?.watchdogs.seen(alert.labels);
    if (this.#started) this.#running?.dispatcher.dispatch(alert);
    if (resolved)
      void this.#state.acknowledgements.end(alert.fingerprint).catch((error) => this.#diskFailed(error));
  }

  #resolveTimeout(): number {
    return this.configuration?.global.resolve_timeout ?? DEFAULT_RESOLVE_TIMEOUT_MS;
  }

  /** All alerts known, also those that have just ended. */
  alerts(): IterableIterator<Alert> {
    return this.#state.alerts.all();
  }

  alert(fingerprint: string): Alert | undefined {
    return this.#state.alerts.get(fingerprint);
  }

  groups(): IterableIterator<Group> {
    return this.#running?.dispatcher.groups() ?? [].values();
  }

  status(alert: Alert): AlertStatus {
    const silencedBy = this.silences.silencing(alert);
    const inhibitedBy = this.#running?.inhibitor.inhibiting(alert.labels, this.#clock.now()) ?? [];
    const state = silencedBy.length + inhibitedBy.length > 0 ? 'suppressed' : 'active';
    return { state, silencedBy, inhibitedBy };
  }

  /** The labels of the route that a group has come by, expanded. */
  routeLabels({ route, key, labels, alerts }: Group): Labels {
    const time = this.#clock.now();
    const notified = Array.from(alerts, (alert) => asNotified(alert, time)).sort(compareForMessage);
    const source = { groupKey: key, groupLabels: labels, alerts: notified, time };
    return this.#running?.routeLabels(route, source) ?? Labels.empty;
  }

  /** Who can be told, by name. */
  get receivers(): ReadonlyMap<string, Receiver> {
    return this.#running?.receivers ?? new Map<string, Receiver>();
  }

  /** Sends a marked test message through each integration of a receiver. @returns undefined for an unknown one */
  async testReceiver(name: string, options: TrialOptions = {}): Promise<TrialResult[] | undefined> {
    const receiver = this.receivers.get(name);
    return receiver && tryReceiver(receiver, this.#clock, options);
  }

  /** Names of the time intervals that keep a route silent now. */
  timeMutedBy(route: Route): string[] {
    return timeMutedBy(route, this.configuration?.intervals ?? new Map(), this.#clock.now());
  }

  /** What keeps messages from reaching people, a sentence each; empty = all is well. */
  problems(): string[] {
    return this.health().problems;
  }

  /** `ok`: what is promised can be kept. Receivers that do not answer are a problem, but not one of this process. */
  health(): { ok: boolean; problems: string[] } {
    return this.#health.state();
  }

  /** ms on the clock that all of this runs by. */
  now(): number {
    return this.#clock.now();
  }

  acknowledgement(fingerprint: string): Acknowledgement | undefined {
    return this.#state.acknowledgements.get(fingerprint);
  }

  /** Stops repeats until the alert resolves. @returns false where no such alert fires */
  async acknowledge(fingerprint: string, by: string, comment: string): Promise<boolean> {
    const alert = this.#state.alerts.get(fingerprint);
    const time = this.#clock.now();
    if (!alert || isResolved(alert, time)) return false;
    await this.#state.acknowledgements.add({ fingerprint, by, comment, time });
    return true;
  }

  async unacknowledge(fingerprint: string): Promise<void> {
    await this.#state.acknowledgements.end(fingerprint);
  }

  /** @returns a function that ends the listening, as do the next two */
  onFlush(listener: (event: FlushEvent) => void): () => void {
    return this.#flushed.add(listener);
  }

  onNotified(listener: (event: NotifiedEvent) => void): () => void {
    return this.#notified.add(listener);
  }

  onMessage(listener: (message: Message) => void): () => void {
    return this.#messages.add(listener);
  }

  #begin(running: Running): void {
    for (const alert of this.#state.alerts.all()) running.dispatcher.dispatch(alert);
    running.watchLogs();
  }

  /** The alert as people see it: with who takes care of it, as the annotation `acknowledged`. */
  decorate<A extends Alert>(alert: A): A {
    const acknowledged = this.#state.acknowledgements.get(alert.fingerprint);
    if (!acknowledged) return alert;
    const { by, comment } = acknowledged;
    const text = comment === '' ? by : `${by}: ${comment}`;
    return { ...alert, annotations: alert.annotations.with({ acknowledged: text }) };
  }

  #delivered(delivery: Delivery): void {
    const { notification, integration, error } = delivery;
    const { groupKey, receiver } = notification;
    this.#metrics.delivered(delivery);
    this.#health.delivered(delivery);
    this.history.add(delivery).catch((failure) => this.#diskFailed(failure));
    const status = notification.alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved';
    if (error) {
      const fields = { receiver, integration: integration.name, group: groupKey, error: error.message };
      this.#logger.warn(fields, 'A notification was not delivered');
    }
    this.#notified.tell({
      groupKey,
      receiver,
      integration: integration.name,
      status,
      fingerprints: notification.alerts.map((alert) => alert.fingerprint),
      time: this.#clock.now(),
      ...(error && { error: error.message }),
    });
  }

  #scheduleMaintenance(): void {
    this.#maintenance = this.#clock.setTimeout(
      () => {
        this.#maintained = this.#maintain().catch((error) => this.#diskFailed(error));
        this.#scheduleMaintenance();
      },
      MAINTENANCE_MS - (this.#clock.now() % MAINTENANCE_MS),
    );
  }

  async #maintain(): Promise<void> {
    const started = performance.now();
    for (const alert of await this.#state.maintain()) this.#running?.inhibitor.alertGone(alert);
    this.#metrics.maintained(performance.now() - started);
    this.#health.diskWorks();
  }

  #diskFailed(error: unknown): void {
    this.#logger.error({ err: error }, 'State of the Alertmanager could not be written');
    this.#health.diskFailed(error as Error);
    this.#metrics.maintenanceFailed();
  }

  #countAlerts(): { active: number; suppressed: number } {
    const counts = { active: 0, suppressed: 0 };
    const now = this.#clock.now();
    for (const alert of this.#state.alerts.all())
      if (!isResolved(alert, now)) counts[this.status(alert).state]++;
    return counts;
  }
}
