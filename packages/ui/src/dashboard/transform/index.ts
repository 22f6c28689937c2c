import { obj, str, type JsonObject } from '../../json.ts';
import { matchesField } from '../field-config.ts';
import type { Frame } from '../frame.ts';
import type { Transformation } from '../types.ts';
import { calculateField } from './calculate.ts';
import {
  filterByName,
  filterByRefId,
  filterByValue,
  organize,
  renameByRegex,
  limit,
  sortBy,
  convertFieldType,
} from './columns.ts';
import { groupBy } from './group.ts';
import { concatenate, joinByField, merge } from './join.ts';
import { labelsToFields, reduceTransform, seriesToRows } from './rows.ts';

type Transform = (frames: Frame[], options: JsonObject) => Frame[];

const transforms: Record<string, Transform> = {
  organize,
  filterFieldsByName: filterByName,
  filterByRefId,
  filterByValue,
  renameByRegex,
  sortBy,
  limit,
  convertFieldType,
  calculateField,
  joinByField,
  seriesToColumns: (frames, options) => joinByField(frames, { mode: 'outer', ...options }),
  merge,
  concatenate,
  groupBy,
  labelsToFields,
  seriesToRows,
  reduce: reduceTransform,
};

export const knownTransformations: readonly string[] = Object.keys(transforms);

/** Applies a panel's transformations in order; each may be limited to some frames by a filter. */
export function applyTransformations(frames: Frame[], list: readonly Transformation[]): Frame[] {
  let current = frames;
  for (const { id, options, disabled } of list) {
    const transform = Object.hasOwn(transforms, id) ? transforms[id] : undefined;
    if (disabled || !transform) continue;
    const filter = obj(options['filter']);
    const chosen =
      str(filter['id']) === ''
        ? current
        : current.filter((frame) =>
            frame.fields.some((field) =>
              matchesField({ id: str(filter['id']), options: filter['options'] }, field, frame),
            ),
          );
    current =
      chosen.length === current.length
        ? transform(current, options)
        : [...current.filter((frame) => !chosen.includes(frame)), ...transform(chosen, options)];
  }
  return current;
}
