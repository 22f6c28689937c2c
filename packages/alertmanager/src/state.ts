import type { Clock, Logger } from '@prunella/metrics';
import { Acknowledgements, type AcknowledgementRecord } from './acknowledge.ts';
import type { Alert } from './alert.ts';
import { LogPositions, type LogPosition } from './alertlog/watcher.ts';
import { AlertHistory, type AlertEventRecord } from './alerthistory.ts';
import { AlertStore, type AlertRecord } from './alerts.ts';
import { NotificationHistory, type StoredNotification } from './history.ts';
import type { JournalOptions } from './journal.ts';
import { NotificationLog, type LogEntry } from './nflog.ts';
import { Inbox, type Message } from './receivers/inbox.ts';
import { PostedStore, type PostedRecord } from './receivers/posted.ts';
import { RecurringSilences, type RecurringRecord } from './silence/recurring.ts';
import type { Silence } from './silence/silence.ts';
import { Silences } from './silence/silences.ts';
import { openRecords, type Records } from './store.ts';

export interface StateOptions {
  /** Where journals are kept; without it nothing outlives the process. */
  readonly directory: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** ms */
  readonly retention: number;
  readonly maxSilences: number;
  readonly maxSilenceBytes: number;
  /** How long an alert that fired before a restart fires on without being posted again, ms. */
  readonly grace: number;
  readonly perAlertnameLimit: number;
  readonly onMessage: (message: Message) => void;
}

/** All of an Alertmanager that outlives its configuration and, on disk, its process. */
export class State {
  readonly alerts: AlertStore;
  readonly silences: Silences;
  readonly recurringSilences: RecurringSilences;
  readonly log: NotificationLog;
  readonly inbox: Inbox;
  readonly posted: PostedStore;
  readonly history: NotificationHistory;
  readonly alertHistory: AlertHistory;
  readonly acknowledgements: Acknowledgements;
  readonly positions: LogPositions;
  readonly #stores: Stores;

  private constructor(options: StateOptions, stores: Stores) {
    const { clock, retention, maxSilences, maxSilenceBytes: maxBytes, onMessage } = options;
    const { grace, perAlertnameLimit } = options;
    this.#stores = stores;
    this.alerts = new AlertStore({ clock, records: stores.alerts, grace, perAlertnameLimit });
    this.silences = new Silences({ clock, records: stores.silences, retention, maxSilences, maxBytes });
    this.recurringSilences = new RecurringSilences({
      clock,
      records: stores.recurring,
      silences: this.silences,
    });
    this.log = new NotificationLog({ clock, records: stores.log, retention });
    this.inbox = new Inbox({ clock, records: stores.inbox, onMessage });
    this.posted = new PostedStore({ clock, records: stores.posted, retention });
    this.history = new NotificationHistory({ clock, records: stores.history, retention });
    this.alertHistory = new AlertHistory({ clock, records: stores.alertHistory, retention });
    this.acknowledgements = new Acknowledgements(stores.acknowledgements);
    this.positions = new LogPositions(stores.positions);
  }

  static async open(options: StateOptions): Promise<State> {
    return new State(options, await openStores(options.directory, options.logger));
  }

  /** Forgets what is old, and keeps the files small. @returns the alerts that have ended and are forgotten */
  async maintain(): Promise<Alert[]> {
    const gone = await this.alerts.maintain();
    // Events that are noted together are written together.
    for (const written of new Set(gone.map((alert) => this.alertHistory.note(alert)))) await written;
    for (const alert of gone) await this.acknowledgements.end(alert.fingerprint);
    await this.recurringSilences.maintain();
    const parts = [
      this.silences,
      this.log,
      this.inbox,
      this.posted,
      this.history,
      this.alertHistory,
      this.acknowledgements,
    ];
    for (const part of parts) await part.maintain();
    return gone;
  }

  /** Resolves when everything is on disk. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#stores).map((store: Records<unknown>) => store.close()));
  }
}

const HISTORY_GATHER_MS = 250;

interface Stores {
  readonly alerts: Records<AlertRecord>;
  readonly silences: Records<Silence>;
  readonly recurring: Records<RecurringRecord>;
  readonly log: Records<LogEntry>;
  readonly inbox: Records<Message>;
  readonly posted: Records<PostedRecord>;
  readonly history: Records<StoredNotification>;
  readonly alertHistory: Records<AlertEventRecord>;
  readonly acknowledgements: Records<AcknowledgementRecord>;
  readonly positions: Records<LogPosition>;
}

async function openStores(directory: string | undefined, logger: Logger): Promise<Stores> {
  const open = <T>(name: string, options?: JournalOptions): Promise<Records<T>> =>
    openRecords<T>(directory, `${name}.journal`, logger, options);
  return {
    // Senders post alerts again every minute, and nothing waits for histories: these need not outlive the machine.
    alerts: await open('alerts', { sync: false, gather: 0 }),
    history: await open('notifications', { sync: false, gather: HISTORY_GATHER_MS }),
    alertHistory: await open('alert-history', { sync: false, gather: HISTORY_GATHER_MS }),
    silences: await open('silences'),
    recurring: await open('recurring-silences'),
    log: await open('notification-log'),
    inbox: await open('inbox'),
    posted: await open('posted-messages'),
    acknowledgements: await open('acknowledgements'),
    positions: await open('alert-logs'),
  };
}
