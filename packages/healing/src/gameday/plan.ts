/** A game day's file: which faults to inject, and what Prunella is expected to do about each. */
import { converted, duration, parseConfig } from '@prunella/metrics/config';
import { FEATURES, parse } from '@prunella/promql/parser';
import * as v from 'valibot';

export interface HttpFault {
  readonly method: string;
  readonly url: string;
  readonly body?: string | undefined;
}

/** A signal to the first process of a service, or to one workload by its name. */
export interface SignalFault {
  readonly workload: string;
  readonly signal: NodeJS.Signals;
}

export type Fault = { readonly http: HttpFault } | { readonly signal: SignalFault };

/** Times are ms from the injection; one that is not given is not required. */
export interface Expectation {
  readonly alert: string;
  readonly target?: string | undefined;
  readonly detected: number;
  readonly told?: number | undefined;
  readonly healed?: number | undefined;
  /** How many steps that change something; one for each is one too many otherwise. */
  readonly actions?: number | undefined;
}

export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly inject: Fault;
  /** Done in any case, at the end. */
  readonly undo?: Fault | undefined;
  readonly expect: Expectation;
}

export interface GamedayPlan {
  readonly name: string;
  /** Expressions that must return nothing before a fault is injected: who is ill already is not experimented on. */
  readonly steady: readonly string[];
  /** Expressions that end the day as soon as one returns something: the harm may not spread. */
  readonly abort_when: readonly string[];
  /** How long to wait for the steady state before each scenario, ms. */
  readonly patience: number;
  readonly scenarios: readonly Scenario[];
}

// Which features are on is for the server to say that is asked.
const expression = converted((text) => {
  parse(text, { features: FEATURES });
  return text;
});

const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGSTOP', 'SIGCONT', 'SIGABRT', 'SIGSEGV'] as const;

const httpFault = v.strictObject({
  method: v.optional(v.picklist(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']), 'POST'),
  url: v.pipe(v.string(), v.url('not an address')),
  body: v.optional(v.string()),
});

const signalFault = v.strictObject({
  workload: v.string(),
  signal: v.optional(v.picklist(SIGNALS), 'SIGKILL'),
});

const fault = v.union([v.strictObject({ http: httpFault }), v.strictObject({ signal: signalFault })]);

const scenario = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1)),
  description: v.optional(v.string(), ''),
  inject: fault,
  undo: v.optional(fault),
  expect: v.strictObject({
    alert: v.string(),
    target: v.optional(v.string()),
    detected: v.optional(duration, '2m'),
    told: v.optional(duration),
    healed: v.optional(duration),
    actions: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
});

export const gamedaySchema: v.GenericSchema<unknown, GamedayPlan> = v.strictObject({
  name: v.optional(v.string(), 'game day'),
  steady: v.optional(v.array(expression), []),
  abort_when: v.optional(v.array(expression), []),
  patience: v.optional(duration, '2m'),
  scenarios: v.pipe(v.array(scenario), v.minLength(1, 'a game day needs at least one scenario')),
});

/** @throws ConfigError with file and line */
export function parseGameday(text: string, file: string): GamedayPlan {
  return parseConfig(text, file, gamedaySchema);
}
