import { toJson } from '../html/escape.ts';
import { quote } from '../syntax/quote.ts';
import { parseTime } from '../time/parse.ts';
import { GoTime } from '../time/time.ts';
import { anySlice, fn, kindOf, printValue, SafeText, type FuncMap, type GoValue } from '../values.ts';
import { humanizeDuration } from './humanize.ts';
import { stringFunctions, titleWords } from './strings.ts';

/** The functions of Alertmanager's notification templates. `now` gives ms. */
export function alertmanagerFunctions(now: () => number): FuncMap {
  return {
    ...stringFunctions,
    trimSpace: fn('string', (text: string) => text.trim()),
    join: fn('string, []string', (separator: string, items: readonly GoValue[]) =>
      items.map((item) => printValue(item)).join(separator),
    ),
    title: fn('string', titleWords),
    stringSlice: fn('string...', (...items: string[]) => items),
    safeUrl: fn('string', (text: string) => new SafeText('URL', text)),
    urlUnescape: fn('string', urlUnescape),
    date: fn('string, time.Time', (layout: string, time: GoTime) => time.Format(layout)),
    toDate: fn('string, string', (layout: string, text: string) => {
      try {
        return parseTime(layout, text);
      } catch {
        return GoTime.zero;
      }
    }),
    mustToDate: fn('string, string', parseTime),
    tz: fn('string, time.Time', (zone: string, time: GoTime) => inZone(zone, time)),
    now: fn('', () => new GoTime(now())),
    since: fn('time.Time', (time: GoTime) => new GoTime(now()).Sub(time)),
    humanizeDuration: fn('any', humanizeDuration),
    toJson: fn('any', toJson),
    list: fn('any...', (...items: GoValue[]) => anySlice(items)),
    append: fn('[]any, any...', (list: readonly GoValue[], ...items: GoValue[]) =>
      anySlice([...list, ...items]),
    ),
    dict: fn('any...', dict),
    base64encode: fn('string', (text: string) => Buffer.from(text).toString('base64')),
    base64decode: fn('string', (text: string) => Buffer.from(text, 'base64').toString()),
  };
}

/** Go's url.QueryUnescape. */
function urlUnescape(text: string): string {
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/su.exec(text);
  if (wrong) throw new Error(`invalid URL escape ${quote(wrong[0])}`);
  const bytes = Buffer.from(text.replaceAll('+', ' ')).toString('latin1');
  const decoded = bytes.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(decoded, 'latin1').toString();
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
