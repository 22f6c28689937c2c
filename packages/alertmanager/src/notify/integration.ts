import type { Deliver } from '../receivers/receiver.ts';
import type { Turns } from './turns.ts';

/** One entry of a receiver: `webhook_configs[1]` of `team-x`. Each is told, retried and logged on its own. */
export interface Integration {
  readonly receiver: string;
  /** The kind: `webhook`. */
  readonly name: string;
  readonly index: number;
  readonly sendResolved: boolean;
  readonly deliver: Deliver;
  readonly turns: Turns;
  /** What the notification log knows it by: `team-x/webhook/1`. */
  readonly key: string;
}

export interface Receiver {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly integrations: readonly Integration[];
  /** The receiver that is told what this one failed to deliver. */
  readonly fallback: string | undefined;
}
