import { sleep, type Clock } from '@prunella/metrics';
import type { Expectation, Fault, GamedayPlan, Scenario } from './plan.ts';

/** An incident as seen from outside. Times are ms since the epoch. */
export interface ObservedIncident {
  readonly id: string;
  readonly alertname: string;
  readonly target?: string;
  readonly closed: boolean;
  readonly outcome?: string;
  readonly detectedAt: number;
  readonly toldAt?: number;
  readonly actedAt?: number;
  readonly healedAt?: number;
  /** Steps that changed something. */
  readonly actions: number;
}

export interface GamedayPorts {
  readonly clock: Clock;
  readonly inject: (fault: Fault) => Promise<void>;
  /** Newest first. */
  readonly incidents: () => Promise<readonly ObservedIncident[]>;
  /** Whether an expression returns something at the moment. Rejects when it cannot be told. */
  readonly holds: (expr: string) => Promise<boolean>;
  /** One line on what goes on. */
  readonly say: (line: string) => void;
}

/** Times in ms from the injection; undefined where it did not happen. */
export interface ScenarioResult {
  readonly name: string;
  readonly verdict: 'passed' | 'failed' | 'skipped';
  /** Why it is not passed. */
  readonly faults: readonly string[];
  readonly incident?: string;
  readonly outcome?: string;
  readonly detected?: number;
  readonly told?: number;
  readonly acted?: number;
  readonly healed?: number;
  readonly actions: number;
}

const POLL = 1000;
// Clocks of two processes on one machine agree; an alert's start is rounded down to its rule's evaluation.
const TOLERANCE = 1000;

/**
 * Injects one fault after the other and watches what becomes of it. Only into a steady state; as soon as `abort_when`
 * is true, the fault is undone and the day is over. Never throws: what went wrong is in the results.
 */
export async function runGameday(
  plan: GamedayPlan,
  ports: GamedayPorts,
  signal: AbortSignal,
): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  let over: string | undefined;
  for (const scenario of plan.scenarios) {
    over ??= signal.aborted ? 'interrupted' : await unsteady(plan, ports, signal);
    if (over !== undefined) {
      results.push({ name: scenario.name, verdict: 'skipped', faults: [over], actions: 0 });
      continue;
    }
    const { result, aborted } = await runScenario(scenario, plan, ports, signal);
    results.push(result);
    ports.say(`${scenario.name}: ${result.verdict}`);
    over = aborted;
  }
  return results;
}

/** Waits for the steady state. @returns why there is none */
async function unsteady(
  plan: GamedayPlan,
  ports: GamedayPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const end = ports.clock.now() + plan.patience;
  for (;;) {
    const why = await trouble(plan, ports);
    if (why === undefined) return undefined;
    if (signal.aborted || ports.clock.now() >= end) return `not steady: ${why}`;
    await sleep(ports.clock, POLL, signal);
  }
}

async function trouble(plan: GamedayPlan, ports: GamedayPorts): Promise<string | undefined> {
  try {
    const open = (await ports.incidents()).find((incident) => !incident.closed);
    if (open) return `an incident is open: ${open.alertname}`;
    return await firstThatHolds([...plan.steady, ...plan.abort_when], ports);
  } catch (error) {
    return `cannot tell: ${(error as Error).message}`;
  }
}

async function firstThatHolds(
  expressions: readonly string[],
  ports: GamedayPorts,
): Promise<string | undefined> {
  for (const expr of expressions) if (await ports.holds(expr)) return `${expr} returns something`;
  return undefined;
}

async function runScenario(
  scenario: Scenario,
  plan: GamedayPlan,
  ports: GamedayPorts,
  signal: AbortSignal,
): Promise<{ result: ScenarioResult; aborted: string | undefined }> {
  const { clock, say } = ports;
  say(`${scenario.name}: injecting`);
  const injectedAt = clock.now();
  let incident: ObservedIncident | undefined;
  let aborted: string | undefined;
  let broken: string | undefined;
  try {
    await ports.inject(scenario.inject);
    ({ incident, aborted } = await watch(scenario, injectedAt, plan, ports, signal));
  } catch (error) {
    broken = (error as Error).message;
  } finally {
    await undo(scenario, ports);
  }
  const faults = broken === undefined ? judge(scenario.expect, incident, injectedAt) : [broken];
  if (aborted !== undefined) faults.unshift(aborted);
  return { result: toResult(scenario, incident, injectedAt, faults), aborted };
}

/** Until the incident is closed, or everything that was expected is late. */
async function watch(
  scenario: Scenario,
  injectedAt: number,
  plan: GamedayPlan,
  ports: GamedayPorts,
  signal: AbortSignal,
): Promise<{ incident: ObservedIncident | undefined; aborted: string | undefined }> {
  const { clock, say } = ports;
  const { detected, told = 0, healed = 0 } = scenario.expect;
  const end = injectedAt + Math.max(detected, told, healed);
  let seen = '';
  let incident: ObservedIncident | undefined;
  for (;;) {
    incident = findIncident(await ports.incidents(), scenario.expect, injectedAt) ?? incident;
    const now = describe(incident);
    if (now !== seen) say(`${scenario.name}: ${(seen = now)}`);
    const aborted = signal.aborted
      ? 'interrupted'
      : await firstThatHolds(plan.abort_when, ports).then((why) => why && `stopped: ${why}`);
    if (aborted !== undefined || incident?.closed || clock.now() > end) return { incident, aborted };
    await sleep(clock, POLL, signal);
  }
}

function findIncident(
  incidents: readonly ObservedIncident[],
  { alert, target }: Expectation,
  injectedAt: number,
): ObservedIncident | undefined {
  return incidents.findLast(
    (incident) =>
      incident.alertname === alert &&
      incident.detectedAt >= injectedAt - TOLERANCE &&
      (target === undefined || incident.target === target),
  );
}

function judge(expect: Expectation, incident: ObservedIncident | undefined, injectedAt: number): string[] {
  if (!incident) return [`no incident ${expect.alert} within ${expect.detected / 1000} s`];
  const faults: string[] = [];
  const within = (what: string, at: number | undefined, limit: number | undefined): void => {
    if (limit === undefined) return;
    if (at === undefined) faults.push(`not ${what} within ${limit / 1000} s`);
    else if (at - injectedAt > limit)
      faults.push(`${what} after ${(at - injectedAt) / 1000} s, not ${limit / 1000} s`);
  };
  within('detected', incident.detectedAt, expect.detected);
  within('told', incident.toldAt, expect.told);
  within('healed', incident.healedAt, expect.healed);
  if (expect.actions !== undefined && incident.actions !== expect.actions) {
    faults.push(`acted ${incident.actions} times, not ${expect.actions}`);
  }
  return faults;
}

function toResult(
  { name }: Scenario,
  incident: ObservedIncident | undefined,
  injectedAt: number,
  faults: readonly string[],
): ScenarioResult {
  const verdict = faults.length === 0 ? 'passed' : 'failed';
  if (!incident) return { name, verdict, faults, actions: 0 };
  const since = (key: string, at: number | undefined): object =>
    at === undefined ? {} : { [key]: Math.max(0, at - injectedAt) };
  return {
    name,
    verdict,
    faults,
    incident: incident.id,
    ...(incident.outcome !== undefined && { outcome: incident.outcome }),
    ...since('detected', incident.detectedAt),
    ...since('told', incident.toldAt),
    ...since('acted', incident.actedAt),
    ...since('healed', incident.healedAt),
    actions: incident.actions,
  };
}

async function undo({ name, undo: fault }: Scenario, { inject, say }: GamedayPorts): Promise<void> {
  if (!fault) return;
  await inject(fault).catch((error: unknown) => say(`${name}: cannot undo: ${(error as Error).message}`));
}

function describe(incident: ObservedIncident | undefined): string {
  if (!incident) return 'waiting';
  if (incident.closed) return `closed, ${incident.outcome ?? 'without outcome'}`;
  if (incident.healedAt !== undefined) return 'healed';
  if (incident.actedAt !== undefined) return 'acted';
  return incident.toldAt === undefined ? 'detected' : 'told';
}
