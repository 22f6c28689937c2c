import { ConfigError } from '@prunella/metrics/config';
import { compileRegex } from '@prunella/metrics';
import { testRuleFile, type RuleTestOptions } from '@prunella/rules';
import type { Command, Io } from '../command.ts';
import { featureFlag, featuresOf } from '../features.ts';
import { describeFlags, parseFlags, type Flags } from '../flags.ts';

const flags = {
  run: {
    kind: 'texts',
    help: 'Run only the test groups whose names match this regular expression. May be repeated.',
  },
  'ignore-unknown-fields': { kind: 'switch', help: 'Leave out keys of rule files that no rule file has.' },
  diff: { kind: 'switch', help: 'Show expected and got alerts as a difference.' },
  debug: { kind: 'switch', help: 'Say what is being done.' },
  'enable-feature': featureFlag,
} as const satisfies Flags;

/** `prunella test rules`: promtool's rule unit tests, with its output and exit status. */
export const command: Command = {
  name: 'test rules',
  summary: 'run unit tests of rules (promtool’s format)',
  help: `prunella test rules [flags] FILE…\n\n${describeFlags(flags)}`,
  async run(args, io) {
    const { values, positionals } = parseFlags(flags, args, { positionals: true });
    if (positionals.length === 0) {
      io.err('name at least one test file');
      return 2;
    }
    const wanted = nameFilter(values.run);
    const options: RuleTestOptions = {
      ignoreUnknownFields: values['ignore-unknown-fields'],
      diff: values.diff,
      features: featuresOf(values['enable-feature']),
      ...(values.debug ? { debug: io.out } : {}),
      ...(wanted ? { wanted } : {}),
    };
    let failed = false;
    for (const file of positionals) {
      if (io.signal.aborted) return 1;
      if (!(await runFile(file, options, io))) failed = true;
    }
    return failed ? 1 : 0;
  },
};

async function runFile(file: string, options: RuleTestOptions, io: Io): Promise<boolean> {
  io.out(`Unit Testing:  ${file}`);
  const failures = await failuresOf(file, options);
  if (failures.length === 0) io.out('  SUCCESS');
  else {
    io.err('  FAILED:');
    for (const failure of failures) io.err(failure);
  }
  io.out('');
  return failures.length === 0;
}

async function failuresOf(file: string, options: RuleTestOptions): Promise<string[]> {
  try {
    return await testRuleFile(file, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

function nameFilter(expressions: readonly string[]): ((name: string) => boolean) | undefined {
  if (expressions.length === 0) return undefined;
  const regex = compileRegex(expressions.join('|'));
  return (name) => regex.matcher(name).find();
}
