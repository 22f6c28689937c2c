import type { LegendOptions } from '../chart/legend.tsx';
import type { ReduceOptions } from '../dashboard/value.ts';
import { bool, num, obj, str, strings, type JsonObject } from '../json.ts';

export function readLegend(options: JsonObject): LegendOptions {
  const legend = obj(options['legend']);
  const mode = str(legend['displayMode'], 'list');
  return {
    show: bool(legend['showLegend'], true) && mode !== 'hidden',
    mode: mode === 'table' ? 'table' : 'list',
    placement: legend['placement'] === 'right' ? 'right' : 'bottom',
    calcs: strings(legend['calcs']),
    sortBy: str(legend['sortBy']),
    sortDesc: bool(legend['sortDesc'], true),
    hideEmpty: bool(legend['hideEmpty']),
    hideZero: bool(legend['hideZero']),
  };
}

export function readReduce(options: JsonObject): ReduceOptions {
  const reduce = obj(options['reduceOptions'] ?? options['fieldOptions']);
  const calcs = strings(reduce['calcs']);
  return {
    calcs: calcs.length === 0 ? ['lastNotNull'] : calcs,
    values: bool(reduce['values']),
    fields: str(reduce['fields']),
    limit: num(reduce['limit']) ?? 25,
  };
}

export function readTooltip(options: JsonObject): {
  mode: 'single' | 'multi' | 'none';
  sort: 'asc' | 'desc' | 'none';
} {
  const { mode, sort } = obj(options['tooltip']);
  return {
    mode: mode === 'single' ? 'single' : mode === 'none' ? 'none' : 'multi',
    sort: sort === 'asc' ? 'asc' : sort === 'desc' ? 'desc' : 'none',
  };
}
