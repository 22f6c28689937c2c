import { duration } from '@prunella/metrics/config';
import * as v from 'valibot';

/** Go's YAML reads any scalar into a string; so do labels, annotations and `expr: 1` here. */
const text = v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String));
const strings = v.record(v.string(), text);
const milliseconds = v.pipe(text, duration);

const ruleKeys = {
  record: v.optional(text, ''),
  alert: v.optional(text, ''),
  expr: v.optional(text, ''),
  for: v.optional(milliseconds),
  keep_firing_for: v.optional(milliseconds),
  labels: v.optional(v.nullable(strings)),
  annotations: v.optional(v.nullable(strings)),
};

function groupKeys<R extends v.GenericSchema>(rules: R) {
  return {
    name: v.optional(text, ''),
    interval: v.optional(milliseconds),
    query_offset: v.optional(milliseconds),
    limit: v.optional(v.pipe(v.number(), v.integer())),
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
