import { sleep, type Clock, type Logger } from '@prunella/metrics';
import type { GlobalConfig, Runbook } from '../config/config.ts';
import { describeStep, isActing, type EscalateStep, type Step, type VerifyStep } from '../config/steps.ts';
import { isBegun, isOpen, type Incident, type TimelineEntry } from '../incident/incident.ts';
import { act, capture, type ActionPlan, planAction } from './actions.ts';
import type { IncidentBook } from './book.ts';
import type { HealingMessage, HttpPort, NotifyPort, QueryPort, WorkloadsPort } from './ports.ts';
import type { Prover } from './prover.ts';
import { TimeoutError, within } from './within.ts';

export interface RunParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly book: IncidentBook;
  readonly prover: Prover;
  readonly workloads: WorkloadsPort;
  readonly http: HttpPort;
  readonly query?: QueryPort;
  readonly notify?: NotifyPort;
  readonly global: GlobalConfig;
  /** Counts a step's end. */
  readonly onStep: (kind: string, result: 'done' | 'failed' | 'skipped') => void;
}

export interface RunControl {
  readonly signal: AbortSignal;
  /** Asked right before a step that changes something: false when the alert has ended meanwhile. */
  readonly mayAct: () => boolean;
}

/** How a run goes on. `careful`: nothing acts before the next verification; `failed`: that one is passed over as well. */
type Course = 'on' | 'careful' | 'failed';

interface StepEnd {
  readonly state: 'done' | 'failed' | 'skipped';
  readonly error?: string;
  readonly plan?: ActionPlan;
  readonly durationMs?: number;
}

// How long a step may go on when the process is told to stop.
const STOP_GRACE = 5000;
const NOTIFY_RETRIES = [1000, 5000, 25_000];

/** One pass through a runbook's steps for one incident. Every step is written down before it begins. */
export class Run {
  readonly #id: string;
  readonly #runbook: Runbook;
  readonly #parts: RunParts;
  readonly #signal: AbortSignal;
  readonly #mayAct: () => boolean;

  constructor(incident: Incident, runbook: Runbook, parts: RunParts, control: RunControl) {
    this.#id = incident.id;
    this.#runbook = runbook;
    this.#parts = parts;
    this.#signal = control.signal;
    this.#mayAct = control.mayAct;
  }

  /** Resolves when the incident is healed or escalated, or when it was interrupted and stays as it is. */
  async execute(from: number, course: Course): Promise<void> {
    for (const [index, step] of this.#runbook.steps.entries()) {
      if (this.#signal.aborted) return;
      // Whatever else goes wrong: what may have been done once for this incident is not done again.
      if (index < from || (isActing(step) && isBegun(this.#incident(), index))) continue;
      if (step.kind === 'escalate') {
        await this.#escalate(index, step, 'the runbook did not help');
        return;
      }
      if (course === 'failed' || (course === 'careful' && isActing(step))) {
        await this.#record(this.#ended(index, step, { state: 'skipped', error: 'after an earlier step' }));
        if (step.kind === 'verify') course = 'on';
        continue;
      }
      if (step.kind === 'verify') {
        if (await this.#verify(index, step)) return;
        course = 'on';
      } else {
        course = await this.#perform(index, step, course);
      }
    }
  }

  /** What would be done, without doing it; evidence is taken all the same. */
  async rehearse(): Promise<void> {
    for (const [index, step] of this.#runbook.steps.entries()) {
      if (this.#signal.aborted) return;
      if (step.kind === 'capture') await this.#perform(index, step, 'on');
      else await this.#record(this.#ended(index, step, { state: 'skipped', error: 'dry run' }));
    }
    await this.#parts.book.close(this.#id, 'dry_run', 'Dry run: nothing was changed');
  }

  async #perform(index: number, step: Step, course: Course): Promise<Course> {
    const { clock, workloads } = this.#parts;
    let plan: ActionPlan | undefined;
    if (isActing(step)) {
      try {
        plan = await planAction(step, this.#incident(), workloads);
      } catch (error) {
        await this.#record(this.#ended(index, step, { state: 'failed', error: (error as Error).message }));
        return 'failed';
      }
      if (this.#signal.aborted || !this.#mayAct()) return course;
    }
    const startedAt = clock.now();
    await this.#intend(index, step, plan);
    const end = (state: 'done' | 'failed', error?: string): Promise<void> => {
      const durationMs = clock.now() - startedAt;
      const rest = { ...(plan && { plan }), ...(error !== undefined && { error }) };
      return this.#record(this.#ended(index, step, { state, durationMs, ...rest }));
    };
    try {
      await this.#work(step, plan);
    } catch (error) {
      if (error instanceof TimeoutError && this.#signal.aborted) return course;
      await end('failed', (error as Error).message);
      if (!plan) return course;
      // Of what did not answer in time nobody knows whether it happened: the verification will tell.
      return error instanceof TimeoutError ? 'careful' : 'failed';
    }
    await end('done');
    return course;
  }

  async #work(step: Step, plan: ActionPlan | undefined): Promise<void> {
    const { clock, workloads, query, http, book } = this.#parts;
    if (step.kind === 'wait') return sleep(clock, step.for, this.#signal);
    if (step.kind === 'capture') {
      for (const evidence of await capture(step, this.#incident(), {
        clock,
        workloads,
        ...(query && { query }),
      })) {
        await book.record(this.#id, { evidence });
      }
      return undefined;
    }
    if (!plan) return undefined;
    const stopped = new AbortController();
    const stop = (): void => void clock.setTimeout(() => stopped.abort(), STOP_GRACE);
    this.#signal.addEventListener('abort', stop, { once: true });
    try {
      await within(act(plan, workloads, http), plan.timeout, clock, stopped.signal);
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
  }

  async #verify(index: number, step: VerifyStep): Promise<boolean> {
    const { clock, prover, book } = this.#parts;
    const startedAt = clock.now();
    await this.#intend(index, step);
    const { held, why } = await prover.verify(() => this.#incident(), step, this.#signal);
    if (this.#signal.aborted && !held) return true;
    const durationMs = clock.now() - startedAt;
    if (!held) {
      await this.#record(this.#ended(index, step, { state: 'failed', error: why, durationMs }));
      return false;
    }
    const healedAt = clock.now();
    const proof = { time: healedAt, kind: 'verified', text: `Healed: ${why}` } as const;
    await book.close(this.#id, 'healed', 'Closed: healed', {
      entries: [this.#ended(index, step, { state: 'done', durationMs }), proof],
      set: { healedAt },
    });
    return true;
  }

  /** Passes over whatever steps are left. */
  escalateNow(why: string): Promise<void> {
    const index = this.#runbook.steps.length - 1;
    const last = this.#runbook.steps[index];
    return this.#escalate(index, last?.kind === 'escalate' ? last : { kind: 'escalate' }, why);
  }

  /** Tells a person, at least once, and leaves the incident open for them. */
  async #escalate(index: number, step: EscalateStep, why: string): Promise<void> {
    const { clock, book, global } = this.#parts;
    const receiver = step.receiver ?? global.receiver;
    const incident = this.#incident();
    const known = this.#toldAlready(incident, why);
    await this.#intend(index, step).catch(() => {});
    const message = {
      title: `Needs a person: ${incident.title}`,
      text: escalationText(incident, why),
      incident,
    };
    const error =
      known === undefined ? await this.#notify(receiver, message) : `told already, with incident ${known}`;
    // Told to stop before anybody was told: the next start tries again.
    if (error !== undefined && known === undefined && this.#signal.aborted) return;
    const state = known !== undefined ? 'skipped' : error === undefined ? 'done' : 'failed';
    const ended = this.#ended(index, step, { state, ...(error !== undefined && { error }) });
    // It may have been closed while nobody could be reached.
    if (!isOpen(this.#incident())) return this.#record(ended);
    const text = receiver === undefined ? `Escalated: ${why}` : `Escalated to ${receiver}: ${why}`;
    await book.record(this.#id, {
      entries: [ended, { time: clock.now(), kind: 'escalated', text }],
      set: { state: 'escalated', outcome: 'escalated' },
    });
  }

  /**
   * A storm of alerts must not become a storm of calls for a person: who has been told why a runbook does nothing is not
   * told again while that incident is open. @returns its id
   */
  #toldAlready(incident: Incident, why: string): string | undefined {
    if (incident.actedAt !== undefined) return undefined;
    const told = this.#parts.book
      .all()
      .find(
        (other) =>
          other.id !== incident.id &&
          other.state === 'escalated' &&
          other.runbook === incident.runbook &&
          other.timeline.some(({ step }) => step?.kind === 'escalate' && step.state === 'done') &&
          other.timeline.some(({ text }) => text.endsWith(why)),
      );
    return told?.id;
  }

  /** @returns why it could not be told */
  async #notify(receiver: string | undefined, message: HealingMessage): Promise<string | undefined> {
    const { notify, clock, logger } = this.#parts;
    if (receiver === undefined || !notify) return 'no receiver is configured';
    for (let attempt = 0; ; attempt++) {
      try {
        await notify(receiver, message);
        return undefined;
      } catch (error) {
        const pause = NOTIFY_RETRIES[attempt];
        logger.warn({ err: error, receiver, incident: this.#id }, 'cannot escalate');
        if (pause === undefined || this.#signal.aborted) return (error as Error).message;
        await sleep(clock, pause, this.#signal);
      }
    }
  }

  #intend(index: number, step: Step, plan?: ActionPlan): Promise<void> {
    const { clock, book } = this.#parts;
    const incident = this.#incident();
    const time = clock.now();
    return book.intend(this.#id, {
      entries: [
        {
          time,
          kind: 'step',
          text: plan?.text ?? describeStep(step),
          step: { index, kind: step.kind, state: 'intended' },
        },
      ],
      set: {
        state: step.kind === 'verify' ? 'verifying' : step.kind === 'escalate' ? incident.state : 'healing',
        ...(plan && { actedAt: incident.actedAt ?? time, actions: [...incident.actions, plan.text] }),
      },
    });
  }

  /** How a step ended, for the timeline. */
  #ended(index: number, step: Step, end: StepEnd): TimelineEntry {
    const { clock, onStep } = this.#parts;
    const { plan, ...rest } = end;
    onStep(step.kind, end.state);
    return {
      time: clock.now(),
      kind: 'step',
      text: plan?.text ?? describeStep(step),
      step: { index, kind: step.kind, ...rest },
    };
  }

  #record(entry: TimelineEntry): Promise<void> {
    return this.#parts.book.record(this.#id, { entries: [entry] });
  }

  #incident(): Incident {
    return this.#parts.book.get(this.#id) as Incident;
  }
}

function escalationText(incident: Incident, why: string): string {
  const done = incident.actions.length > 0 ? incident.actions.join('; ') : 'nothing';
  return [
    `${incident.title} since ${new Date(incident.startsAt).toISOString()}.`,
    `Runbook: ${incident.runbook ?? 'none'}. Done so far: ${done}.`,
    `Why you are told: ${why}.`,
    `Incident ${incident.id}.`,
  ].join('\n');
}
