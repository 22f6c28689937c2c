import { Labels } from '@prunella/metrics';
import type { RuleConfig, RuleFile } from './model.ts';

/** Something that is valid but probably not meant. */
export interface LintWarning {
  readonly file: string;
  readonly line: number;
  readonly kind: 'duplicate-rules' | 'for' | 'annotations';
  readonly message: string;
  readonly hint: string;
}

/** Looks at rules across files: the same series or alert from two rules, alerts that can flap, alerts that say nothing. */
export function lintRules(files: readonly RuleFile[]): LintWarning[] {
  const warnings: LintWarning[] = [];
  const seen = new Map<string, string>();
  for (const { file, groups } of files) {
    for (const rule of groups.flatMap((group) => group.rules)) {
      const place = `${file}:${rule.line}`;
      const key = `${rule.type}\xff${rule.name}\xff${JSON.stringify(rule.labels)}`;
      const first = seen.get(key);
      if (first !== undefined) warnings.push(duplicate(file, rule, first));
      else seen.set(key, place);
      if (rule.type === 'alerting') warnings.push(...lintAlert(file, rule));
    }
  }
  return warnings;
}

function duplicate(file: string, rule: RuleConfig, first: string): LintWarning {
  return {
    file,
    line: rule.line,
    kind: 'duplicate-rules',
    message: `${rule.type} rule ${JSON.stringify(rule.name)} ${Labels.from(rule.labels).toString()} also stands at ${first}`,
    hint: 'two rules that write the same series make its values depend on which comes last; give one another name or label',
  };
}

function lintAlert(file: string, rule: RuleConfig & { type: 'alerting' }): LintWarning[] {
  const warnings: LintWarning[] = [];
  if (rule.for === 0) {
    warnings.push({
      file,
      line: rule.line,
      kind: 'for',
      message: `alert ${JSON.stringify(rule.name)} has no "for"`,
      hint: 'one bad sample is enough to wake somebody; write for example "for: 1m"',
    });
  }
  if (Object.keys(rule.annotations).length === 0) {
    warnings.push({
      file,
      line: rule.line,
      kind: 'annotations',
      message: `alert ${JSON.stringify(rule.name)} has no annotations`,
      hint: 'say in a "summary" what is wrong and in a "description" what to do',
    });
  }
  return warnings;
}
