import { formatFloat } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import { labelPosition } from '../functions/hash.ts';
import type { Group } from './groups.ts';
import type { Pacer } from './pacer.ts';
import type { AggregateReport } from './reduce.ts';
import { copyStep, newSeries, type StepSeries } from './value.ts';

export function checkedCount(param: Float64Array, step: number): number {
  const k = param[step] as number;
  if (Number.isNaN(k)) throw new QueryError('execution', 'Parameter value is NaN');
  if (Math.abs(k) >= 2 ** 63) throw new QueryError('execution', `Scalar value ${k} overflows int64`);
  return Math.max(0, Math.trunc(k));
}

/** Whether `a` goes before `b` does: the worse one, NaN the worst. */
type Worse = (a: number, b: number) => boolean;

/**
 * The best k values seen, the worst of them on top of the heap. Of equal values it depends on the heap which stay: the
 * steps are those of Go's container/heap, so that they are the same as with Prometheus.
 */
class BestOf {
  readonly #worse: Worse;
  readonly members: StepSeries[] = [];
  readonly #values: number[] = [];

  constructor(worse: Worse) {
    this.#worse = worse;
  }

  clear(): void {
    this.members.length = this.#values.length = 0;
  }

  offer(k: number, member: StepSeries, value: number): void {
    const size = this.#values.length;
    if (size < k) {
      this.members.push(member);
      this.#values.push(value);
      this.#up(size);
      return;
    }
    const top = this.#values[0] as number;
    if (!(Number.isNaN(top) ? !Number.isNaN(value) : this.#worse(top, value))) return;
    this.members[0] = member;
    this.#values[0] = value;
    this.#down();
  }

  /** Where the members are in the heap, the best first. */
  ranked(): number[] {
    const values = this.#values;
    return values
      .map((_, i) => i)
      .sort((i, j) => {
        const [a, b] = [values[i] as number, values[j] as number];
        if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
        return this.#worse(b, a) ? -1 : this.#worse(a, b) ? 1 : 0;
      });
  }

  #less(i: number, j: number): boolean {
    const a = this.#values[i] as number;
    return Number.isNaN(a) || this.#worse(a, this.#values[j] as number);
  }

  #up(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#less(at, parent)) return;
      this.#swap(parent, at);
      at = parent;
    }
  }

  #down(): void {
    const size = this.#values.length;
    for (let at = 0; ;) {
      let child = 2 * at + 1;
      if (child >= size) return;
      if (child + 1 < size && this.#less(child + 1, child)) child++;
      if (!this.#less(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #swap(i: number, j: number): void {
    const { members } = this;
    const values = this.#values;
    [members[i], members[j]] = [members[j] as StepSeries, members[i] as StepSeries];
    [values[i], values[j]] = [values[j] as number, values[i] as number];
  }
}

/** topk and bottomk keep whole series, with their labels, at the steps where they are among the best. */
export async function pickBest(
  pacer: Pacer,
  op: 'topk' | 'bottomk',
  groups: readonly Group[],
  steps: number,
  param: Float64Array,
  report: AggregateReport,
): Promise<StepSeries[]> {
  const best = new BestOf(op === 'topk' ? (a, b) => a < b : (a, b) => a > b);
  const kept: StepSeries[] = [];
  let ignored = false;
  for (const { members } of groups) {
    const outputs = new Map<StepSeries, StepSeries>();
    await pacer.steps(steps, (step) => {
      const k = checkedCount(param, step);
      best.clear();
      if (k > 0)
        for (const member of members) {
          if (!member.present[step]) continue;
          if (member.histograms?.[step]) ignored = true;
          else best.offer(k, member, member.values[step] as number);
        }
      for (const at of best.ranked()) {
        const member = best.members[at] as StepSeries;
        let output = outputs.get(member);
        if (!output) outputs.set(member, (output = newSeries(member.labels, steps, member.dropName)));
        output.values[step] = member.values[step] as number;
        output.present[step] = 1;
      }
    });
    for (const output of outputs.values()) kept.push(output);
  }
  if (ignored) report.ignored(op);
  return kept;
}

export async function pickFirst(
  pacer: Pacer,
  groups: readonly Group[],
  steps: number,
  param: Float64Array,
): Promise<StepSeries[]> {
  const picked: StepSeries[] = [];
  for (const { members } of groups) {
    const outputs = members.map((member) => newSeries(member.labels, steps, member.dropName));
    await pacer.steps(steps, (step) => {
      let left = checkedCount(param, step);
      for (const [i, member] of members.entries()) {
        if (!member.present[step] || left-- <= 0) continue;
        copyStep(member, outputs[i] as StepSeries, step);
      }
    });
    for (const output of outputs) if (output.present.includes(1)) picked.push(output);
  }
  return picked;
}

/** Keeps the series whose hash falls below the ratio; a negative ratio keeps those that its complement leaves out. */
export async function pickRatio(
  pacer: Pacer,
  groups: readonly Group[],
  steps: number,
  param: Float64Array,
  warn: (text: string) => void,
): Promise<StepSeries[]> {
  const ratios = param.map((given) => {
    if (Number.isNaN(given)) throw new QueryError('execution', 'Ratio value is NaN');
    const capped = Math.max(-1, Math.min(1, given));
    if (capped !== given)
      warn(
        `ratio value should be between -1 and 1, got ${formatFloat(given)}, capping to ${formatFloat(capped)}`,
      );
    return capped;
  });
  const members = groups.flatMap((group) => group.members);
  const kept = await pacer.map(members, (member) => {
    const at = labelPosition(member.labels);
    const out = newSeries(member.labels, steps, member.dropName);
    for (let i = 0; i < steps; i++) {
      const ratio = ratios[i] as number;
      if (!member.present[i] || !(ratio >= 0 ? at < ratio : at >= 1 + ratio)) continue;
      copyStep(member, out, i);
    }
    return out;
  });
  return kept.filter(({ present }) => present.includes(1));
}
