import type { FloatHistogram } from '@prunella/metrics';
import { add, compatible, divide, equal, scale, type Notes } from '../histogram/algebra.ts';
import { trimHistogram } from '../histogram/trim.ts';

/** A float, or a histogram beside it. */
export interface Side {
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

export type Combined =
  | { readonly histogram: FloatHistogram }
  | { readonly value: number }
  /** A comparison that does not hold. */
  | 'filtered'
  /** The operator does not take such a pair. */
  | 'incompatible'
  | 'mixed schemas';

/** An operation where at least one side is a histogram. `notes` takes what is to be told. */
export function combine(op: string, bool: boolean, left: Side, right: Side, notes: Notes): Combined {
  const [a, b] = [left.histogram, right.histogram];
  if (a && b) {
    if (op === '+' || op === '-') {
      if (!compatible(a, b)) return 'mixed schemas';
      const result = add(a, b, notes, op === '+' ? 1 : -1);
      return { histogram: op === '-' ? { ...result, counterResetHint: 'gauge' } : result };
    }
    if (op !== '==' && op !== '!=') return 'incompatible';
    const holds = equal(a, b) === (op === '==');
    if (bool) return { value: holds ? 1 : 0 };
    return holds ? { histogram: a } : 'filtered';
  }
  if (a) {
    if (op === '*') return { histogram: scale(a, right.value) };
    if (op === '/') return { histogram: divide(a, right.value) };
    if (op === '</' || op === '>/') return { histogram: trimHistogram(a, right.value, op === '</') };
  } else if (b && op === '*') return { histogram: scale(b, left.value) };
  return 'incompatible';
}

/** Words for the info about a pair that an operator does not take. */
export function incompatibleText(op: string, left: Side, right: Side): string {
  const name = (side: Side): string => (side.histogram ? 'histogram' : 'float');
  return `incompatible sample types encountered for binary operator ${JSON.stringify(op)}: ${name(left)} ${op} ${name(right)}`;
}
