import { bool, list, num, obj, objects, str } from '../json.ts';
import type { FieldConfig, Link, Mapping, MappingResult, Thresholds } from './types.ts';

function readThresholds(value: unknown): Thresholds {
  const json = obj(value);
  const steps = objects(json['steps']).map((step, index) => ({
    value: index === 0 ? -Infinity : (num(step['value']) ?? -Infinity),
    color: str(step['color'], 'green'),
  }));
  return {
    mode: json['mode'] === 'percentage' ? 'percentage' : 'absolute',
    steps: steps.sort((a, b) => a.value - b.value),
  };
}

function readResult(value: unknown): MappingResult {
  const json = obj(value);
  const text = json['text'];
  return {
    text: text === undefined || text === null ? undefined : str(text),
    color: json['color'] === undefined ? undefined : str(json['color']),
    index: num(json['index']) ?? 0,
  };
}

/** Mappings since Grafana 8 (`type: 'value'`…), and the numeric types 1 (value) and 2 (range) before. */
function readMapping(value: unknown): Mapping[] {
  const json = obj(value);
  const options = obj(json['options']);
  switch (json['type']) {
    case 'value': {
      const entries = Object.entries(options).map(([key, result]) => [key, readResult(result)] as const);
      return [{ type: 'value', options: Object.fromEntries(entries) }];
    }
    case 'range': {
      const from = num(options['from']) ?? -Infinity;
      const to = num(options['to']) ?? Infinity;
      return [{ type: 'range', from, to, result: readResult(options['result']) }];
    }
    case 'regex':
      return [{ type: 'regex', pattern: str(options['pattern']), result: readResult(options['result']) }];
    case 'special':
      return [{ type: 'special', match: str(options['match']), result: readResult(options['result']) }];
    case 1:
      if (str(json['value']) === 'null')
        return [{ type: 'special', match: 'null', result: readResult(json) }];
      return [{ type: 'value', options: { [str(json['value'])]: readResult(json) } }];
    case 2:
      return [
        {
          type: 'range',
          from: num(json['from']) ?? -Infinity,
          to: num(json['to']) ?? Infinity,
          result: readResult(json),
        },
      ];
    default:
      return [];
  }
}

function readDataLinks(value: unknown): Link[] {
  return objects(value).map((link) => ({
    title: str(link['title']) || str(link['url']),
    url: str(link['url']),
    newTab: bool(link['targetBlank']),
  }));
}

/** Sets one property of a field config: a key of `defaults`, or the id of an override property. */
export function setProperty(config: FieldConfig, id: string, value: unknown): void {
  if (id.startsWith('custom.')) {
    setPath(config.custom, id.slice('custom.'.length).split('.'), value);
    return;
  }
  switch (id) {
    case 'unit':
    case 'displayName':
    case 'noValue':
      config[id] = str(value);
      return;
    case 'decimals':
    case 'min':
    case 'max': {
      const number = num(value);
      if (number === undefined) delete config[id];
      else config[id] = number;
      return;
    }
    case 'color': {
      const json = obj(value);
      config.color = {
        mode: str(json['mode']),
        fixedColor: str(json['fixedColor']),
        seriesBy: str(json['seriesBy']),
      };
      return;
    }
    case 'thresholds':
      config.thresholds = readThresholds(value);
      return;
    case 'mappings':
      config.mappings = list(value).flatMap(readMapping);
      return;
    case 'links':
      config.links = readDataLinks(value);
      return;
    case 'filterable':
      config.filterable = bool(value);
      return;
    default: // properties of panel plugins that we do not know
  }
}

function setPath(target: Record<string, unknown>, path: string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined || key === '__proto__') return;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = { ...obj(target[key]) };
  setPath(inner, rest, value);
  target[key] = inner;
}

export function readFieldConfig(value: unknown): FieldConfig {
  const json = obj(value);
  const config: FieldConfig = { custom: { ...obj(json['custom']) } };
  for (const [key, property] of Object.entries(json)) {
    if (key !== 'custom' && property !== null) setProperty(config, key, property);
  }
  return config;
}
