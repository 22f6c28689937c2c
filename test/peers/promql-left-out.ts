import type { Answer, Question } from './promql-compare.ts';
import { modern } from './promql-peers.ts';

/** What releases before 3.0 answer otherwise, or do not know, with the reason. */
const CHANGED: readonly (readonly [RegExp, string])[] = [
  [
    /\b(mad_over_time|double_exponential_smoothing|sort_by_label\w*|ts_of_\w+|first_over_time)\(/,
    'came with 2.46 to 3.5',
  ],
  [/\b(limitk|limit_ratio)\b/, 'came with 2.54'],
  [/\bhistogram_(avg|stddev|stdvar)\(/, 'came with 2.49'],
  [/\batan2\b/, 'kept the metric name until 2.5x'],
  [/predict_linear\(.* @/, 'what has an @ counted as constant, whatever the time'],
  [
    /\[\w+:\w*\].*(\[\w+:\w*\]|@)/,
    'the steps of one subquery meet the left edge of the other, which belonged to it',
  ],
  [/__name__=~.*[<>=!]=?/, 'a second match was no error where a comparison filtered it'],
  [/deriv\(.*\^/, 'sums near the largest number'],
  [
    /\b(stddev|stdvar|avg)(_over_time)?\b.*(odd|[/^]|quantile)/,
    'means and deviations of infinities, and rounding, are other ones since 2.54',
  ],
  [/\bholt_winters\b/, 'goes by another name since 3.0'],
];

/** What none of the peers is asked, mostly because the last bit of a number decides the answer. */
const NEVER: readonly (readonly [RegExp, string])[] = [
  [
    /limitk\(\d+, (?!\w+(\{[^{}]*\})?( offset \S+)?\))/,
    'which are the first of a computed vector, a Go map decides',
  ],
  [
    /count_values.*\("[a-z]+", (?!\w+(\{[^{}]*\})?( offset \S+)?\))/,
    'the last digits of what is counted, which are labels here, are summed in another way elsewhere',
  ],
  [
    /\b(stddev|stdvar)(_over_time)?\b.*(bool|atan2?)/,
    'a deviation of equal values, which is 0 or the last bit of them',
  ],
  [/count_values.*"cluster"/, 'a label that is grouped by hides that of the values up to 3.5'],
  [/\b(sin|cos|tan)\(.*(\^|exp|sinh|cosh)/, 'an angle of 1e300 that differs in its last bit'],
  [/\^.*%/, 'a remainder of such a number'],
];

/** What 3.5 answers otherwise than the release whose language ours is. */
const CHANGED_SINCE_3: readonly (readonly [RegExp, string])[] = [
  [/histogram_fraction\(.*_bucket/, 'NaN in the first bucket of classic histograms'],
  [
    /\b(rate|increase)\(.*(native_gauge|native_mixed|(delta|rate|increase)\(.*(size|native|custom))/,
    'counts of histograms extrapolated beyond zero',
  ],
  [/native_bounds/, 'bounds of custom buckets that change are reconciled since 3.8'],
  [
    /histogram_(count|sum|avg)\(.*(native_mixed|custom_seconds)/,
    'the kind of buckets is not seen where only counts are read',
  ],
  [/histogram_(fraction|quantile)\(.*(delta|-.*native_gauge)/, 'counts below zero'],
  [/mad_over_time\(.*odd/, 'NaN counted as the smallest value'],
  [/count_values.*native|count_values.*(size_bytes|custom_seconds)/, 'the last digit of a bound'],
];

/** Messages that came after 3.5. */
const NEW_MESSAGES = /conflicting counter resets during|sort is ineffective for range queries/;

/** Our answer as the peer's release would have it; undefined where that release could not compute it. */
export function asThePeer(ours: Answer, theirs: Answer): Answer | undefined {
  if (theirs.warnings?.some((text) => text.includes('incompatible custom buckets'))) return undefined;
  // Bounds of custom buckets are reconciled since 3.8; in 3.5 a quantile beside NaN takes the bounds of another bucket.
  if (ours.infos?.some((text) => /mismatched custom buckets were reconciled|quantile has NaN/.test(text)))
    return undefined;
  // Faults that are found even where a comparison, or nothing to choose from, hides them.
  if (!theirs.error && /^multiple matches|^Parameter value is NaN/.test(ours.error ?? '')) return undefined;
  return { ...ours, warnings: (ours.warnings ?? []).filter((text) => !NEW_MESSAGES.test(text)) };
}

/** Whether equal values compete in a computed vector: which of them is taken, a Go map decides. */
export function hasTies({ expr, step }: Question): boolean {
  const nested = /\b(topk|bottomk)\b/.test(
    step === undefined ? expr.replace(/^(topk|bottomk) *\(/, '') : expr,
  );
  return nested && !/^(topk|bottomk)\(\d+, \w+(\{[^{}]*\})?\)$/.test(expr);
}

/** Why this is not asked; undefined where it is. */
export function leftOut(expr: string): string | undefined {
  const rules = [...NEVER, ...(modern ? CHANGED_SINCE_3 : CHANGED)];
  return rules.find(([pattern]) => pattern.test(expr))?.[1];
}
