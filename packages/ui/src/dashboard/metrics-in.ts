import { tokenize } from '../promql/tokens.ts';

/** The metric names that an expression selects. */
export function metricsIn(expr: string): string[] {
  return [...new Set(tokenize(expr).flatMap((token) => (token.kind === 'metric' ? [token.text] : [])))];
}
