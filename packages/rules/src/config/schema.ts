import { converted, duration } from '@prunella/metrics/config';
import * as v from 'valibot';

// Scalars come as they were written (`ConfigSource.texts`): Go's YAML reads any of them into a string, so that
// `expr: 1` and `severity: 1.0` are valid.
const text = v.string();
const integer = converted((given) => {
  if (!/^[-+]?\d+$/.test(given)) throw new Error(`expected a whole number, got ${JSON.stringify(given)}`);
  return Number(given);
});
const strings = v.pipe(
  v.custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && !Array.isArray(value),
    'expected a map',
  ),
  v.record(
    v.string(),
    v.pipe(
      v.nullable(text),
      v.transform((value) => value ?? ''),
    ),
  ),
);

const ruleKeys = {
  record: v.optional(text, ''),
  alert: v.optional(text, ''),
  expr: v.optional(text, ''),
  for: v.optional(duration),
  keep_firing_for: v.optional(duration),
  labels: v.optional(v.nullable(strings)),
  annotations: v.optional(v.nullable(strings)),
};

function groupKeys<R extends v.GenericSchema>(rules: R) {
  return {
    name: v.optional(text, ''),
    interval: v.optional(duration),
    query_offset: v.optional(duration),
    limit: v.optional(integer),
    labels: v.optional(v.nullable(strings)),
    rules: v.optional(v.nullable(v.array(rules))),
  };
}

/** A rule as it stands in its file, before its meaning is looked at. Durations are ms. */
export interface RawRule {
  readonly record: string;
  readonly alert: string;
  readonly expr: string;
  readonly for?: number | undefined;
  readonly keep_firing_for?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  readonly annotations?: Readonly<Record<string, string>> | null | undefined;
}

export interface RawGroup {
  readonly name: string;
  readonly interval?: number | undefined;
  readonly query_offset?: number | undefined;
  readonly limit?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  readonly rules?: readonly RawRule[] | null | undefined;
}

export interface RawRuleFile {
  readonly groups?: readonly RawGroup[] | null | undefined;
}

/** With unknown keys as errors. */
export const strictSchema: v.GenericSchema<unknown, RawRuleFile> = v.strictObject({
  groups: v.optional(v.nullable(v.array(v.strictObject(groupKeys(v.strictObject(ruleKeys)))))),
});

/** With unknown keys ignored. */
export const looseSchema: v.GenericSchema<unknown, RawRuleFile> = v.object({
  groups: v.optional(v.nullable(v.array(v.object(groupKeys(v.object(ruleKeys)))))),
});
