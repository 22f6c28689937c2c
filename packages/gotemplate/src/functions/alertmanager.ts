import { toJson } from '../html/escape.ts';
import { GoTime } from '../time/time.ts';
import { fn, kindOf, printValue, SafeText, type FuncMap, type GoValue } from '../values.ts';
import { humanizeDuration } from './humanize.ts';
import { stringFunctions } from './strings.ts';

/** The functions of Alertmanager's notification templates. `now` gives ms. */
export function alertmanagerFunctions(now: () => number): FuncMap {
  return {
    ...stringFunctions,
    trimSpace: fn('string', (text: string) => text.trim()),
    join: fn('string, []string', (separator: string, items: readonly GoValue[]) =>
      items.map((item) => printValue(item)).join(separator),
    ),
    stringSlice: fn('string...', (...items: string[]) => items),
    safeUrl: fn('string', (text: string) => new SafeText('URL', text)),
    urlUnescape: fn('string', (text: string) => decodeURIComponent(text.replaceAll('+', ' '))),
    date: fn('string, time.Time', (layout: string, time: GoTime) => time.Format(layout)),
    tz: fn('string, time.Time', (zone: string, time: GoTime) => inZone(zone, time)),
    now: fn('', () => new GoTime(now())),
    since: fn('time.Time', (time: GoTime) => new GoTime(now()).Sub(time)),
    humanizeDuration: fn('any', humanizeDuration),
    toJson: fn('any', toJson),
    list: fn('any...', (...items: GoValue[]) => items),
    append: fn('[]any, any...', (list: readonly GoValue[], ...items: GoValue[]) => [...list, ...items]),
    dict: fn('any...', dict),
    base64encode: fn('string', (text: string) => Buffer.from(text).toString('base64')),
    base64decode: fn('string', (text: string) => Buffer.from(text, 'base64').toString()),
  };
}

function inZone(zone: string, time: GoTime): GoTime {
  try {
    const local = time.In(zone);
    local.Year();
    return local;
  } catch (error) {
    throw new Error(`unknown time zone ${zone}`, { cause: error });
  }
}

function dict(...pairs: GoValue[]): Map<string, GoValue> {
  if (pairs.length % 2 !== 0) throw new Error('dict requires an even number of arguments');
  const map = new Map<string, GoValue>();
  for (let i = 0; i < pairs.length; i += 2) {
    if (kindOf(pairs[i]) !== 'string') throw new Error('dict keys must be strings');
    map.set(printValue(pairs[i]), pairs[i + 1]);
  }
  return map;
}
