import { parseHealing } from '@prunella/healing';
import { ConfigError } from '@prunella/metrics/config';
import type { Command } from '../command.ts';
import { featureFlag, featuresOf } from '../features.ts';
import { describeFlags, parseFlags, UsageError, type Flags } from '../flags.ts';
import { readConfigFile } from '../serve/configuration.ts';

const flags = { 'enable-feature': featureFlag } as const satisfies Flags;

export const command: Command = {
  name: 'check healing',
  summary: 'validates runbooks (healing.yml)',
  help: `Usage: prunella check healing [flags] FILE…

Names file, line and remedy of everything that is wrong; exit code 1 if anything is.

${describeFlags(flags)}`,
  async run(args, io) {
    const { values, positionals: files } = parseFlags(flags, args, { positionals: true });
    if (files.length === 0) throw new UsageError('which file?');
    const options = { features: featuresOf(values['enable-feature']) };
    let bad = false;
    for (const file of files) {
      try {
        const { runbooks } = parseHealing(await readConfigFile(file), file, options);
        io.out(`${file}: ${runbooks.length} ${runbooks.length === 1 ? 'runbook' : 'runbooks'}, all good`);
        for (const { name, mode, match, steps } of runbooks) {
          io.out(`  ${name} (${mode}): ${match.join(', ')} → ${steps.map((step) => step.kind).join(', ')}`);
        }
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        bad = true;
        for (const line of error.message.split('\n')) io.err(line);
      }
    }
    return bad ? 1 : 0;
  },
};
