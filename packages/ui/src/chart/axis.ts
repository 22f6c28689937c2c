import { formatText, isBinaryUnit } from '../dashboard/units.ts';
import type { PlotScale } from '../dashboard/plot-model.ts';
import { formatDateTime } from '../time.ts';

/** What an axis shows when all is zero: shares are then told in percents, not in wholes. */
const restingRoom: Record<string, number> = { percentunit: 0.1, percent: 10, s: 0.1 };

/** The ends of a y axis for the data in view, from what the scale demands or asks for softly. */
export function axisRange(
  scale: PlotScale,
  dataMin: number | null,
  dataMax: number | null,
): [number, number] {
  let low = dataMin ?? 0;
  let high = dataMax ?? (scale.log > 0 ? 10 : 1);
  if (scale.log > 0) return logRange(scale, low, high);
  if (low === high) {
    // A flat line stands in the middle; flat at zero stands on the ground.
    const room = Math.abs(low) * 0.25 || restingRoom[scale.unit] || 1;
    low = low === 0 ? 0 : low - room;
    high += room;
    if (low > 0 && low - room < 0) low = 0;
  } else {
    const room = (high - low) * 0.06;
    low = low >= 0 && low - (high - low) * 0.6 <= 0 ? 0 : low - room;
    high = high <= 0 && high + room >= 0 ? 0 : high + room;
  }
  if (scale.softMin !== undefined) low = Math.min(scale.softMin, dataMin ?? scale.softMin);
  if (scale.softMax !== undefined) high = Math.max(scale.softMax, dataMax ?? scale.softMax);
  if (scale.centeredZero)
    [low, high] = [-Math.max(Math.abs(low), Math.abs(high)), Math.max(Math.abs(low), Math.abs(high))];
  low = scale.min ?? low;
  high = scale.max ?? high;
  return high > low ? [low, high] : [low, low + 1];
}

function logRange(scale: PlotScale, low: number, high: number): [number, number] {
  const base = scale.log;
  const power = (value: number, round: (n: number) => number): number =>
    base ** round(Math.log(value) / Math.log(base));
  const bottom =
    scale.min !== undefined && scale.min > 0 ? scale.min : power(low > 0 ? low : 1 / base, Math.floor);
  const top =
    scale.max !== undefined && scale.max > 0
      ? scale.max
      : power(high > bottom ? high : bottom * base, Math.ceil);
  return [bottom, Math.max(top, bottom * base)];
}

/** Distances between ticks that read as round numbers in the unit; undefined = the usual 1, 2, 5. */
export function tickSteps(unit: string): number[] | undefined {
  if (!isBinaryUnit(unit)) return undefined;
  return Array.from({ length: 60 }, (_none, power) => 2 ** power);
}

/** Labels of ticks: all with the same number of decimals, as few as tell them apart. */
export function tickLabels(
  ticks: readonly (number | null)[],
  unit: string,
  decimals: number | undefined,
): string[] {
  const write = (digits: number | undefined): string[] =>
    ticks.map((tick) => (tick === null ? '' : formatText(cleaned(tick), unit, digits)));
  const auto = write(undefined);
  if (decimals === undefined || new Set(auto).size > new Set(write(decimals)).size) return auto;
  return write(decimals);
}

/** Floating-point dust such as 0.30000000000000004. */
function cleaned(value: number): number {
  return Number(value.toPrecision(12));
}

const minute = 60_000;
const day = 1440 * minute;

/** Labels under a time axis: seconds, minutes or dates by the distance of ticks; a date where the day changes. */
export function timeLabels(ticks: readonly number[], utc: boolean): string[] {
  const distance = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  let lastDay = '';
  return ticks.map((tick, index) => {
    const full = formatDateTime(tick, utc);
    const date = full.slice(5, 10);
    const changed = index > 0 && date !== lastDay;
    lastDay = date;
    if (distance >= day) return date;
    if (changed && full.slice(11, 16) === '00:00') return date;
    return distance < minute ? full.slice(11) : full.slice(11, 16);
  });
}

/** Round times for a time axis that the browser lays out itself, `count` at most. */
export function timeTicks(from: number, to: number, count: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30]
    .map((s) => s * 1000)
    .concat([1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 43_200].map((m) => m * minute));
  const step = steps.find((candidate) => (to - from) / candidate <= count) ?? 43_200 * minute;
  const offset = new Date(from).getTimezoneOffset() * minute;
  const ticks: number[] = [];
  for (let tick = Math.ceil((from - offset) / step) * step + offset; tick <= to; tick += step)
    ticks.push(tick);
  return ticks;
}
