import { parseDuration, type FloatHistogram } from '@prunella/metrics';
import { add } from '../histogram/algebra.ts';
import { parseHistogram } from './histogram.ts';
import { parseNumber } from './number.ts';

/** One item of a series' values: a number, the stale marker, or nothing. */
export type ScriptValue = number | FloatHistogram | 'stale' | undefined;

/** Expands `1 2 _ stale 1+2x3 _x4` to one value per step. @throws Error for what is no value */
export function parseValues(text: string): ScriptValue[] {
  return (text.match(/(?:\{\{.*?\}\}|\S)+/g) ?? []).flatMap((item) =>
    item.startsWith('{{') ? expandHistogram(item) : expand(item),
  );
}

function expandHistogram(item: string): FloatHistogram[] {
  const match = /^(\{\{.*?\}\})(?:([+-])(\{\{.*?\}\}))?(?:x(\d+))?$/.exec(item);
  if (!match) throw new Error(`bad value ${JSON.stringify(item)}`);
  const [, start = '', sign, slope, times = '0'] = match;
  const values = [parseHistogram(start)];
  const delta = slope === undefined ? undefined : parseHistogram(slope);
  for (let i = 0; i < Number(times); i++) {
    const last = values.at(-1) as FloatHistogram;
    values.push(delta ? add(last, delta, {}, sign === '-' ? -1 : 1) : last);
  }
  return values;
}

function expand(item: string): ScriptValue[] {
  if (item === 'stale') return ['stale'];
  const gap = /^_(?:x(\d+))?$/.exec(item);
  if (gap) return Array.from({ length: Number(gap[1] ?? 1) }, () => undefined);
  const single = parseNumber(item);
  if (single !== undefined) return [single];
  const stale = /^stalex(\d+)$/.exec(item);
  if (stale) return Array.from({ length: Number(stale[1]) + 1 }, () => 'stale' as const);
  const series = /^(.+?)(?:([+-])([^+-].*?))?x(\d+)$/.exec(item);
  if (!series) throw new Error(`bad value ${JSON.stringify(item)}`);
  const [, start = '', sign, slope, times] = series;
  const first = parseNumber(start);
  const step = slope === undefined ? 0 : parseNumber(slope);
  if (first === undefined || step === undefined) throw new Error(`bad value ${JSON.stringify(item)}`);
  const delta = sign === '-' ? -step : step;
  const values: number[] = [first];
  // By repeated addition, rounding errors included, as the language says.
  for (let i = 0; i < Number(times); i++) values.push((values.at(-1) as number) + delta);
  return values;
}

/** Reads the items of a line of start timestamps: `-1m`, `-30s-1mx2`, `_`, `_x3`, in ms relative to the sample's time. */
export function parseOffsets(text: string): (number | undefined)[] {
  return text
    .trim()
    .split(/\s+/)
    .flatMap((item) => {
      const gap = /^_(?:x(\d+))?$/.exec(item);
      if (gap) return Array.from({ length: Number(gap[1] ?? 1) }, () => undefined);
      const match = /^([+-]?[0-9][0-9a-z]*?)([+-][0-9][0-9a-z]*?)?(?:x(\d+))?$/.exec(item);
      if (!match) throw new Error(`bad start timestamp ${JSON.stringify(item)}`);
      const [, start = '0', slope, times = '0'] = match;
      const step = slope === undefined ? 0 : signedDuration(slope);
      return Array.from({ length: Number(times) + 1 }, (_, i) => signedDuration(start) + i * step);
    });
}

function signedDuration(text: string): number {
  const ms = parseDuration(text.replace(/^[+-]/, ''));
  return text.startsWith('-') ? -ms : ms;
}
