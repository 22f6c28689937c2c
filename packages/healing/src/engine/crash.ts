import { sleep, type Clock, type Logger } from '@prunella/metrics';
import type { Workload, WorkloadEvent, WorkloadExit } from '@prunella/workloads';
import { isOpen, type Incident } from '../incident/incident.ts';
import { captureLogs } from './actions.ts';
import type { IncidentBook } from './book.ts';
import type { NotifyPort, WorkloadsPort } from './ports.ts';

export interface CrashParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly book: IncidentBook;
  readonly workloads: WorkloadsPort;
  readonly notify?: NotifyPort;
  readonly receiver: () => string | undefined;
}

export const CRASH_ALERT = 'WorkloadCrashed';

const LOG_LINES = 50;
const POLL = 500;
// Running, and healthy where it can say so, without a break for so long: a crash loop comes back sooner.
const STEADY = 5000;
const PATIENCE = 120_000;
// Whoever has not been seen for so long was removed while nobody looked.
const GONE = 600_000;

/**
 * Makes an incident of every unexpected end of a workload. The supervisor (or Docker) starts it again; what is added
 * here is that somebody knows, with the last words as evidence, and that it is watched until it is well again.
 */
export class CrashWatch {
  readonly #parts: CrashParts;
  readonly #watched = new Map<string, Promise<void>>();
  #abort = new AbortController();
  #end: () => void = () => {};

  constructor(parts: CrashParts) {
    this.#parts = parts;
  }

  /** Listens, and goes on with what an earlier run left open. */
  start(): void {
    this.#abort = new AbortController();
    this.#end = this.#parts.workloads.onEvent((event) => this.#handle(event));
    for (const incident of this.#parts.book.all()) {
      if (incident.origin === 'crash' && isOpen(incident)) this.#follow(incident);
    }
  }

  async stop(): Promise<void> {
    this.#end();
    this.#abort.abort();
    await Promise.all(this.#watched.values());
  }

  #handle({ type, time, workload }: WorkloadEvent): void {
    const open = this.#openFor(workload.name);
    if (type === 'exited' && workload.exit && !workload.exit.expected) {
      if (open) this.#note(open, time, `${workload.name} ${describeExit(workload.exit)} again`);
      else this.#open(workload, workload.exit);
    } else if (type === 'started' && open) {
      this.#restarted(open, time, workload);
    } else if (type === 'removed' && open) {
      void this.#parts.book.close(open.id, 'resolved', `Closed: ${workload.name} was removed`);
    }
  }

  #open(workload: Workload, exit: WorkloadExit): void {
    const { book } = this.#parts;
    const what = `${workload.name} ${describeExit(exit)}`;
    const { incident, written } = book.open(
      {
        origin: 'crash',
        title: what,
        alertname: CRASH_ALERT,
        severity: 'critical',
        labels: {
          alertname: CRASH_ALERT,
          severity: 'critical',
          service: workload.service,
          workload: workload.name,
        },
        annotations: { summary: what },
        fingerprint: `crash ${workload.name}`,
        startsAt: exit.time,
        simulated: false,
        target: workload.service,
        detectedAt: exit.time,
      },
      `${what}, without having been asked to`,
    );
    this.#follow(incident, async () => {
      await written;
      await book.record(incident.id, { evidence: await captureLogs(workload.name, LOG_LINES, this.#parts) });
    });
  }

  #restarted(incident: Incident, time: number, workload: Workload): void {
    const text = `restart ${workload.name}`;
    const first = incident.actedAt === undefined;
    void this.#parts.book.record(incident.id, {
      entries: [{ time, kind: 'note', text: `${workload.name} was started again by its supervisor` }],
      set: {
        ...(first && { actedAt: time, actions: [text] }),
        ...(incident.state === 'detected' && { state: 'verifying' }),
      },
    });
  }

  #note(incident: Incident, time: number, text: string): void {
    void this.#parts.book.record(incident.id, { entries: [{ time, kind: 'note', text }] });
  }

  #openFor(name: string): Incident | undefined {
    const key = `crash ${name}`;
    return this.#parts.book.all().find((each) => each.fingerprint === key && isOpen(each));
  }

  #follow(incident: Incident, first: () => Promise<void> = () => Promise.resolve()): void {
    const { logger } = this.#parts;
    const done = first()
      .then(() => this.#untilWell(incident.id, incident.labels['workload'] as string))
      .catch((error: unknown) => logger.error({ err: error, incident: incident.id }, 'lost sight of a crash'))
      .finally(() => this.#watched.delete(incident.id));
    this.#watched.set(incident.id, done);
  }

  async #untilWell(id: string, name: string): Promise<void> {
    const { clock, book } = this.#parts;
    const { signal } = this.#abort;
    const begun = clock.now();
    let steadySince: number | undefined;
    let lastSeen = begun;
    while (!signal.aborted) {
      const seen = await this.#look(name);
      const workload = seen === 'gone' ? undefined : seen;
      const now = clock.now();
      const incident = book.get(id) as Incident;
      if (!isOpen(incident)) return;
      if (seen !== 'gone') lastSeen = now;
      // Not at once: after a start of Prunella its processes are not there yet, and Docker may not answer for a while.
      const removed = now - lastSeen >= GONE;
      if (removed || workload?.state === 'stopped') {
        return book.close(id, 'resolved', `Closed: ${name} is not to run any more`);
      }
      const well =
        workload?.state === 'running' && workload.healthy !== false && hasRestarted(workload, incident);
      // Since it was started, so that an exit between two looks is not overlooked.
      steadySince = well ? Math.max(steadySince ?? now, workload.startedAt ?? 0) : undefined;
      if (steadySince !== undefined && now - steadySince >= STEADY) return this.#healed(incident, name);
      if (incident.state !== 'escalated' && now - begun > PATIENCE) await this.#escalate(incident, name);
      await sleep(clock, POLL, signal);
    }
  }

  /** @returns 'gone' when there is no such workload any more, undefined when it cannot be told */
  async #look(name: string): Promise<Workload | 'gone' | undefined> {
    try {
      return (await this.#parts.workloads.list()).find((each) => each.name === name) ?? 'gone';
    } catch (error) {
      this.#parts.logger.debug({ err: error, workload: name }, 'cannot list workloads');
      return undefined;
    }
  }

  async #healed(incident: Incident, name: string): Promise<void> {
    const { clock, book } = this.#parts;
    const healedAt = clock.now();
    const text = `Healed: ${name} runs, steadily for ${STEADY / 1000} s`;
    await book.close(incident.id, 'healed', 'Closed: healed', {
      entries: [{ time: healedAt, kind: 'verified', text }],
      set: { healedAt },
    });
  }

  async #escalate(incident: Incident, name: string): Promise<void> {
    const { clock, book, notify, receiver, logger } = this.#parts;
    const to = receiver();
    const text = `${incident.title}, and it has not been running steadily for ${PATIENCE / 60_000} minutes since.`;
    const entry = {
      time: clock.now(),
      kind: 'escalated' as const,
      text: to ? `Escalated to ${to}: ${text}` : text,
    };
    await book.record(incident.id, { entries: [entry], set: { state: 'escalated', outcome: 'escalated' } });
    if (to === undefined || !notify) return;
    await notify(to, { title: `Needs a person: ${name} does not stay up`, text, incident }).catch(
      (error: unknown) => {
        logger.error({ err: error, receiver: to }, 'cannot escalate');
      },
    );
  }
}

function hasRestarted(workload: Workload, incident: Incident): boolean {
  return workload.startedAt !== undefined && workload.startedAt >= incident.startsAt;
}

function describeExit({ code, signal, error }: WorkloadExit): string {
  if (error !== undefined) return `could not be started (${error})`;
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}
