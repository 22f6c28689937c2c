import { obj, strings, type JsonObject } from '../../json.ts';
import { displayName, field, frame, type Cell, type Field, type Frame } from '../frame.ts';
import { reduceValues } from '../reduce.ts';

const calcNames: Record<string, string> = {
  lastNotNull: 'lastNotNull',
  sum: 'sum',
  mean: 'mean',
  max: 'max',
  min: 'min',
  count: 'count',
  last: 'last',
};

/** Groups rows by the fields whose operation is `groupby` and calculates over the others, as `Value (sum)`. */
export function groupBy(frames: Frame[], options: JsonObject): Frame[] {
  const settings = obj(options['fields']);
  const settingOf = (one: Field): JsonObject => obj(settings[displayName(one)] ?? settings[one.name]);
  return frames.map((source) => {
    const keys = source.fields.filter((one) => settingOf(one)['operation'] === 'groupby');
    if (keys.length === 0) return source;
    const groups = new Map<string, number[]>();
    for (let row = 0; row < source.length; row++) {
      const key = JSON.stringify(keys.map((one) => one.values[row] ?? null));
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    const members = [...groups.values()];
    const keyColumns = keys.map((one) => ({
      ...one,
      values: members.map(([row = 0]): Cell => one.values[row] ?? null),
    }));
    const aggregates = source.fields.flatMap((one) => {
      const setting = settingOf(one);
      if (setting['operation'] !== 'aggregate') return [];
      return strings(setting['aggregations']).map((calc) => aggregate(one, calc, members));
    });
    return frame(source.refId, [...keyColumns, ...aggregates]);
  });
}

function aggregate(one: Field, calc: string, members: number[][]): Field {
  const values = members.map((rows) =>
    reduceValues(
      rows.map((row) => one.values[row] ?? null),
      calc,
    ),
  );
  const type = calc === 'count' || one.type === 'number' ? 'number' : one.type;
  return field(`${displayName(one)} (${calcNames[calc] ?? calc})`, type, values, one.labels);
}
