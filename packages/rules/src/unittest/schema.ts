import { parseFloatGo } from '@prunella/metrics';
import { ConfigSource, converted, duration, validate } from '@prunella/metrics/config';
import * as v from 'valibot';

/** A file of rule unit tests, in promtool's format. Durations and times are ms. */
export interface TestFile {
  readonly rule_files: readonly string[];
  readonly evaluation_interval: number;
  readonly group_eval_order: readonly string[];
  readonly fuzzy_compare: boolean;
  readonly tests: readonly TestGroup[];
}

export interface TestGroup {
  readonly name: string;
  readonly interval?: number | undefined;
  readonly start_timestamp: number;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly alert_rule_test: readonly AlertTest[];
  readonly promql_expr_test: readonly ExprTest[];
  readonly external_labels: Readonly<Record<string, string>>;
  readonly external_url: string;
}

export interface AlertTest {
  readonly eval_time: number;
  readonly alertname: string;
  readonly exp_alerts: readonly {
    readonly exp_labels: Readonly<Record<string, string>>;
    readonly exp_annotations: Readonly<Record<string, string>>;
  }[];
}

export interface ExprTest {
  readonly expr: string;
  readonly eval_time: number;
  readonly exp_samples: readonly {
    readonly labels: string;
    readonly value: number;
    readonly histogram: string;
  }[];
}

// Scalars come as they were written: see ConfigSource.texts.
const text = v.string();
const boolean = converted((given) => {
  if (given !== 'true' && given !== 'false')
    throw new Error(`expected true or false, got ${JSON.stringify(given)}`);
  return given === 'true';
});
const float = converted((given) => {
  const value = parseFloatGo(given.replace(/^([-+]?)\.(?=inf|nan)/i, '$1'));
  if (value === undefined) throw new Error(`expected a number, got ${JSON.stringify(given)}`);
  return value;
});
const time = v.optional(duration, '0');
/** An empty key is null in YAML. */
const strings = v.optional(
  v.pipe(
    v.nullable(v.record(v.string(), text)),
    v.transform((value) => value ?? {}),
  ),
  null,
);

function list<S extends v.GenericSchema>(item: S) {
  return v.optional(
    v.pipe(
      v.nullable(v.array(item)),
      v.transform((value) => value ?? []),
    ),
    null,
  );
}

/** Seconds since the epoch, or RFC 3339 → ms. */
const timestamp = converted((given) => {
  const ms = /^-?\d+(?:\.\d+)?$/.test(given) ? Number(given) * 1000 : Date.parse(given);
  if (Number.isNaN(ms))
    throw new Error(`not a time: ${JSON.stringify(given)} (write seconds or 2021-01-01T00:00:00Z)`);
  return ms;
});

const alertTest = v.strictObject({
  eval_time: time,
  alertname: v.optional(text, ''),
  exp_alerts: list(v.strictObject({ exp_labels: strings, exp_annotations: strings })),
});

const exprTest = v.strictObject({
  expr: v.optional(text, ''),
  eval_time: time,
  exp_samples: list(
    v.strictObject({
      labels: v.optional(text, ''),
      value: v.optional(float, '0'),
      histogram: v.optional(v.string(), ''),
    }),
  ),
});

const group = v.strictObject({
  name: v.optional(text, ''),
  interval: v.optional(duration),
  start_timestamp: v.optional(timestamp, '0'),
  input_series: list(v.strictObject({ series: text, values: text })),
  alert_rule_test: list(alertTest),
  promql_expr_test: list(exprTest),
  external_labels: strings,
  external_url: v.optional(v.string(), ''),
});

const schema = v.strictObject({
  rule_files: list(v.string()),
  evaluation_interval: v.optional(duration, '1m'),
  group_eval_order: list(v.string()),
  fuzzy_compare: v.optional(boolean, 'false'),
  tests: list(group),
});

/** @throws ConfigError */
export function parseTestFile(content: string, file: string): TestFile {
  const source = new ConfigSource(content, file);
  const parsed: TestFile = validate(source, schema, source.texts);
  return { ...parsed, evaluation_interval: parsed.evaluation_interval || 60_000 };
}
