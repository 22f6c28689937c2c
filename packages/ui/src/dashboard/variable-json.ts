import { bool, list, num, obj, objects, str, strings, type JsonObject } from '../json.ts';
import type { Variable, VariableOption } from './types.ts';

const types = ['query', 'datasource', 'interval', 'custom', 'textbox', 'constant', 'adhoc'] as const;
const hides = ['no', 'label', 'variable'] as const;

/** Reads `templating.list`. `query` may be text or `{query, refId}`; `current.value` text or a list. */
export function readVariables(entries: JsonObject[]): Variable[] {
  return entries.filter((entry) => str(entry['name']) !== '').map(readVariable);
}

function readVariable(json: JsonObject): Variable {
  const type = types.find((type) => type === json['type']) ?? 'custom';
  const query = typeof json['query'] === 'object' ? str(obj(json['query'])['query']) : str(json['query']);
  const current = obj(json['current'])['value'];
  return {
    name: str(json['name']),
    label: str(json['label']) || str(json['name']),
    type,
    hide: type === 'constant' ? 'variable' : (hides[num(json['hide']) ?? 0] ?? 'no'),
    query: query || str(json['definition']),
    regex: str(json['regex']),
    sort: num(json['sort']) ?? 0,
    multi: bool(json['multi']),
    includeAll: bool(json['includeAll']),
    allValue: str(json['allValue']),
    options: type === 'custom' || type === 'interval' ? splitOptions(query, json['options']) : [],
    current: (Array.isArray(current) ? strings(current) : [str(current)]).filter((value) => value !== ''),
    refreshOnTime: num(json['refresh']) === 2,
    auto: {
      enabled: bool(json['auto']),
      count: num(json['auto_count']) ?? 30,
      min: str(json['auto_min'], '10s'),
    },
  };
}

/** `a, b : 2, c\,d`: a list with commas; `text : value` gives both; a backslash keeps a comma. */
function splitOptions(query: string, stored: unknown): VariableOption[] {
  const parts = query.match(/(?:\\,|[^,])+/g)?.map((part) => part.trim().replaceAll('\\,', ',')) ?? [];
  if (parts.length === 0) {
    return objects(list(stored))
      .map((option) => ({ text: str(option['text']), value: str(option['value']) }))
      .filter((option) => option.value !== '$__all');
  }
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      const pair = /^(.+?)\s+:\s+(.+)$/s.exec(part);
      return pair ? { text: pair[1] ?? part, value: pair[2] ?? part } : { text: part, value: part };
    });
}
