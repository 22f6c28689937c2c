import type { AbsoluteRange } from '../time.ts';
import { interpolateQuery, type BuiltIns } from './interpolate.ts';
import { chooseSteps } from './interval.ts';
import { formatDuration, parseDuration } from '../time.ts';
import type { Variable, VariableOption, VariableValue } from './types.ts';
import { parseVariableQuery, variableOptions } from './variable-query.ts';

/** What resolving variables asks the server. */
export interface VariableSource {
  labelValues(label: string, selector: string): Promise<string[]>;
  labelNames(selector: string): Promise<string[]>;
  /** Instant query; series written as `name{labels} value time`. */
  queryResult(expr: string): Promise<string[]>;
}

export interface ResolvedVariable {
  variable: Variable;
  options: VariableOption[];
  value: VariableValue;
  error?: string;
}

export const allName = '$__all';

/** The one data source that there is: this server. */
const dataSource: VariableOption = { text: 'Prunella', value: 'prunella' };

export function multiNames(variables: readonly Variable[]): Set<string> {
  return new Set(variables.filter((one) => one.multi || one.includeAll).map((one) => one.name));
}

async function queryOptions(expr: string, source: VariableSource): Promise<string[]> {
  const query = parseVariableQuery(expr);
  switch (query.kind) {
    case 'label_values':
      return source.labelValues(query.label, query.selector);
    case 'label_names':
      return source.labelNames(query.selector);
    case 'metrics': {
      const names = await source.labelValues('__name__', '');
      const pattern = new RegExp(query.pattern);
      return names.filter((name) => pattern.test(name));
    }
    case 'query_result':
      return source.queryResult(query.expr);
    case 'empty':
      return [];
  }
}

function autoInterval(variable: Variable, range: AbsoluteRange): VariableOption[] {
  if (!variable.auto.enabled) return [];
  const minimum = parseDuration(variable.auto.min) ?? 10_000;
  const { step } = chooseSteps({
    range,
    maxDataPoints: variable.auto.count,
    minStep: minimum,
    scrapeInterval: minimum,
  });
  return [{ text: `auto (${formatDuration(step)})`, value: formatDuration(step) }];
}

async function optionsOf(
  variable: Variable,
  expr: string,
  source: VariableSource,
  range: AbsoluteRange,
): Promise<VariableOption[]> {
  switch (variable.type) {
    case 'query':
      return variableOptions(await queryOptions(expr, source), variable);
    case 'datasource':
      return /prometheus|^$/i.test(variable.query) ? [dataSource] : [];
    case 'interval':
      return [...autoInterval(variable, range), ...variable.options];
    case 'textbox':
    case 'constant':
      return [{ text: expr, value: expr }];
    case 'custom':
    case 'adhoc':
      return variable.options;
  }
}

function asValue(chosen: VariableOption[], variable: Variable): VariableValue {
  return {
    values: chosen.map((one) => one.value),
    texts: chosen.map((one) => one.text),
    all: false,
    allValue: variable.allValue,
  };
}

/** The wanted values that still exist; else what the file says; else all or the first. */
export function chooseValue(
  variable: Variable,
  options: VariableOption[],
  wanted: string[] | undefined,
): VariableValue {
  if (variable.type === 'textbox' || variable.type === 'constant') {
    const text = wanted?.[0] ?? options[0]?.value ?? variable.current[0] ?? '';
    return asValue([{ text, value: text }], variable);
  }
  const everything: VariableValue = { ...asValue(options, variable), all: true };
  for (const names of [wanted, variable.current]) {
    if (!names || names.length === 0) continue;
    if (variable.includeAll && names.some((name) => name === allName || name === 'All')) return everything;
    const found = options.filter((option) => names.includes(option.value) || names.includes(option.text));
    if (found.length > 0) return asValue(variable.multi ? found : found.slice(0, 1), variable);
  }
  if (variable.type === 'interval' && variable.current[0]?.startsWith('$__auto') && options[0])
    return asValue([options[0]], variable);
  if (variable.includeAll && options.length > 0) return everything;
  return asValue(options.slice(0, 1), variable);
}

/** Resolves variables in their order, so that a query may use those before it. A failed one is empty and says why. */
export async function resolveVariables(
  variables: readonly Variable[],
  wanted: (name: string) => string[] | undefined,
  source: VariableSource,
  range: AbsoluteRange,
): Promise<ResolvedVariable[]> {
  const multi = multiNames(variables);
  const scope = new Map<string, VariableValue>();
  const builtIns: BuiltIns = { range, step: 60_000, rate: 300_000 };
  const resolved: ResolvedVariable[] = [];
  for (const variable of variables) {
    let options: VariableOption[] = [];
    let error: string | undefined;
    try {
      options = await optionsOf(
        variable,
        interpolateQuery(variable.query, { scope, multi, builtIns }),
        source,
        range,
      );
    } catch (cause) {
      if (cause instanceof DOMException) throw cause;
      error = cause instanceof Error ? cause.message : 'the query failed';
    }
    const value = chooseValue(variable, options, wanted(variable.name));
    scope.set(variable.name, value);
    resolved.push({ variable, options, value, ...(error === undefined ? {} : { error }) });
  }
  return resolved;
}
