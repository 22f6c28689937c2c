import { ConfigError, ConfigSource, validate, type ConfigProblem, type Path } from '@prunella/metrics/config';
import { compareStrings, isLegacyLabelName, METRIC_NAME } from '@prunella/metrics';
import { parse, print, type ParseOptions } from '@prunella/promql';
import { templateProblem } from '../rule/template.ts';
import type { RuleConfig, RuleFile, RuleGroupConfig } from './model.ts';
import { looseSchema, strictSchema, type RawGroup, type RawRule } from './schema.ts';

export interface LoadOptions extends ParseOptions {
  /** Leave out keys that no rule file has instead of refusing them. */
  readonly ignoreUnknownFields?: boolean;
}

/**
 * Reads a rule file of Prometheus.
 * @throws ConfigError with every problem, in Prometheus's words, each with its file, line and column
 */
export function parseRuleFile(text: string, file: string, options: LoadOptions = {}): RuleFile {
  const source = new ConfigSource(text, file);
  const raw = validate(source, options.ignoreUnknownFields ? looseSchema : strictSchema, source.texts);
  const problems: ConfigProblem[] = [];
  const names = new Set<string>();
  const groups = (raw.groups ?? []).map((group, i) => {
    if (group.name === '') problems.push(source.problem(['groups', i], 'Groupname must not be empty'));
    if (names.has(group.name)) {
      const message = `groupname: ${JSON.stringify(group.name)} is repeated in the same file`;
      problems.push(source.problem(['groups', i, 'name'], message));
    }
    names.add(group.name);
    return readGroup(group, i, source, problems, options);
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return { file, groups };
}

function readGroup(
  group: RawGroup,
  at: number,
  source: ConfigSource,
  problems: ConfigProblem[],
  options: ParseOptions,
): RuleGroupConfig {
  for (const name of Object.keys(group.labels ?? {})) {
    const problem = labelNameProblem(name);
    if (problem !== undefined) problems.push(source.problem(['groups', at, 'labels', name], problem));
  }
  const rules = (group.rules ?? []).flatMap((raw, i) => {
    const path: Path = ['groups', at, 'rules', i];
    const name = raw.alert === '' ? raw.record : raw.alert;
    const prefix = `group ${JSON.stringify(group.name)}, rule ${i + 1}, ${JSON.stringify(name)}: `;
    const found = ruleProblems(raw, options);
    for (const [key, message] of found) problems.push(source.problem([...path, ...key], prefix + message));
    return found.length > 0 ? [] : [readRule(raw, group, source.position(path).line, options)];
  });
  return {
    name: group.name,
    file: source.file,
    limit: group.limit ?? 0,
    rules,
    ...(group.interval === undefined ? {} : { interval: group.interval }),
    ...(group.query_offset === undefined ? {} : { queryOffset: group.query_offset }),
  };
}

function readRule(raw: RawRule, group: RawGroup, line: number, options: ParseOptions): RuleConfig {
  const expr = print(parse(raw.expr, options));
  const labels = sorted({ ...group.labels, ...raw.labels });
  if (raw.record !== '') return { type: 'recording', name: raw.record, expr, labels, line };
  return {
    type: 'alerting',
    name: raw.alert,
    expr,
    for: raw.for ?? 0,
    keepFiringFor: raw.keep_firing_for ?? 0,
    labels,
    annotations: sorted(raw.annotations ?? {}),
    line,
  };
}

function sorted(strings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(strings).sort(([a], [b]) => compareStrings(a, b)));
}

type Problem = readonly [path: Path, message: string];

function ruleProblems(raw: RawRule, options: ParseOptions): Problem[] {
  const problems: Problem[] = [];
  if (raw.record !== '' && raw.alert !== '') {
    problems.push([['record'], "only one of 'record' and 'alert' must be set"]);
  }
  if (raw.record === '' && raw.alert === '') problems.push([[], "one of 'record' or 'alert' must be set"]);
  problems.push(...exprProblems(raw, options));
  if (raw.record !== '') problems.push(...recordingProblems(raw));
  problems.push(...labelProblems(raw));
  if (raw.alert !== '') problems.push(...templateProblems(raw));
  return problems;
}

function exprProblems(raw: RawRule, options: ParseOptions): Problem[] {
  if (raw.expr === '') return [[[], "field 'expr' must be set in rule"]];
  try {
    parse(raw.expr, options);
    return [];
  } catch (error) {
    return [[['expr'], `could not parse expression: ${(error as Error).message}`]];
  }
}

function recordingProblems(raw: RawRule): Problem[] {
  const problems: Problem[] = [];
  if (Object.keys(raw.annotations ?? {}).length > 0) {
    problems.push([['annotations'], "invalid field 'annotations' in recording rule"]);
  }
  if (raw.for !== undefined && raw.for !== 0)
    problems.push([['for'], "invalid field 'for' in recording rule"]);
  if (raw.keep_firing_for !== undefined && raw.keep_firing_for !== 0) {
    problems.push([['keep_firing_for'], "invalid field 'keep_firing_for' in recording rule"]);
  }
  if (/[^a-zA-Z0-9_:]|^[0-9]/.test(raw.record)) {
    problems.push([['record'], `invalid recording rule name: ${raw.record}`]);
  }
  return problems;
}

function labelProblems(raw: RawRule): Problem[] {
  const problems: Problem[] = [];
  for (const name of Object.keys(raw.labels ?? {})) {
    const message = labelNameProblem(name);
    if (message !== undefined) problems.push([['labels', name], message]);
  }
  for (const name of Object.keys(raw.annotations ?? {})) {
    if (!isLegacyLabelName(name)) problems.push([['annotations', name], `invalid annotation name: ${name}`]);
  }
  return problems;
}

function labelNameProblem(name: string): string | undefined {
  return isLegacyLabelName(name) && name !== METRIC_NAME ? undefined : `invalid label name: ${name}`;
}

function templateProblems(raw: RawRule): Problem[] {
  const problems: Problem[] = [];
  for (const kind of ['labels', 'annotations'] as const) {
    for (const [name, value] of Object.entries(raw[kind] ?? {})) {
      const message = templateProblem(raw.alert, value);
      if (message === undefined) continue;
      const what = kind === 'labels' ? 'label' : 'annotation';
      problems.push([[kind, name], `${what} ${JSON.stringify(name)}: ${message}`]);
    }
  }
  return problems;
}
