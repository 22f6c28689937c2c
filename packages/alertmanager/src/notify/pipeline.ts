import type { Clock, Labels, Logger } from '@prunella/metrics';
import type { Inhibitor } from '../inhibit.ts';
import type { LogEntry, NotificationLog } from '../nflog.ts';
import type { Notification, NotificationReason, NotifiedAlert } from '../receivers/receiver.ts';
import type { Route } from '../route.ts';
import type { Silences } from '../silence/silences.ts';
import { inIntervals, type TimePeriod } from '../timeinterval.ts';
import { reasonToTell, toldBy } from './dedup.ts';
import type { Integration, Receiver } from './integration.ts';
import type { Pace } from './pace.ts';
import { deliverWithRetries, type Attempt } from './retry.ts';

/** One look at a group, at one of its ticks. */
export interface Flush {
  readonly route: Route;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  readonly alerts: readonly NotifiedAlert[];
  /** Time of the tick, ms. */
  readonly time: number;
  /** Aborts when the deliveries of this flush have had their time. */
  readonly signal: AbortSignal;
  /** Integrations that still work on an earlier flush of this group. */
  readonly busy: Set<Integration>;
}

/** What was tried to tell an integration of a flush, and what came of it. */
export interface Delivery {
  readonly notification: Notification;
  readonly integration: Integration;
  readonly attempts: readonly Attempt[];
  readonly error?: Error;
}

export interface PipelineParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly pace: Pace;
  readonly inhibitor: Inhibitor;
  readonly silences: Silences;
  readonly intervals: ReadonlyMap<string, readonly TimePeriod[]>;
  readonly log: NotificationLog;
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly isAcknowledged: (fingerprint: string) => boolean;
  /** Adds what people should see beside the sender's annotations. */
  readonly decorate: (alert: NotifiedAlert) => NotifiedAlert;
  readonly routeLabels: (flush: Flush) => Labels;
  /** The alerts of a flush that are not muted; called for every flush. */
  readonly onFlush: (flush: Flush, alerts: readonly NotifiedAlert[]) => void;
  readonly onDelivery: (delivery: Delivery) => void;
  /** So many alerts of a flush were muted. */
  readonly onMuted: (reason: 'silence' | 'inhibition' | 'time_interval', alerts: number) => void;
}

/** From a group's tick to its messages: mute, look up who knows already, deliver, remember. */
export class Pipeline {
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** @returns whether everyone who had to be told was told. Never throws. */
  async run(flush: Flush): Promise<boolean> {
    try {
      return await this.#run(flush);
    } catch (error) {
      // A bad template in a route's labels, say: one group must not stop the others.
      this.#parts.logger.error({ err: error, group: flush.groupKey }, 'A group could not be told of');
      return false;
    }
  }

  async #run(flush: Flush): Promise<boolean> {
    const receiver = this.#parts.receivers.get(flush.route.options.receiver);
    const alerts = this.#audible(flush, receiver);
    this.#parts.onFlush(flush, alerts);
    if (!receiver || alerts.length === 0) return true;
    const told = await Promise.all(
      receiver.integrations.map((integration) => this.#tell(integration, flush, alerts, receiver.fallback)),
    );
    return told.every(Boolean);
  }

  #audible(flush: Flush, receiver: Receiver | undefined): readonly NotifiedAlert[] {
    const { inhibitor, silences, intervals, onMuted } = this.#parts;
    const endsAnnounced = (alert: NotifiedAlert): boolean =>
      flush.route.options.resolveMuted && this.#endsAnnounced(alert, flush, receiver);
    const uninhibited = flush.alerts.filter(
      (alert) => inhibitor.inhibiting(alert.labels, flush.time).length === 0 || endsAnnounced(alert),
    );
    const inTime = timeMutedBy(flush.route, intervals, flush.time).length > 0 ? [] : uninhibited;
    const audible = inTime.filter((alert) => silences.silencing(alert).length === 0 || endsAnnounced(alert));
    if (uninhibited.length < flush.alerts.length)
      onMuted('inhibition', flush.alerts.length - uninhibited.length);
    if (inTime.length < uninhibited.length) onMuted('time_interval', uninhibited.length);
    if (audible.length < inTime.length) onMuted('silence', inTime.length - audible.length);
    return audible;
  }

  /** Whether someone was told that this alert fires, and it no longer does. */
  #endsAnnounced(alert: NotifiedAlert, flush: Flush, receiver: Receiver | undefined): boolean {
    if (alert.status === 'firing' || !receiver) return false;
    return receiver.integrations.some((integration) =>
      this.#parts.log.get(flush.groupKey, integration.key)?.firing.includes(alert.fingerprint),
    );
  }

  async #tell(
    integration: Integration,
    flush: Flush,
    alerts: readonly NotifiedAlert[],
    fallback: string | undefined,
  ): Promise<boolean> {
    // One that still works on the last flush is left alone; its group's next tick comes back to it.
    if (flush.busy.has(integration)) return false;
    const reason = this.#reason(integration, flush, alerts);
    if (reason === undefined) return true;
    flush.busy.add(integration);
    const hasTurn = await integration.turns.take(flush.signal);
    try {
      // Its time is over before it could begin: the next tick asks again.
      if (!hasTurn) return false;
      const pause = this.#parts.pace.pause();
      if (pause) await pause;
      const error = await this.#deliver(integration, flush, alerts, reason);
      if (error) {
        await this.#tellFallback(fallback, flush, alerts);
        return false;
      }
      await this.#remember(integration, flush, alerts);
      return true;
    } finally {
      if (hasTurn) integration.turns.release();
      flush.busy.delete(integration);
    }
  }

  #reason(
    integration: Integration,
    flush: Flush,
    alerts: readonly NotifiedAlert[],
  ): NotificationReason | undefined {
    const last = this.#parts.log.get(flush.groupKey, integration.key);
    const reason = reasonToTell(last, toldBy(alerts), {
      sendResolved: integration.sendResolved,
      repeatInterval: flush.route.options.repeatInterval,
      now: flush.time,
    });
    if (reason !== 'repeat interval elapsed') return reason;
    // Someone takes care of all that fires: repeating helps nobody.
    const acknowledged = alerts.every(
      (alert) => alert.status === 'resolved' || this.#parts.isAcknowledged(alert.fingerprint),
    );
    if (!acknowledged) return reason;
    if (last) void this.#extend(last, flush);
    return undefined;
  }

  async #deliver(
    integration: Integration,
    flush: Flush,
    alerts: readonly NotifiedAlert[],
    reason: NotificationReason,
  ): Promise<Error | undefined> {
    const { clock, random, onDelivery } = this.#parts;
    const shown = integration.sendResolved ? alerts : alerts.filter((alert) => alert.status === 'firing');
    // All resolved, and this one does not want to hear of it: only the log changes.
    if (shown.length === 0) return undefined;
    const notification: Notification = {
      groupKey: flush.groupKey,
      groupLabels: flush.groupLabels,
      receiver: integration.receiver,
      alerts: shown.map(this.#parts.decorate),
      time: flush.time,
      reason,
      routeLabels: this.#parts.routeLabels(flush),
    };
    const attempts: Attempt[] = [];
    const onAttempt = (attempt: Attempt): void => void attempts.push(attempt);
    try {
      const { signal } = flush;
      await deliverWithRetries(integration.deliver, notification, { clock, random, signal, onAttempt });
      onDelivery({ notification, integration, attempts });
      return undefined;
    } catch (thrown) {
      const error = thrown as Error;
      onDelivery({ notification, integration, attempts, error });
      return error;
    }
  }

  async #tellFallback(
    name: string | undefined,
    flush: Flush,
    alerts: readonly NotifiedAlert[],
  ): Promise<void> {
    const receiver = name === undefined ? undefined : this.#parts.receivers.get(name);
    // One step only: a fallback's own fallback is not asked, so that two cannot call each other for ever.
    await Promise.all(receiver?.integrations.map((each) => this.#tell(each, flush, alerts, undefined)) ?? []);
  }

  async #extend(last: LogEntry, flush: Flush): Promise<void> {
    try {
      await this.#parts.log.extend(last, flush.route.options.repeatInterval);
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'The notification log could not be written');
    }
  }

  async #remember(integration: Integration, flush: Flush, alerts: readonly NotifiedAlert[]): Promise<void> {
    const entry = {
      groupKey: flush.groupKey,
      integration: integration.key,
      // As Alertmanager: an interval of which repeat_interval is a multiple passes once more.
      time: this.#parts.clock.now(),
      ...toldBy(alerts),
    };
    try {
      await this.#parts.log.add(entry, flush.route.options.repeatInterval);
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'The notification log could not be written');
    }
  }
}

/** Names of the intervals because of which a route is silent now. */
export function timeMutedBy(
  route: Route,
  intervals: ReadonlyMap<string, readonly TimePeriod[]>,
  time: number,
): string[] {
  const now = (name: string): boolean => inIntervals(intervals.get(name) ?? [], time);
  const muting = route.muteTimeIntervals.filter(now);
  if (muting.length > 0) return muting;
  const { activeTimeIntervals } = route;
  return activeTimeIntervals.length > 0 && !activeTimeIntervals.some(now) ? [...activeTimeIntervals] : [];
}
