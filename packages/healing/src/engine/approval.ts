import { sleep, type Clock, type Logger } from '@prunella/metrics';
import type { Incident } from '../incident/incident.ts';
import type { IncidentBook } from './book.ts';
import type { NotifyPort } from './ports.ts';

export class DecisionError extends Error {
  override name = 'DecisionError';
  readonly code: 'not_found' | 'conflict';
  constructor(code: DecisionError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export type Answer = 'approved' | 'rejected' | 'late' | 'over';

export interface ApprovalParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly book: IncidentBook;
  readonly notify?: NotifyPort;
}

/** Runbooks in mode `approve` wait here for a person. */
export class Approvals {
  readonly #parts: ApprovalParts;
  readonly #waiting = new Map<string, (answer: Answer) => void>();

  constructor(parts: ApprovalParts) {
    this.#parts = parts;
  }

  /**
   * Asks once, also over restarts of Prunella, and waits. `late`: nobody answered within `timeout` ms of the asking;
   * `over`: aborted.
   */
  async ask(
    incident: Incident,
    timeout: number,
    receiver: string | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { clock, book } = this.#parts;
    const asked = incident.timeline.find((entry) => entry.kind === 'approval')?.time ?? clock.now();
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(incident.id, resolve));
    const aborted = (): void => this.#waiting.get(incident.id)?.('over');
    signal.addEventListener('abort', aborted, { once: true });
    if (incident.state !== 'awaiting_approval') {
      const entry = { time: asked, kind: 'approval' as const, text: 'Waits for approval' };
      await book.record(incident.id, { entries: [entry], set: { state: 'awaiting_approval' } });
      if (receiver !== undefined) void this.#tell(incident, receiver);
    }
    const timer = new AbortController();
    const late = sleep(clock, Math.max(0, asked + timeout - clock.now()), timer.signal).then(
      () => 'late' as const,
    );
    if (signal.aborted) aborted();
    try {
      return await Promise.race([answer, late]);
    } finally {
      timer.abort();
      signal.removeEventListener('abort', aborted);
      this.#waiting.delete(incident.id);
    }
  }

  /** @throws DecisionError when the incident does not wait for approval */
  async decide(id: string, answer: 'approved' | 'rejected', by: string, comment: string): Promise<Incident> {
    const { book, clock } = this.#parts;
    const incident = book.get(id);
    if (!incident) throw new DecisionError('not_found', `there is no incident ${JSON.stringify(id)}`);
    const waiting = this.#waiting.get(id);
    if (incident.state !== 'awaiting_approval' || !waiting) {
      throw new DecisionError('conflict', `the incident does not wait for approval, it is ${incident.state}`);
    }
    // At once: a second decision comes too late.
    this.#waiting.delete(id);
    const time = clock.now();
    const text = `${answer === 'approved' ? 'Approved' : 'Rejected'} by ${by}${comment && `: ${comment}`}`;
    const entry = { time, kind: 'approval' as const, text };
    if (answer === 'approved')
      await book.record(id, { entries: [entry], set: { approvedAt: time, state: 'detected' } });
    else await book.close(id, 'rejected', 'Closed: rejected', { entries: [entry] });
    waiting(answer);
    return book.get(id) as Incident;
  }

  async #tell(incident: Incident, receiver: string): Promise<void> {
    const { notify, logger } = this.#parts;
    const text = `Runbook ${incident.runbook} waits to be approved or rejected: incident ${incident.id}.`;
    try {
      await notify?.(receiver, { title: `Approve? ${incident.title}`, text, incident });
    } catch (error) {
      logger.warn({ err: error, receiver }, 'cannot ask for approval');
    }
  }
}
