import { METRIC_NAME } from '@prunella/metrics';
import type { RecordingRuleConfig } from '../config/model.ts';
import { inTurns } from '../turns.ts';
import { RuleError, vectorOf, type RuleSample } from './rule.ts';
import type { Query } from './template.ts';

/** Evaluates a recording rule: the expression's samples under the rule's name and labels. @throws */
export async function evaluateRecording(
  rule: RecordingRuleConfig,
  query: Query,
  time: number,
  limit: number,
  signal?: AbortSignal,
): Promise<RuleSample[]> {
  const vector = vectorOf(await query(rule.expr, time, signal));
  const changes = { ...rule.labels, [METRIC_NAME]: rule.name };
  const seen = new Set<string>();
  const samples: RuleSample[] = [];
  await inTurns(vector, ({ labels, value, histogram }) => {
    const own = labels.with(changes);
    seen.add(own.key);
    samples.push({ labels: own, value, histogram });
  });
  if (seen.size < samples.length) {
    throw new RuleError('vector contains metrics with the same labelset after applying rule labels');
  }
  if (limit > 0 && samples.length > limit) {
    throw new RuleError(`exceeded limit of ${limit} with ${samples.length} series`);
  }
  return samples;
}
