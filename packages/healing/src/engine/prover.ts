import { Labels, sleep, type Clock } from '@prunella/metrics';
import type { Workload } from '@prunella/workloads';
import { isSeriesOf } from '../alert/alert.ts';
import type { VerifyStep } from '../config/steps.ts';
import type { Incident } from '../incident/incident.ts';
import { isOf } from './actions.ts';
import type { ExpressionPort, QueryPort, WorkloadsPort } from './ports.ts';
import { within } from './within.ts';

export interface ProverParts {
  readonly clock: Clock;
  readonly workloads: WorkloadsPort;
  readonly query?: QueryPort;
  readonly expressionOf?: ExpressionPort;
}

/** What the world says of an incident: that it goes on, that it is over, or that it cannot be told. */
export interface Finding {
  readonly state: 'firing' | 'gone' | 'unknown';
  readonly why: string;
}

export interface Verification {
  readonly held: boolean;
  readonly why: string;
}

const QUERY_TIMEOUT = 30_000;
const PAUSE = 2000;

/** Finds out whether an incident is over. What cannot be known never counts as good. */
export class Prover {
  readonly #parts: ProverParts;

  constructor(parts: ProverParts) {
    this.#parts = parts;
  }

  /** Whether the alert is still true, before it is acted upon. Without an expression its sender's word is all there is. */
  async isFiring(incident: Incident): Promise<Finding> {
    if (incident.simulated) return { state: 'firing', why: 'sent by hand' };
    return (await this.#alertExpression(incident)) ?? { state: 'firing', why: 'no expression is known' };
  }

  /** Resolves when the proof has held for `step.for`, when `step.timeout` is over, or, not held, when aborted. */
  async verify(incident: () => Incident, step: VerifyStep, signal: AbortSignal): Promise<Verification> {
    const { clock } = this.#parts;
    let last = clock.now();
    let elapsed = 0;
    let good: number | undefined;
    while (!signal.aborted) {
      const finding = await this.#findings(incident(), step);
      // Of an hour that the clock jumped, or a minute that we were suspended, nothing was seen.
      const seen = Math.min(Math.max(0, clock.now() - last), QUERY_TIMEOUT + PAUSE);
      last = clock.now();
      elapsed += seen;
      good = finding.state === 'gone' ? (good === undefined ? 0 : good + seen) : undefined;
      if (good !== undefined && good >= step.for) return { held: true, why: finding.why };
      if (elapsed >= step.timeout) return { held: false, why: finding.why };
      const rest = good === undefined ? PAUSE : Math.min(PAUSE, step.for - good);
      await sleep(clock, Math.max(1, Math.min(rest, step.timeout - elapsed)), signal);
    }
    return { held: false, why: 'interrupted' };
  }

  /** Two signals: that the expression returns nothing may also mean that nothing is left to return anything. */
  async #findings(incident: Incident, step: VerifyStep): Promise<Finding> {
    const first =
      step.expr === undefined
        ? ((await this.#alertExpression(incident)) ?? withoutExpression(incident))
        : await this.#ask(step.expr, () => true);
    if (first.state !== 'gone') return first;
    const trouble = await this.workloadTrouble(incident.target);
    if (trouble !== undefined) return { state: 'firing', why: trouble };
    return {
      state: 'gone',
      why: incident.target === undefined ? first.why : `${first.why}; ${incident.target} runs`,
    };
  }

  /** Why a service cannot be said to be well, or undefined. */
  async workloadTrouble(service: string | undefined): Promise<string | undefined> {
    if (service === undefined) return undefined;
    let replicas: Workload[];
    try {
      replicas = (await this.#parts.workloads.list()).filter((each) => isOf(each, service));
    } catch (error) {
      return `cannot tell how ${service} is: ${(error as Error).message}`;
    }
    if (replicas.length === 0) return `nothing of ${service} runs`;
    const bad = replicas.find((each) => each.state !== 'running' || each.healthy === false);
    return bad && `${bad.name} is ${bad.state === 'running' ? 'unhealthy' : bad.state}`;
  }

  /** @returns undefined where the alert's expression is not known, or nobody can evaluate it */
  async #alertExpression(incident: Incident): Promise<Finding | undefined> {
    const { expressionOf, query } = this.#parts;
    if (!expressionOf || !query) return undefined;
    const labels = Labels.from(incident.labels);
    try {
      const expression = await expressionOf(labels, incident.generatorURL);
      if (!expression) return undefined;
      const { expr, ruleLabels } = expression;
      return await this.#ask(expr, (series) => isSeriesOf(labels, series, ruleLabels));
    } catch (error) {
      return { state: 'unknown', why: `cannot find the alert's expression: ${(error as Error).message}` };
    }
  }

  async #ask(expr: string, concerns: (series: Labels) => boolean): Promise<Finding> {
    const { clock, query } = this.#parts;
    if (!query) return { state: 'unknown', why: 'nobody can evaluate an expression' };
    try {
      const { value } = await within(query(expr, clock.now()), QUERY_TIMEOUT, clock);
      if (value.type !== 'vector')
        return { state: 'unknown', why: `${expr} gives a ${value.type}, not a vector` };
      const still = value.samples.find((sample) => concerns(sample.labels));
      if (still)
        return { state: 'firing', why: `${expr} returns ${still.labels.toString()} = ${still.value}` };
      return { state: 'gone', why: `${expr} returns nothing` };
    } catch (error) {
      return { state: 'unknown', why: `cannot evaluate ${expr}: ${(error as Error).message}` };
    }
  }
}

function withoutExpression(incident: Incident): Finding {
  if (incident.simulated) return { state: 'gone', why: 'the alert was sent by hand' };
  if (incident.resolvedAt != null) return { state: 'gone', why: 'the alert is resolved' };
  return { state: 'firing', why: 'the alert has not been resolved' };
}
