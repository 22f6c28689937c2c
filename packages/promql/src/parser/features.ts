/**
 * Parts of the language that are off unless asked for, by the names of Prometheus's `--enable-feature`. Others
 * are taken and mean nothing, as `promql-duration-expr` since Prometheus 3.14.
 */
export const FEATURES: ReadonlySet<string> = new Set([
  'promql-experimental-functions',
  'promql-extended-range-selectors',
  'promql-binop-fill-modifiers',
  'promql-delayed-name-removal',
  'use-start-timestamps',
]);

export interface ParseOptions {
  readonly features?: ReadonlySet<string>;
}
