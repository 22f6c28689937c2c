import { Labels, METRIC_NAME } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { ARITHMETIC, COMPARISONS } from '../functions/numeric.ts';
import type { Binary, VectorMatching } from '../parser/ast.ts';
import type { Notes } from '../histogram/algebra.ts';
import { combine, incompatibleText, type Side } from './combine.ts';
import { fillSides } from './fill.ts';
import { groupKey } from './groups.ts';
import type { Pacer } from './pacer.ts';
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

export async function vectorScalar(
  pacer: Pacer,
  tell: Tell,
  node: Binary,
  series: readonly StepSeries[],
  scalar: Float64Array,
  vectorIsLeft: boolean,
): Promise<StepSeries[]> {
  const trims = TRIMS.has(node.op);
  const operation = trims ? () => undefined : operationOf(node, !vectorIsLeft);
  const result = await pacer.map(series, ({ labels, values, present, dropName, histograms }) => {
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
  return result.filter(({ present }) => present.includes(1));
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
    tell('warning', `incompatible bucket layout encountered for binary operator ${op}`);
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
  const names = new Set(on ? labels : [...labels, METRIC_NAME]);
  return (series) => groupKey(series.labels, names, on);
}

export async function vectorBinary(
  pacer: Pacer,
  tell: Tell,
  node: Binary,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
  steps: number,
): Promise<StepSeries[]> {
  const matching = node.matching as VectorMatching;
  if (matching.card === 'many-to-many') return setOperation(pacer, node.op, matching, left, right, steps);
  return joined(pacer, tell, node, matching, left, right, steps);
}

async function setOperation(
  pacer: Pacer,
  op: string,
  matching: VectorMatching,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
  steps: number,
): Promise<StepSeries[]> {
  const signature = signatureOf(matching);
  const presence = async (side: readonly StepSeries[]): Promise<Map<string, Uint8Array>> => {
    const found = new Map<string, Uint8Array>();
    await pacer.forEach(side, (series) => {
      const key = signature(series);
      const known = found.get(key) ?? new Uint8Array(steps);
      for (let i = 0; i < steps; i++) known[i] = (known[i] as number) | (series.present[i] as number);
      found.set(key, known);
    });
    return found;
  };
  if (op === 'or') {
    const there = await presence(left);
    const added = await keepWhere(pacer, right, (series) => there.get(signature(series)), 0);
    // Where the sides take turns, a series of the same labels on both is one.
    return mergeEqual(pacer, [...left, ...added]);
  }
  const there = await presence(right);
  return keepWhere(pacer, left, (series) => there.get(signature(series)), op === 'and' ? 1 : 0);
}

/** The steps at which a series's other side is there (`wanted` 1), or is not (0). */
async function keepWhere(
  pacer: Pacer,
  side: readonly StepSeries[],
  otherOf: (series: StepSeries) => Uint8Array | undefined,
  wanted: 0 | 1,
): Promise<StepSeries[]> {
  const kept = await pacer.map(side, (series) => {
    const other = otherOf(series);
    const out = newSeries(series.labels, series.present.length, series.dropName);
    for (let i = 0; i < series.present.length; i++)
      if (series.present[i] && (other?.[i] ?? 0) === wanted) copyStep(series, out, i);
    return out;
  });
  return kept.filter(({ present }) => present.includes(1));
}

/** Arithmetic and comparisons between vectors: every series of the "many" side with its one partner. */
async function joined(
  pacer: Pacer,
  tell: Tell,
  node: Binary,
  matching: VectorMatching,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
  steps: number,
): Promise<StepSeries[]> {
  const signature = signatureOf(matching);
  [left, right] = fillSides(left, right, matching, signature, steps);
  const swapped = matching.card === 'one-to-many';
  const [many, one] = swapped ? [right, left] : [left, right];
  if (many.length === 0 || one.length === 0) return [];
  // Where there is nothing to be matched, it does not matter what it would be matched with.
  const needed = new Uint8Array(steps);
  await pacer.forEach(many, ({ present }) => {
    for (let i = 0; i < steps; i++) if (present[i]) needed[i] = 1;
  });
  const partners = await oneSide(pacer, one, signature, matching, swapped ? 'left' : 'right', needed);
  const join = joiner(tell, node, swapped);
  const outputs: { out: StepSeries; signature: string }[] = [];
  await pacer.forEach(many, (series) => {
    const key = signature(series);
    for (const partner of partners.get(key) ?? []) {
      const labels = resultLabels(node, matching, series.labels, partner.labels);
      const out = newSeries(labels, steps, node.bool || (keepsName(node) && series.dropName));
      join(series, partner, out);
      outputs.push({ out, signature: matching.card === 'one-to-one' ? key : labels.key });
    }
  });
  await refuseSecondMatches(pacer, outputs, matching, steps);
  for (const { out } of outputs) for (let i = 0; i < steps; i++) if (out.present[i] === 2) out.present[i] = 0;
  const kept = outputs.map(({ out }) => out).filter(({ present }) => present.includes(1));
  return mergeEqual(pacer, kept);
}

/**
 * Puts what a series of the "many" side and its partner give, step by step. Values that a comparison filters are marked
 * with 2, for a second match is an error even when it is filtered out.
 */
function joiner(
  tell: Tell,
  node: Binary,
  swapped: boolean,
): (series: StepSeries, partner: StepSeries, out: StepSeries) => void {
  const trims = TRIMS.has(node.op);
  const operation = trims ? () => undefined : operationOf(node);
  return (series, partner, out) => {
    const [x, y] = swapped ? [partner, series] : [series, partner];
    const special = trims || x.histograms || y.histograms;
    for (let i = 0; i < out.values.length; i++) {
      if (!x.present[i] || !y.present[i]) continue;
      if (special && (trims || x.histograms?.[i] || y.histograms?.[i])) {
        const sides = [x, y].map((each) => ({
          value: each.values[i] as number,
          histogram: each.histograms?.[i],
        }));
        if (!putCombined(tell, node, sides[0] as Side, sides[1] as Side, out, i)) out.present[i] = 2;
        continue;
      }
      const value = operation(x.values[i] as number, y.values[i] as number);
      out.present[i] = value === undefined ? 2 : 1;
      out.values[i] = value ?? NaN;
    }
  };
}

async function oneSide(
  pacer: Pacer,
  one: readonly StepSeries[],
  signature: (series: StepSeries) => string,
  matching: VectorMatching,
  side: string,
  needed: Uint8Array,
): Promise<Map<string, StepSeries[]>> {
  const partners = new Map<string, StepSeries[]>();
  await pacer.forEach(one, (series) => {
    const key = signature(series);
    const known = partners.get(key);
    if (!known) {
      partners.set(key, [series]);
      return;
    }
    for (const other of known) {
      for (let i = 0; i < needed.length; i++) {
        if (!needed[i] || !series.present[i] || !other.present[i]) continue;
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
  });
  return partners;
}

async function refuseSecondMatches(
  pacer: Pacer,
  outputs: readonly { out: StepSeries; signature: string }[],
  matching: VectorMatching,
  steps: number,
): Promise<void> {
  const taken = new Map<string, Uint8Array>();
  await pacer.forEach(outputs, ({ out, signature }) => {
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
  });
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
