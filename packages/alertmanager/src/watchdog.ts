import { Labels, type Clock, type Logger, type Timer } from '@prunella/metrics';
import type { HttpClient } from '@prunella/metrics/http';
import type { PostedAlert } from './alert.ts';
import type { Watchdog } from './config/load.ts';
import { readSecret, type SecretPlaces } from './config/fields.ts';
import type { HeartbeatConfig } from './config/schema.ts';
import { matchAll } from './match/matcher.ts';

const CHECK_MS = 5000;
/** How long a posted "missing" stays without being posted again. */
const HOLD_MS = 60_000;

/**
 * Turns silence into an alert: a watchdog expects an alert that always fires (Prometheus's `Watchdog`), and raises
 * `WatchdogMissing` when none came for its timeout.
 */
export class Watchdogs {
  readonly #watchdogs: {
    readonly definition: Watchdog;
    lastSeen: number;
    missingSince: number | undefined;
  }[];
  readonly #clock: Clock;
  readonly #post: (alerts: PostedAlert[]) => void;
  #timer: Timer | undefined;

  constructor(watchdogs: readonly Watchdog[], clock: Clock, post: (alerts: PostedAlert[]) => void) {
    const lastSeen = clock.now();
    this.#watchdogs = watchdogs.map((definition) => ({ definition, lastSeen, missingSince: undefined }));
    this.#clock = clock;
    this.#post = post;
    if (watchdogs.length > 0) this.#schedule();
  }

  /** Somebody posted a firing alert. */
  seen(labels: Labels): void {
    for (const watchdog of this.#watchdogs) {
      if (matchAll(watchdog.definition.matchers, labels)) watchdog.lastSeen = this.#clock.now();
    }
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#check();
      this.#schedule();
    }, CHECK_MS);
  }

  #check(): void {
    const now = this.#clock.now();
    for (const watchdog of this.#watchdogs) {
      const { definition, lastSeen, missingSince } = watchdog;
      const missing = now - lastSeen > definition.timeout;
      if (missing) watchdog.missingSince ??= now;
      else watchdog.missingSince = undefined;
      if (missing || missingSince !== undefined) {
        const endsAt = missing ? now + HOLD_MS : now;
        this.#post([{ ...missingAlert(definition), startsAt: missingSince ?? now, endsAt }]);
      }
    }
  }
}

function missingAlert(watchdog: Watchdog): PostedAlert {
  const minutes = Math.round(watchdog.timeout / 60_000);
  return {
    labels: Labels.from({
      alertname: 'WatchdogMissing',
      severity: 'critical',
      ...watchdog.labels,
      watchdog: watchdog.name,
    }),
    annotations: Labels.from({
      summary: `No alert ${watchdog.matchers.join(', ')} came for more than ${minutes} minutes: whoever sends it may be down.`,
      ...watchdog.annotations,
    }),
  };
}

const HEARTBEAT_TIMEOUT_MS = 10_000;

/** Requests a URL every so often while notifications work, so that a service elsewhere notices when they do not. */
export class Heartbeats {
  readonly #timers = new Set<Timer>();
  readonly #parts: HeartbeatParts;

  constructor(heartbeats: readonly HeartbeatConfig[], parts: HeartbeatParts) {
    this.#parts = parts;
    for (const heartbeat of heartbeats) this.#schedule(heartbeat, parts.http(heartbeat));
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
  }

  #schedule(heartbeat: HeartbeatConfig, client: HttpClient): void {
    const timer = this.#parts.clock.setTimeout(() => {
      this.#timers.delete(timer);
      this.#schedule(heartbeat, client);
      if (this.#parts.healthy()) void this.#beat(heartbeat, client);
    }, heartbeat.interval);
    this.#timers.add(timer);
  }

  async #beat(heartbeat: HeartbeatConfig, client: HttpClient): Promise<void> {
    try {
      const url = await readSecret(heartbeat, 'url', this.#parts.secrets);
      const { status } = await client.request({ url: url ?? '', timeoutMs: HEARTBEAT_TIMEOUT_MS });
      if (status >= 400) this.#parts.logger.warn({ status }, 'A heartbeat was refused');
    } catch (error) {
      this.#parts.logger.warn({ code: (error as { code?: string }).code }, 'A heartbeat was not delivered');
    }
  }
}

export interface HeartbeatParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly secrets: SecretPlaces;
  readonly http: (heartbeat: HeartbeatConfig) => HttpClient;
  /** Whether notifications work. */
  readonly healthy: () => boolean;
}
