import type { Cell, Field } from './frame.ts';

/** A calculation over one column; null when the column has nothing to calculate with. */
type Reducer = (values: number[], all: readonly Cell[]) => number | null;

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]): number => sum(values) / values.length;
const last = (values: number[]): number => values.at(-1) ?? NaN;
const first = (values: number[]): number => values[0] ?? NaN;
const least = (values: number[]): number => values.reduce((low, value) => Math.min(low, value), Infinity);
const most = (values: number[]): number => values.reduce((high, value) => Math.max(high, value), -Infinity);

function variance(values: number[]): number {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
}

function increase(values: number[]): number {
  let total = 0;
  for (let index = 1; index < values.length; index++) {
    const change = (values[index] ?? 0) - (values[index - 1] ?? 0);
    total += change >= 0 ? change : (values[index] ?? 0); // a counter that started anew
  }
  return total;
}

function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

const onNumbers: Record<string, { label: string; of: Reducer }> = {
  lastNotNull: { label: 'Last *', of: last },
  firstNotNull: { label: 'First *', of: first },
  min: { label: 'Min', of: least },
  max: { label: 'Max', of: most },
  mean: { label: 'Mean', of: mean },
  sum: { label: 'Total', of: sum },
  count: { label: 'Count', of: (_values, all) => all.length },
  range: { label: 'Range', of: (values) => most(values) - least(values) },
  delta: { label: 'Delta', of: increase },
  step: {
    label: 'Step',
    of: (values) => least(values.slice(1).map((value, index) => value - (values[index] ?? 0))),
  },
  diff: { label: 'Difference', of: (values) => last(values) - first(values) },
  diffperc: { label: 'Difference %', of: (values) => (last(values) - first(values)) / first(values) },
  median: { label: 'Median', of: (values) => quantile(values, 0.5) },
  variance: { label: 'Variance', of: variance },
  stdDev: { label: 'StdDev', of: (values) => Math.sqrt(variance(values)) },
  distinctCount: { label: 'Distinct', of: (_values, all) => new Set(all).size },
  changeCount: {
    label: 'Changes',
    of: (_values, all) => all.filter((value, index) => index > 0 && value !== all[index - 1]).length,
  },
};

const onEverything: Record<string, { label: string; of: (all: readonly Cell[]) => Cell }> = {
  last: { label: 'Last', of: (all) => all.at(-1) ?? null },
  first: { label: 'First', of: (all) => all[0] ?? null },
  logmin: {
    label: 'Min > 0',
    of: (all) => least(all.filter((value): value is number => typeof value === 'number' && value > 0)),
  },
  allIsNull: { label: 'All nulls', of: (all) => all.every((value) => value === null) },
  allIsZero: { label: 'All zeros', of: (all) => all.every((value) => value === 0) },
};

/** The name that a legend or a column gives to a calculation: `Last *`, `Mean`, `p95`. */
export function reducerLabel(calc: string): string {
  const percentile = /^p(\d+)$/.exec(calc);
  return percentile ? `${percentile[1]}th %` : (onNumbers[calc]?.label ?? onEverything[calc]?.label ?? calc);
}

/** Applies a calculation by Grafana's id (`lastNotNull`, `mean`, `p95` …). */
export function reduceValues(all: readonly Cell[], calc: string): Cell {
  const special = onEverything[calc];
  if (special) return special.of(all);
  const values = all.filter((value): value is number => typeof value === 'number' && !Number.isNaN(value));
  if (values.length === 0) {
    const text = all.findLast((value) => value !== null && typeof value !== 'number');
    return text ?? (calc === 'count' ? all.length : null);
  }
  const percentile = /^p(\d+(?:\.\d+)?)$/.exec(calc);
  if (percentile) return quantile(values, Number(percentile[1]) / 100);
  return (onNumbers[calc] ?? onNumbers['lastNotNull'])?.of(values, all) ?? null;
}

export function reduceField(field: Field, calc: string): Cell {
  return reduceValues(field.values, calc);
}
