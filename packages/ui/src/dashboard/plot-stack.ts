import type { PlotSeries, Point } from './plot-model.ts';

/** The area between two drawn series, by their places in the model. */
export interface Band {
  upper: number;
  lower: number;
}

function isStacked(series: PlotSeries): boolean {
  return (series.stack.mode === 'normal' || series.stack.mode === 'percent') && !series.hideFrom.viz;
}

/** Replaces `drawn` by running sums inside each group (what goes up and what goes down apart). Gives the bands to fill. */
export function stackSeries(series: PlotSeries[]): Band[] {
  const groups = new Map<string, number[]>();
  for (const [index, one] of series.entries()) {
    if (!isStacked(one)) continue;
    const key = [one.stack.mode, one.stack.group, one.scale, one.style, one.negative].join('/');
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  const bands: Band[] = [];
  for (const members of groups.values()) {
    const rows = members.flatMap((index) => series[index] ?? []);
    if (rows[0]?.stack.mode === 'percent') toShares(rows);
    sumUp(rows);
    for (const [place, upper] of members.entries()) {
      const lower = members[place - 1];
      if (lower !== undefined) bands.push({ upper, lower });
    }
  }
  bands.push(...fillBelow(series));
  return bands;
}

function sumUp(rows: PlotSeries[]): void {
  const totals: number[] = [];
  for (const row of rows) {
    row.drawn = row.drawn.map((value, at): Point => {
      if (typeof value !== 'number') return value;
      totals[at] = (totals[at] ?? 0) + value;
      return totals[at];
    });
  }
}

function toShares(rows: PlotSeries[]): void {
  const totals: number[] = [];
  for (const row of rows)
    for (const [at, value] of row.drawn.entries()) totals[at] = (totals[at] ?? 0) + Math.abs(value ?? 0);
  for (const row of rows) {
    row.drawn = row.drawn.map((value, at) => (typeof value === 'number' ? value / (totals[at] || 1) : value));
  }
}

function fillBelow(series: PlotSeries[]): Band[] {
  return series.flatMap((one, upper) => {
    const lower = one.fillBelowTo === '' ? -1 : series.findIndex((other) => other.label === one.fillBelowTo);
    return lower < 0 ? [] : [{ upper, lower }];
  });
}
