import { compileRegex, Labels, toFloatHistogram } from '@prunella/metrics';
import type { QueryResult } from '../engine.ts';
import { printHistogram, sparse, type Counts } from '../histogram/buckets.ts';
import { NAMES_HINT } from './histogram.ts';
import { parseSeriesLine, type EvalCommand, type Expectation } from './parse.ts';
import { parseValues, type ScriptValue } from './values.ts';

/** The engine's answer is not the expected one. */
export class Mismatch extends Error {
  override name = 'Mismatch';
}

const SMALLEST_NORMAL = 2.2250738585072014e-308;
const TOLERANCE = 1e-6;

/** Equal, both NaN, or within a millionth; a zero must be met exactly. */
function close(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || Math.abs(a) + Math.abs(b) < SMALLEST_NORMAL)
    return difference < TOLERANCE * SMALLEST_NORMAL;
  return difference / Math.min(Math.abs(a) + Math.abs(b), Number.MAX_VALUE) < TOLERANCE;
}

export function checkInstant(command: EvalCommand, { value }: QueryResult): void {
  const text = command.expectations.find(({ kind }) => kind === 'string')?.text;
  switch (value.type) {
    case 'string':
      if (text === undefined || unquoteGo(text) !== value.value)
        throw new Mismatch(`got the string ${JSON.stringify(value.value)}`);
      return;
    case 'matrix':
      throw new Mismatch('got a range vector');
    case 'scalar':
      return checkScalar(command, value.value);
    case 'vector': {
      if (isScalarResult(command)) return checkScalar(command, value.samples[0]?.value ?? NaN);
      const got = value.samples.map(({ labels, value: number, histogram }) => ({
        labels,
        values: [histogram ?? number] as ScriptValue[],
      }));
      return checkSeries(
        command,
        got,
        command.expectations.some(({ kind }) => kind === 'ordered'),
      );
    }
  }
}

function isScalarResult({ results }: EvalCommand): boolean {
  return results.length === 1 && /^[+-]?(\d|\.\d|inf$|nan$)/i.test(results[0] as string);
}

function checkScalar({ results }: EvalCommand, value: number): void {
  const [wanted] = parseValues(results[0] ?? '');
  if (typeof wanted !== 'number' || !close(wanted, value))
    throw new Mismatch(`got ${value}, want ${show(wanted)}`);
}

export function checkRange(
  command: EvalCommand,
  { value }: QueryResult,
  range: { readonly start: number; readonly end: number; readonly step: number },
): void {
  if (value.type !== 'matrix') throw new Mismatch(`got a ${value.type}, want a matrix`);
  const keys = value.series.map(({ labels }) => labels);
  if (keys.some((labels, i) => i > 0 && Labels.compare(keys[i - 1] as Labels, labels) > 0))
    throw new Mismatch('the series are not sorted');
  const got = value.series.map(({ labels, samples: { timestamps, values, histograms } }) => {
    const column: ScriptValue[] = [];
    for (const [i, t] of timestamps.entries())
      column[(t - range.start) / range.step] = histograms?.[i] ? toFloatHistogram(histograms[i]) : values[i];
    return { labels, values: column };
  });
  const only = command.results[0];
  if (command.results.length === 1 && only !== undefined && /^[\d+.-]/.test(only))
    return checkSeriesValues(Labels.empty, parseValues(only), got[0]?.values ?? []);
  checkSeries(command, got, false);
}

function checkSeries(
  { results }: EvalCommand,
  got: readonly { labels: Labels; values: readonly ScriptValue[] }[],
  ordered: boolean,
): void {
  const wanted = results.map((line) => {
    const { labels, values } = parseSeriesLine(line);
    return { labels, values: parseValues(values), hints: NAMES_HINT.test(values) };
  });
  for (const [i, { labels, values, hints }] of wanted.entries()) {
    const at = got.findIndex((each) => each.labels.equals(labels));
    if (at < 0) throw new Mismatch(`no series ${String(labels)} among ${got.length}`);
    if (ordered && at !== i) throw new Mismatch(`${String(labels)} is at position ${at + 1}, not ${i + 1}`);
    checkSeriesValues(labels, values, got[at]?.values ?? [], hints);
  }
  const extra = got.find(({ labels }) => !wanted.some((each) => each.labels.equals(labels)));
  if (extra) throw new Mismatch(`unexpected series ${String(extra.labels)} with ${show(extra.values[0])}`);
}

function checkSeriesValues(
  labels: Labels,
  wanted: readonly ScriptValue[],
  got: readonly ScriptValue[],
  hints = false,
): void {
  for (let i = 0; i < Math.max(wanted.length, got.length); i++) {
    const [a, b] = [wanted[i], got[i]];
    if (!same(a, b, hints))
      throw new Mismatch(`${String(labels)} at step ${i}: got ${show(b)}, want ${show(a)}`);
  }
}

function same(a: ScriptValue, b: ScriptValue, hints: boolean): boolean {
  if (typeof a === 'number' && typeof b === 'number') return close(a, b);
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  const [x, y] = [sparse(a), sparse(b)];
  const counts = (p: Counts, q: Counts): boolean =>
    [...new Set([...p.keys(), ...q.keys()])].every((i) => close(p.get(i) ?? 0, q.get(i) ?? 0));
  return (
    x.schema === y.schema &&
    x.zeroThreshold === y.zeroThreshold &&
    x.customValues.join() === y.customValues.join() &&
    close(x.count, y.count) &&
    close(x.sum, y.sum) &&
    close(x.zeroCount, y.zeroCount) &&
    counts(x.positive, y.positive) &&
    counts(x.negative, y.negative) &&
    (!hints || x.hint === y.hint)
  );
}

function show(value: ScriptValue): string {
  return typeof value === 'object'
    ? `${value.counterResetHint} s${value.schema} z${value.zeroThreshold} ${printHistogram(value, String)} ${value.customValues.join()}`
    : String(value);
}

/** Any given warning (info) must be met, and every warning (info) must be given; none given says nothing. */
export function checkAnnotations({ expectations }: EvalCommand, { warnings, infos }: QueryResult): void {
  for (const [kind, got] of [
    ['warn', warnings],
    ['info', infos],
  ] as const) {
    if (expectations.some((each) => each.kind === `no_${kind}`) && got.length > 0)
      throw new Mismatch(`unexpected ${kind}: ${got[0]}`);
    const wanted = expectations.filter((each) => each.kind === kind);
    if (wanted.length === 0) continue;
    const unmet = wanted.find((each) => !got.some((text) => matches(each, text)));
    if (unmet)
      throw new Mismatch(
        `expected ${kind} ${unmet.message ?? unmet.pattern ?? ''}, got ${JSON.stringify(got)}`,
      );
    const unexpected = got.find((text) => !wanted.some((each) => matches(each, text)));
    if (unexpected !== undefined) throw new Mismatch(`unexpected ${kind}: ${unexpected}`);
  }
}

export function checkFailure(expectations: readonly Expectation[], message: string): void {
  const unmet = expectations.find((each) => !matches(each, message));
  if (unmet)
    throw new Mismatch(
      `failed with ${JSON.stringify(message)}, expected ${unmet.message ?? unmet.pattern ?? ''}`,
    );
}

function matches({ message, pattern }: Expectation, text: string): boolean {
  if (message !== undefined) return text === message;
  return pattern === undefined || compileRegex(pattern).matcher(text).find();
}

function unquoteGo(text: string): string {
  return text.startsWith('`') ? text.slice(1, -1) : (JSON.parse(text) as string);
}
