import { reduceField } from './reduce.ts';
import { cssColor, fieldColor } from './color.ts';
import { displayName, type Cell, type Field, type Frame } from './frame.ts';
import type { FieldConfig, Mapping, MappingResult } from './types.ts';
import { formatValue } from './units.ts';

function specialMatches(match: string, value: Cell): boolean {
  switch (match) {
    case 'null':
      return value === null;
    case 'nan':
      return typeof value === 'number' && Number.isNaN(value);
    case 'null+nan':
      return value === null || (typeof value === 'number' && Number.isNaN(value));
    case 'true':
    case 'false':
      return String(value) === match;
    case 'empty':
      return value === '';
    default:
      return false;
  }
}

/** JavaScript's regular expressions, from `/source/flags` or a bare source; undefined when it is not valid. */
export function toRegex(text: string): RegExp | undefined {
  const literal = /^\/(.*)\/([gimsuy]*)$/s.exec(text);
  try {
    return literal ? new RegExp(literal[1] ?? '', (literal[2] ?? '').replace(/[gy]/g, '')) : new RegExp(text);
  } catch {
    return undefined;
  }
}

function mapOne(mapping: Mapping, value: Cell): MappingResult | undefined {
  switch (mapping.type) {
    case 'value':
      return Object.hasOwn(mapping.options, String(value)) ? mapping.options[String(value)] : undefined;
    case 'range':
      return typeof value === 'number' && value >= mapping.from && value <= mapping.to
        ? mapping.result
        : undefined;
    case 'regex': {
      const regex = typeof value === 'string' ? toRegex(mapping.pattern) : undefined;
      const found = regex?.exec(String(value));
      if (!found) return undefined;
      const text = mapping.result.text?.replace(
        /\$(\d)/g,
        (_whole, group: string) => found[Number(group)] ?? '',
      );
      return { ...mapping.result, text };
    }
    case 'special':
      return specialMatches(mapping.match, value) ? mapping.result : undefined;
  }
}

/** The first value mapping that fits. */
export function mapValue(mappings: readonly Mapping[] | undefined, value: Cell): MappingResult | undefined {
  for (const mapping of mappings ?? []) {
    const result = mapOne(mapping, value);
    if (result) return result;
  }
  return undefined;
}

/** One value ready to be shown. */
export interface DisplayValue {
  name: string;
  prefix: string;
  text: string;
  suffix: string;
  /** CSS. */
  color: string;
  number: number | null;
}

/** The ends for percentages and gauges: what the config says, else what the data spans. */
export function fieldRange(config: FieldConfig, values: readonly Cell[]): { min: number; max: number } {
  const percent = config.unit === 'percent' ? 100 : config.unit === 'percentunit' ? 1 : undefined;
  let min = config.min ?? (percent === undefined ? Infinity : 0);
  let max = config.max ?? percent ?? -Infinity;
  for (const value of values) {
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    if (config.min === undefined && percent === undefined) min = Math.min(min, value);
    if (config.max === undefined && percent === undefined) max = Math.max(max, value);
  }
  if (!Number.isFinite(min)) min = 0;
  if (!Number.isFinite(max)) max = 100;
  return max > min ? { min, max } : { min, max: min + 1 };
}

export interface DisplayOptions {
  index: number;
  fallbackColor: string;
  /** Ends of the range of colours; taken from the field when absent. */
  range?: { min: number; max: number };
}

/** Writes a value with the field's unit, decimals, mappings, thresholds and "no value" text. */
export function displayValue(field: Field, value: Cell, options: DisplayOptions): DisplayValue {
  const { config } = field;
  const name = displayName(field);
  const range = options.range ?? fieldRange(config, field.values);
  const number = typeof value === 'number' ? value : null;
  const mapped = mapValue(config.mappings, value);
  const base = fieldColor({
    config,
    index: options.index,
    name,
    value: number,
    ...range,
    fallback: options.fallbackColor,
  });
  const color = mapped?.color === undefined ? base : cssColor(mapped.color);
  if (mapped?.text !== undefined && mapped.text !== '')
    return { name, prefix: '', text: mapped.text, suffix: '', color, number };
  if (value === null || value === '')
    return {
      name,
      prefix: '',
      text: config.noValue ?? (value === null ? 'No data' : ''),
      suffix: '',
      color,
      number,
    };
  if (number === null) return { name, prefix: '', text: String(value), suffix: '', color, number };
  return { name, ...formatValue(number, config.unit ?? '', config.decimals), color, number };
}

export interface ReduceOptions {
  calcs: string[];
  /** Show every row instead of one calculation. */
  values: boolean;
  /** '' = number fields; else `/regex/` or a name. */
  fields: string;
  limit: number;
}

export interface ReducedValue extends DisplayValue {
  field: Field;
  frame: Frame;
}

function wanted(field: Field, fields: string): boolean {
  if (field.config.custom['hidden'] === true) return false;
  if (fields === '') return field.type === 'number';
  const name = displayName(field);
  return fields.startsWith('/')
    ? (toRegex(fields)?.test(name) ?? false)
    : name === fields || field.name === fields;
}

/** What stat, gauge, bar gauge and pie chart show: one value for each field (or row). */
export function reduceFrames(
  frames: readonly Frame[],
  options: ReduceOptions,
  fallbackColor: string,
): ReducedValue[] {
  const out: ReducedValue[] = [];
  let index = 0;
  for (const frame of frames) {
    for (const field of frame.fields) {
      if (!wanted(field, options.fields)) continue;
      const labelled = frame.fields.find((other) => other.type === 'string');
      const rows = options.values
        ? field.values.slice(0, options.limit)
        : [reduceField(field, options.calcs[0] ?? 'lastNotNull')];
      for (const [row, value] of rows.entries()) {
        const shown = displayValue(field, value, { index: index++, fallbackColor });
        if (options.values && labelled) shown.name = String(labelled.values[row] ?? shown.name);
        out.push({ ...shown, field, frame });
      }
    }
  }
  return out;
}
