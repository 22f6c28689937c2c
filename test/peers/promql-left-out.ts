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
  [/count_values.*"cluster"/, 'a label of the grouping hid that of the values until 3.0'],
  [
    /count_values.*\("[a-z]+", (?!\w+(\{[^{}]*\})?( offset \S+)?\))/,
    'the last digits of what is counted, which are labels here, are summed in another way since 3.0',
  ],
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

/** What no two implementations can agree on: the last bit of the argument decides the answer. */
const CHAOTIC: readonly (readonly [RegExp, string])[] = [
  [/\b(sin|cos|tan)\(.*(\^|exp|sinh|cosh)/, 'an angle of 1e300 that differs in its last bit'],
  [/\^.*%/, 'a remainder of such a number'],
];

/** Why this is not asked; undefined where it is. */
export function leftOut(expr: string): string | undefined {
  const rules = modern ? CHAOTIC : [...CHAOTIC, ...CHANGED];
  return rules.find(([pattern]) => pattern.test(expr))?.[1];
}
