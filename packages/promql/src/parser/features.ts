/** Parts of the language that are off unless asked for, by the names of Prometheus's `--enable-feature`. */
export const FEATURES: ReadonlySet<string> = new Set([
  'promql-experimental-functions',
  'promql-duration-expr',
  'promql-extended-range-selectors',
  'promql-binop-fill-modifiers',
  'promql-delayed-name-removal',
  'use-start-timestamps',
]);

export interface ParseOptions {
  readonly features?: ReadonlySet<string>;
}
