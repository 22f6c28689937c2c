import { bool, num, obj, objects, str, strings, type JsonObject } from '../../json.ts';
import { displayName, field, frame, type Cell, type Field, type Frame } from '../frame.ts';
import { toRegex } from '../value.ts';

function rows(source: Frame, keep: number[]): Frame {
  const fields = source.fields.map((one) => ({ ...one, values: keep.map((row) => one.values[row] ?? null) }));
  return { ...source, fields, length: keep.length };
}

function named(one: Field, names: readonly string[]): string | undefined {
  return names.find((name) => name === displayName(one) || name === one.name);
}

/** Hides, orders and renames columns. */
export function organize(frames: Frame[], options: JsonObject): Frame[] {
  const excluded = obj(options['excludeByName']);
  const included = obj(options['includeByName']);
  const order = obj(options['indexByName']);
  const renamed = obj(options['renameByName']);
  const includes = Object.keys(included).filter((name) => included[name] === true);
  const place = (one: Field): number =>
    num(order[named(one, Object.keys(order)) ?? '']) ?? Number.MAX_SAFE_INTEGER;
  return frames.map((source) => {
    const kept = source.fields.filter((one) => {
      const hidden = named(
        one,
        Object.keys(excluded).filter((name) => excluded[name] === true),
      );
      return hidden === undefined && (includes.length === 0 || named(one, includes) !== undefined);
    });
    const fields = kept
      .map((one, index) => ({ one, index }))
      .sort((a, b) => place(a.one) - place(b.one) || a.index - b.index)
      .map(({ one }) => rename(one, str(renamed[named(one, Object.keys(renamed)) ?? ''])));
    return { ...source, fields };
  });
}

function rename(one: Field, name: string): Field {
  if (name === '') return one;
  const { legend: _legend, ...rest } = one;
  return { ...rest, name };
}

export function filterByName(frames: Frame[], options: JsonObject): Frame[] {
  const matches = (condition: JsonObject, one: Field): boolean => {
    const names = strings(condition['names']);
    const regex = str(condition['pattern']) === '' ? undefined : toRegex(str(condition['pattern']));
    return named(one, names) !== undefined || (regex?.test(displayName(one)) ?? false);
  };
  const include = options['include'] === undefined ? undefined : obj(options['include']);
  const exclude = options['exclude'] === undefined ? undefined : obj(options['exclude']);
  return frames
    .map((source) => ({
      ...source,
      fields: source.fields.filter(
        (one) => (include ? matches(include, one) : true) && !(exclude && matches(exclude, one)),
      ),
    }))
    .filter((source) => source.fields.length > 0);
}

export function filterByRefId(frames: Frame[], options: JsonObject): Frame[] {
  const wanted = strings(
    Array.isArray(options['include']) ? options['include'] : str(options['include']).split('|'),
  );
  return frames.filter((source) => wanted.includes(source.refId));
}

type Test = (value: Cell, options: JsonObject) => boolean;

const tests: Record<string, Test> = {
  isNull: (value) => value === null,
  isNotNull: (value) => value !== null,
  greater: (value, options) => Number(value) > Number(options['value']),
  greaterOrEqual: (value, options) => Number(value) >= Number(options['value']),
  lower: (value, options) => Number(value) < Number(options['value']),
  lowerOrEqual: (value, options) => Number(value) <= Number(options['value']),
  equal: (value, options) => String(value) === str(options['value']),
  notEqual: (value, options) => String(value) !== str(options['value']),
  regex: (value, options) => toRegex(str(options['value']))?.test(String(value)) ?? false,
  range: (value, options) =>
    Number(value) >= Number(options['from']) && Number(value) <= Number(options['to']),
};

export function filterByValue(frames: Frame[], options: JsonObject): Frame[] {
  const filters = objects(options['filters']);
  const any = options['match'] !== 'all';
  return frames.map((source) => {
    const keep = Array.from({ length: source.length }, (_none, row) => row).filter((row) => {
      const results = filters.map((filter) => {
        const one = source.fields.find(
          (candidate) => named(candidate, [str(filter['fieldName'])]) !== undefined,
        );
        const config = obj(filter['config']);
        return one
          ? (tests[str(config['id'])]?.(one.values[row] ?? null, obj(config['options'])) ?? false)
          : false;
      });
      const hit = any ? results.some(Boolean) : results.every(Boolean);
      return options['type'] === 'exclude' ? !hit : hit;
    });
    return rows(source, keep);
  });
}

export function renameByRegex(frames: Frame[], options: JsonObject): Frame[] {
  const regex = toRegex(str(options['regex']));
  if (!regex) return frames;
  const pattern = str(options['renamePattern']);
  return frames.map((source) => ({
    ...source,
    fields: source.fields.map((one) =>
      one.type === 'time' ? one : rename(one, displayName(one).replace(regex, pattern)),
    ),
  }));
}

function compare(a: Cell, b: Cell): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a).localeCompare(String(b), 'en', { numeric: true });
}

export function sortBy(frames: Frame[], options: JsonObject): Frame[] {
  const [by] = objects(options['sort']);
  if (!by) return frames;
  const direction = bool(by['desc']) ? -1 : 1;
  return frames.map((source) => {
    const key = source.fields.find((one) => named(one, [str(by['field'])]) !== undefined);
    if (!key) return source;
    const order = Array.from({ length: source.length }, (_none, row) => row);
    return rows(
      source,
      order.sort((a, b) => direction * compare(key.values[a] ?? null, key.values[b] ?? null)),
    );
  });
}

export function limit(frames: Frame[], options: JsonObject): Frame[] {
  const count = num(options['limitField']) ?? 10;
  return frames.map((source) =>
    rows(
      source,
      Array.from({ length: Math.min(count, source.length) }, (_none, row) => row),
    ),
  );
}

export function convertFieldType(frames: Frame[], options: JsonObject): Frame[] {
  const conversions = objects(options['conversions']);
  return frames.map((source) =>
    frame(
      source.refId,
      source.fields.map((one) => {
        const to = str(
          conversions.find((conversion) => named(one, [str(conversion['targetField'])]) !== undefined)?.[
            'destinationType'
          ],
        );
        if (to === 'number')
          return {
            ...one,
            type: 'number' as const,
            values: one.values.map((value) => (value === null ? null : Number(value))),
          };
        if (to === 'string')
          return {
            ...one,
            type: 'string' as const,
            values: one.values.map((value) => (value === null ? null : String(value))),
          };
        if (to !== 'time') return one;
        return {
          ...field(
            one.name,
            'time',
            one.values.map((value) => (typeof value === 'string' ? Date.parse(value) : value)),
            one.labels,
          ),
          config: one.config,
        };
      }),
    ),
  );
}
