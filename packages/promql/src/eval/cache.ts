import type { ChangeLog } from '@prunella/metrics';
import type { Expr, Subquery, VectorSelector } from '../parser/ast.ts';
import { childrenOf } from '../parser/depth.ts';
import { newSeries, timeAt, type Grid, type StepSeries } from './value.ts';

/** What a series costs beside its steps, bytes. */
const SERIES_BYTES = 300;
/** A single result takes no more than this part of the cache. */
const LARGEST_PART = 4;

interface Entry {
  readonly grid: Grid;
  readonly series: readonly StepSeries[];
  /** Of the storage that was read … */
  readonly changes: ChangeLog;
  /** … and its version before. */
  readonly version: number;
  readonly told: ReadonlyMap<string, Told>;
  readonly bytes: number;
}

/** An info: where in the expression, and the first and last step of the evaluation that told it last, ms. */
interface Told {
  readonly place: string;
  readonly first: number;
  readonly last: number;
}

/** What a part of a range query came to. */
export interface Evaluated {
  readonly series: readonly StepSeries[];
  /** What was told beside the result: text and place. */
  readonly infos: readonly (readonly [text: string, place: string])[];
  /** Whether it may be kept: warnings may be of a passing trouble. */
  readonly lasting: boolean;
}

/**
 * Results of range queries, so that a dashboard that asks again pays for the new steps only. A step's value is made of
 * samples at or before its time, see `dependsOnPast`: it holds until such a sample is added or deleted, which the
 * storage's change log tells.
 */
export class RangeCache {
  /** In order of use: the oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #capacity: number;
  #bytes = 0;
  /** Steps that came from the cache, and steps that were evaluated. */
  readonly counters = { hits: 0, misses: 0, reusedSteps: 0, evaluatedSteps: 0 };

  /** @param capacity bytes */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The steps of `grid`: those that are known, and the rest from `evaluate`. `key` says what is evaluated. */
  async range(
    key: string,
    grid: Grid,
    changes: ChangeLog,
    evaluate: (grid: Grid) => Promise<Evaluated>,
  ): Promise<Omit<Evaluated, 'lasting'>> {
    // Steps fit where they stand on the same raster.
    const place = `${grid.step} ${grid.start % grid.step} ${key}`;
    const { version } = changes;
    const entry = this.#entries.get(place);
    let known =
      entry?.changes === changes ? knownSteps(entry, grid, changes.earliestSince(entry.version)) : 0;
    let { series, infos, lasting } = await evaluateFrom(known, grid, evaluate);
    let told = toldBy(infos, grid, known);
    if (entry && known > 0 && stillTold(entry, grid, known, told)) {
      series = joined(entry, grid, known, series);
      told = new Map([...entry.told, ...told]);
    } else if (known > 0) {
      known = 0;
      ({ series, infos, lasting } = await evaluate(grid));
      told = toldBy(infos, grid, 0);
    }
    this.counters[known > 0 ? 'hits' : 'misses']++;
    this.counters.reusedSteps += known;
    this.counters.evaluatedSteps += grid.steps - known;
    const bytes = bytesOf(series);
    this.#put(place, lasting ? { grid, series, changes, version, told, bytes } : undefined);
    return { series, infos: Array.from(told, ([text, each]) => [text, each.place] as const) };
  }

  #put(place: string, entry: Entry | undefined): void {
    this.#bytes -= this.#entries.get(place)?.bytes ?? 0;
    this.#entries.delete(place);
    if (!entry || entry.bytes > this.#capacity / LARGEST_PART) return;
    this.#entries.set(place, entry);
    this.#bytes += entry.bytes;
    for (const [oldest, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#capacity) break;
      this.#entries.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}

async function evaluateFrom(
  known: number,
  grid: Grid,
  evaluate: (grid: Grid) => Promise<Evaluated>,
): Promise<Evaluated> {
  if (known === grid.steps) return { series: [], infos: [], lasting: true };
  return evaluate({ start: timeAt(grid, known), step: grid.step, steps: grid.steps - known });
}

function toldBy(infos: Evaluated['infos'], grid: Grid, known: number): Map<string, Told> {
  const [first, last] = [timeAt(grid, known), timeAt(grid, grid.steps - 1)];
  return new Map(infos.map(([text, place]) => [text, { place, first, last }]));
}

/**
 * Whether all that was told of an entry is surely true of its steps that are known: it was told of these alone, or is
 * told again of the new ones.
 */
function stillTold({ told }: Entry, grid: Grid, known: number, again: ReadonlyMap<string, Told>): boolean {
  const end = timeAt(grid, known - 1);
  for (const [text, { first, last }] of told)
    if (!again.has(text) && (first < grid.start || last > end)) return false;
  return true;
}

/** How many of a grid's first steps an entry has that lie before `changed`, ms. */
function knownSteps({ grid: had }: Entry, grid: Grid, changed: number): number {
  if (had.start > grid.start) return 0;
  const shared = had.steps - Math.round((grid.start - had.start) / grid.step);
  const settled = Math.ceil((changed - grid.start) / grid.step);
  return Math.max(0, Math.min(grid.steps, shared, settled));
}

/** The entry's steps, as far as they are known, and after them those of `rest`. */
function joined(
  { grid: had, series }: Entry,
  grid: Grid,
  known: number,
  rest: readonly StepSeries[],
): StepSeries[] {
  const from = Math.round((grid.start - had.start) / grid.step);
  const found = new Map<string, StepSeries>();
  for (const each of series) {
    if (!each.present.subarray(from, from + known).includes(1)) continue;
    const out = newSeries(each.labels, grid.steps);
    out.values.set(each.values.subarray(from, from + known));
    out.present.set(each.present.subarray(from, from + known));
    if (each.histograms) out.histograms = pad(each.histograms.slice(from, from + known), grid.steps);
    found.set(each.labels.key, out);
  }
  for (const each of rest) {
    let out = found.get(each.labels.key);
    if (!out) found.set(each.labels.key, (out = newSeries(each.labels, grid.steps)));
    out.values.set(each.values, known);
    out.present.set(each.present, known);
    if (!each.histograms) continue;
    out.histograms ??= pad([], grid.steps);
    for (const [i, histogram] of each.histograms.entries()) out.histograms[known + i] = histogram;
  }
  return [...found.values()];
}

function pad<T>(column: (T | undefined)[], length: number): (T | undefined)[] {
  return Array.from({ length }, (_, i) => column[i]);
}

function bytesOf(series: readonly StepSeries[]): number {
  let bytes = 0;
  for (const { labels, values, histograms } of series) {
    bytes += SERIES_BYTES + 20 * labels.size + 9 * values.length;
    for (const h of histograms ?? [])
      if (h) bytes += 300 + 8 * (h.positiveBuckets.length + h.negativeBuckets.length);
  }
  return bytes;
}

/** Functions whose value depends on more than the samples up to the step: on the query, or on a series's other steps. */
const UNSETTLED = new Set(['start', 'end', 'step', 'range', 'info']);

/**
 * Whether every step's value depends on nothing but the step's time and samples at or before it. `@` and negative
 * offsets look elsewhere, smoothed selectors look ahead, and computed durations may depend on the query.
 */
export function dependsOnPast(expr: Expr): boolean {
  return looksBack(expr) && childrenOf(expr).every(dependsOnPast);
}

function looksBack(expr: Expr): boolean {
  switch (expr.kind) {
    case 'selector':
      return !expr.extended && !looksElsewhere(expr);
    case 'matrix':
      return !expr.rangeExpr;
    case 'subquery':
      return !expr.rangeExpr && !expr.stepExpr && !looksElsewhere(expr);
    case 'call':
      return !UNSETTLED.has(expr.func);
    case 'aggregation':
    case 'binary':
    case 'number':
    case 'paren':
    case 'string':
    case 'unary':
      return true;
  }
}

function looksElsewhere({ at, offset, offsetExpr }: VectorSelector | Subquery): boolean {
  return at !== undefined || offset < 0 || offsetExpr !== undefined;
}
