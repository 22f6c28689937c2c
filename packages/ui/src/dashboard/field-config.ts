import { list, obj, str, strings } from '../json.ts';
import { setProperty } from './field-json.ts';
import { displayName, type Field, type Frame } from './frame.ts';
import { reduceField } from './reduce.ts';
import type { FieldConfig, Override } from './types.ts';
import { toRegex } from './value.ts';

type Comparison = (value: number, bound: number) => boolean;

const comparisons: Record<string, Comparison> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
  eq: (value, bound) => value === bound,
  neq: (value, bound) => value !== bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '==': (value, bound) => value === bound,
  '!=': (value, bound) => value !== bound,
};

function matchesValue(field: Field, options: unknown): boolean {
  const { reducer, op, value } = obj(options);
  const reduced = field.type === 'number' ? reduceField(field, str(reducer, 'lastNotNull')) : null;
  return typeof reduced === 'number' && (comparisons[str(op)]?.(reduced, Number(value)) ?? false);
}

/** Whether a field is the one that an override or a filter means. Names are as shown or as in the data. */
export function matchesField(matcher: { id: string; options: unknown }, field: Field, frame: Frame): boolean {
  const names = [displayName(field), field.name];
  switch (matcher.id) {
    case 'byName':
      return names.includes(str(matcher.options));
    case 'byNames':
      return byNames(matcher.options, names);
    case 'byRegexp': {
      const regex = toRegex(str(matcher.options));
      return regex !== undefined && names.some((name) => regex.test(name));
    }
    case 'byRegexpOrNames': {
      const { pattern } = obj(matcher.options);
      const regex = str(pattern) === '' ? undefined : toRegex(str(pattern));
      return (
        byNames(matcher.options, names) || (regex !== undefined && names.some((name) => regex.test(name)))
      );
    }
    case 'byFrameRefID':
      return frame.refId === str(matcher.options);
    case 'byType':
      return field.type === str(matcher.options);
    case 'byTypes':
      return strings(list(matcher.options)).includes(field.type);
    case 'byValue':
      return matchesValue(field, matcher.options);
    case 'numeric':
      return field.type === 'number';
    case 'time':
      return field.type === 'time';
    default:
      return false;
  }
}

function byNames(options: unknown, names: string[]): boolean {
  const { mode, names: chosen, readOnly } = obj(options);
  const found = strings(Array.isArray(options) ? options : chosen).some((name) => names.includes(name));
  void readOnly;
  return mode === 'exclude' ? !found : found;
}

function clone(config: FieldConfig): FieldConfig {
  return { ...config, custom: { ...config.custom } };
}

/**
 * Gives every field its config: the panel's defaults, then each override that matches, in order.
 * Matching goes by the name before any override, as in Grafana.
 */
export function applyFieldConfig(
  frames: readonly Frame[],
  defaults: FieldConfig,
  overrides: readonly Override[],
): Frame[] {
  return frames.map((frame) => {
    const fields = frame.fields.map((original): Field => {
      const config = clone(defaults);
      // A default display name, unit or mapping is meant for values, not for the times beside them.
      const own: Field = {
        ...original,
        config: original.type === 'time' ? { custom: { ...config.custom } } : config,
      };
      const matched = overrides.filter(({ matcher }) =>
        matchesField(matcher, { ...original, config: { custom: {} } }, frame),
      );
      for (const { properties } of matched)
        for (const { id, value } of properties) setProperty(own.config, id, value);
      return own;
    });
    return { ...frame, fields };
  });
}
