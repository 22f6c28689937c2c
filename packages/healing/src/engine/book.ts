import { randomBytes } from 'node:crypto';
import type { Clock, Logger } from '@prunella/metrics';
import {
  fold,
  isOpen,
  type Change,
  type Incident,
  type IncidentOrigin,
  type Outcome,
  type TimelineEntry,
} from '../incident/incident.ts';
import type { Journal } from '../incident/journal.ts';
import { logLine, type IncidentLog } from '../incident/log.ts';
import type { Mask } from '../incident/mask.ts';

export interface BookParts {
  readonly journal: Journal;
  readonly log: IncidentLog;
  readonly mask: Mask;
  readonly clock: Clock;
  readonly logger: Logger;
}

// Older closed incidents are forgotten, in memory and on disk; incident_log.jsonl keeps their line.
const MOST_INCIDENTS = 1000;
// A flapping alert must not make one incident grow without end.
const MOST_ENTRIES = 500;

export type IncidentListener = (incident: Incident) => void;
export type NewChange = Omit<Change, 'time'>;

/** All incidents, in memory and in the journal, which always change together and here alone. */
export class IncidentBook {
  readonly #parts: BookParts;
  readonly #incidents = new Map<string, Incident>();
  readonly #listeners = new Set<IncidentListener>();
  #lastId = '';

  constructor(parts: BookParts) {
    this.#parts = parts;
  }

  /** Reads what earlier runs left. Call it once, before anything else. */
  async load(): Promise<void> {
    const { journal, logger } = this.#parts;
    for (const [id, changes] of await journal.load()) {
      const incident = changes.reduce<Incident | undefined>(fold, undefined);
      if (incident) this.#incidents.set(id, incident);
      else logger.warn({ incident: id }, 'an incident without a beginning was skipped');
    }
    for (const incident of this.#incidents.values()) await this.#writeLog(incident, true);
  }

  /** Newest first. */
  all(): Incident[] {
    return [...this.#incidents.values()].reverse();
  }

  get(id: string): Incident | undefined {
    return this.#incidents.get(id);
  }

  onChange(listener: IncidentListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The incident is known at once, so that the same alert sent again finds it, and on disk when the promise resolves. */
  open(origin: Omit<IncidentOrigin, 'id'>, text: string): { incident: Incident; written: Promise<void> } {
    const id = this.#newId();
    const entry = { time: origin.detectedAt, kind: 'detected' as const, text };
    const written = this.record(id, { open: { id, ...origin }, entries: [entry] });
    return { incident: this.#incidents.get(id) as Incident, written };
  }

  /**
   * Adds to an incident. A disk that refuses is logged and costs no more than that: what has to be on disk before
   * something else happens goes through `intend`.
   */
  async record(id: string, change: NewChange): Promise<void> {
    const full = this.#complete(id, change);
    if (!full) return;
    this.#apply(id, full);
    try {
      await this.#parts.journal.append(id, full);
    } catch (error) {
      this.#parts.logger.error({ err: error, incident: id }, 'cannot write the journal of incidents');
    }
    const incident = this.#incidents.get(id);
    if (incident) await this.#writeLog(incident, false);
    if (full.open) await this.#forgetOld();
  }

  /** Resolves only when the change is on disk. @throws the disk's error, and then nothing has changed */
  async intend(id: string, change: NewChange): Promise<void> {
    const full = this.#complete(id, change);
    if (!full) return;
    await this.#parts.journal.append(id, full);
    this.#apply(id, full);
  }

  /**
   * Ends an incident, together with what brought its end (`last`). An outcome that is known already, e.g. that it was
   * escalated, stays.
   */
  async close(id: string, outcome: Outcome, text: string, last: NewChange = {}): Promise<void> {
    const closedAt = this.#parts.clock.now();
    const entry = { time: closedAt, kind: 'closed' as const, text };
    const known = this.#incidents.get(id)?.outcome ?? outcome;
    await this.record(id, {
      ...last,
      entries: [...(last.entries ?? []), entry],
      set: { ...last.set, state: 'closed', outcome: known, closedAt },
    });
  }

  #apply(id: string, change: Change): void {
    const incident = fold(this.#incidents.get(id), change);
    if (!incident) return;
    this.#incidents.set(id, incident);
    for (const listener of this.#listeners) {
      try {
        listener(incident);
      } catch (error) {
        this.#parts.logger.error({ err: error, incident: id }, 'listener failed');
      }
    }
  }

  /** With its time and without secrets; undefined where a timeline is full and nothing else changes. */
  #complete(id: string, change: NewChange): Change | undefined {
    const { clock, mask } = this.#parts;
    const { entries = [], evidence, ...rest } = change;
    const full = (this.#incidents.get(id)?.timeline.length ?? 0) >= MOST_ENTRIES;
    const kept = entries
      .filter((entry) => !full || entry.kind !== 'note')
      .map((entry) => maskEntry(entry, mask));
    if (kept.length === 0 && !evidence && !rest.set) return undefined;
    return {
      time: clock.now(),
      ...rest,
      ...(kept.length > 0 && { entries: kept }),
      ...(evidence && {
        evidence: { ...evidence, ...(evidence.text !== undefined && { text: mask(evidence.text) }) },
      }),
    };
  }

  /** Once per incident: when its outcome is known. After a crash the line may be there although we do not know of it. */
  async #writeLog(incident: Incident, afterCrash: boolean): Promise<void> {
    if (incident.outcome === undefined || incident.loggedAt !== undefined) return;
    const { log, clock, logger } = this.#parts;
    const loggedAt = clock.now();
    this.#incidents.set(incident.id, { ...incident, loggedAt });
    try {
      if (!(afterCrash && (await log.has(incident.id)))) await log.append(logLine(incident, loggedAt));
      await this.#parts.journal.append(incident.id, { time: loggedAt, set: { loggedAt } });
    } catch (error) {
      logger.error({ err: error, incident: incident.id }, 'cannot write incident_log.jsonl');
    }
  }

  async #forgetOld(): Promise<void> {
    const surplus = this.#incidents.size - MOST_INCIDENTS;
    if (surplus <= 0) return;
    const old = [...this.#incidents.values()].filter((incident) => !isOpen(incident)).slice(0, surplus);
    for (const { id } of old) {
      this.#incidents.delete(id);
      await this.#parts.journal.remove(id).catch((error: unknown) => {
        this.#parts.logger.warn({ err: error, incident: id }, 'cannot remove an old incident');
      });
    }
  }

  /** `20260102T030405678Z-1f2e`: sorts by time, also within a millisecond. */
  #newId(): string {
    const stamp = new Date(this.#parts.clock.now()).toISOString().replace(/[-:.]/g, '');
    let id = `${stamp}-${randomBytes(2).toString('hex')}`;
    if (id <= this.#lastId) id = `${this.#lastId}0`;
    return (this.#lastId = id);
  }
}

function maskEntry(entry: TimelineEntry, mask: Mask): TimelineEntry {
  const { step } = entry;
  const masked = step?.error === undefined ? step : { ...step, error: mask(step.error) };
  return { ...entry, text: mask(entry.text), ...(masked && { step: masked }) };
}
