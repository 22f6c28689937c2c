import { str, type JsonObject } from '../../json.ts';
import { displayName, field, frame, type Cell, type Field, type Frame } from '../frame.ts';

function keyField(source: Frame, name: string): Field | undefined {
  if (name !== '')
    return (
      source.fields.find((one) => one.name === name || displayName(one) === name) ??
      (name === 'Time' ? source.fields.find((one) => one.type === 'time') : undefined)
    );
  return source.fields.find((one) => one.type === 'time') ?? source.fields[0];
}

/** Puts frames side by side on the values of one field: all keys (outer), or those in every frame (inner). */
export function joinByField(frames: Frame[], options: JsonObject): Frame[] {
  const keyed = frames.flatMap((source) => {
    const key = keyField(source, str(options['byField']));
    return key ? [{ source, key }] : [];
  });
  const [first] = keyed;
  if (!first) return frames;
  const rowOf = keyed.map(({ key }) => {
    const index = new Map<Cell, number>();
    for (const [row, value] of key.values.entries()) if (!index.has(value)) index.set(value, row);
    return index;
  });
  let keys = [...new Set(keyed.flatMap(({ key }) => key.values))];
  if (options['mode'] === 'inner') keys = keys.filter((value) => rowOf.every((index) => index.has(value)));
  if (first.key.type === 'time') keys.sort((a, b) => Number(a) - Number(b));
  const fields = keyed.flatMap(({ source, key }, at) =>
    source.fields
      .filter((one) => one !== key)
      .map((one) => ({ ...one, values: keys.map((value) => cellAt(one, rowOf[at]?.get(value))) })),
  );
  return [frame(first.source.refId, [{ ...first.key, values: keys }, ...distinctNames(fields)])];
}

function cellAt(one: Field, row: number | undefined): Cell {
  return row === undefined ? null : (one.values[row] ?? null);
}

/** Joined columns may have one name: Grafana counts them, `job 1`, `job 2`. */
function distinctNames(fields: Field[]): Field[] {
  const counts = new Map<string, number>();
  for (const one of fields) counts.set(one.name, (counts.get(one.name) ?? 0) + 1);
  const seen = new Map<string, number>();
  return fields.map((one) => {
    if ((counts.get(one.name) ?? 0) < 2 || one.legend !== undefined) return one;
    const number = (seen.get(one.name) ?? 0) + 1;
    seen.set(one.name, number);
    return { ...one, name: `${one.name} ${number}` };
  });
}

/** One table of all rows; rows that agree in every column they share become one. */
export function merge(frames: Frame[], _options: JsonObject = {}): Frame[] {
  const full = frames.filter((source) => source.length > 0);
  const [first] = full;
  if (!first || full.length === 1) return frames;
  const columns = new Map<string, Field>();
  for (const source of full)
    for (const one of source.fields) if (!columns.has(displayName(one))) columns.set(displayName(one), one);
  const shared = [...columns.keys()].filter((name) =>
    full.every((source) => source.fields.some((one) => displayName(one) === name)),
  );
  const merged = mergeRows(full, shared);
  const fields = [...columns].map(([name, one]) => ({
    ...field(
      one.name,
      one.type,
      merged.map((row) => row.get(name) ?? null),
      one.labels,
    ),
    config: one.config,
    ...(one.legend === undefined ? {} : { legend: one.legend }),
  }));
  return [frame(first.refId, fields)];
}

function mergeRows(frames: Frame[], shared: string[]): Map<string, Cell>[] {
  const rows: Map<string, Cell>[] = [];
  const byKey = new Map<string, Map<string, Cell>[]>();
  for (const source of frames) {
    for (let index = 0; index < source.length; index++) {
      const cells = new Map(
        source.fields.map((one) => [displayName(one), one.values[index] ?? null] as const),
      );
      const key = JSON.stringify(shared.map((name) => cells.get(name)));
      const candidates = byKey.get(key) ?? [];
      const partner = candidates.find((row) =>
        [...cells].every(([name, value]) => !row.has(name) || row.get(name) === value),
      );
      if (partner) for (const [name, value] of cells) partner.set(name, value);
      else {
        rows.push(cells);
        byKey.set(key, [...candidates, cells]);
      }
    }
  }
  return rows;
}

/** All fields beside each other, row by row. */
export function concatenate(frames: Frame[], _options: JsonObject = {}): Frame[] {
  const [first] = frames;
  if (!first) return frames;
  const length = Math.max(...frames.map((source) => source.length));
  const fields = frames.flatMap((source) =>
    source.fields.map((one) => ({
      ...one,
      values: Array.from({ length }, (_none, row) => one.values[row] ?? null),
    })),
  );
  return [{ refId: first.refId, fields, length }];
}
