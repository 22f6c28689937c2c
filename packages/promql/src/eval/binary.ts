import { Labels, METRIC_NAME } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { ARITHMETIC, COMPARISONS } from '../functions/numeric.ts';
import type { Binary, VectorMatching } from '../parser/ast.ts';
import type { Notes } from '../histogram/algebra.ts';
import { combine, incompatibleText, type Side } from './combine.ts';
import { fillSides } from './fill.ts';
import { mergeEqual, withoutMetadata } from './series.ts';
import { copyStep, newSeries, setHistogram, type StepSeries } from './value.ts';

/** What a pair of values gives: the value to keep, or undefined where a comparison filters it out. */
type Operation = (left: number, right: number) => number | undefined;

/** @param keepRight a filter keeps the value on the right: the vector's, where a scalar stands on the left */
function operationOf({ op, bool }: Binary, keepRight = false): Operation {
  const arithmetic = ARITHMETIC[op];
  if (arithmetic) return arithmetic;
  const compare = COMPARISONS[op];
  if (!compare) throw new QueryError('internal', `BUG: no operator ${op}`);
  if (bool) return (left, right) => (compare(left, right) ? 1 : 0);
  return (left, right) => (compare(left, right) ? (keepRight ? right : left) : undefined);
}

export function scalarBinary(node: Binary, left: Float64Array, right: Float64Array): Float64Array {
  const operation = operationOf(node);
  return left.map((value, i) => operation(value, right[i] as number) ?? NaN);
}

/** A comparison that filters keeps the name; whatever computes a new value drops it. */
function keepsName({ op, bool }: Binary): boolean {
  return (COMPARISONS[op] !== undefined && !bool) || TRIMS.has(op);
}

export function vectorScalar(
  tell: Tell,
  node: Binary,
  series: readonly StepSeries[],
  scalar: Float64Array,
  vectorIsLeft: boolean,
): StepSeries[] {
  const trims = TRIMS.has(node.op);
  const operation = trims ? () => undefined : operationOf(node, !vectorIsLeft);
  const result = series.map(({ labels, values, present, dropName, histograms }) => {
    const out = newSeries(labels, values.length, dropName || !keepsName(node));
    for (let i = 0; i < values.length; i++) {
      if (!present[i]) continue;
      const value = values[i] as number;
      const other = scalar[i] as number;
      const histogram = histograms?.[i];
      if (histogram || trims) {
        const [mine, theirs] = [
          { value, histogram },
          { value: other, histogram: undefined },
        ];
        const [a, b] = vectorIsLeft ? [mine, theirs] : [theirs, mine];
        putCombined(tell, node, a, b, out, i);
        continue;
      }
      const computed = vectorIsLeft ? operation(value, other) : operation(other, value);
      if (computed === undefined) continue;
      out.values[i] = computed;
      out.present[i] = 1;
    }
    return out;
  });
  return mergeEqual(result).filter(({ present }) => present.includes(1));
}

/** Takes warnings and infos about the operation. */
export type Tell = (kind: 'warning' | 'info', text: string) => void;

const TRIMS = new Set(['</', '>/']);

/** Puts the result of a pair that has a histogram; tells what is to be told. */
function putCombined(
  tell: Tell,
  { op, bool }: Binary,
  a: Side,
  b: Side,
  out: StepSeries,
  i: number,
): boolean {
  const notes: Notes = {};
  const result = combine(op, bool, a, b, notes);
  const doing = op === '+' ? 'addition' : 'subtraction';
  if (notes.reconciled) tell('info', `mismatched custom buckets were reconciled during ${doing}`);
  if (notes.conflict) tell('warning', `conflicting counter resets during histogram ${doing}`);
  if (result === 'incompatible') tell('info', incompatibleText(op, a, b));
  else if (result === 'mixed schemas')
    tell('warning', 'vector contains a mix of histograms with exponential and custom buckets schemas');
  if (typeof result === 'string') return false;
  if ('histogram' in result) setHistogram(out, i, result.histogram);
  else {
    out.values[i] = result.value;
    out.present[i] = 1;
  }
  return true;
}

/** The labels by which series of the two sides find one another. */
function signatureOf({ on, labels }: VectorMatching): (series: StepSeries) => string {
  const names = new Set(labels);
  if (on) return (series) => series.labels.keep(names).key;
  names.add(METRIC_NAME);
  return (series) => series.labels.drop(names).key;
}

export function vectorBinary(
  tell: Tell,
  node: Binary,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
  steps: number,
): StepSeries[] {
  const matching = node.matching as VectorMatching;
  if (matching.card === 'many-to-many') return setOperation(node.op, matching, left, right, steps);
  return joined(tell, node, matching, left, right, steps);
}

function setOperation(
  op: string,
  matching: VectorMatching,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
  steps: number,
): StepSeries[] {
  const signature = signatureOf(matching);
  const presence = (side: readonly StepSeries[]): Map<string, Uint8Array> => {
    const found = new Map<string, Uint8Array>();
    for (const series of side) {
      const key = signature(series);
      const known = found.get(key) ?? new Uint8Array(steps);
      for (let i = 0; i < steps; i++) known[i] = (known[i] as number) | (series.present[i] as number);
      found.set(key, known);
    }
    return found;
  };
  if (op === 'or') {
    const there = presence(left);
    const added = keepWhere(right, steps, (series, i) => !there.get(signature(series))?.[i]);
    // Where the sides take turns, a series of the same labels on both is one.
    return mergeEqual([...left, ...added]);
  }
  const there = presence(right);
  const wanted = op === 'and' ? 1 : 0;
  return keepWhere(left, steps, (series, i) => (there.get(signature(series))?.[i] ?? 0) === wanted);
}

function keepWhere(
  side: readonly StepSeries[],
  steps: number,
  keep: (series: StepSeries, i: number) => boolean,
): StepSeries[] {
  const result: StepSeries[] = [];
  for (const series of side) {
    const out = newSeries(series.labels, steps, series.dropName);
    for (let i = 0; i < steps; i++) {
      if (!series.present[i] || !keep(series, i)) continue;
      copyStep(series, out, i);
    }
    if (out.present.includes(1)) result.push(out);
  }
  return result;
}

/** Arithmetic and comparisons between vectors: every series of the "many" side with its one partner. */
function joined(
  tell: Tell,
  node: Binary,
  matching: VectorMatching,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
  steps: number,
): StepSeries[] {
  const signature = signatureOf(matching);
  [left, right] = fillSides(left, right, matching, signature, steps);
  const swapped = matching.card === 'one-to-many';
  const [many, one] = swapped ? [right, left] : [left, right];
  if (many.length === 0 || one.length === 0) return [];
  const partners = oneSide(one, signature, matching, swapped ? 'left' : 'right', steps);
  const operation = TRIMS.has(node.op) ? () => undefined : operationOf(node);
  const trims = TRIMS.has(node.op);
  const outputs: { out: StepSeries; signature: string }[] = [];
  for (const series of many) {
    const key = signature(series);
    for (const partner of partners.get(key) ?? []) {
      const out = newSeries(
        resultLabels(node, matching, series.labels, partner.labels),
        steps,
        node.bool || (keepsName(node) && series.dropName),
      );
      const [x, y] = swapped ? [partner, series] : [series, partner];
      const special = trims || x.histograms || y.histograms;
      for (let i = 0; i < steps; i++) {
        if (!series.present[i] || !partner.present[i]) continue;
        if (special && (trims || x.histograms?.[i] || y.histograms?.[i])) {
          const sides = [x, y].map((each) => ({
            value: each.values[i] as number,
            histogram: each.histograms?.[i],
          }));
          if (!putCombined(tell, node, sides[0] as Side, sides[1] as Side, out, i)) out.present[i] = 2;
          continue;
        }
        const [a, b] = swapped
          ? [partner.values[i], series.values[i]]
          : [series.values[i], partner.values[i]];
        const value = operation(a as number, b as number);
        // Filtered values are marked, for a second match is an error even when it is filtered out.
        out.present[i] = value === undefined ? 2 : 1;
        out.values[i] = value ?? NaN;
      }
      outputs.push({ out, signature: matching.card === 'one-to-one' ? key : out.labels.key });
    }
  }
  refuseSecondMatches(outputs, matching, steps);
  for (const { out } of outputs) for (let i = 0; i < steps; i++) if (out.present[i] === 2) out.present[i] = 0;
  return mergeEqual(outputs.map(({ out }) => out).filter(({ present }) => present.includes(1)));
}

function oneSide(
  one: readonly StepSeries[],
  signature: (series: StepSeries) => string,
  matching: VectorMatching,
  side: string,
  steps: number,
): Map<string, StepSeries[]> {
  const partners = new Map<string, StepSeries[]>();
  for (const series of one) {
    const key = signature(series);
    const known = partners.get(key);
    if (!known) {
      partners.set(key, [series]);
      continue;
    }
    for (const other of known) {
      for (let i = 0; i < steps; i++) {
        if (!series.present[i] || !other.present[i]) continue;
        const names = new Set(matching.labels);
        const group = matching.on
          ? series.labels.keep(names)
          : series.labels.drop(new Set([...names, METRIC_NAME]));
        throw new QueryError(
          'execution',
          `found duplicate series for the match group ${String(group)} on the ${side} hand-side of the operation: [${String(series.labels)}, ${String(other.labels)}];many-to-many matching not allowed: matching labels must be unique on one side`,
        );
      }
    }
    known.push(series);
  }
  return partners;
}

function refuseSecondMatches(
  outputs: readonly { out: StepSeries; signature: string }[],
  matching: VectorMatching,
  steps: number,
): void {
  const taken = new Map<string, Uint8Array>();
  for (const { out, signature } of outputs) {
    const steps_ = taken.get(signature) ?? new Uint8Array(steps);
    for (let i = 0; i < steps; i++) {
      if (!out.present[i]) continue;
      if (steps_[i]) {
        const message =
          matching.card === 'one-to-one'
            ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
            : 'multiple matches for labels: grouping labels must ensure unique matches';
        throw new QueryError('execution', message);
      }
      steps_[i] = 1;
    }
    taken.set(signature, steps_);
  }
}

function resultLabels(node: Binary, matching: VectorMatching, many: Labels, one: Labels): Labels {
  let labels = COMPARISONS[node.op] || TRIMS.has(node.op) ? many : withoutMetadata(many);
  if (matching.card === 'one-to-one') {
    const names = new Set(matching.labels);
    labels = matching.on ? labels.keep(names) : labels.drop(names);
  }
  if (matching.include.length === 0) return labels;
  return labels.with(Object.fromEntries(matching.include.map((name) => [name, one.get(name)])));
}
