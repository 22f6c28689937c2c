import { bool, num, obj, objects, str, strings, type JsonObject } from '../../json.ts';
import { displayName, field, frame, numberFields, type Cell, type Field, type Frame } from '../frame.ts';
import { reduceValues } from '../reduce.ts';
import { joinByField } from './join.ts';

type Binary = (a: number, b: number) => number;

const operators: Record<string, Binary> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};

const unary: Record<string, (value: number) => number> = {
  abs: Math.abs,
  exp: Math.exp,
  ln: Math.log,
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Adds a column: of two operands, of all numbers in a row, of one number, or the row's index. */
export function calculateField(frames: Frame[], options: JsonObject): Frame[] {
  const joined =
    frames.length > 1 && frames.every((source) => source.fields[0]?.type === 'time')
      ? joinByField(frames, { mode: 'outer' })
      : frames;
  return joined.map((source) => {
    const made = calculate(source, options);
    if (!made) return source;
    const kept = bool(options['replaceFields'])
      ? source.fields.filter((one) => one.type === 'time')
      : source.fields;
    return frame(source.refId, [...kept, made]);
  });
}

function calculate(source: Frame, options: JsonObject): Field | undefined {
  const alias = str(options['alias']);
  const rows = Array.from({ length: source.length }, (_none, row) => row);
  switch (options['mode']) {
    case 'binary':
      return binary(source, obj(options['binary']), alias, rows);
    case 'unary': {
      const { operator, fieldName } = obj(options['unary']);
      const one = find(source, str(fieldName));
      const apply = unary[str(operator)];
      if (!one || !apply) return undefined;
      return field(
        alias || `${str(operator)}(${displayName(one)})`,
        'number',
        one.values.map((value) => (typeof value === 'number' ? apply(value) : null)),
      );
    }
    case 'index':
      return field(alias || 'Row', 'number', rows);
    case 'reduceRow':
    default: {
      const { reducer, include } = obj(options['reduce']);
      const names = strings(include);
      const inputs = numberFields(source).filter(
        (one) => names.length === 0 || names.includes(displayName(one)) || names.includes(one.name),
      );
      const values = rows.map((row): Cell =>
        reduceValues(
          inputs.map((one) => one.values[row] ?? null),
          str(reducer, 'sum'),
        ),
      );
      return field(alias || 'Total', 'number', values);
    }
  }
}

function find(source: Frame, name: string): Field | undefined {
  return source.fields.find((one) => displayName(one) === name || one.name === name);
}

/** An operand is a field's name, a number, or `{matcher: {options}}` / `{fixed}` since Grafana 11. */
function operand(source: Frame, value: unknown): (row: number) => number | null {
  const nested = obj(value);
  const text = str(value) || str(nested['fixed']) || str(obj(nested['matcher'])['options']);
  const one = find(source, text);
  const constant = num(text) ?? null;
  return (row) => {
    const cell = one ? one.values[row] : constant;
    return typeof cell === 'number' ? cell : null;
  };
}

function binary(source: Frame, options: JsonObject, alias: string, rows: number[]): Field | undefined {
  const apply = operators[str(options['operator'])];
  if (!apply) return undefined;
  const left = operand(source, options['left']);
  const right = operand(source, options['right']);
  const values = rows.map((row) => {
    const [a, b] = [left(row), right(row)];
    return a === null || b === null ? null : apply(a, b);
  });
  const name =
    objects([options]).map(({ left: a, operator, right: b }) => `${str(a)} ${str(operator)} ${str(b)}`)[0] ??
    'Value';
  return field(alias || name, 'number', values);
}
