import { METRIC_NAME } from '@prunella/metrics';
import type { VectorMatching } from '../parser/ast.ts';
import { newSeries, type StepSeries } from './value.ts';

interface Presence {
  readonly first: StepSeries;
  readonly present: Uint8Array;
}

type Signature = (series: StepSeries) => string;

function presenceOf(side: readonly StepSeries[], signature: Signature, steps: number): Map<string, Presence> {
  const found = new Map<string, Presence>();
  for (const series of side) {
    const key = signature(series);
    const known = found.get(key) ?? { first: series, present: new Uint8Array(steps) };
    for (let i = 0; i < steps; i++) if (series.present[i]) known.present[i] = 1;
    found.set(key, known);
  }
  return found;
}

/** The side with one more series per match group, of its labels alone, that has the value wherever only `other` has any. */
function filled(
  side: readonly StepSeries[],
  other: readonly StepSeries[],
  value: number | undefined,
  matching: VectorMatching,
  signature: Signature,
  steps: number,
): readonly StepSeries[] {
  if (value === undefined) return side;
  const there = presenceOf(side, signature, steps);
  const names = new Set(matching.labels);
  const result = [...side];
  for (const [key, { first, present }] of presenceOf(other, signature, steps)) {
    const labels = matching.on
      ? first.labels.keep(names)
      : first.labels.drop(new Set([...names, METRIC_NAME]));
    const out = newSeries(labels, steps);
    for (let i = 0; i < steps; i++) {
      if (!present[i] || there.get(key)?.present[i]) continue;
      out.values[i] = value;
      out.present[i] = 1;
    }
    if (out.present.includes(1)) result.push(out);
  }
  return result;
}

/** Both sides of an operation with what `fill`, `fill_left` and `fill_right` put in. */
export function fillSides(
  left: readonly StepSeries[],
  right: readonly StepSeries[],
  matching: VectorMatching,
  signature: Signature,
  steps: number,
): [readonly StepSeries[], readonly StepSeries[]] {
  // As in Prometheus, "left" is the many side of a group_right, where it stands on the right.
  const swapped = matching.card === 'one-to-many';
  const [fillLeft, fillRight] = swapped
    ? [matching.fillRight, matching.fillLeft]
    : [matching.fillLeft, matching.fillRight];
  return [
    filled(left, right, fillLeft, matching, signature, steps),
    filled(right, left, fillRight, matching, signature, steps),
  ];
}
