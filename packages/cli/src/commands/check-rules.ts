import { readFile } from 'node:fs/promises';
import { ConfigError } from '@prunella/metrics/config';
import { lintRules, parseRuleFile, type LintWarning, type LoadOptions, type RuleFile } from '@prunella/rules';
import type { Command, Io } from '../command.ts';
import { featureFlag, featuresOf } from '../features.ts';
import { describeFlags, parseFlags, type Flags } from '../flags.ts';

const flags = {
  'ignore-unknown-fields': { kind: 'switch', help: 'Leave out keys that no rule file has.' },
  'enable-feature': featureFlag,
  lint: { kind: 'switch', default: 'true', help: 'Warn of what is valid but probably not meant.' },
  'lint-fatal': { kind: 'switch', help: 'Exit with status 3 when there are warnings.' },
} as const satisfies Flags;

/** `prunella check rules`: promtool's verdict, with the place of every fault and, for warnings, the remedy. */
export const command: Command = {
  name: 'check rules',
  summary: 'check rule files',
  help: `prunella check rules [flags] FILE…\n\n${describeFlags(flags)}`,
  async run(args, io) {
    const { values, positionals } = parseFlags(flags, args, { positionals: true });
    if (positionals.length === 0) {
      io.err('name at least one rule file');
      return 2;
    }
    const valid: RuleFile[] = [];
    for (const file of positionals) {
      const rules = await checkRuleFile(file, io, {
        ignoreUnknownFields: values['ignore-unknown-fields'],
        features: featuresOf(values['enable-feature']),
      });
      if (rules) valid.push(rules);
    }
    const warnings = values.lint ? lintRules(valid) : [];
    reportWarnings(warnings, io);
    if (valid.length < positionals.length) return 1;
    return values['lint-fatal'] && warnings.length > 0 ? 3 : 0;
  },
};

/** Checks one file and says what came out. @returns its rules, where it is valid */
export async function checkRuleFile(
  file: string,
  io: Io,
  options: LoadOptions = {},
): Promise<RuleFile | undefined> {
  io.out(`Checking ${file}`);
  try {
    const rules = parseRuleFile(await readRuleFile(file), file, options);
    const count = rules.groups.reduce((sum, group) => sum + group.rules.length, 0);
    io.out(`  SUCCESS: ${count} rules found`);
    io.out('');
    return rules;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.err('  FAILED:');
    for (const line of error.message.split('\n')) io.err(`  ${line}`);
    io.out('');
    return undefined;
  }
}

export function reportWarnings(warnings: readonly LintWarning[], io: Io): void {
  for (const { file, line, message, hint } of warnings) {
    io.err(`  WARNING: ${file}:${line}: ${message}`);
    io.err(`           ${hint}`);
  }
}

async function readRuleFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      { file, line: 0, column: 0, message: code === 'ENOENT' ? 'no such file' : message },
    ]);
  }
}
