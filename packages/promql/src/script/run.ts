import { toFloatHistogram } from '@prunella/metrics';
import { Engine, type QueryResult } from '../engine.ts';
import { FEATURES } from '../parser/features.ts';
import { parse } from '../parser/parse.ts';
import { print } from '../parser/print.ts';
import { MemoryStorage } from '../testing/memory.ts';
import { checkAnnotations, checkFailure, checkInstant, checkRange, Mismatch } from './compare.ts';
import { customHistograms, type ClassicSeries } from './nhcb.ts';
import { mentionsQueryEdges, pinned } from './derive.ts';
import { parseScript, parseSeriesLine, ScriptError, type EvalCommand, type LoadCommand } from './parse.ts';
import { parseOffsets, parseValues } from './values.ts';

export interface ScriptFailure {
  readonly line: number;
  readonly expr: string;
  readonly reason: string;
}

export interface ScriptReport {
  readonly passed: number;
  readonly failures: readonly ScriptFailure[];
}

/** Runs a `.test` file of upstream's language; a case is one `eval` with its derived checks. */
export async function runScript(text: string): Promise<ScriptReport> {
  const engine = new Engine({ features: FEATURES });
  const failures: ScriptFailure[] = [];
  let storage = new MemoryStorage();
  let broken: string | undefined;
  let passed = 0;
  for (const command of parseScript(text)) {
    if (command instanceof ScriptError) {
      broken = `line ${command.line}: ${command.message}`;
      failures.push({ line: command.line, expr: '', reason: command.message });
    } else if (command.kind === 'clear') storage = new MemoryStorage();
    else if (command.kind === 'load') {
      const problem = attemptLoad(storage, command);
      if (problem === undefined) continue;
      broken = `line ${command.line}: ${problem}`;
      failures.push({ line: command.line, expr: '', reason: problem });
    } else {
      const reason = broken ?? (await runEval(engine, storage, command));
      if (reason === undefined) passed++;
      else failures.push({ line: command.line, expr: command.expr, reason });
    }
  }
  return { passed, failures };
}

/** The expressions of a `.test` file. */
export function scriptExpressions(text: string): string[] {
  return [...parseScript(text)].flatMap((command) =>
    command instanceof ScriptError || command.kind !== 'eval' ? [] : [command.expr],
  );
}

/** @returns why it cannot be loaded */
function attemptLoad(storage: MemoryStorage, command: LoadCommand): string | undefined {
  try {
    load(storage, command);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** @throws Error for a line that is no series, and for a sample that is older than one before it */
function load(storage: MemoryStorage, { step, lines, withHistograms }: LoadCommand): void {
  const classic = new Map<string, ClassicSeries>();
  const bySeries = new Map<string, () => void>();
  let starts: (number | undefined)[] = [];
  for (const line of lines) {
    const marked = /^(.*?)@st\s+(.*)$/.exec(line);
    if (marked) {
      starts = parseOffsets(marked[2] as string);
      continue;
    }
    const offsets = starts;
    starts = [];
    const { labels, values: text } = parseSeriesLine(line);
    const values = parseValues(text);
    if (withHistograms) classic.set(labels.key, { labels, values, step });
    bySeries.set(labels.key, () => {
      for (const [i, value] of values.entries())
        if (value !== undefined) storage.add(labels, i * step, value, startOf(i * step, offsets[i]));
    });
  }
  for (const add of bySeries.values()) add();
  if (withHistograms)
    for (const { labels, time, histogram } of customHistograms(classic)) storage.add(labels, time, histogram);
}

function startOf(time: number, offset: number | undefined): number {
  return offset === undefined ? 0 : time + offset;
}

/** @returns why the case fails */
async function runEval(
  engine: Engine,
  storage: MemoryStorage,
  command: EvalCommand,
): Promise<string | undefined> {
  try {
    const expected = command.expectations.find(({ kind }) => kind === 'range')?.range;
    if (command.range) {
      const { start, end, step } = command.range;
      const result = await attempt(command, () => engine.range(storage, command.expr, start, end, step));
      if (result) check(command, result, (value) => checkRange(command, value, { start, end, step }));
      return undefined;
    }
    const at = expected ? expected.end : (command.at ?? 0);
    const result = await attempt(command, () => engine.instant(storage, command.expr, at));
    if (!result) return undefined;
    check(command, result, (value) =>
      expected ? checkRange(command, value, expected) : checkInstant(command, value),
    );
    if (!expected) await runDerived(engine, storage, command, at, result);
    return undefined;
  } catch (error) {
    if (error instanceof Mismatch) return error.message;
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

/** @returns undefined where the query failed, as it should. @throws Mismatch where it should not have, or should have */
async function attempt(
  command: EvalCommand,
  query: () => Promise<QueryResult>,
): Promise<QueryResult | undefined> {
  const failing = command.expectations.filter(({ kind }) => kind === 'fail');
  let result: QueryResult;
  try {
    result = await query();
  } catch (error) {
    if (failing.length === 0) throw error;
    checkFailure(failing, (error as Error).message);
    return undefined;
  }
  if (failing.length > 0) throw new Mismatch('expected the query to fail, and it did not');
  return result;
}

function check(command: EvalCommand, result: QueryResult, values: (result: QueryResult) => void): void {
  checkAnnotations(command, result);
  values(result);
}

/** The same query pinned with `@`, and as a range query around its time, must give the same. */
async function runDerived(
  engine: Engine,
  storage: MemoryStorage,
  command: EvalCommand,
  at: number,
  { value }: QueryResult,
): Promise<void> {
  const expr = parse(command.expr, { features: FEATURES });
  if (value.type === 'matrix' || value.type === 'string') return;
  const fixed = pinned(expr, at);
  const queries = [{ expr, times: [at] }];
  const elsewhere = at === 0 ? [-1000, 0, 1000] : [-10 * at, 0, Math.trunc(at / 5), at, 10 * at];
  // Printed and parsed again: the tree must survive it.
  if (fixed) queries.push({ expr: parse(print(fixed), { features: FEATURES }), times: elsewhere });
  const ordered = command.expectations.some(({ kind }) => kind === 'ordered');
  for (const { expr: query, times } of queries) {
    for (const t of times) {
      const where = `as ${print(query)} at ${t / 1000}: `;
      const again = await engine.instant(storage, query, t);
      prefixed(where, () => checkInstant(command, again));
      if (ordered || mentionsQueryEdges(query)) continue;
      const range = await engine.range(storage, query, t - 60_000, t + 60_000, 60_000);
      prefixed(`range ${where}`, () => checkInstant(command, middle(range, t)));
    }
  }
}

function middle(result: QueryResult, t: number): QueryResult {
  if (result.value.type !== 'matrix') return result;
  const samples = result.value.series.flatMap(({ labels, samples: { timestamps, values, histograms } }) => {
    const i = timestamps.indexOf(t);
    const histogram = histograms?.[i];
    const float = histogram && { histogram: toFloatHistogram(histogram) };
    return i < 0 ? [] : [{ labels, time: t, value: values[i] as number, ...float }];
  });
  return { ...result, value: { type: 'vector', samples } };
}

function prefixed(where: string, checkValues: () => void): void {
  try {
    checkValues();
  } catch (error) {
    throw error instanceof Mismatch ? new Mismatch(where + error.message) : error;
  }
}
