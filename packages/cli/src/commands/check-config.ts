import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError } from '@prunella/metrics/config';
import { lintRules, type LoadOptions, type RuleFile } from '@prunella/rules';
import { expandPattern, loadPrometheusConfig, type PrometheusConfig } from '@prunella/scrape';
import type { Command, Io } from '../command.ts';
import { featureFlag, featuresOf } from '../features.ts';
import { describeFlags, parseFlags, type Flags } from '../flags.ts';
import { checkRuleFile, reportWarnings } from './check-rules.ts';

const flags = {
  'syntax-only': { kind: 'switch', help: 'Leave out the files that the configuration names.' },
  'enable-feature': featureFlag,
  lint: { kind: 'switch', default: 'true', help: 'Warn of what is valid but probably not meant.' },
  'lint-fatal': { kind: 'switch', help: 'Exit with status 3 when there are warnings.' },
} as const satisfies Flags;

/** `prunella check config`: checks prometheus.yml and the rule files that it names. */
export const command: Command = {
  name: 'check config',
  summary: 'check prometheus.yml and its rule files',
  help: `prunella check config [flags] FILE…\n\n${describeFlags(flags)}`,
  async run(args, io) {
    const { values, positionals } = parseFlags(flags, args, { positionals: true });
    if (positionals.length === 0) {
      io.err('name at least one configuration file');
      return 2;
    }
    let failed = false;
    const rules: RuleFile[] = [];
    const options = { features: featuresOf(values['enable-feature']) };
    for (const file of positionals) {
      const found = await checkFile(file, values['syntax-only'], options, io);
      if (found) rules.push(...found);
      else failed = true;
    }
    const warnings = values.lint ? lintRules(rules) : [];
    reportWarnings(warnings, io);
    if (failed) return 1;
    return values['lint-fatal'] && warnings.length > 0 ? 3 : 0;
  },
};

/** @returns the rules of its rule files, where all is valid */
async function checkFile(
  file: string,
  syntaxOnly: boolean,
  options: LoadOptions,
  io: Io,
): Promise<RuleFile[] | undefined> {
  io.out(`Checking ${file}`);
  let config: PrometheusConfig;
  let ruleFiles: string[];
  try {
    config = await loadPrometheusConfig(file);
    ruleFiles = syntaxOnly ? [] : await ruleFilesOf(config, file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.err('  FAILED:');
    for (const line of error.message.split('\n')) io.err(`  ${line}`);
    io.out('');
    return undefined;
  }
  if (ruleFiles.length > 0) io.out(`  SUCCESS: ${ruleFiles.length} rule files found`);
  io.out(` SUCCESS: ${file} is valid prometheus config file syntax`);
  for (const warning of config.warnings) io.err(`  WARNING: ${warning}`);
  io.out('');
  const checked = await inOrder(ruleFiles, (path) => checkRuleFile(path, io, options));
  return checked.includes(undefined) ? undefined : checked.filter((each) => each !== undefined);
}

async function inOrder<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await run(item));
  return results;
}

/** A pattern may fit nothing; a plain name must exist. @throws ConfigError */
async function ruleFilesOf(config: PrometheusConfig, file: string): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of config.rule_files) {
    const path = resolve(config.directory, pattern);
    const matches = await expandPattern(path);
    const missing = matches.includes(path) && !(await exists(path));
    if (missing) {
      const message = `rule_files: ${JSON.stringify(pattern)} does not point to an existing file`;
      throw new ConfigError([{ file, line: 0, column: 0, message }]);
    }
    found.push(...matches);
  }
  return found;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
