import { Labels, type FloatHistogram } from '@prunella/metrics';
import type { QueryResult, VectorSample } from '@prunella/promql';

export type Health = 'unknown' | 'ok' | 'err';

/** A sample that a rule wants stored. */
export interface RuleSample {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: FloatHistogram | undefined;
}

/** What every rule shows of its last evaluation. Times are ms. */
export interface RuleStatus {
  readonly health: Health;
  readonly lastError: string | undefined;
  /** When the last evaluation began; undefined before the first. */
  readonly lastEvaluation: number | undefined;
  readonly evaluationDurationMs: number;
}

/** A rule's samples must not clash, and there may be a limit. */
export class RuleError extends Error {
  override name = 'RuleError';
}

/** The instant vector that a rule works on. @throws RuleError for strings and range vectors */
export function vectorOf(result: QueryResult): readonly VectorSample[] {
  const { value } = result;
  switch (value.type) {
    case 'vector':
      return value.samples;
    case 'scalar':
      return [{ labels: Labels.empty, time: value.time, value: value.value }];
    case 'string':
    case 'matrix':
      throw new RuleError('rule result is not a vector or scalar');
  }
}
