import { compareStrings, Labels } from '@prunella/metrics';
import { fingerprint } from './fingerprint.ts';

export interface Alert {
  /** FNV-1a of the labels, 16 hex digits. */
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** ms since the epoch, as are all times here. */
  readonly startsAt: number;
  /** When it ended, or when it will count as ended unless it is posted again. */
  readonly endsAt: number;
  readonly generatorURL: string;
  readonly updatedAt: number;
  /** The sender named no end: `endsAt` is `updatedAt` + `resolve_timeout`. */
  readonly timeout: boolean;
}

/** What a sender says of an alert: Prometheus's notifier, a rule manager, `amtool alert add`. */
export interface PostedAlert {
  readonly labels: Labels;
  readonly annotations?: Labels | undefined;
  readonly startsAt?: number | undefined;
  readonly endsAt?: number | undefined;
  readonly generatorURL?: string | undefined;
}

/** Annotations from an object. Unlike labels, an empty one is still there: messages show it. */
export function annotationsFrom(object: Readonly<Record<string, string>>): Labels {
  return Labels.fromSortedPairs(sortedPairs(object, true));
}

/** Labels from an object, as `Labels.from()`, and faster where its names stand in order: senders in Go sort them. */
export function labelsFrom(object: Readonly<Record<string, string>>): Labels {
  return Labels.fromSortedPairs(sortedPairs(object, false));
}

function sortedPairs(object: Readonly<Record<string, string>>, keepEmpty: boolean): string[] {
  let names = Object.keys(object);
  if (!keepEmpty) names = withoutEmpty(names, object);
  if (!isSorted(names)) names.sort(compareStrings);
  const pairs: string[] = [];
  for (const name of names) pairs.push(name, object[name] as string);
  return pairs;
}

function withoutEmpty(names: string[], object: Readonly<Record<string, string>>): string[] {
  for (const name of names) if (object[name] === '') return names.filter((each) => object[each] !== '');
  return names;
}

function isSorted(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i++) {
    if (compareStrings(names[i - 1] as string, names[i] as string) > 0) return false;
  }
  return true;
}

export function isResolved(alert: Alert, now: number): boolean {
  return alert.endsAt <= now;
}

/** Fills in what the sender left out, by Alertmanager's rules. */
export function receiveAlert(posted: PostedAlert, now: number, resolveTimeout: number): Alert {
  const { labels, annotations = Labels.empty, generatorURL = '', startsAt, endsAt } = posted;
  return {
    fingerprint: fingerprint(labels),
    labels,
    annotations,
    startsAt: startsAt ?? endsAt ?? now,
    endsAt: endsAt ?? now + resolveTimeout,
    generatorURL,
    updatedAt: now,
    timeout: endsAt === undefined,
  };
}

/** Why an alert cannot be taken, or undefined. */
export function alertFault(alert: Alert): string | undefined {
  if (alert.labels.size === 0) return 'at least one label pair required';
  if (alert.endsAt < alert.startsAt) return 'start time must be before end time';
  return undefined;
}

/**
 * What becomes of a known alert when it is posted again. Activity ranges that overlap are one activity, which began
 * when the earlier one did; otherwise the newer one replaces the older.
 */
export function mergeAlerts(known: Alert, posted: Alert): Alert {
  const overlap =
    (posted.endsAt > known.startsAt && posted.endsAt < known.endsAt) ||
    (posted.startsAt > known.startsAt && posted.startsAt < known.endsAt);
  if (!overlap) return posted;
  const [older, newer] = posted.updatedAt < known.updatedAt ? [posted, known] : [known, posted];
  return {
    fingerprint: newer.fingerprint,
    labels: newer.labels,
    annotations: newer.annotations,
    startsAt: Math.min(older.startsAt, newer.startsAt),
    endsAt: mergedEnd(older, newer, Math.max(older.updatedAt, newer.updatedAt)),
    generatorURL: newer.generatorURL,
    updatedAt: newer.updatedAt,
    timeout: newer.timeout,
  };
}

function mergedEnd(older: Alert, newer: Alert, now: number): number {
  if (older.endsAt <= newer.endsAt) return newer.endsAt;
  // Of two ends that have passed the later one holds; of two that lie ahead, one that the sender named.
  const keepOlder = isResolved(newer, now) ? isResolved(older, now) : !older.timeout;
  return keepOlder ? older.endsAt : newer.endsAt;
}

/** The order of alerts in a message: by `job`, then `instance`, then all labels; alerts without the label last. */
export function compareForMessage(a: Alert, b: Alert): number {
  for (const name of ['job', 'instance']) {
    const x = a.labels.get(name);
    const y = b.labels.get(name);
    if (x === y) continue;
    if (x === '') return 1;
    if (y === '') return -1;
    return compareStrings(x, y);
  }
  return compareLabelSets(a.labels, b.labels);
}

/** The order of Go's `model.LabelSet.Before`: fewer labels first, then by the first name or value that differs. */
export function compareLabelSets(a: Labels, b: Labels): number {
  if (a.size !== b.size) return a.size - b.size;
  for (let i = 0; i < a.pairs.length; i++) {
    const x = a.pairs[i] as string;
    const y = b.pairs[i] as string;
    if (x === y) continue;
    // At a name, the set that lacks the lesser of the two names comes first.
    return i % 2 === 0 ? -compareStrings(x, y) : compareStrings(x, y);
  }
  return 0;
}
