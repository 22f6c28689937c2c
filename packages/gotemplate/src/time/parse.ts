import { ELEMENT, MONTHS } from './layout.ts';
import { GoTime } from './time.ts';

const DIGITS: Readonly<Record<string, string>> = {
  '2006': '\\d{4}',
  '06': '\\d{2}',
  '01': '\\d{2}',
  '02': '\\d{2}',
  '03': '\\d{2}',
  '04': '\\d{2}',
  '05': '\\d{2}',
  '15': '\\d{2}',
  '1': '\\d{1,2}',
  '2': '\\d{1,2}',
  _2: ' ?\\d{1,2}',
  '3': '\\d{1,2}',
  '4': '\\d{1,2}',
  '5': '\\d{1,2}',
};

/** What each element of a layout looks like in a text. */
function patternOf(element: string): string {
  const digits = DIGITS[element];
  if (digits !== undefined) return digits;
  if (element.startsWith('Jan') || element.startsWith('Mon')) return '[A-Za-z]+';
  if (element === 'PM' || element === 'pm') return '[AaPp][Mm]';
  if (element === 'MST') return '[A-Z]{3,5}';
  if (element.startsWith('Z')) return 'Z|[+-]\\d{2}:?(?:\\d{2}:?)*';
  if (element.startsWith('-')) return '[+-]\\d{2}:?(?:\\d{2}:?)*';
  return '[.,]\\d+';
}

/** Go's time.ParseInLocation with the local zone. @throws Error where the text is not of the layout */
export function parseTime(layout: string, text: string): GoTime {
  const elements: string[] = [];
  const quoteRegex = (literal: string): string => literal.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  let source = '';
  let end = 0;
  for (const { 0: element, index } of layout.matchAll(ELEMENT)) {
    source += `${quoteRegex(layout.slice(end, index))}(${patternOf(element)})`;
    // Fractions of a second are read even where the layout has none.
    if (/^0?5$/.test(element) && !/^[.,]/.test(layout.slice(index + element.length))) {
      source += '([.,]\\d+)?';
      elements.push(element, '.9');
    } else elements.push(element);
    end = index + element.length;
  }
  const found = new RegExp(`^${source}${quoteRegex(layout.slice(end))}$`).exec(text);
  const time = found && assemble(new Map(elements.map((element, i) => [element, found[i + 1]])));
  if (!time)
    throw new Error(`parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse`);
  return time;
}

function assemble(read: ReadonlyMap<string, string | undefined>): GoTime | undefined {
  const number = (...names: string[]): number | undefined => {
    const text = names.map((name) => read.get(name)).find((each) => each !== undefined);
    return text === undefined ? undefined : Number(text);
  };
  const named = read.get('January') ?? read.get('Jan');
  const month = named === undefined ? number('01', '1') : monthOf(named);
  const short = number('06');
  const year = number('2006') ?? (short === undefined ? 0 : short + (short < 69 ? 2000 : 1900));
  const half = (read.get('PM') ?? read.get('pm'))?.toUpperCase();
  const clock = number('15') ?? number('03', '3') ?? 0;
  const hour = half === undefined ? clock : (clock % 12) + (half === 'PM' ? 12 : 0);
  const fields = [
    year,
    (month ?? 1) - 1,
    number('02', '2', '_2') ?? 1,
    hour,
    number('04', '4') ?? 0,
  ] as const;
  const second = number('05', '5') ?? 0;
  const fraction =
    [...read]
      .find(([name]) => /^[.,]/.test(name))?.[1]
      ?.slice(1)
      .padEnd(9, '0') ?? '0';
  const utc = new Date(Date.UTC(...fields, second));
  utc.setUTCFullYear(year);
  if (month === 0 || utc.getUTCMonth() !== fields[1] || utc.getUTCDate() !== fields[2] || hour > 23)
    return undefined;
  const nanos = Number(fraction.slice(0, 9));
  const ms = utc.getTime() + Math.floor(nanos / 1e6);
  const zone =
    [...read].find(([name]) => /^[Z-]/.test(name))?.[1] ?? (read.get('MST') === 'UTC' ? 'Z' : undefined);
  if (zone !== undefined) return new GoTime(ms - offsetMs(zone), 'UTC', nanos % 1e6);
  return new GoTime(new Date(...fields, second, Math.floor(nanos / 1e6)).getTime(), 'Local', nanos % 1e6);
}

/** 1..12, or 0 where there is no such month. */
function monthOf(name: string): number {
  const wanted = name.slice(0, 3).toLowerCase();
  return MONTHS.findIndex((each) => each.slice(0, 3).toLowerCase() === wanted) + 1;
}

function offsetMs(zone: string): number {
  if (zone === 'Z') return 0;
  const [hours = 0, minutes = 0, seconds = 0] = (zone.match(/\d{2}/g) ?? []).map(Number);
  return (zone.startsWith('-') ? -1000 : 1000) * (hours * 3600 + minutes * 60 + seconds);
}
