/** The steps that a runbook can have. In healing.yml each is a map with one key, its kind. */
import { converted, duration } from '@prunella/metrics/config';
import { parse, type ParseOptions } from '@prunella/promql/parser';
import * as v from 'valibot';

export interface CaptureStep {
  readonly kind: 'capture';
  /** How many of the target's last lines. */
  readonly logs?: number;
  readonly query: readonly string[];
}

export interface RestartStep {
  readonly kind: 'restart';
  /** ms */
  readonly timeout: number;
}

export interface ScaleStep {
  readonly kind: 'scale';
  /** So many replicas … */
  readonly replicas?: number;
  /** … or so many more (fewer, when negative) than there are, */
  readonly by?: number;
  /** but never more than this. */
  readonly max: number;
  readonly timeout: number;
}

export interface HttpStep {
  readonly kind: 'http';
  readonly method: string;
  readonly url: string;
  readonly body?: string;
  /** The status that counts as success; any of 2xx when not given. */
  readonly expect?: number;
  readonly timeout: number;
}

export interface WaitStep {
  readonly kind: 'wait';
  /** ms */
  readonly for: number;
}

export interface VerifyStep {
  readonly kind: 'verify';
  /** What must return nothing. Default: the alert's own expression, for the alert's series. */
  readonly expr?: string;
  /** ms for which it has to hold without a break */
  readonly for: number;
  /** ms after which it has failed */
  readonly timeout: number;
}

export interface EscalateStep {
  readonly kind: 'escalate';
  /** Default: the global receiver. */
  readonly receiver?: string;
}

export type Step = CaptureStep | RestartStep | ScaleStep | HttpStep | WaitStep | VerifyStep | EscalateStep;

export const DEFAULT_VERIFY: VerifyStep = { kind: 'verify', for: 30_000, timeout: 300_000 };

const ACTING: ReadonlySet<string> = new Set(['restart', 'scale', 'http']);

/** Whether a step changes something. */
export function isActing({ kind }: { readonly kind: string }): boolean {
  return ACTING.has(kind);
}

/** A step in a sentence's words: `restart`, `scale to 3`. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'capture':
      return `capture ${[step.logs && `${step.logs} log lines`, ...step.query].filter(Boolean).join(', ')}`;
    case 'restart':
      return 'restart';
    case 'scale':
      return step.replicas === undefined
        ? `scale by ${step.by}, to at most ${step.max}`
        : `scale to ${step.replicas}`;
    case 'http':
      return `${step.method} ${withoutPassword(step.url)}`;
    case 'wait':
      return `wait ${step.for / 1000} s`;
    case 'verify':
      return `verify for ${step.for / 1000} s that ${step.expr ?? 'the alert’s expression'} returns nothing`;
    case 'escalate':
      return `escalate to ${step.receiver ?? 'the default receiver'}`;
    default:
      return step satisfies never;
  }
}

/** An address may carry credentials in its user part and its query. */
function withoutPassword(address: string): string {
  const url = new URL(address);
  return `${url.origin}${url.pathname}`;
}

const timeout = v.optional(duration, '2m');
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000));

/** The schemas of the steps' bodies; expressions may use what is enabled. */
function bodies(options: ParseOptions) {
  const expression = converted((text) => {
    parse(text, options);
    return text;
  });
  return {
    capture: v.pipe(
      v.strictObject({
        logs: v.optional(v.strictObject({ tail: v.optional(v.pipe(count, v.minValue(1)), 100) })),
        query: v.optional(v.array(expression), []),
      }),
      v.transform(({ logs, query }) => ({ query, ...(logs && { logs: logs.tail }) })),
    ),
    restart: v.strictObject({ timeout }),
    scale: v.pipe(
      v.strictObject({
        replicas: v.optional(count),
        by: v.optional(v.pipe(v.number(), v.integer())),
        max: v.optional(v.pipe(count, v.minValue(1)), 10),
        timeout,
      }),
      v.check(
        (scale) => (scale.replicas === undefined) !== (scale.by === undefined),
        'give either replicas or by',
      ),
      v.check((scale) => (scale.replicas ?? 0) <= scale.max, 'replicas is more than max'),
    ),
    http: v.strictObject({
      method: v.optional(v.picklist(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']), 'POST'),
      url: v.pipe(v.string(), v.check(isHttpUrl, 'not an http or https address')),
      body: v.optional(v.string()),
      expect: v.optional(v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(599))),
      timeout: v.optional(duration, '30s'),
    }),
    wait: v.strictObject({ for: duration }),
    verify: v.pipe(
      v.strictObject({
        expr: v.optional(expression),
        for: v.optional(duration, '30s'),
        timeout: v.optional(duration, '5m'),
      }),
      v.check((verify) => verify.for < verify.timeout, 'for must be shorter than timeout'),
    ),
    escalate: v.strictObject({ receiver: v.optional(v.string()) }),
  } as const;
}

type Bodies = ReturnType<typeof bodies>;

export const STEP_KINDS: readonly string[] = Object.keys(bodies({}));

/** `{restart: {}}` → `{kind: 'restart', …}`. A body that is left out is an empty one. */
export function stepSchema(options: ParseOptions): v.GenericSchema<unknown, Step> {
  const known = bodies(options);
  return v.pipe(
    v.lazy((input) => bodySchema(known, input)),
    v.transform((step) => {
      const [[kind, body]] = Object.entries(step) as [[string, object]];
      return { kind, ...body } as Step;
    }),
  );
}

function bodySchema(known: Bodies, input: unknown): v.GenericSchema<unknown, Record<string, object>> {
  const kinds = typeof input === 'object' && input !== null ? Object.keys(input) : [];
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) return never(`a step has one key: ${STEP_KINDS.join(', ')}`);
  if (!Object.hasOwn(known, kind)) return never(unknownStep(kind));
  const body = known[kind as keyof Bodies] as v.GenericSchema<unknown, Record<string, unknown>>;
  return v.strictObject({ [kind]: v.nullish(body, {}) }) as v.GenericSchema<unknown, Record<string, object>>;
}

function never(message: string): v.GenericSchema<unknown, Record<string, object>> {
  return v.custom<Record<string, object>>(() => false, message);
}

function unknownStep(kind: string): string {
  const near = STEP_KINDS.find((known) => distance(known, kind) <= 2);
  const hint = near ? `did you mean ${JSON.stringify(near)}?` : `known are ${STEP_KINDS.join(', ')}`;
  return `unknown step ${JSON.stringify(kind)}: ${hint}`;
}

/** How many letters must be changed, added or left out (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const change = (row[j] as number) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
