/** Relabelling: the steps of `relabel_configs`, `metric_relabel_configs`, `write_relabel_configs`, `alert_relabel_configs`. */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { converted } from './config/schemas.ts';
import { isLegacyLabelName, type Labels } from './labels.ts';
import { compilePattern, compileRegex, type Pattern } from './matcher.ts';
import { LabelsBuilder } from './labels-builder.ts';

export type RelabelAction =
  | 'replace'
  | 'keep'
  | 'drop'
  | 'keepequal'
  | 'dropequal'
  | 'hashmod'
  | 'labelmap'
  | 'labeldrop'
  | 'labelkeep'
  | 'lowercase'
  | 'uppercase';

const ACTIONS: readonly RelabelAction[] = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
];

/** One step, as it stands in a configuration, with its defaults filled in. */
export interface RelabelConfig {
  readonly source_labels: readonly string[];
  readonly separator: string;
  readonly target_label: string;
  /** Fully anchored RE2. */
  readonly regex: string;
  readonly modulus: number;
  readonly replacement: string;
  readonly action: RelabelAction;
}

const DEFAULT_REGEX = '(.*)';
const DEFAULT_REPLACEMENT = '$1';

const regexText = converted((text) => {
  compilePattern(text);
  return text;
});

export const relabelConfig: v.GenericSchema<unknown, RelabelConfig> = v.pipe(
  v.strictObject({
    source_labels: v.optional(v.array(v.string()), []),
    separator: v.optional(v.string(), ';'),
    target_label: v.optional(v.string(), ''),
    regex: v.optional(regexText, DEFAULT_REGEX),
    modulus: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    replacement: v.optional(v.string(), DEFAULT_REPLACEMENT),
    action: v.optional(
      v.pipe(
        v.string(),
        v.transform((text) => text.toLowerCase()),
        v.picklist(ACTIONS, (issue) => `unknown relabel action ${JSON.stringify(issue.input)}`),
      ),
      'replace',
    ),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed ? problemOf(dataset.value) : undefined;
    if (problem !== undefined) addIssue({ message: problem });
  }),
);

export const relabelConfigs: v.GenericSchema<unknown, RelabelConfig[]> = v.pipe(
  v.nullish(v.array(relabelConfig)),
  v.transform((list) => list ?? []),
);

const NEEDS_TARGET: ReadonlySet<RelabelAction> = new Set([
  'replace',
  'keepequal',
  'dropequal',
  'hashmod',
  'lowercase',
  'uppercase',
]);

function problemOf(config: RelabelConfig): string | undefined {
  const { action, target_label: target, regex, replacement } = config;
  if (action === 'hashmod' && config.modulus === 0) return 'relabel action hashmod needs a modulus above 0';
  if (NEEDS_TARGET.has(action) && target === '') return `relabel action ${action} needs target_label`;
  // A replace target may hold references to groups: ${1}_total.
  if (target !== '' && action !== 'replace' && !isLegacyLabelName(target))
    return `${JSON.stringify(target)} is not a label name`;
  if (action === 'keepequal' || action === 'dropequal') {
    if (
      regex !== DEFAULT_REGEX ||
      config.modulus !== 0 ||
      config.separator !== ';' ||
      replacement !== DEFAULT_REPLACEMENT
    )
      return `relabel action ${action} takes only source_labels and target_label`;
  }
  if (action === 'labeldrop' || action === 'labelkeep') {
    if (
      config.source_labels.length > 0 ||
      target !== '' ||
      config.modulus !== 0 ||
      config.separator !== ';' ||
      replacement !== DEFAULT_REPLACEMENT
    )
      return `relabel action ${action} takes only regex`;
  }
  return undefined;
}

/** Compiled steps. Make it once and use it for every target and series. */
export class Relabeler {
  readonly #steps: readonly Step[];

  constructor(configs: readonly RelabelConfig[]) {
    this.#steps = configs.map(compileStep);
  }

  /** Whether there is nothing to do. */
  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** @returns the new labels, or undefined where a step dropped them */
  apply(labels: Labels): Labels | undefined {
    if (this.isEmpty) return labels;
    const builder = new LabelsBuilder(labels);
    for (const step of this.#steps) if (!step(builder)) return undefined;
    return builder.labels();
  }
}

/** Changes the labels; false = drop them. */
type Step = (labels: LabelsBuilder) => boolean;

function compileStep(config: RelabelConfig): Step {
  const { source_labels: sources, separator, target_label: target } = config;
  const source = (labels: LabelsBuilder): string => sources.map((name) => labels.get(name)).join(separator);
  const pattern = compilePattern(config.regex);
  switch (config.action) {
    case 'keep':
      return (labels) => pattern.test(source(labels));
    case 'drop':
      return (labels) => !pattern.test(source(labels));
    case 'keepequal':
      return (labels) => source(labels) === labels.get(target);
    case 'dropequal':
      return (labels) => source(labels) !== labels.get(target);
    case 'hashmod':
      return (labels) => set(labels, target, String(hashModulo(source(labels), config.modulus)));
    case 'lowercase':
      return (labels) => set(labels, target, source(labels).toLowerCase());
    case 'uppercase':
      return (labels) => set(labels, target, source(labels).toUpperCase());
    case 'labeldrop':
      return (labels) => dropNames(labels, (name) => pattern.test(name));
    case 'labelkeep':
      return (labels) => dropNames(labels, (name) => !pattern.test(name));
    case 'labelmap':
      return labelMap(config, pattern);
    case 'replace':
      return replace(config, source, pattern);
  }
}

function set(labels: LabelsBuilder, name: string, value: string): true {
  labels.set(name, value);
  return true;
}

function dropNames(labels: LabelsBuilder, drop: (name: string) => boolean): true {
  for (const name of labels.names()) if (drop(name)) labels.set(name, '');
  return true;
}

/** The last 8 bytes of the MD5 sum, as a big-endian number, modulo. */
function hashModulo(text: string, modulus: number): number {
  const digest = createHash('md5').update(text).digest();
  return Number(digest.readBigUInt64BE(8) % BigInt(modulus));
}

function labelMap(config: RelabelConfig, pattern: Pattern): Step {
  const expand = expander(config.regex, config.replacement);
  return (labels) => {
    const entries = labels.names().map((name): [string, string] => [name, labels.get(name)]);
    for (const [name, value] of entries) {
      const renamed = pattern.test(name) ? expand(name) : undefined;
      if (renamed) labels.set(renamed, value);
    }
    return true;
  };
}

function replace(config: RelabelConfig, source: (labels: LabelsBuilder) => string, pattern: Pattern): Step {
  const { target_label: target, replacement } = config;
  const expandTarget = expander(config.regex, target);
  const expandValue = expander(config.regex, replacement);
  return (labels) => {
    const value = source(labels);
    if (!pattern.test(value)) return true;
    const name = expandTarget(value);
    if (name !== undefined && isLegacyLabelName(name)) labels.set(name, expandValue(value) ?? '');
    return true;
  };
}

/**
 * Fills a template's `$1`, `${1}`, `$name` and `${name}` from a match, as Go's `regexp.Expand`: the longest name counts
 * (`$1x` is `${1x}`), unknown groups are empty, `$$` is a dollar.
 */
function expander(regex: string, template: string): (text: string) => string | undefined {
  if (!template.includes('$')) return () => template;
  if (regex === DEFAULT_REGEX && template === DEFAULT_REPLACEMENT) return (text) => text;
  const compiled = compileRegex(`^(?s:${regex})$`, regex);
  const groups = compiled.namedGroups();
  return (text) => {
    const matcher = compiled.matcher(text);
    if (!matcher.matches()) return undefined;
    return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (_, bare?: string, braced?: string) => {
      const name = bare ?? braced;
      if (name === undefined) return '$';
      const group = /^\d+$/.test(name) ? Number(name) : (groups[name] ?? -1);
      if (group < 0 || group > matcher.groupCount()) return '';
      return matcher.group(group) ?? '';
    });
  };
}
