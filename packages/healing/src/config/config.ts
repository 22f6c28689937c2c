/** healing.yml: which alerts are mended how, and within which limits. */
import type { Matcher } from '@prunella/metrics';
import { converted, duration, parseConfig } from '@prunella/metrics/config';
import type { ParseOptions } from '@prunella/promql/parser';
import * as v from 'valibot';
import { parseMatcher } from './matchers.ts';
import { DEFAULT_VERIFY, isActing, stepSchema, type Step } from './steps.ts';

export type Mode = 'auto' | 'approve' | 'dry-run';

/** A fixed service, or the one that a label names, if it is one of those allowed. */
export type Target =
  | { readonly service: string }
  | { readonly label: string; readonly allow: readonly string[] };

export interface Limits {
  /** ms after a run during which the same runbook does not act on the same target again */
  readonly cooldown: number;
  /** Runs on one target per `window` (ms). */
  readonly attempts: number;
  readonly window: number;
}

export interface Runbook {
  readonly name: string;
  readonly description: string;
  readonly match: readonly Matcher[];
  readonly target?: Target | undefined;
  readonly mode: Mode;
  /** Always with a `verify` behind what acts, and an `escalate` at the end. */
  readonly steps: readonly Step[];
  readonly limits: Limits;
}

export interface GlobalConfig {
  /** Runs at a time, over all targets. */
  readonly concurrency: number;
  /** Runs per `window` (ms), over all targets: a storm is not answered with a storm. */
  readonly actions: number;
  readonly window: number;
  /** So many failed runs of a runbook in a row stop it for `breaker_reset` ms. */
  readonly breaker_failures: number;
  readonly breaker_reset: number;
  /** ms */
  readonly approval_timeout: number;
  /** Who is told when a runbook does not say whom; nobody when not given. */
  readonly receiver?: string | undefined;
}

export interface HealingConfig {
  readonly global: GlobalConfig;
  readonly runbooks: readonly Runbook[];
}

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

const globalSchema = v.strictObject({
  concurrency: v.optional(positive, 2),
  actions: v.optional(positive, 20),
  window: v.optional(duration, '10m'),
  breaker_failures: v.optional(positive, 3),
  breaker_reset: v.optional(duration, '1h'),
  approval_timeout: v.optional(duration, '30m'),
  receiver: v.optional(v.string()),
});

const limitsSchema = v.strictObject({
  cooldown: v.optional(duration, '5m'),
  attempts: v.optional(positive, 3),
  window: v.optional(duration, '1h'),
});

const PRUNELLA = 'prunella';

const service = v.pipe(
  v.string(),
  v.minLength(1),
  v.check((name) => name !== PRUNELLA, 'Prunella does not act on itself'),
);

const targetSchema: v.GenericSchema<unknown, Target> = v.pipe(
  v.strictObject({
    service: v.optional(service),
    label: v.optional(v.string()),
    allow: v.optional(v.pipe(v.array(service), v.minLength(1))),
  }),
  v.check(
    (target) => (target.service === undefined) !== (target.label === undefined),
    'give either service, or label with allow',
  ),
  v.check(
    (target) => (target.label === undefined) === (target.allow === undefined),
    'a target from a label needs allow: the services that may be acted on',
  ),
  v.transform(({ service, label, allow }) =>
    service === undefined ? { label: label as string, allow: allow ?? [] } : { service },
  ),
);

function runbookSchema(options: ParseOptions): v.GenericSchema<unknown, Runbook> {
  return v.pipe(
    v.strictObject({
      name: v.pipe(v.string(), v.minLength(1)),
      description: v.optional(v.string(), ''),
      match: v.pipe(
        v.array(converted(parseMatcher)),
        v.minLength(1, 'a runbook that matches every alert is not allowed'),
      ),
      target: v.optional(targetSchema),
      mode: v.optional(v.picklist(['auto', 'approve', 'dry-run']), 'auto'),
      steps: v.pipe(
        v.array(stepSchema(options)),
        v.minLength(1, 'a runbook needs at least one step'),
        v.check(
          (steps) => !steps.slice(0, -1).some((step) => step.kind === 'escalate'),
          'nothing can follow escalate',
        ),
      ),
      limits: v.optional(limitsSchema, {}),
    }),
    v.check(
      (runbook) => runbook.target !== undefined || !runbook.steps.some(needsTarget),
      'restart, scale and captured logs need a target',
    ),
    v.transform((runbook) => ({ ...runbook, steps: completeSteps(runbook.steps) })),
  );
}

function healingSchema(options: ParseOptions): v.GenericSchema<unknown, HealingConfig> {
  return v.strictObject({
    global: v.optional(globalSchema, {}),
    runbooks: v.pipe(
      v.optional(v.array(runbookSchema(options)), []),
      v.check(
        (all) => new Set(all.map((each) => each.name)).size === all.length,
        'two runbooks have the same name',
      ),
    ),
  });
}

/**
 * @param options which features of PromQL expressions may use
 * @throws ConfigError with file, line and a hint for everything that is wrong
 */
export function parseHealing(text: string, file: string, options: ParseOptions = {}): HealingConfig {
  return parseConfig(text, file, healingSchema(options));
}

/** Everybody whom runbooks may tell: each has to be a receiver of alertmanager.yml. */
export function receiversOf({ global, runbooks }: HealingConfig): ReadonlySet<string> {
  const named = runbooks.flatMap(({ steps }) =>
    steps.map((step) => step.kind === 'escalate' && step.receiver),
  );
  return new Set([global.receiver, ...named].filter((name) => typeof name === 'string'));
}

/** What holds without a healing.yml: crashes are recorded, nothing is done. */
export const NO_HEALING: HealingConfig = v.parse(healingSchema({}), {});

function needsTarget(step: Step): boolean {
  return (
    step.kind === 'restart' || step.kind === 'scale' || (step.kind === 'capture' && step.logs !== undefined)
  );
}

/** No run ends without proof, and none that failed ends without telling somebody. */
function completeSteps(steps: readonly Step[]): Step[] {
  const complete = [...steps];
  const lastActing = steps.findLastIndex(isActing);
  if (!steps.some((step, i) => i > lastActing && step.kind === 'verify')) {
    const end = steps.at(-1)?.kind === 'escalate' ? steps.length - 1 : steps.length;
    complete.splice(end, 0, DEFAULT_VERIFY);
  }
  if (complete.at(-1)?.kind !== 'escalate') complete.push({ kind: 'escalate' });
  return complete;
}
