import { parseFloatGo, type FloatHistogram } from '@prunella/metrics';
import { addHistograms, parseHistogram } from './histogram.ts';

/** One point of an input series; undefined = no sample. */
export type TestValue = number | FloatHistogram | 'stale' | undefined;

const HISTOGRAM = /^(\{\{.*?\}\})(?:([+-])(\{\{.*?\}\}))?(?:x(\d+))?$/;
/** No hexadecimal numbers: `0x3` is four zeros. */
const NUMBER = String.raw`[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI]nf|[nN]a[nN])`;
const FLOATS = new RegExp(`^(${NUMBER})(?:([+-])(${NUMBER}))?(?:x(\\d+))?$`);

/** The most points that one series may have. */
const MAX_POINTS = 10_000_000;

/**
 * Reads the expanding notation: `1 2 _ stale`, `_x5`, `1x4` (five ones), `0+10x3` (0 10 20 30), and histograms alike.
 * @throws Error
 */
export function parseValues(text: string): TestValue[] {
  const values: TestValue[] = [];
  for (const item of text.match(/(?:\{\{.*?\}\}|\S)+/g) ?? []) {
    // One by one: a spread of a million arguments overflows the stack.
    for (const value of parseItem(item)) values.push(value);
    if (values.length > MAX_POINTS) throw new Error(`more than ${MAX_POINTS} values`);
  }
  return values;
}

function parseItem(item: string): TestValue[] {
  const gap = /^_(?:x(\d+))?$/.exec(item);
  if (gap) return Array.from({ length: times(gap[1] ?? '1') }, () => undefined);
  const stale = /^stale(?:x(\d+))?$/.exec(item);
  if (stale) return Array.from({ length: times(stale[1] ?? '0') + 1 }, () => 'stale' as const);
  const histogram = HISTOGRAM.exec(item);
  if (histogram) {
    const [, start = '', operator, step, count = '0'] = histogram;
    const change = step === undefined ? undefined : parseHistogram(step);
    const factor = operator === '-' ? -1 : 1;
    return repeat(parseHistogram(start), times(count), (h) =>
      change ? addHistograms(h, change, factor) : h,
    );
  }
  const floats = FLOATS.exec(item);
  if (!floats) throw new Error(`parse error: unexpected ${JSON.stringify(item)} in series values`);
  const [, start = '', operator, step, count] = floats;
  if (step !== undefined && count === undefined)
    throw new Error(`parse error: ${JSON.stringify(item)} lacks a number of repetitions`);
  const change = step === undefined ? 0 : number(step) * (operator === '-' ? -1 : 1);
  // By repeated addition, as Prometheus: rounding errors add up alike.
  return repeat(number(start), times(count ?? '0'), (value) => (step === undefined ? value : value + change));
}

function repeat<T>(first: T, more: number, next: (value: T) => T): T[] {
  const values = [first];
  for (let i = 0; i < more; i++) values.push(next(values[i] as T));
  return values;
}

function times(text: string): number {
  const count = Number(text);
  if (count > MAX_POINTS) throw new Error(`more than ${MAX_POINTS} values`);
  return count;
}

function number(text: string): number {
  const value = parseFloatGo(text);
  if (value === undefined) throw new Error(`parse error: bad number ${JSON.stringify(text)}`);
  return value;
}
