import type { LogEntry } from '../nflog.ts';
import type { NotificationReason, NotifiedAlert } from '../receivers/receiver.ts';

/** The alerts of a flush, split as the notification log keeps them. */
export interface Told {
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
}

export function toldBy(alerts: readonly NotifiedAlert[]): Told {
  const fingerprints = (status: NotifiedAlert['status']): string[] =>
    alerts.filter((alert) => alert.status === status).map((alert) => alert.fingerprint);
  return { firing: fingerprints('firing'), resolved: fingerprints('resolved') };
}

/**
 * Why an integration has to be told of this state of its group, or undefined where it knows.
 * @param last what it was told last
 */
export function reasonToTell(
  last: LogEntry | undefined,
  { firing, resolved }: Told,
  options: { sendResolved: boolean; repeatInterval: number; now: number },
): NotificationReason | undefined {
  if (!last) return firing.length > 0 ? 'first notification' : undefined;
  if (!isSubset(firing, last.firing))
    return last.firing.length > 0 ? 'new alerts added' : 'first notification';
  // Also for those who do not want resolved messages: the log has to forget that something fires.
  if (firing.length === 0) return last.firing.length > 0 ? 'all alerts resolved' : undefined;
  if (options.sendResolved && !isSubset(resolved, last.resolved)) return 'some alerts resolved';
  return last.time < options.now - options.repeatInterval ? 'repeat interval elapsed' : undefined;
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  const set = new Set(whole);
  return part.every((each) => set.has(each));
}
