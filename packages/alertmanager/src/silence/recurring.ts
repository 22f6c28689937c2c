import { randomUUID } from 'node:crypto';
import type { Clock } from '@prunella/metrics';
import type { TimePeriodConfig } from '../config/schema.ts';
import { compilePeriod } from '../config/intervals.ts';
import type { Records } from '../store.ts';
import { inIntervals, type TimePeriod } from '../timeinterval.ts';
import { SilenceError, validateSilence, type SilenceMatcher } from './silence.ts';
import type { Silences } from './silences.ts';

/** A silence for each occurrence of its intervals: every Sunday night, the first of the month. */
export interface RecurringSilence {
  readonly id: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly intervals: readonly TimePeriodConfig[];
  readonly createdBy: string;
  readonly comment: string;
}

export type RecurringRecord = RecurringSilence | { readonly gone: string };

/** The annotation of an ordinary silence that says which recurring one made it. */
export const RECURRING_ANNOTATION = 'recurring';

const MINUTE_MS = 60_000;
/** An occurrence that lasts longer is continued by the next silence. */
const LONGEST_MINUTES = 24 * 60;

/**
 * Keeps an ordinary silence active during every occurrence, so that amtool, pages and messages see nothing new. The
 * owner calls `maintain()` every minute, the resolution of time intervals.
 */
export class RecurringSilences {
  readonly #clock: Clock;
  readonly #records: Records<RecurringRecord>;
  readonly #silences: Silences;
  readonly #recurring = new Map<string, { definition: RecurringSilence; periods: readonly TimePeriod[] }>();

  constructor(options: { clock: Clock; records: Records<RecurringRecord>; silences: Silences }) {
    this.#clock = options.clock;
    this.#records = options.records;
    this.#silences = options.silences;
    for (const record of options.records.loaded) {
      if ('gone' in record) this.#recurring.delete(record.gone);
      else this.#keep(record);
    }
  }

  all(): RecurringSilence[] {
    return Array.from(this.#recurring.values(), ({ definition }) => definition);
  }

  /** Resolves when it is on disk, and in force if it is time. @throws SilenceError */
  async add(request: Omit<RecurringSilence, 'id'>): Promise<RecurringSilence> {
    validateSilence({ ...request, startsAt: 0, endsAt: 1 });
    checkIntervals(request.intervals);
    const definition = { ...request, id: randomUUID() };
    await this.#records.append(definition);
    this.#keep(definition);
    await this.maintain();
    return definition;
  }

  /** Also ends the silence of an occurrence under way. @returns false where there is no such one */
  async remove(id: string): Promise<boolean> {
    if (!this.#recurring.delete(id)) return false;
    await this.#records.append({ gone: id });
    for (const silence of this.#silences.all()) {
      if (silence.annotations?.[RECURRING_ANNOTATION] === id) await this.#silences.expire(silence.id);
    }
    return true;
  }

  /** Begins the silences whose time has come. */
  async maintain(): Promise<void> {
    const now = this.#clock.now();
    for (const { definition, periods } of this.#recurring.values()) {
      if (!inIntervals(periods, now) || this.#isCovered(definition.id, now)) continue;
      await this.#silences.set({
        matchers: definition.matchers,
        startsAt: now,
        endsAt: endOfOccurrence(periods, now),
        createdBy: definition.createdBy,
        comment: definition.comment,
        annotations: { [RECURRING_ANNOTATION]: definition.id },
      });
    }
    await this.#records.compact(() => this.all(), this.#recurring.size);
  }

  /** Also by one that somebody ended early: the occurrence is over then. */
  #isCovered(id: string, now: number): boolean {
    return this.#silences.all().some((silence) => {
      if (silence.annotations?.[RECURRING_ANNOTATION] !== id) return false;
      if (silence.endsAt > now) return true;
      const { periods } = this.#recurring.get(id) ?? { periods: [] };
      return endOfOccurrence(periods, silence.startsAt) > now && silence.startsAt <= now;
    });
  }

  #keep(definition: RecurringSilence): void {
    this.#recurring.set(definition.id, { definition, periods: definition.intervals.map(compilePeriod) });
  }
}

function checkIntervals(intervals: readonly TimePeriodConfig[]): void {
  if (intervals.length === 0) throw new SilenceError('invalid', 'at least one interval required');
  try {
    intervals.forEach(compilePeriod);
  } catch (error) {
    throw new SilenceError('invalid', (error as Error).message);
  }
}

/** The first full minute outside the intervals, at most a day away. */
function endOfOccurrence(periods: readonly TimePeriod[], from: number): number {
  const minute = Math.floor(from / MINUTE_MS);
  for (let i = 1; i <= LONGEST_MINUTES; i++) {
    if (!inIntervals(periods, (minute + i) * MINUTE_MS)) return (minute + i) * MINUTE_MS;
  }
  return (minute + LONGEST_MINUTES) * MINUTE_MS;
}
