import type { Labels } from '../api/prometheus.ts';
import type { FieldConfig } from './types.ts';

export type Cell = number | string | boolean | null;
export type FieldType = 'time' | 'number' | 'string';

/** A column. Times are ms; a missing value is null. */
export interface Field {
  name: string;
  type: FieldType;
  values: Cell[];
  labels: Labels;
  /** The legend, when the query says one. */
  legend?: string;
  config: FieldConfig;
}

/** Columns of one length: a series (Time and Value), or a table. */
export interface Frame {
  refId: string;
  fields: Field[];
  length: number;
}

export function field(name: string, type: FieldType, values: Cell[], labels: Labels = {}): Field {
  return { name, type, values, labels, config: { custom: {} } };
}

export function frame(refId: string, fields: Field[]): Frame {
  return { refId, fields, length: fields[0]?.values.length ?? 0 };
}

export function timeField(frame: Frame): Field | undefined {
  return frame.fields.find((field) => field.type === 'time');
}

export function numberFields(frame: Frame): Field[] {
  return frame.fields.filter((field) => field.type === 'number');
}

export function numberAt(field: Field, row: number): number | null {
  const value = field.values[row];
  return typeof value === 'number' ? value : null;
}

/** `metric{a="b"}`, the name of a series without a legend. */
export function seriesName(labels: Labels): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 && name !== '' ? name : `${name}{${pairs.join(', ')}}`;
}

function fillName(template: string, field: Field): string {
  return template.replace(
    /\$\{__field\.(name|labels)(?:\.(\w+)|\["?([^"\]]+)"?\])?\}|\$\{__series\.name\}/g,
    (_whole, part: string, dot: string, bracket: string) => {
      if (part === undefined) return field.legend ?? field.name;
      if (part === 'name') return field.name;
      const label = dot ?? bracket;
      return label === undefined ? Object.values(field.labels).join(' ') : (field.labels[label] ?? '');
    },
  );
}

/** The name that readers see: displayName, else the legend, else what tells it apart from its neighbours. */
export function displayName(field: Field): string {
  if (field.config.displayName) return fillName(field.config.displayName, field);
  if (field.legend !== undefined) return field.legend;
  if (field.name === 'Value' && Object.keys(field.labels).length > 0) return seriesName(field.labels);
  return field.name;
}
