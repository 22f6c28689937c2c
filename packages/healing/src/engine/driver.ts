import { createHash } from 'node:crypto';
import { sleep, type Clock, type Logger } from '@prunella/metrics';
import type { HealingConfig, Runbook } from '../config/config.ts';
import { DEFAULT_VERIFY, isActing } from '../config/steps.ts';
import { interruptedStep, lastStep, type Incident, type TimelineStep } from '../incident/incident.ts';
import { admit, GONE_AFTER } from './admission.ts';
import { Approvals } from './approval.ts';
import type { IncidentBook } from './book.ts';
import { Guards } from './guards.ts';
import type { HealingMetrics } from './metrics.ts';
import type { HttpPort, NotifyPort, QueryPort, WorkloadsPort } from './ports.ts';
import type { Prover } from './prover.ts';
import { Run } from './run.ts';

export interface DriverParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly book: IncidentBook;
  readonly prover: Prover;
  readonly metrics: HealingMetrics;
  readonly workloads: WorkloadsPort;
  readonly http: HttpPort;
  readonly query?: QueryPort;
  readonly notify?: NotifyPort;
  readonly config: () => HealingConfig;
}

const GONE_POLL = 30_000;

/** What goes on for an open incident in this process. */
interface Task {
  readonly abort: AbortController;
  /** Something may have been changed: from here on the end of the alert does not end the run. */
  acting: boolean;
  done: Promise<void>;
}

/** Leads each incident through approval, admission and run, and picks up those that a restart of Prunella cut short. */
export class Driver {
  readonly approvals: Approvals;
  readonly #parts: DriverParts;
  readonly #guards = new Guards();
  readonly #tasks = new Map<string, Task>();

  constructor(parts: DriverParts) {
    this.#parts = parts;
    this.approvals = new Approvals(parts);
  }

  /** @param delay ms until anything is done: after a start of Prunella, services and rules come up first */
  begin(incident: Incident, delay = 0): void {
    const task: Task = {
      abort: new AbortController(),
      acting: incident.actedAt !== undefined,
      done: Promise.resolve(),
    };
    this.#tasks.set(incident.id, task);
    const driven = incident.state === 'escalated' ? Promise.resolve() : this.#drive(incident, task, delay);
    task.done = driven
      .catch((error: unknown) => this.#failed(incident, task, error))
      .then(() => this.#untilGone(incident.id, task.abort.signal))
      .catch((error: unknown) =>
        this.#parts.logger.error({ err: error, incident: incident.id }, 'lost an incident'),
      )
      .finally(() => this.#tasks.delete(incident.id));
  }

  /** Ends what goes on for an incident, unless it may have changed something already. @returns whether it was ended */
  cancel(id: string): boolean {
    const task = this.#tasks.get(id);
    if (!task || task.acting) return false;
    task.abort.abort();
    return true;
  }

  /** Resolves when nothing goes on any more. */
  async stop(): Promise<void> {
    for (const task of this.#tasks.values()) task.abort.abort();
    await Promise.all([...this.#tasks.values()].map((task) => task.done));
  }

  async #drive(incident: Incident, task: Task, delay: number): Promise<void> {
    const { signal } = task.abort;
    const { global, runbooks } = this.#parts.config();
    const runbook = runbooks.find(
      (each) => each.name === incident.runbook && stepsKey(each) === incident.steps,
    );
    const run = this.#run(incident, runbook ?? lostRunbook(incident), task);
    if (delay > 0 && incident.state !== 'awaiting_approval') await sleep(this.#parts.clock, delay, signal);
    if (signal.aborted) return undefined;
    if (incident.mode === 'dry-run') return run.rehearse();
    if (interruptedStep(incident)?.kind === 'escalate') {
      return run.escalateNow('a restart of Prunella came in between when a person was to be told');
    }
    if (incident.actedAt !== undefined) return this.#resume(incident, runbook !== undefined, run);
    if (!runbook) return run.escalateNow('its runbook was changed before anything was done');
    if (runbook.target && incident.target === undefined) {
      return run.escalateNow('its labels name no service that the runbook may act on');
    }
    if (incident.mode === 'approve' && incident.approvedAt === undefined) {
      const answer = await this.approvals.ask(incident, global.approval_timeout, global.receiver, signal);
      if (answer === 'late') return run.escalateNow('nobody approved or rejected it in time');
      if (answer !== 'approved') return undefined;
    }
    const admission = await admit(
      incident,
      runbook,
      global,
      { ...this.#parts, guards: this.#guards },
      signal,
    );
    if (admission.kind === 'refused') return run.escalateNow(admission.why);
    if (admission.kind === 'over') return undefined;
    return this.#inPlace(incident, () => run.execute(resumeIndex(incident), 'on'));
  }

  /** After a restart of Prunella in the middle of a run: what may have happened is verified, never done again. */
  async #resume(incident: Incident, sameSteps: boolean, run: Run): Promise<void> {
    const interrupted = interruptedStep(incident);
    const acting = interrupted !== undefined && isActing(interrupted);
    if (interrupted && (acting || !sameSteps)) await this.#recordInterruption(incident, interrupted);
    this.#guards.claim(incident);
    // As it was when it was cut short: what failed, or may have, is verified before anything else acts.
    const known = this.#parts.book.get(incident.id) ?? incident;
    const last = known.timeline.findLast(
      ({ step }) => step && (isActing(step) || step.kind === 'verify'),
    )?.step;
    const course = last && isActing(last) && last.state === 'failed' ? 'careful' : 'on';
    return this.#inPlace(incident, () => {
      if (!sameSteps) return run.execute(0, 'careful');
      return run.execute(resumeIndex(known), course);
    });
  }

  async #recordInterruption(incident: Incident, step: TimelineStep): Promise<void> {
    const error = 'interrupted by a restart of Prunella; whether it took effect is to be verified';
    const entry = {
      time: this.#parts.clock.now(),
      kind: 'step' as const,
      text: isActing(step) ? (incident.actions.at(-1) ?? step.kind) : step.kind,
      step: { ...step, state: 'failed' as const, error },
    };
    await this.#parts.book.record(incident.id, { entries: [entry] });
  }

  /** An escalated incident is open for a person. Where the end of its alert is missed, its expression tells. */
  async #untilGone(id: string, signal: AbortSignal): Promise<void> {
    const { clock, book, prover } = this.#parts;
    let goneSince: number | undefined;
    while (!signal.aborted) {
      const incident = book.get(id);
      if (incident?.state !== 'escalated') return;
      const { state, why } = await prover.isFiring(incident);
      goneSince = state === 'gone' ? (goneSince ?? clock.now()) : undefined;
      if (goneSince !== undefined && clock.now() - goneSince >= GONE_AFTER) {
        return book.close(id, 'escalated', `Closed: ${why}, for ${GONE_AFTER / 60_000} minutes`);
      }
      await sleep(clock, GONE_POLL, signal);
    }
  }

  async #inPlace(incident: Incident, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } finally {
      this.#guards.release(incident);
    }
  }

  #run(incident: Incident, runbook: Runbook, task: Task): Run {
    const { signal } = task.abort;
    const mayAct = (): boolean => !signal.aborted && (task.acting = true);
    const { config, metrics, ...parts } = this.#parts;
    const { global } = config();
    const onStep = (kind: string, result: string): void => metrics.step(kind, result);
    return new Run(incident, runbook, { ...parts, global, onStep }, { signal, mayAct });
  }

  async #failed(incident: Incident, task: Task, error: unknown): Promise<void> {
    this.#parts.logger.error({ err: error, incident: incident.id }, 'a run failed');
    await this.#run(incident, lostRunbook(incident), task).escalateNow(
      `the run failed: ${(error as Error).message}`,
    );
  }
}

/** With the step that was cut short, where repeating it changes nothing; else behind the last one that was begun. */
function resumeIndex(incident: Incident): number {
  const last = lastStep(incident);
  if (!last) return 0;
  return last.state === 'intended' && !isActing(last) ? last.index : last.index + 1;
}

/** Tells whether a runbook's steps are still the ones that an incident began with, without repeating their bodies. */
export function stepsKey(runbook: Runbook): string {
  return createHash('sha256').update(JSON.stringify(runbook.steps)).digest('hex').slice(0, 16);
}

/** Stands in for a runbook that is not in healing.yml any more: all that is left is to verify, or to tell somebody. */
function lostRunbook(incident: Incident): Runbook {
  return {
    name: incident.runbook ?? 'none',
    description: '',
    match: [],
    mode: 'auto',
    steps: [DEFAULT_VERIFY, { kind: 'escalate' }],
    limits: { cooldown: 0, attempts: 0, window: 0 },
  };
}
